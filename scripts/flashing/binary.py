"""Which machine a pigent binary is for, read from its ELF header."""

from __future__ import annotations

import struct
from pathlib import Path

from .errors import Mistake

# A pigent has 1.5 to 3 MB; more than this is something else.
LARGEST = 64 * 1024 * 1024

MACHINES = {40: "32-bit ARM", 183: "64-bit ARM"}
PT_INTERP = 3


class Binary:
    """A static ARM binary: its bytes, and whether it is for 32 or 64 bits."""

    def __init__(self, path: Path):
        try:
            if path.stat().st_size > LARGEST:
                raise Mistake(f"{path} is too large to be a pigent")
            self.content = path.read_bytes()
        except OSError as error:
            raise Mistake(f"{path}: {error.strerror}") from None
        self.path = path
        self.bits = self._check()

    @property
    def machine(self) -> str:
        return "64-bit ARM" if self.bits == 64 else "32-bit ARM"

    def knows(self, name: str) -> bool:
        """Whether a setting of this name is in the binary. It knows its own names best: no list
        here can be out of date."""
        return name.encode() in self.content

    def _check(self) -> int:
        head = self.content
        how = "build one with scripts/build-arm arm64 --no-default-features"
        if head[:4] != b"\x7fELF" or len(head) < 64:
            raise Mistake(f"{self.path} is no program for Linux: {how}")
        bits = {1: 32, 2: 64}.get(head[4])
        machine = struct.unpack_from("<H", head, 18)[0] if head[5] == 1 else 0
        if machine not in MACHINES or bits is None:
            raise Mistake(f"{self.path} is for another machine than a Raspberry Pi: {how}")
        if (machine == 183) != (bits == 64):
            raise Mistake(f"{self.path} is damaged: {how}")
        segments = self._segments(bits)
        if any(kind == PT_INTERP for kind, _ in segments):
            raise Mistake(f"{self.path} is not static, and may not start on the board: {how}")
        if any(end > len(head) for _, end in segments):
            raise Mistake(f"{self.path} is cut off: copy it again")
        return bits

    def _segments(self, bits: int) -> list[tuple[int, int]]:
        """Kind and end in the file of each program header."""
        at = (32, 54, 56) if bits == 64 else (28, 42, 44)
        layout = "<I4xQ16xQ" if bits == 64 else "<II8xI"
        try:
            start = struct.unpack_from("<Q" if bits == 64 else "<I", self.content, at[0])[0]
            size, count = (struct.unpack_from("<H", self.content, place)[0] for place in at[1:])
            headers = [
                struct.unpack_from(layout, self.content, start + size * index)
                for index in range(count)
            ]
        except struct.error:
            raise Mistake(f"{self.path} is cut off: copy it again") from None
        return [(kind, offset + length) for kind, offset, length in headers]
