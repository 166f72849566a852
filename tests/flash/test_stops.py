"""What is left when scripts/flash is stopped, and who may read what it leaves."""

import contextlib
import errno
import os
import pathlib
import signal
from unittest import mock

from support import CLOUD_INIT, TOKEN, Case, contents, digest, fat
from flashing import command, partition


class Stops(Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(os.umask, os.umask(0o022))
        self.output = self.dir / "out.img"
        # Whoever runs the tests may ignore some: nohup does, and so does a shell's `&`.
        for number in (signal.SIGTERM, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.signal(number, signal.SIG_DFL))
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)

    def stopped(self, number, *arguments, at="flashing.command.image.boot_partition"):
        def stop(*_, **__):
            os.kill(os.getpid(), number)

        before = signal.getsignal(number)
        with mock.patch(at, stop):
            done = self.flash(*arguments)
        self.assertEqual(signal.getsignal(number), before)
        self.assertNotIn("Traceback", done.errors)
        return done

    def test_the_copy_goes_with_every_way_of_stopping(self):
        image = self.image(CLOUD_INIT)
        before = digest(self.dir)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            done = self.stopped(number, image, "--output", self.output)
            self.assertEqual(done.code, 1)
            self.assertIn("stopped: nothing was changed", done.errors)
            self.assertEqual(digest(self.dir), before)

    def test_what_nohup_ignores_stays_ignored(self):
        self.addCleanup(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_IGN))
        with command._stoppable():
            os.kill(os.getpid(), signal.SIGHUP)

    def after(self, good, what):
        """`Folder.write` that works so many times, and then does something else."""
        write, count = partition.Folder.write, iter(range(good))
        what = what if callable(what) else mock.Mock(side_effect=what)
        return lambda *words: what() if next(count, None) is None else write(*words)

    def test_a_folder_that_is_prepared_in_part_says_so(self):
        folder = self.folder(CLOUD_INIT)
        stop = self.after(1, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with mock.patch("flashing.command.Folder.write", stop):
            done = self.flash(folder)
        self.assertEqual(done.code, 3)
        self.assertIn("prepared in part", done.errors)
        full = self.after(1, partition.Mistake("card: No space left on device"))
        with mock.patch("flashing.command.Folder.write", full):
            done = self.flash(folder)
        self.assertEqual(done.code, 3)
        self.assertIn("No space left on device: ", done.errors)
        self.assertEqual(self.flash(folder).code, 0)

    @contextlib.contextmanager
    def read_only(self):
        """What the kernel answers to whoever changes something."""
        path, opened = pathlib.Path, pathlib.Path.open

        def refuse(*_, **__):
            raise OSError(errno.EROFS, "Read-only file system")

        def look(self, mode="r", *more, **named):
            return refuse() if "w" in mode else opened(self, mode, *more, **named)

        with mock.patch.object(path, "open", look), mock.patch.object(path, "unlink", refuse), \
                mock.patch.object(path, "rmdir", refuse):
            yield

    def test_a_folder_that_takes_no_writes_is_a_mistake_and_not_prepared_in_part(self):
        folder = self.folder(CLOUD_INIT)
        before = digest(folder)
        with self.read_only():
            self.refused(self.flash(folder), "pigent.env cannot be written: Read-only")
        self.assertEqual(digest(folder), before)
        image = self.image(CLOUD_INIT)
        with mock.patch.object(command.os, "access", lambda _, mode: mode != os.W_OK):
            self.refused(self.flash(image, "--in-place"), "cannot be written")

    def test_a_card_that_turns_read_only_in_the_middle_is_prepared_in_part(self):
        folder = self.folder(CLOUD_INIT)
        self.flash(folder, "--with-claude")
        with self.read_only():
            self.refused(self.flash(folder), "get-claude cannot be removed: Read-only")
        fsync = os.fsync
        with contextlib.ExitStack() as stack:
            def turn(handle):
                fsync(handle)
                stack.enter_context(self.read_only())

            with mock.patch.object(partition.os, "fsync", turn):
                done = self.flash(folder, "--hostname", "x")
        self.assertEqual(done.code, 3, done)
        self.assertRegex(done.errors, "Read-only file system: .* prepared in part")

    def test_stopped_before_the_first_write_nothing_is_changed(self):
        folder = self.folder(CLOUD_INIT)
        before = digest(folder)
        done = self.stopped(signal.SIGTERM, folder, at="flashing.partition.os.fsync")
        self.assertEqual(done.code, 1)
        self.assertIn("nothing was changed", done.errors)
        self.assertEqual(digest(folder), before)

    def test_nobody_else_may_read_the_copy_nor_what_becomes_it(self):
        modes = []
        find = command.image.boot_partition

        def look(path, *more, **named):
            modes.append(path.stat().st_mode & 0o777)
            return find(path, *more, **named)

        with mock.patch("flashing.command.image.boot_partition", look):
            self.assertEqual(self.flash(self.image(CLOUD_INIT), "--output", self.output).code, 0)
        self.assertEqual(modes, [0o600])
        self.assertEqual(self.output.stat().st_mode & 0o777, 0o600)
        self.assertIn(TOKEN.encode(), contents(fat(self.output))["pigent.env"])

    def test_an_image_of_any_name_is_not_its_own_copy(self):
        image = self.image(CLOUD_INIT).rename(self.dir / "out.img.part")
        before = digest(image)
        self.assertEqual(self.flash(image, "--output", self.output).code, 0)
        self.assertEqual(digest(image), before)
        self.assertIn("pigent/first-boot", contents(fat(self.output)))
        self.assertEqual({path.name for path in self.dir.glob("out*")}, {"out.img", "out.img.part"})

    def test_an_output_that_cannot_be(self):
        target = self.dir / "nowhere/out.img"
        self.refused(self.flash(self.image(CLOUD_INIT), "--output", target), "No such file")
