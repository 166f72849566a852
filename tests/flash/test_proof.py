"""What scripts/flashing/boot-proof does to this computer's kernel, on files in place of it."""

from unittest import mock

from support import Case
from flashing.proof import system


class ForeignPrograms(Case):
    def setUp(self):
        super().setUp()
        self.register = self.put("binfmt/register", "")
        patch = mock.patch.object(system, "HANDLER", self.register.parent)
        patch.start()
        self.addCleanup(patch.stop)

    def after(self, *there):
        """What was registered, and what was then taken away."""
        entry = self.register.parent / "pigent-aarch64"
        for name in there:
            self.put(f"binfmt/{name}", "enabled")
        with system._foreign_programs():
            registered = self.register.read_bytes()
            self.assertNotEqual(entry.exists() and entry.read_text(), "-1")
        return registered, entry.exists() and entry.read_text()

    def test_an_entry_for_the_while(self):
        self.assertEqual(self.after(), (system.REGISTER, "-1"))

    def test_one_that_a_run_cut_off_left_is_used_and_taken_away(self):
        self.assertEqual(self.after("pigent-aarch64"), (b"", "-1"))

    def test_somebody_elses_is_left_alone(self):
        self.assertEqual(self.after("qemu-aarch64"), (b"", False))
