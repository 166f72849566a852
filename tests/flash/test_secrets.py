"""Token and Wi-Fi password are where they must be, and nowhere else."""

import os
from unittest import mock

from support import CLOUD_INIT, OLDER, PASSWORD, TOKEN, Case, contents, fat
from flashing import partition


class Secrets(Case):
    def flash_all(self, image):
        return self.flash(image, "--in-place", "--wifi-ssid", "Closet", "--wifi-country", "DE",
                          "--wifi-password-file", self.wifi)

    def test_the_token_is_in_pigent_env_alone_and_the_password_nowhere(self):
        for files in (CLOUD_INIT, OLDER):
            image = self.image(files)
            done = self.flash_all(image)
            self.assertEqual(done.code, 0, done)
            holders = [n for n, text in contents(fat(image)).items() if TOKEN.encode() in text]
            self.assertEqual(holders, ["pigent.env"])
            self.assertEqual(image.read_bytes().count(TOKEN.encode()), 1)
            self.assertNotIn(PASSWORD.encode(), image.read_bytes())
            for said in (done.said, done.errors):
                self.assertNotIn(TOKEN, said)
                self.assertNotIn(PASSWORD, said)

    def test_neither_is_in_an_argument_of_a_child_or_its_environment(self):
        calls = []
        run = partition.subprocess.run

        def note(command_line, **more):
            calls.append((command_line, more.get("env")))
            return run(command_line, **more)

        with mock.patch.object(partition.subprocess, "run", note):
            self.assertEqual(self.flash_all(self.image(CLOUD_INIT)).code, 0)
        self.assertGreater(len(calls), 5)
        for call in calls:
            self.assertNotIn(TOKEN, repr(call))
            self.assertNotIn(PASSWORD, repr(call))

    def test_nothing_of_them_is_left_in_the_folder_for_temporary_files(self):
        temporary = self.dir / "tmp"
        temporary.mkdir()
        with mock.patch.dict(os.environ, {"TMPDIR": str(temporary)}), \
                mock.patch.object(partition.tempfile, "tempdir", None):
            self.assertEqual(self.flash_all(self.image(OLDER)).code, 0)
        self.assertEqual(list(temporary.iterdir()), [])
