"""Images, binaries and computers for the tests, and scripts/flash called on them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from flashing import command, disks  # noqa: E402
from flashing.partition import FatImage  # noqa: E402

TOKEN = "123456789:AAE-a_bot_token_that_must_not_leak_1234"
PASSWORD = "correct horse battery"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake me@laptop"
ENV = f"TELEGRAM_BOT_TOKEN={TOKEN}\nTELEGRAM_ALLOWED_CHAT_IDS=77\nPIGENT_LED_BUSY=17\n"
CMDLINE = "console=serial0,115200 console=tty1 root=PARTUUID=1a2b-02 rootfstype=ext4 rootwait\n"

CLOUD_INIT = {
    "cmdline.txt": CMDLINE,
    "config.txt": "arm_64bit=1\n",
    "kernel8.img": "a kernel",
    "issue.txt": "Raspberry Pi reference 2025-11-24\n",
    "user-data": "#cloud-config\n# nothing yet\n#hostname: x\n",
    "meta-data": "# about this\ndsmode: local\ninstance_id: rpios-image\n",
    "network-config": "network:\n  version: 2\n",
}
OLDER = {
    "cmdline.txt": CMDLINE.strip() + " quiet init=/usr/lib/raspberrypi-sys-mods/firstboot\n",
    "config.txt": "arm_64bit=1\nauto_initramfs=1\n",
    "kernel8.img": "a kernel",
    "initramfs8": "an initramfs",
    "issue.txt": "Raspberry Pi reference 2024-03-15\n",
}


def binary(
    bits: int = 64, machine: int | None = None, segment: int = 1, size: int = 64
) -> bytes:
    """The headers of a static ARM program, and the names of some settings."""
    machine = machine or {64: 183, 32: 40}[bits]
    start = {64: 64, 32: 52}[bits]
    head = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9) + struct.pack("<HHI", 2, machine, 1)
    if bits == 64:
        head += struct.pack("<QQQIHHHHHH", 0, start, 0, 0, 64, 56, 1, 0, 0, 0)
    else:
        head += struct.pack("<IIIIHHHHHH", 0, start, 0, 0, 52, 32, 1, 0, 0, 0)
    known = b"TELEGRAM_BOT_TOKEN TELEGRAM_ALLOWED_CHAT_IDS TELEGRAM_API_URL PIGENT_LED_BUSY"
    if bits == 64:
        head += struct.pack("<IIQQQQQQ", segment, 0, 0, 0, 0, size, size, 0)
    else:
        head += struct.pack("<IIIIIIII", segment, 0, 0, 0, size, size, 0, 0)
    return (head + known).ljust(size, b"\0")


class Case(unittest.TestCase):
    """A folder of its own, with a binary and a pigent.env in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.pigent = self.put("pigent", binary())
        self.env = self.put("my.env", ENV)
        self.wifi = self.put("wifi", PASSWORD + "\n")
        self.key = self.put("id.pub", KEY + "\n")

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def folder(self, files: dict[str, str]) -> Path:
        for name, content in files.items():
            self.put(f"bootfs/{name}", content)
        return self.dir / "bootfs"

    def image(self, files: dict[str, str], megabytes: int = 40) -> Path:
        """A FAT partition with these files and a small ext4, as on a card."""
        image, root = self.dir / "card.img", self.dir / "root"
        (root / "etc").mkdir(parents=True, exist_ok=True)
        end = 2048 + megabytes * 2048
        image.write_bytes(b"")
        with image.open("r+b") as file:
            file.truncate((end + 8 * 2048) * 512)
        table = f"label: dos\nstart=2048,size={megabytes * 2048},type=c\nstart={end},type=83\n"
        quiet(["sfdisk", "-q", str(image)], table)
        quiet(["mkfs.vfat", "-F", "16", "--offset", "2048", str(image), str(megabytes * 1024)])
        quiet(["mke2fs", "-q", "-t", "ext4", "-d", str(root), "-E", f"offset={end * 512}",
               str(image), "8M"])
        fat = FatImage(image, 2048 * 512)
        for name, content in files.items():
            fat.write(name, content.encode())
        return image

    def flash(self, *arguments, world: command.World | None = None, env: bool = True) -> Done:
        """Calls it as the command line does; the binary and pigent.env are added."""
        said, complained = io.StringIO(), io.StringIO()
        words = [str(word) for word in arguments] + ["--pigent", str(self.pigent)]
        words += ["--env", str(self.env)] if env else []
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            try:
                code = command.main(words, "help", world or command.World(system=self.nothing()))
            except SystemExit as exit:
                code = exit.code
        return Done(code, said.getvalue(), complained.getvalue())

    def nothing(self) -> disks.System:
        """A computer without any device."""
        return disks.System(self.dir / "nowhere", self.dir / "nowhere", self.dir / "nowhere")

    def refused(self, done: Done, *words: str):
        self.assertEqual(done.code, 1, done)
        for word in words:
            self.assertIn(word, done.errors)
        self.assertNotIn(TOKEN, done.errors)
        self.assertNotIn("Traceback", done.errors)


class Done:
    def __init__(self, code: int, said: str, errors: str):
        self.code, self.said, self.errors = code, said, errors

    def __repr__(self):
        return f"exit {self.code}\n{self.said}\n{self.errors}"


def quiet(command_line: list[str], text: str = "") -> None:
    subprocess.run(command_line, input=text.encode(), check=True, capture_output=True)


def fat(image: Path) -> FatImage:
    return FatImage(image, 2048 * 512)


def contents(partition) -> dict[str, bytes]:
    """Every file by its path in lower case."""
    return {
        name: partition.read(name) for name in partition.names() if not name.endswith("/")
    }


def digest(path: Path) -> str:
    """Of a file's bytes and times, or of all files below a folder."""
    summary = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        summary.update(str(file).encode())
        if file.is_file():
            summary.update(file.read_bytes() + str(file.stat().st_mtime_ns).encode())
    return summary.hexdigest()
