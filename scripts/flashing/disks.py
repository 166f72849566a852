"""Which devices may be written to at all: a whole, removable, unmounted one that nothing uses and
that this computer does not run from. There is no switch that says otherwise.

Everything is read from the kernel (/sys and /proc); lsblk only gives the table a person is shown.
Linux only. `System` says where to look, so that tests can have another computer.
"""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import Mistake

SECTOR = 512


@dataclass(frozen=True)
class System:
    """Where the kernel tells about its devices."""

    sys: Path = Path("/sys")
    proc: Path = Path("/proc")
    dev: Path = Path("/dev")

    def is_block_device(self, path: Path) -> bool:
        return stat.S_ISBLK(path.stat().st_mode)


@dataclass(frozen=True)
class Disk:
    """A device that may be written to."""

    path: Path
    name: str
    size: int
    number: str


def removable(path: Path, system: System) -> Disk:
    """Raises Mistake, with the reason, for every device that must not be written to."""
    name = _whole_disk(path, system)
    folder = system.sys / "block" / name
    members = [*_partitions(folder), name]
    _refuse_system_disk(path, name, system)
    _refuse_used(path, members, system)
    if _word(folder / "removable") != "1" and not _on_hotplug_bus(folder):
        raise Mistake(f"{path} is built into this computer: only cards and sticks are written to")
    if _word(folder / "device/type") == "MMC":
        raise Mistake(f"{path} is soldered in (eMMC): only cards and sticks are written to")
    if _word(folder / "ro") == "1":
        raise Mistake(f"{path} is write-protected: look for the little switch on the card")
    size = int(_word(folder / "size") or 0) * SECTOR
    if not size:
        raise Mistake(f"there is no card in {path}")
    return Disk(path, name, size, _word(folder / "dev"))


def table(disk: Disk) -> str:
    """Size, model and partitions as lsblk prints them."""
    columns = "NAME,SIZE,VENDOR,MODEL,TYPE,FSTYPE,LABEL"
    try:
        done = subprocess.run(
            ["lsblk", "-o", columns, str(disk.path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        raise Mistake(f"lsblk cannot tell about {disk.path}: nothing is written unseen") from None
    return done.stdout


def _whole_disk(path: Path, system: System) -> str:
    if not system.sys.is_dir():
        raise Mistake(
            "devices are written on Linux only: write --output FILE with another tool "
            "(Raspberry Pi Imager), or prepare the boot partition of a written card"
        )
    try:
        real = path.resolve(strict=True)
        block = system.is_block_device(real)
    except OSError as error:
        raise Mistake(f"{path}: {error.strerror}") from None
    if not block or real.parent != system.dev:
        raise Mistake(f"{path} is no device: for a file say --output")
    if not (system.sys / "block" / real.name).is_dir():
        raise Mistake(f"{path} is no whole disk: name the device, like /dev/sdb or /dev/mmcblk0")
    return real.name


def _partitions(folder: Path) -> list[str]:
    return sorted(entry.parent.name for entry in folder.glob("*/partition"))


def _on_hotplug_bus(folder: Path) -> bool:
    """A card reader's bus, which is what lsblk calls hotplug."""
    parts = folder.resolve().parts
    return any(part.startswith(("usb", "mmc")) for part in parts[:-1])


def _refuse_system_disk(path: Path, name: str, system: System) -> None:
    in_use = _mounts(system, ("/", "/boot", "/boot/firmware", "/boot/efi", "/usr", "/home", "/var"))
    in_use |= _swaps(system)
    for device in in_use:
        if name in _below(device, system):
            raise Mistake(f"{path} is a disk this computer runs from: it is never written to")


def _refuse_used(path: Path, members: list[str], system: System) -> None:
    mounted = {member for device in _mounts(system) for member in _below(device, system)}
    for member in members:
        if member in mounted or member in _swaps(system):
            raise Mistake(f"{path} is in use: {member} is mounted. Unmount it first (eject it)")
        holders = next((system.sys / "class/block" / member / "holders").glob("*"), None)
        if holders:
            raise Mistake(f"{path} is in use: {member} belongs to {holders.name}")


def _mounts(system: System, only: tuple[str, ...] | None = None) -> set[str]:
    """The kernel's names of the mounted devices."""
    found = set()
    for line in (system.proc / "self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        number, point = before.split()[2], before.split()[4]
        if only is not None and point not in only:
            continue
        device = system.sys / "dev/block" / number
        # btrfs mounts under numbers of its own; there the source tells.
        source = after.split()[1] if len(after.split()) > 1 else ""
        if device.exists():
            found.add(device.resolve().name)
        elif source.startswith("/dev/"):
            found.add(Path(os.path.realpath(source)).name)
    return found


def _swaps(system: System) -> set[str]:
    lines = (system.proc / "swaps").read_text().splitlines()[1:]
    return {Path(os.path.realpath(line.split()[0])).name for line in lines if "/dev/" in line}


def _below(device: str, system: System) -> set[str]:
    """The device, its whole disk, and whatever it is made of (LUKS, LVM, RAID)."""
    folder = (system.sys / "class/block" / device).resolve()
    found = {device}
    if (folder / "partition").exists():
        found.add(folder.parent.name)
    for slave in (folder / "slaves").glob("*"):
        found |= _below(slave.name, system)
    return found


def _word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
