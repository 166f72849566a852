"""A Debian for 64-bit ARM, laid out on an image as Raspberry Pi OS is on a card: a FAT boot
partition at /boot/firmware with kernel, initramfs, cmdline.txt and cloud-init's files, and an
ext4 root. Debian's kernel and packages, not Raspberry Pi's."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from ..errors import Mistake
from ..partition import FatImage

SUITE = "trixie"
PACKAGES = (
    "systemd-sysv,udev,dbus,cloud-init,netplan.io,systemd-resolved,openssh-server,sudo,"
    "linux-image-arm64,initramfs-tools,kmod,e2fsprogs,dosfstools,iproute2,procps,polkitd"
)
# Only what the emulated board needs: packing all modules takes emulation many minutes.
SMALL_INITRAMFS = (
    'mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"; '
    'echo MODULES=list >"$1/etc/initramfs-tools/conf.d/board"; '
    'printf "%s\\n" virtio_mmio virtio_blk ext4 >"$1/usr/share/initramfs-tools/modules.d/board"'
)
HANDLER = Path("/proc/sys/fs/binfmt_misc")
# ELF, 64 bits, little endian, executable or shared, AArch64; by the file itself (F), so that it
# also works inside a chroot.
REGISTER = (
    rb":pigent-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    rb":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
    rb":/usr/bin/qemu-aarch64-static:F"
)

BOOT_START, BOOT_MB, ROOT_MB = 2048, 256, 1600
CMDLINE = (
    "console=ttyAMA0 root=LABEL=rootfs rootfstype=ext4 fsck.repair=yes rootwait net.ifnames=0\n"
)
FSTAB = "LABEL=rootfs / ext4 defaults,noatime 0 1\nLABEL=bootfs /boot/firmware vfat defaults 0 2\n"
# Where cloud-init looks on Raspberry Pi OS, and that the boot partition is there by then.
CLOUD = """\
datasource_list: [ NoCloud, None ]
datasource: {NoCloud: {seedfrom: "file:///boot/firmware"}}
ssh_deletekeys: false
ssh_genkeytypes: []
"""
MOUNTED = "[Unit]\nRequiresMountsFor=/boot/firmware\n"
SEED = {
    "user-data": "#cloud-config\n# nothing yet\n",
    "meta-data": "dsmode: local\ninstance_id: rpios-image\n",
    "network-config": "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n",
}


def rootfs(cache: Path, say) -> Path:
    """The packed root file system; made once, which takes 10 to 20 minutes."""
    packed = cache / f"{SUITE}-arm64.tar"
    if packed.exists():
        return packed
    say(f"making a Debian {SUITE} for 64-bit ARM: 10 to 20 minutes, this once")
    partial = packed.with_suffix(".part.tar")
    with _foreign_programs():
        done = subprocess.run(
            ["mmdebstrap", "--architectures=arm64", "--variant=minbase", "--mode=root", "--quiet",
             "--aptopt=Apt::Install-Recommends false", f"--include={PACKAGES}",
             f"--essential-hook={SMALL_INITRAMFS}", *_keyring(), SUITE, str(partial), _mirror()],
            check=False,
        )
    if done.returncode:
        partial.unlink(missing_ok=True)
        raise Mistake("mmdebstrap failed: see above")
    return partial.replace(packed)


def image(packed: Path, target: Path, cloud_init: bool) -> None:
    """Writes the image to `target`."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        root = Path(folder) / "root"
        root.mkdir()
        _run("tar", "-xf", str(packed), "-C", str(root))
        _settings(root, cloud_init)
        kernel, initrd = max(root.glob("boot/vmlinuz-*")), max(root.glob("boot/initrd.img-*"))
        boot = {
            "kernel8.img": kernel.read_bytes(),
            "initramfs8": initrd.read_bytes(),
            "config.txt": b"arm_64bit=1\nauto_initramfs=1\n",
            "cmdline.txt": CMDLINE.encode(),
        }
        if cloud_init:
            boot |= {name: text.encode() for name, text in SEED.items()}
        shutil.rmtree(root / "boot")
        (root / "boot/firmware").mkdir(parents=True)
        _write(target, root, boot)


def boot_partition(target: Path) -> FatImage:
    return FatImage(target, BOOT_START * 512)


def boot_bytes(target: Path) -> bytes:
    """The whole boot partition, free clusters included."""
    with target.open("rb") as file:
        file.seek(BOOT_START * 512)
        return file.read(BOOT_MB * 2**20)


def _settings(root: Path, cloud_init: bool) -> None:
    (root / "etc/fstab").write_text(FSTAB)
    (root / "etc/hostname").write_text("raspberrypi\n")
    (root / "etc/hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")
    if cloud_init:
        (root / "etc/cloud/cloud.cfg.d/99_raspberry-pi.cfg").write_text(CLOUD)
        for unit in ("cloud-init-local", "cloud-init-main"):
            drop_in = root / f"etc/systemd/system/{unit}.service.d"
            drop_in.mkdir(parents=True)
            (drop_in / "boot.conf").write_text(MOUNTED)
    else:
        with _foreign_programs():
            _like_an_older_one(root)


def _like_an_older_one(root: Path) -> None:
    """No cloud-init, a first user, and a network by itself."""
    (root / "etc/cloud/cloud-init.disabled").touch()
    _run("chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", "pi")
    (root / "etc/sudoers.d/010_pi-nopasswd").write_text("pi ALL=(ALL) NOPASSWD: ALL\n")
    network = "[Match]\nName=eth0\n[Network]\nDHCP=yes\n"
    (root / "etc/systemd/network/eth0.network").write_text(network)
    for unit in ("systemd-networkd", "systemd-networkd-wait-online"):
        _run("chroot", str(root), "systemctl", "enable", unit)


def _write(target: Path, root: Path, boot: dict[str, bytes]) -> None:
    middle = BOOT_START + BOOT_MB * 2048
    with target.open("wb") as file:
        file.truncate((middle + ROOT_MB * 2048) * 512)
    table = f"label: dos\nstart={BOOT_START},size={BOOT_MB * 2048},type=c\nstart={middle},type=83\n"
    _run("sfdisk", "-q", str(target), text=table)
    _run("mkfs.vfat", "-F", "32", "-s", "4", "-n", "bootfs", "--offset", str(BOOT_START),
         str(target), str(BOOT_MB * 1024))
    _run("mke2fs", "-q", "-t", "ext4", "-L", "rootfs", "-d", str(root), "-E",
         f"offset={middle * 512}", str(target), f"{ROOT_MB}M")
    partition = boot_partition(target)
    for name, content in boot.items():
        partition.write(name, content)


def _keyring() -> list[str]:
    """Where this Debian is older than the one being made, its own keys may not do."""
    keys = Path(f"/usr/share/keyrings/debian-archive-{SUITE}-stable.gpg")
    return [f"--keyring={keys}"] if keys.exists() else []


def _mirror() -> str:
    """Where this system's own packages come from."""
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"],
                          capture_output=True, text=True, check=False).stdout
    mirrors = [line.rstrip("/") for line in told.splitlines()]
    for mirror in mirrors:
        if mirror.endswith("/debian"):
            return mirror
    raise Mistake("apt knows no Debian mirror: run apt-get update first")


@contextlib.contextmanager
def _foreign_programs():
    """This kernel runs ARM programs for the while, if it did not before. What a run that was cut
    off left behind is used, and taken away."""
    if not (HANDLER / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "none", str(HANDLER)], check=False)
    if not (HANDLER / "register").exists():
        raise Mistake("this kernel has no binfmt_misc: run ARM programs is what it cannot be told")
    entry = HANDLER / "pigent-aarch64"
    ours = entry.exists() or not (HANDLER / "qemu-aarch64").exists()
    if ours and not entry.exists():
        (HANDLER / "register").write_bytes(REGISTER)
    try:
        yield
    finally:
        if ours:
            entry.write_text("-1")


def _run(*words: str, text: str = "") -> None:
    done = subprocess.run(words, input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise Mistake(f"{words[0]} failed: {done.stderr.decode(errors='replace').strip()}")
