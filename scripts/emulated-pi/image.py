"""What an emulated board boots: kernel, device tree and initramfs.

The kernel, its modules and busybox are Debian's own, unpacked by fetch-guest.sh; the device tree
is Debian's with the few changes QEMU's boards need. Nothing here starts anything.
"""

import glob
import gzip
import os
import shutil
import stat
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))

#: What differs between the boards.
BOARDS = {
    "raspi3b": dict(
        title="Raspberry Pi 3 (aarch64)",
        debian="arm64", target="aarch64-unknown-linux-musl",
        soc="bcm2837", dtb="bcm2837-rpi-3-b.dtb",
        # With the Bluetooth node ttyAMA0 is no tty. The ACT LED hangs on the firmware's GPIO
        # expander, which QEMU lacks: it moves to GPIO 47, where the Pi 2 has it.
        remove=["/soc/serial@7e201000/bluetooth", "/wifi-pwrseq"], act_led=47, revision=0xA02082,
    ),
    "raspi2b": dict(
        title="Raspberry Pi 2 (armv7)",
        debian="armhf", target="armv7-unknown-linux-musleabihf",
        soc="bcm2836", dtb="bcm2836-rpi-2-b.dtb",
        remove=[], act_led=None, revision=0xA01041,
    ),
}

#: Not built into Debian's kernels: LEDs, and the way to the network. Order matters.
MODULES = ["leds-gpio", "phy-generic", "dwc2", "cdc_ether", "rndis_host"]


class RigError(Exception):
    """The rig itself does not work (a tool is missing, QEMU ended, a wait was in vain)."""


def run(*command, **options):
    """Runs a program of the host; its output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **options)
    if done.returncode:
        raise RigError("%s: %s" % (" ".join(command), (done.stderr or done.stdout).strip()))
    return done.stdout


def one(pattern):
    """The one file that matches."""
    found = sorted(glob.glob(pattern, recursive=True))
    if not found:
        raise RigError("not found: " + pattern)
    return found[0]


def read(path):
    """The bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


class Guest:
    """The unpacked packages of one architecture."""

    def __init__(self, folder, board):
        self.root = os.path.join(folder, BOARDS[board]["debian"])
        marker = os.path.join(self.root, ".version")
        if not os.path.exists(marker):
            raise RigError("no kernel in %s: run fetch-guest.sh first" % self.root)
        self.version = read(marker).decode().strip()
        self.kernel = os.path.join(self.root, "boot", "vmlinuz-" + self.version)
        self.dtb = one(os.path.join(self.root, "usr/lib/linux-image-" + self.version, "**",
                                    BOARDS[board]["dtb"]))
        self.busybox = one(os.path.join(self.root, "**/bin/busybox"))

    def modules(self, names):
        """The files of these modules and of what they need, in the order to load them."""
        paths = []
        for name in names:
            out = run("modprobe", "-d", self.root, "-S", self.version, "--show-depends", name)
            for line in out.splitlines():
                words = line.split()
                if words[0] == "insmod" and words[1] not in paths:
                    paths.append(words[1])
        return paths


def make_dtb(board, source, target):
    """Debian's device tree, with what QEMU's board needs (see BOARDS)."""
    what = BOARDS[board]
    shutil.copyfile(source, target)
    for node in what["remove"]:
        run("fdtput", "-r", target, node)
    # The second serial port: the console. The first one is the control shell's.
    run("fdtput", "-t", "s", target, "/soc/serial@7e215040", "status", "okay")
    run("fdtput", "-t", "s", target, "/soc/aux@7e215000", "status", "okay")
    if what["act_led"] is not None:
        phandle = run("fdtget", "-t", "x", target, "/soc/gpio@7e200000", "phandle").strip()
        run("fdtput", "-t", "x", target, "/leds/led-act", "gpios", phandle,
            "%x" % what["act_led"], "0")
    # What the real firmware adds: the board's revision code.
    run("fdtput", "-c", target, "/system")
    run("fdtput", "-t", "x", target, "/system", "linux,revision", "%x" % what["revision"])


class Cpio:
    """A gzipped `newc` archive, as the kernel takes for an initramfs."""

    def __init__(self):
        self.parts, self.inode, self.folders = [], 0, set()

    def _add(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        name = name.encode() + b"\0"
        numbers = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        record = b"070701" + b"".join(b"%08x" % number for number in numbers) + name
        record += b"\0" * (-len(record) % 4)
        self.parts.append(record + data + b"\0" * (-len(data) % 4))

    def folder(self, name):
        """A folder and those above it."""
        name = name.strip("/")
        if name and name not in self.folders:
            self.folder(os.path.dirname(name))
            self.folders.add(name)
            self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        """A file, and the folders it is in."""
        self.folder(os.path.dirname(name))
        self._add(name.strip("/"), stat.S_IFREG | mode, data)

    def device(self, name, mode, major, minor):
        """A character device."""
        self.folder(os.path.dirname(name))
        self._add(name.strip("/"), stat.S_IFCHR | mode, b"", (major, minor))

    def write(self, path):
        """Finishes the archive."""
        self._add("TRAILER!!!", 0)
        with gzip.GzipFile(path, "wb", compresslevel=1, mtime=0) as file:
            file.write(b"".join(self.parts))


def make_initramfs(guest, target, files):
    """`files`: {path in the guest: (bytes, mode)}, beside busybox, modules and init."""
    archive = Cpio()
    for name in ("proc", "sys", "dev", "tmp", "run", "root", "usr/bin", "usr/sbin", "sbin"):
        archive.folder(name)
    archive.device("dev/console", 0o600, 5, 1)
    archive.device("dev/null", 0o666, 1, 3)
    archive.file("bin/busybox", read(guest.busybox), 0o755)
    archive.file("init", read(os.path.join(HERE, "guest", "init.sh")), 0o755)
    order = []
    for path in guest.modules(MODULES):
        order.append(os.path.basename(path))
        archive.file("lib/modules/" + order[-1], read(path))
    archive.file("lib/modules/order", ("\n".join(order) + "\n").encode())
    for name, (data, mode) in files.items():
        archive.file(name, data, mode)
    archive.write(target)
