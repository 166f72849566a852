"""Which devices are written to, on computers made of files: no device of this one is touched."""

import os
import signal
import subprocess
from pathlib import Path
from unittest import mock

from support import CLOUD_INIT, Case, contents, digest, fat
from flashing import disks
from flashing.command import World

TABLE = "NAME SIZE MODEL\nsdb 64M Card Reader\n"


class Files(disks.System):
    """The kernel's trees as files; a device is a file, too."""

    def is_block_device(self, path: Path) -> bool:
        return path.is_file()


class Computer:
    """sda with / and swap in LVM on it; sdb is a card with one partition."""

    def __init__(self, folder: Path):
        self.root = folder
        for name in ("sys/block", "sys/class/block", "sys/dev/block", "proc/self", "dev"):
            (folder / name).mkdir(parents=True)
        self.system = Files(folder / "sys", folder / "proc", folder / "dev")
        self.mounts, self.swaps = [], []
        self.disk("sda", "8:0", removable=0)
        self.partition("sda", "sda1", "8:1")
        self.partition("sda", "sda2", "8:2")
        self.disk("dm-0", "253:0", removable=0, below="sda2")
        self.disk("sdb", "8:16", removable=1, usb=True)
        self.partition("sdb", "sdb1", "8:17")
        self.mount("253:0", "/")
        self.mount("8:1", "/boot")

    def disk(self, name, number, removable, size=64 * 2048, usb=False, below=None):
        bus = "usb1/1-1" if usb else "ata1"
        folder = self.root / "sys/devices" / bus / "block" / name
        self._device(folder, number, size)
        (folder / "removable").write_text(f"{removable}\n")
        (folder / "ro").write_text("0\n")
        (self.root / "sys/block" / name).symlink_to(folder)
        if below:
            (folder / "slaves").mkdir()
            (folder / "slaves" / below).symlink_to(self.root / "sys/class/block" / below)
            self.hold(below, name)

    def partition(self, disk, name, number):
        folder = (self.root / "sys/block" / disk).resolve() / name
        self._device(folder, number, 2048)
        (folder / "partition").write_text("1\n")

    def _device(self, folder, number, size):
        (folder / "holders").mkdir(parents=True)
        (folder / "dev").write_text(number + "\n")
        (folder / "size").write_text(f"{size}\n")
        (self.root / "sys/class/block" / folder.name).symlink_to(folder)
        (self.root / "sys/dev/block" / number).symlink_to(folder)
        (self.root / "dev" / folder.name).write_bytes(b"")

    def hold(self, name, holder):
        (self.root / "sys/class/block" / name / "holders" / holder).mkdir()

    def mount(self, number, point):
        self.mounts.append(f"20 1 {number} / {point} rw - ext4 /dev/none rw\n")
        (self.root / "proc/self/mountinfo").write_text("".join(self.mounts))
        (self.root / "proc/swaps").write_text("Filename Type\n" + "".join(self.swaps))

    def set(self, disk, name, value):
        path = self.root / "sys/block" / disk / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(value)

    def device(self, name):
        return self.root / "dev" / name


class Devices(Case):
    def setUp(self):
        super().setUp()
        self.computer = Computer(self.dir / "computer")
        self.source = self.image(CLOUD_INIT)
        self.asked = []

    def write(self, name="sdb", answer="sdb", *arguments):
        def ask(question):
            self.asked.append(question)
            if isinstance(answer, Exception):
                raise answer
            return answer() if callable(answer) else answer

        self.said = []
        world = World(self.computer.system, ask, self.said.append)
        done = subprocess.CompletedProcess([], 0, TABLE, "")
        with mock.patch.object(disks.subprocess, "run", self._lsblk(done)):
            device = name if isinstance(name, Path) else self.computer.device(name)
            return self.flash(self.source, "--device", device, *arguments, world=world)

    def _lsblk(self, done):
        run = subprocess.run
        return lambda words, **more: done if words[0] == "lsblk" else run(words, **more)

    def refuses(self, *words, name="sdb", answer="sdb"):
        before = digest(self.dir)
        self.refused(self.write(name, answer), *words)
        self.assertEqual(digest(self.dir), before)

    def test_a_card_is_shown_its_name_asked_for_and_then_written(self):
        done = self.write()
        self.assertEqual(done.code, 0, done)
        self.assertIn(TABLE.rstrip(), self.said)
        self.assertEqual(len(self.asked), 1)
        self.assertIn("sdb", self.asked[0])
        files = contents(fat(self.computer.device("sdb")))
        self.assertIn("pigent/first-boot", files)
        self.assertTrue(any("100 % checked" in line for line in self.said))

    def test_another_answer_writes_nothing(self):
        for answer in ("", "yes", "y", "sda", "/dev/sdb", EOFError()):
            self.refuses("nothing was written", answer=answer)

    def test_a_dry_run_asks_nothing(self):
        before = digest(self.dir)
        self.assertEqual(self.write("sdb", "sdb", "--dry-run").code, 0)
        self.assertEqual((self.asked, digest(self.dir)), ([], before))

    def test_the_disk_this_computer_runs_from(self):
        # Below / are dm-0, sda2, sda; nothing that is typed changes it, nor a hotplug bus.
        for name in ("sda", "dm-0"):
            self.computer.set(name, "removable", "1")
            self.refuses("runs from", name=name, answer=name)
        self.assertEqual(self.asked, [])

    def test_a_card_this_computer_runs_from(self):
        self.computer.mount("8:17", "/usr")
        self.refuses("runs from")

    def test_a_card_with_swap_on_it(self):
        self.computer.swaps.append("/dev/sdb1 partition 1 0 -2\n")
        self.computer.mount("8:1", "/elsewhere")
        self.refuses("runs from")

    def test_a_mounted_card(self):
        self.computer.mount("8:17", "/media/me/bootfs")
        self.refuses("sdb1 is mounted", "Unmount")

    def test_a_card_that_something_holds(self):
        self.computer.hold("sdb1", "dm-7")
        self.refuses("in use", "dm-7")

    def test_what_is_built_in(self):
        self.computer.disk("sdc", "8:32", removable=0)
        self.refuses("built into", name="sdc", answer="sdc")

    def test_soldered_in(self):
        self.computer.set("sdb", "device/type", "MMC\n")
        self.refuses("soldered")

    def test_write_protected(self):
        self.computer.set("sdb", "ro", "1\n")
        self.refuses("write-protected")

    def test_an_empty_reader(self):
        self.computer.set("sdb", "size", "0\n")
        self.refuses("no card")

    def test_too_small(self):
        self.computer.set("sdb", "size", "2048\n")
        self.refuses("too small")

    def test_a_partition_a_file_and_nothing(self):
        self.refuses("no whole disk", name="sdb1")
        self.refuses("no device", name=self.pigent)
        self.refuses("No such file", name="sdx")

    def test_another_card_while_somebody_was_typing(self):
        def change():
            self.computer.set("sdb", "size", str(128 * 2048))
            return "sdb"

        self.refused(self.write("sdb", change), "another card", "start again")
        self.assertEqual(self.computer.device("sdb").read_bytes(), b"")

    def test_busy(self):
        opened = os.open

        def refuse(path, flags, *more, **named):
            if path == self.computer.device("sdb"):
                raise OSError(16, "Device or resource busy")
            return opened(path, flags, *more, **named)

        with mock.patch("flashing.card.os.open", refuse):
            self.refused(self.write(), "in use")

    def test_a_card_that_forgets_what_was_written(self):
        with mock.patch("flashing.card._exactly", return_value=b""):
            done = self.write()
        self.assertEqual(done.code, 3)
        self.assertRegex(done.errors, "gives back other data .* unusable")

    def test_stopped_while_writing_says_what_state_the_card_is_in(self):
        for word, state in (("written", "written in part, and unusable"),
                            ("checked", "written, but not checked")):
            def stop(before, now, size, what, say):
                if what == word:
                    os.kill(os.getpid(), signal.SIGTERM)

            with mock.patch("flashing.card._progress", stop):
                done = self.write()
            self.assertEqual(done.code, 3)
            self.assertIn(state, done.errors)
            self.assertIn("again", done.errors)

    def test_nobody_else_may_read_the_copy_meanwhile(self):
        self.addCleanup(os.umask, os.umask(0o022))
        modes = []
        with mock.patch("flashing.command.card.write",
                        lambda copy, *_: modes.append(copy.stat().st_mode & 0o777)):
            self.assertEqual(self.write().code, 0)
        self.assertEqual(modes, [0o600])

    def test_everything_wrong_with_the_image_is_found_before_the_card_is_touched(self):
        self.source = self.put("bad.img.xz", b"\xfd7zXZ\0" + bytes(100))
        self.refuses("download")
        self.assertEqual(self.asked, [])

    def test_lsblk_missing(self):
        with mock.patch.dict(os.environ, {"PATH": str(self.dir)}):
            with self.assertRaisesRegex(Exception, "nothing is written unseen"):
                disk = disks.removable(self.computer.device("sdb"), self.computer.system)
                disks.table(disk)
