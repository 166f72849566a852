"""An image file: unpacking it, and where in it the boot partition is."""

from __future__ import annotations

import errno
import lzma
import os
import shutil
import struct
from pathlib import Path

from .errors import Mistake
from .partition import FatImage

CHUNK = 4 * 1024 * 1024
SECTOR = 512
FAT_TYPES = (0x06, 0x0B, 0x0C, 0x0E, 0xEF)
PACKED = {b"\xfd7zXZ\0": "xz", b"PK\3\4": "zip", b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst"}


def packing(path: Path) -> str | None:
    """ "xz", or None for a plain image.

    Raises Mistake for another packing, and for what cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(6)
    except OSError as error:
        raise Mistake(f"{path}: {error.strerror}") from None
    for magic, name in PACKED.items():
        if head.startswith(magic):
            if name == "xz":
                return name
            raise Mistake(f"{path} is packed as {name}: unpack it first, or take the .img.xz")
    return None


def copy(source: Path, target: Path, limit: int | None = None) -> None:
    """Unpacks or copies the image, sparsely; only its first `limit` bytes if given.

    For nobody else to read: it will hold the token and the key of the Wi-Fi.

    Raises Mistake if it is cut off or does not fit; nothing is left behind then.
    """
    opener = lzma.open if packing(source) else open
    try:
        with opener(source, "rb") as reader, open(target, "wb", opener=_private) as writer:
            _copy_sparsely(reader, writer, limit)
    except (EOFError, lzma.LZMAError):
        target.unlink(missing_ok=True)
        raise Mistake(f"{source} is cut off or damaged: download it again") from None
    except OSError as error:
        target.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            free = shutil.disk_usage(target.parent).free // 2**20
            raise Mistake(
                f"not enough room for the unpacked image in {target.parent} ({free} MB are free): "
                "make room, or set TMPDIR or --output to another disk"
            ) from None
        raise Mistake(
            f"{source} cannot be copied to {target.parent}: {error.strerror}"
        ) from None


def _private(path, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _copy_sparsely(reader, writer, limit: int | None) -> None:
    size = 0
    while limit is None or size < limit:
        chunk = reader.read(CHUNK)
        if not chunk:
            break
        if chunk.count(0) == len(chunk):
            writer.seek(len(chunk), os.SEEK_CUR)
        else:
            writer.write(chunk)
        size += len(chunk)
    writer.truncate(size)
    writer.flush()
    os.fsync(writer.fileno())


def boot_partition(path: Path, whole: bool = True, name: Path | None = None) -> FatImage:
    """The first FAT partition, by the table in the first sector; `name` is what a person knows
    the file by, if it is a copy.

    Raises Mistake if this is no image of a Raspberry Pi's card, or (if `whole`) it is cut off.
    """
    with path.open("rb") as file:
        table = file.read(SECTOR)
    name = name or path
    if len(table) < SECTOR or table[510:] != b"\x55\xaa":
        raise Mistake(f"{name} is no disk image: there is no partition table in it")
    size = path.stat().st_size
    boot = None
    for index in range(4):
        kind, start, length = struct.unpack_from("<4xB3xII", table, 446 + 16 * index)
        if whole and (start + length) * SECTOR > size and kind not in (0, 0xEE):
            raise Mistake(f"{name} is cut off: partition {index + 1} ends beyond it")
        if boot is None and kind in FAT_TYPES and start:
            boot = start * SECTOR
    if boot is None:
        raise Mistake(f"{name} is no Raspberry Pi image: it has no FAT partition")
    return FatImage(path, boot, name)


def boot_end(table: bytes) -> int:
    """How many bytes of an image reach to the end of its first FAT partition."""
    for index in range(4 if len(table) == SECTOR else 0):
        kind, start, length = struct.unpack_from("<4xB3xII", table, 446 + 16 * index)
        if kind in FAT_TYPES and start:
            return (start + length) * SECTOR
    return SECTOR
