"""Writing a prepared image onto a card, after a person has seen which and typed its name."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Callable

from . import disks
from .errors import Mistake, Unfinished

CHUNK = 4 * 1024 * 1024


def agreed(disk: disks.Disk, say: Callable[[str], None], ask: Callable[[str], str]) -> None:
    """Shows the device and has its name typed.

    Raises Mistake if it is not.
    """
    say(disks.table(disk).rstrip())
    say(f"Everything on {disk.path} ({disk.size / 1e9:.1f} GB) will be gone.")
    try:
        answer = ask(f"To write to it, type its name ({disk.name}): ").strip()
    except EOFError:
        answer = ""
    if answer != disk.name:
        raise Mistake("that was not its name: nothing was written")


def check_size(image: Path, disk: disks.Disk) -> None:
    """Raises Mistake if the card is too small."""
    size = image.stat().st_size
    if size > disk.size:
        raise Mistake(
            f"{disk.path} is too small: the image has {size / 1e9:.1f} GB, "
            f"the card {disk.size / 1e9:.1f} GB"
        )


def write(image: Path, disk: disks.Disk, system: disks.System, say: Callable[[str], None]) -> None:
    """Writes, then reads everything back.

    Raises Mistake before the first byte, Unfinished after it.
    """
    # The card may have been changed while somebody was typing.
    if disks.removable(disk.path, system) != disk:
        raise Mistake(f"{disk.path} is another card now: start again")
    try:
        # O_EXCL: the kernel refuses a device that anything has mounted or claimed.
        device = os.open(disk.path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        busy = error.errno == errno.EBUSY
        why = "it is in use: close what has it open" if busy else error.strerror
        hint = " (try with sudo)" if error.errno == errno.EACCES else ""
        raise Mistake(f"{disk.path} cannot be written: {why}{hint}") from None
    written = False
    try:
        _copy(image, device, say)
        written = True
        _compare(image, device, say)
    except OSError as error:
        raise Unfinished(
            f"{disk.path}: {error.strerror}. The card is unusable until it is written again"
        ) from None
    except KeyboardInterrupt:
        state = "written, but not checked" if written else "written in part, and unusable"
        raise Unfinished(
            f"stopped: the card in {disk.path} is {state}. Say the same again"
        ) from None
    finally:
        os.close(device)


def _copy(image: Path, device: int, say: Callable[[str], None]) -> None:
    size = image.stat().st_size
    done = 0
    with image.open("rb") as source:
        while chunk := source.read(CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[os.write(device, view) :]
            _progress(done, done + len(chunk), size, "written", say)
            done += len(chunk)
    os.fsync(device)


def _compare(image: Path, device: int, say: Callable[[str], None]) -> None:
    size = image.stat().st_size
    done = 0
    os.lseek(device, 0, os.SEEK_SET)
    # From the card, not from memory.
    os.posix_fadvise(device, 0, 0, os.POSIX_FADV_DONTNEED)
    with image.open("rb") as source:
        while chunk := source.read(CHUNK):
            if _exactly(device, len(chunk)) != chunk:
                raise OSError(errno.EIO, "the card gives back other data than was written to it")
            _progress(done, done + len(chunk), size, "checked", say)
            done += len(chunk)


def _exactly(device: int, size: int) -> bytes:
    parts = []
    while size and (part := os.read(device, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _progress(before: int, now: int, size: int, what: str, say: Callable[[str], None]) -> None:
    """Every tenth."""
    if now * 10 // size > before * 10 // size:
        say(f"{now * 100 // size} % {what}")
