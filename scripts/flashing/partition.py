"""The boot partition: a folder that is mounted anyway, or the FAT inside an image file.

The FAT is edited by mtools at its offset, so nothing is mounted and nobody has to be root. What
mtools wrote is read back: it ends with success on a full partition, too.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .errors import Mistake

NO_MTOOLS = "mtools is missing: install it (apt install mtools, brew install mtools)"


def check_name(image: Path) -> None:
    """Raises Mistake if mtools would take it for something else."""
    if "@@" in str(image):
        raise Mistake(f"{image}: mtools opens no file with @@ in its name or folder: rename it")


class Folder:
    """A mounted boot partition, or a copy of one. `changed`: whether anything on it is."""

    def __init__(self, path: Path):
        self.path = path
        self.where = str(path)
        self.changed = False

    def names(self) -> set[str]:
        """All paths, in lower case: FAT does not tell cases apart."""
        found = set()
        for folder, _, files in os.walk(self.path):
            inside = Path(folder).relative_to(self.path)
            found.update(str(inside / file).lower() for file in files)
        return found

    def read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Mistake(f"{self.path / name}: {error.strerror}") from None

    def write(self, name: str, content: bytes) -> None:
        """A power cut leaves the old file or the new one."""
        target = self.path / name
        partial = target.with_name(target.name + ".part")
        try:
            target.parent.mkdir(exist_ok=True)
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # FAT has no modes of its own; a folder on another file system has.
            partial.chmod(0o755 if content[:2] == b"#!" or content[:4] == b"\x7fELF" else 0o644)
            partial.replace(target)
            self.changed = True
        except BaseException as error:
            self._take_back(partial)
            if isinstance(error, OSError):
                raise Mistake(f"{target} cannot be written: {error.strerror}") from None
            raise

    def _take_back(self, partial: Path) -> None:
        # What the kernel has made read-only in the middle keeps it.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            partial.parent.rmdir()  # only if it is empty
        self.changed |= partial.exists()

    def remove(self, name: str) -> None:
        try:
            (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise Mistake(f"{self.path / name} cannot be removed: {error.strerror}") from None
        self.changed = True

    def free(self) -> int:
        return shutil.disk_usage(self.path).free


class FatImage:
    """The FAT file system at `offset` bytes in an image file (or a device).

    `changed`: whether anything on it may be; mtools does not say how far it came.
    """

    def __init__(self, image: Path, offset: int, name: Path | None = None):
        check_name(image)
        self.where = f"{name or image} (boot partition)"
        self.changed = False
        self._drive = f"{image}@@{offset}"
        if not shutil.which("mcopy"):
            raise Mistake(NO_MTOOLS)

    def names(self) -> set[str]:
        # An empty partition is an error to mdir.
        done = self._start("mdir", "-b", "-/", "::/")
        if b"not found" in done.stderr:
            return set()
        listing = self._checked("mdir", done).decode(errors="replace")
        return {line[3:].lower() for line in listing.splitlines() if line.startswith("::/")}

    def read(self, name: str) -> bytes | None:
        if name.lower() not in self.names():
            return None
        return self._run("mcopy", f"::/{name}", "-")

    def write(self, name: str, content: bytes) -> None:
        folder = name.rpartition("/")[0]
        self.changed = True
        if folder and folder.lower() + "/" not in self.names():
            self._run("mmd", f"::/{folder}")
        # In a folder of our own: the content may be a secret.
        with tempfile.TemporaryDirectory() as private:
            source = Path(private) / "content"
            source.write_bytes(content)
            self._run("mcopy", "-o", str(source), f"::/{name}")
        if self.read(name) != content:
            raise Mistake(f"{self.where}: {name} was not written whole: the partition is full")

    def remove(self, name: str) -> None:
        if name.lower() in self.names():
            self.changed = True
            self._run("mdel", f"::/{name}")

    def free(self) -> int:
        last = self._run("mdir", "::/").decode(errors="replace").strip().splitlines()[-1]
        digits = re.sub(r"\D", "", last.split("bytes")[0])
        return int(digits) if digits else 0

    def _run(self, tool: str, *arguments: str) -> bytes:
        return self._checked(tool, self._start(tool, *arguments))

    def _start(self, tool: str, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [tool, "-i", self._drive, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )

    def _checked(self, tool: str, done: subprocess.CompletedProcess) -> bytes:
        if done.returncode:
            why = done.stderr.decode(errors="replace").strip().splitlines()
            raise Mistake(f"{self.where}: {why[0] if why else tool + ' failed'}")
        return done.stdout
