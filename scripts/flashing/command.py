"""The arguments of scripts/flash, and the order of things: look, check, say, only then write."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import card, disks, envfile, image
from .binary import Binary
from .errors import Mistake, Unfinished
from .options import Options, options_of
from .partition import Folder, check_name
from .preparation import Preparation, prepare


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Nobody reads it any more (`| head`); what was begun is finished.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass(frozen=True)
class World:
    """What tests replace: the computer's devices, and the person."""

    system: disks.System = disks.System()
    ask: Callable[[str], str] = input
    say: Callable[[str], None] = _print


@dataclass(frozen=True)
class Job:
    """What goes onto the boot partition, and how it is told."""

    options: Options
    binary: Binary
    env: bytes | None
    dry: bool
    world: World

    def prepare(self, partition) -> Preparation:
        return prepare(partition, self.options, self.binary, self.env)

    def say(self, text: str) -> None:
        self.world.say(text)


def main(arguments: list[str], help_text: str = "", world: World | None = None) -> int:
    """Returns the exit code: 0 done, 1 nothing was changed for a reason that is said, 2 usage,
    3 changed in part: what state it is in is said."""
    world = world or World()
    if {"-h", "--help"} & set(arguments):
        world.say(help_text)
        return 0
    typed = _parser().parse_args(arguments)
    try:
        options = options_of(typed)
        env = envfile.load(typed.env) if typed.env else None
        binary = Binary(typed.pigent)
        if env is not None:
            envfile.check(env, str(typed.env), binary)
        job = Job(options, binary, env, typed.dry_run, world)
        with _stoppable():
            _run(job, typed)
    except Mistake as mistake:
        print(f"flash: {mistake}", file=sys.stderr)
        return 1
    except Unfinished as state:
        print(f"\nflash: {state}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nflash: stopped: nothing was changed", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def _stoppable():
    """SIGTERM and a closed terminal stop as Ctrl-C does: what was begun is cleaned up."""
    before = {}

    def stop(*_):
        # Once: cleaning up is not to be stopped.
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup
                before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    usage = "scripts/flash IMAGE|BOOT_FOLDER --pigent FILE --env FILE … (--help tells all)"
    parser = argparse.ArgumentParser(prog="flash", usage=usage, allow_abbrev=False)
    parser.add_argument("source", type=Path)
    parser.add_argument("--pigent", type=Path, required=True)
    parser.add_argument("--env", type=Path)
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--output", type=Path)
    target.add_argument("--in-place", action="store_true")
    target.add_argument("--device", type=Path)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--ssh-key", type=Path)
    parser.add_argument("--hostname")
    parser.add_argument("--timezone")
    parser.add_argument("--wifi-ssid")
    parser.add_argument("--wifi-country")
    password = parser.add_mutually_exclusive_group()
    password.add_argument("--wifi-password-file", type=Path)
    password.add_argument("--wifi-open", action="store_true")
    parser.add_argument("--wifi-hidden", action="store_true")
    parser.add_argument("--run-as", default="pigent")
    parser.add_argument("--project")
    parser.add_argument("--with-claude", action="store_true")
    return parser


def _run(job: Job, typed) -> None:
    source, given = typed.source, typed.output or typed.in_place or typed.device
    if source.is_dir():
        if given:
            raise Mistake(f"{source} is a folder: it is prepared as it is, leave out the target")
        _refuse_own_boot(source, job.world.system)
        return _apply_at_once(job, Folder(source))
    if source.is_block_device():
        raise Mistake(f"{source} is a device: mount its first partition and name that folder")
    if not given:
        raise Mistake("where to? say --output FILE, --device /dev/NAME or --in-place")
    packed = image.packing(source)
    if typed.in_place:
        if packed:
            raise Mistake(f"{source} is packed: say --output FILE")
        if not job.dry and not os.access(source, os.W_OK):
            raise Mistake(f"{source} cannot be written")
        _apply_at_once(job, image.boot_partition(source))
    elif typed.output:
        _to_file(job, source, typed.output)
    else:
        _to_device(job, source, typed.device)


def _apply(job: Job, partition) -> None:
    _write(job, partition, job.prepare(partition))


def _apply_at_once(job: Job, partition) -> None:
    """On what somebody has, not on a copy that nobody sees if it fails."""
    wanted = job.prepare(partition)
    try:
        _write(job, partition, wanted)
    except (Mistake, KeyboardInterrupt) as stopped:
        if not partition.changed:
            raise
        why = str(stopped) or "stopped"
        raise Unfinished(
            f"{why}: {partition.where} is prepared in part. Say the same again, it goes on there"
        ) from None


def _write(job: Job, partition, wanted: Preparation) -> None:
    job.say(f"{partition.where}: prepared for {wanted.how}")
    for name in wanted.removed:
        job.say(f"  remove {name}")
        if not job.dry:
            partition.remove(name)
    for name, content in wanted.files.items():
        job.say(f"  write {name} ({len(content)} bytes)")
        if not job.dry:
            partition.write(name, content)
    if not wanted.files and not wanted.removed:
        job.say("  nothing to do: everything is there")
    for note in wanted.notes:
        job.say(f"note: {note}")


def _to_file(job: Job, source: Path, output: Path) -> None:
    if output.exists() and output.samefile(source):
        raise Mistake(f"{output} is the image itself: say --in-place if that is meant")
    check_name(output)
    if output.exists() and not output.is_file():
        raise Mistake(f"{output} is no file: for a card say --device")
    job.say(f"copy {source} to {output}")
    if job.dry:
        return _look_at(job, source)
    partial = _beside(output)
    try:
        image.copy(source, partial)
        _apply(job, image.boot_partition(partial, name=output))
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    job.say(f"done: write {output} to a card, or say --device next time")


def _beside(output: Path) -> Path:
    """A new file that nobody else has or reads, to take the output's place when it is whole."""
    try:
        handle, name = tempfile.mkstemp(".part", f"{output.name}.", output.parent)
    except OSError as error:
        raise Mistake(f"{output}: {error.strerror}") from None
    os.close(handle)
    return Path(name)


def _to_device(job: Job, source: Path, device: Path) -> None:
    disk = disks.removable(device, job.world.system)
    if job.dry:
        job.say(disks.table(disk).rstrip())
        _look_at(job, source)
        return job.say(f"ask for the name {disk.name}; write to {disk.path}; read it back")
    with tempfile.TemporaryDirectory(prefix="pigent-flash-") as folder:
        # Everything that can be wrong with the image is found before the card is touched.
        copy = Path(folder) / "image"
        job.say("unpack and prepare the image")
        image.copy(source, copy)
        _apply(job, image.boot_partition(copy, name=source))
        card.check_size(copy, disk)
        card.agreed(disk, job.say, job.world.ask)
        card.write(copy, disk, job.world.system, job.say)
    job.say(f"done: take the card out of {disk.path} and start the board with it")


def _look_at(job: Job, source: Path) -> None:
    """For --dry-run: works on what is in the image without keeping anything of it."""
    if not image.packing(source):
        return _apply(job, image.boot_partition(source))
    with tempfile.TemporaryDirectory(prefix="pigent-flash-") as folder:
        copy = Path(folder) / "image"
        image.copy(source, copy, limit=image.CHUNK)
        with copy.open("rb") as file:
            end = image.boot_end(file.read(image.SECTOR))
        image.copy(source, copy, limit=end)
        _apply(job, image.boot_partition(copy, whole=False, name=source))


def _refuse_own_boot(folder: Path, system: disks.System) -> None:
    """The boot partition of this very computer (a Raspberry Pi, for one)."""
    for point in ("/boot", "/boot/firmware", "/boot/efi"):
        if os.path.ismount(point) and folder.resolve().is_relative_to(point):
            raise Mistake(
                f"{folder} belongs to the system that runs here: "
                "on a running board use `pigent service install`"
            )
