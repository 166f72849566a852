"""Every mistake of a person has a text that says what to do, and changes nothing."""

import errno
import lzma
from unittest import mock

from support import CLOUD_INIT, ENV, KEY, OLDER, PASSWORD, TOKEN, Case, binary, digest


class Mistakes(Case):
    def refuses(self, *words, folder=None, arguments=(), env=True):
        folder = folder or self.folder(CLOUD_INIT)
        before = digest(self.dir)
        self.refused(self.flash(folder, *arguments, env=env), *words)
        self.assertEqual(digest(self.dir), before)

    def test_pigent_env(self):
        for text, words in (
            ("", ("TELEGRAM_BOT_TOKEN", "@BotFather")),
            ("TELEGRAM_BOT_TOKEN=\n", ("@BotFather",)),
            (f"TELEGRAM_BOT_TOKEN=bot{TOKEN}\n", ("not a bot token",)),
            ("TELEGRAM_BOT_TOKEN=123\n", ("not a bot token",)),
            (ENV + "PIGENT_LDE_BUSY=17\n", ("PIGENT_LDE_BUSY",)),
            (ENV + "PIGENT_PROJECT_DIR=/x\n", ("--project",)),
            (ENV + "what is this\n", ("line 4",)),
            (ENV + "CLAUDE_ARGS=--model opus\n", ("line 4: CLAUDE_ARGS", "space", "'…'")),
            (ENV + "SMTP_PASSWORD=it's\n", ("line 4: SMTP_PASSWORD", "quote", '"…"')),
            (f"TELEGRAM_BOT_TOKEN={TOKEN} $x\n", ("line 1: TELEGRAM_BOT_TOKEN", "space")),
            (ENV.encode("utf-16"), ("UTF-8",)),
            (b"\xff\xfe\x00", ("UTF-8",)),
            ("#" * 70000, ("longer",)),
        ):
            with self.subTest(text=text[:30]):
                self.put("my.env", text)
                self.refuses(*words)

    def test_what_other_editors_write_is_taken(self):
        folder = self.folder(CLOUD_INIT)
        others = ("\ufeff" + ENV, ENV.replace("\n", "\r\n"),
                  f'# x\nexport TELEGRAM_BOT_TOKEN="{TOKEN}"')
        for text in others:
            self.put("my.env", text)
            self.assertEqual(self.flash(folder).code, 0)

    def test_files_that_windows_wrote_are_the_same_wifi_password_and_ssh_key(self):
        network = ("--wifi-ssid", "x", "--wifi-country", "DE", "--wifi-password-file")
        names, written = ("user-data", "network-config"), []
        for mark, end in (("", "\n"), ("\ufeff", "\r\n")):
            folder = self.folder(CLOUD_INIT)
            self.put("wifi", mark + PASSWORD + end)
            self.put("id.pub", mark + KEY + end)
            done = self.flash(folder, *network, self.wifi, "--ssh-key", self.key)
            self.assertEqual(done.code, 0, done)
            written.append([(folder / name).read_text() for name in names])
        self.assertEqual(*written)
        self.assertIn(KEY, written[0][0])

    def test_no_pigent_env_at_all(self):
        self.refuses("--env FILE", env=False)

    def test_binaries(self):
        for content, words in (
            (b"#!/bin/sh\n", ("no program", "scripts/build-arm")),
            (binary(machine=62), ("another machine",)),
            (binary(segment=3), ("not static",)),
            (binary()[:70], ("cut off",)),
            (binary(size=900)[:800], ("cut off",)),
            (binary(bits=32), ("32-bit ARM", "64-bit system", "arm64")),
        ):
            self.put("pigent", content)
            self.refuses(*words)

    def test_a_64_bit_binary_on_a_32_bit_system(self):
        self.refuses("32-bit system", "armv7", folder=self.folder({**OLDER, "kernel7.img": "k"}))

    def test_claude_on_32_bits(self):
        self.put("pigent", binary(bits=32))
        folder = self.folder({**OLDER, "kernel7.img": "k"})
        self.refuses("no Claude Code for 32 bits", folder=folder, arguments=("--with-claude",))

    def test_no_boot_partition(self):
        self.refuses("no boot partition of a Raspberry Pi", folder=self.folder({"a.txt": "x"}))

    def test_the_boot_partition_of_this_very_computer(self):
        with mock.patch("os.path.ismount", lambda path: path == "/boot"):
            self.refused(self.flash("/boot"), "the system that runs here")

    def test_options(self):
        zones = self.put("zoneinfo/Europe/Berlin", "")
        for arguments, words in (
            (("--user", "Me Too"), ("--user",)),
            (("--user", "root"), ("ordinary user",)),
            (("--run-as", "root"), ("root",)),
            (("--run-as", "me", "--user", "me"), ("sudo",)),
            (("--hostname", "a_b"), ("--hostname",)),
            (("--timezone", "../etc"), ("--timezone",)),
            (("--project", "relative"), ("--project",)),
            *((("--project", path), ("--project", "system's", "/srv/project")) for path in
              ("/etc", "//etc/", "/opt/", "/./usr/local", "/boot/x", "/home", "/var", "/tmp/x")),
            (("--project", "/home/../etc"), ("without ..",)),
            (("--timezone", "Europe/Berln"), ("Europe/Berln", "none of this name")),
            (("--timezone", "Europe"), ("none of this name",)),
            (("--wifi-ssid", "caf\udce9", "--wifi-open", "--wifi-country", "DE"), ("UTF-8",)),
            (("--wifi-country", "Germany"), ("--wifi-country",)),
            (("--wifi-open",), ("--wifi-ssid",)),
            (("--wifi-ssid", "x", "--wifi-open"), ("--wifi-country",)),
            (("--wifi-ssid", "x" * 33, "--wifi-open", "--wifi-country", "DE"), ("32 bytes",)),
            (("--ssh-key", self.dir / "none"), ("cannot be read",)),
            (("--ssh-key", self.wifi), ("public key",)),
            (("--ssh-key", self.put("id", "-----BEGIN OPENSSH PRIVATE KEY-----\n")), (".pub",)),
            (("--in-place",), ("is a folder",)),
        ):
            with self.subTest(arguments=arguments), \
                    mock.patch("flashing.options.ZONES", zones.parents[1]):
                self.refuses(*words, arguments=arguments)

    def test_wifi_passwords(self):
        network = ("--wifi-ssid", "x", "--wifi-country", "DE", "--wifi-password-file")
        for text, words in (("short\n", ("8 to 63",)), ("\n", ("--wifi-open",))):
            self.refuses(*words, arguments=(*network, self.put("wifi", text)))
        self.refuses("cannot be read", arguments=(*network, self.dir / "none"))


class MistakesWithImages(Case):
    def refuses(self, content: bytes, *words, name="bad.img", target="--output"):
        image = self.put(name, content)
        before = digest(self.dir)
        arguments = ("--in-place",) if target == "--in-place" else (target, self.dir / "out.img")
        self.refused(self.flash(image, *arguments), *words)
        self.assertEqual(digest(self.dir), before)

    def test_what_is_no_image(self):
        self.refuses(b"", "no partition table", target="--in-place")
        self.refuses(b"text" * 1000, "no partition table")
        self.refuses(b"PK\3\4" + bytes(1000), "zip", "unpack")
        table = bytearray(1024)
        table[510:512] = b"\x55\xaa"
        self.refuses(bytes(table), "no FAT partition")

    def test_cut_off(self):
        whole = self.image(CLOUD_INIT).read_bytes()
        self.refuses(whole[: len(whole) // 2], "cut off")
        packed = lzma.compress(whole, preset=0)
        self.refuses(packed[: len(packed) // 2], "cut off", "download", name="bad.img.xz")
        self.refuses(packed, "--output", name="bad.img.xz", target="--in-place")

    def test_a_tiny_packed_image_is_refused_by_its_own_name_in_a_dry_run_too(self):
        image = self.put("tiny.img.xz", lzma.compress(b"tiny"))
        for more in (("--dry-run",), ()):
            done = self.flash(image, "--output", self.dir / "out.img", *more)
            self.refused(done, "is no disk image")
            self.assertNotIn("pigent-flash-", done.errors)
            self.assertNotIn(".part", done.errors)

    def test_a_name_that_mtools_takes_for_something_else(self):
        image = self.image(CLOUD_INIT)
        before = digest(self.dir)
        self.refused(self.flash(image, "--output", self.dir / "a@@1.img"), "@@", "rename")
        self.assertEqual(digest(self.dir), before)
        image = image.rename(self.dir / "b@@2.img")
        self.refused(self.flash(image, "--in-place"), "@@", "rename")

    def test_another_image(self):
        self.refuses(self.image({"EFI/x": "x"}).read_bytes(), "no boot partition of a Raspberry Pi")

    def test_no_room_on_the_boot_partition(self):
        self.put("pigent", binary() + bytes(3_000_000))
        image = self.image({**CLOUD_INIT, "filler": "x" * 10_000_000}, megabytes=12)
        self.refuses(image.read_bytes(), "not enough room")

    def test_no_room_for_the_copy(self):
        full = OSError(errno.ENOSPC, "No space left on device")
        with mock.patch("flashing.image._copy_sparsely", side_effect=full):
            self.refuses(self.image(CLOUD_INIT).read_bytes(), "not enough room", "make room")

    def test_an_output_that_is_no_file(self):
        self.refused(self.flash(self.image(CLOUD_INIT), "--output", "/dev/full"), "no file")

    def test_no_target(self):
        self.refused(self.flash(self.image(CLOUD_INIT)), "--output", "--device")

    def test_the_image_as_its_own_output(self):
        image = self.image(CLOUD_INIT)
        self.refused(self.flash(image, "--output", image), "--in-place")
