"""The emulated board: QEMU's `virt` with a Cortex-A53, 1 GB, no screen, no KVM.

Started as the firmware starts a Raspberry Pi: kernel, initramfs and cmdline.txt are read from the
boot partition each time. When the board reboots QEMU ends, and is started anew.
"""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from .. import cmdline
from ..errors import Mistake
from . import system

# Waiting ends long before this on any computer; emulation on a busy one is slow.
PATIENCE = 900


class Machine:
    """One board with its card."""

    def __init__(self, card: Path, folder: Path, key: Path, user: str):
        self.card, self.folder, self.key, self.user = card, folder, key, user
        self.console = folder / "console.log"
        self.console.write_bytes(b"")
        self.started = 0.0
        self._qemu: subprocess.Popen | None = None
        self._port = 0

    def start(self) -> None:
        boot = system.boot_partition(self.card)
        for name in ("kernel8.img", "initramfs8"):
            (self.folder / name).write_bytes(boot.read(name) or b"")
        words = cmdline.words((boot.read("cmdline.txt") or b"").decode())
        self._port = _free_port()
        network = f"user,id=n,hostfwd=tcp:127.0.0.1:{self._port}-:22"
        self._qemu = subprocess.Popen(
            ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "1024",
             "-display", "none", "-monitor", "none", "-no-reboot",
             "-chardev", f"file,id=c,path={self.console},append=on", "-serial", "chardev:c",
             "-kernel", str(self.folder / "kernel8.img"),
             "-initrd", str(self.folder / "initramfs8"), "-append", " ".join(words),
             "-drive", f"file={self.card},format=raw,if=none,id=card,cache=writeback",
             "-device", "virtio-blk-device,drive=card",
             "-netdev", network, "-device", "virtio-net-device,netdev=n"],
            stdin=subprocess.DEVNULL,
        )
        self.started = time.monotonic()

    def ssh(self, script: str, seconds: float = 300) -> subprocess.CompletedProcess:
        """Runs a script on the board as root, by the key that scripts/flash put there."""
        words = [
            "ssh", "-i", str(self.key), "-p", str(self._port), "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20", f"{self.user}@127.0.0.1",
            "sudo", "sh",
        ]
        try:
            return subprocess.run(
                words, input=script, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 255, "", f"no answer in {seconds:.0f} s")

    def wait_for_ssh(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.ssh("true", 60).returncode == 0:
                return
            self._alive()
            time.sleep(2)
        raise Mistake(f"nobody answers ssh on the board: see {self.console}")

    def wait_for_end(self) -> None:
        """The board rebooted or switched itself off."""
        try:
            self._qemu.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Mistake(f"the board does not come to an end: see {self.console}") from None

    def off(self) -> None:
        self.ssh("systemctl poweroff")
        self.wait_for_end()

    def cut_power(self) -> None:
        if self._qemu and self._qemu.poll() is None:
            self._qemu.kill()
            self._qemu.wait()

    def _alive(self) -> None:
        if self._qemu.poll() is not None:
            raise Mistake(f"QEMU ended: see {self.console}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
