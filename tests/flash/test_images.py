"""What scripts/flash puts onto images and cards of all kinds, and that it leaves the rest."""

import email
import lzma
import os
import shutil
import subprocess

from support import CLOUD_INIT, CMDLINE, KEY, OLDER, ROOT, Case, binary, contents, digest, fat
from flashing.partition import Folder

ALL = ("--wifi-ssid", "Closet", "--wifi-country", "de", "--user", "me", "--hostname", "closet",
       "--timezone", "Europe/Berlin")


class CloudInit(Case):
    def test_an_image_is_prepared_for_cloud_init(self):
        image = self.image(CLOUD_INIT)
        done = self.flash(image, "--in-place", *ALL, "--wifi-password-file", self.wifi,
                          "--ssh-key", self.key)
        self.assertEqual(done.code, 0, done)
        files = contents(fat(image))
        user_data = files["user-data"].decode()
        self.assertTrue(user_data.startswith("#cloud-config\n"))
        for word in ('hostname: "closet"', 'name: "me"', "ssh-ed25519", "pigent/first-boot",
                     'timezone: "Europe/Berlin"'):
            self.assertIn(word, user_data)
        self.assertIn('"Closet": {"password": "', files["network-config"].decode())
        self.assertIn('regulatory-domain: "DE"', files["network-config"].decode())
        self.assertRegex(files["meta-data"].decode(), r"(?m)^dsmode: local\n(.*\n)*instance-id: p")
        self.assertEqual(files["pigent/pigent"], binary())
        self.assertNotIn("firstrun.sh", files)
        self.assertNotIn(b"systemd.run", files["cmdline.txt"])

    def test_a_board_without_a_user_does_not_wait_for_somebody_to_type_a_name(self):
        # cloud-init runs pigent/first-boot after multi-user.target, which waits for that.
        scripts = ("#!/bin/sh\necho mine\n", "#cloud-config\nruncmd:\n- reboot\n")
        for own in ("", CLOUD_INIT["user-data"], *scripts):
            folder = self.folder({**CLOUD_INIT, "user-data": own})
            for _ in range(2):
                done = self.flash(folder)
                self.assertEqual((folder / "userconf.txt").read_bytes(), b"pi:*\n")
                self.assertIn("named pi, without a password", done.said)
            # A card that was set up without cloud-init has its user already: nobody is renamed.
            self.assertNotIn("users:", (folder / "user-data").read_text())
            shutil.rmtree(folder)

    def test_a_user_that_is_named_is_the_first(self):
        folder = self.folder(CLOUD_INIT)
        self.flash(folder)
        self.assertNotIn("no --user", self.flash(folder, "--user", "me").said)
        self.assertEqual((folder / "userconf.txt").read_bytes(), b"me:*\n")
        self.assertIn('name: "me"', (folder / "user-data").read_text())
        self.assertIn("RUN_AS=pigent\n", (folder / "pigent/settings").read_text())
        self.refused(self.flash(folder, "--run-as", "pi"), "--run-as pi", "sudo", "--user")

    def test_who_a_card_names_stays(self):
        for own in ({"user-data": "#cloud-config\nusers:\n- name: me\n"},
                    {"user-data": "#cloud-config\nuser: me\nruncmd:\n- reboot\n"},
                    {"userconf.txt": "me:$5$x$y\n"}, {"userconf": "me:$5$x$y\n"}):
            folder = self.folder({**CLOUD_INIT, **own})
            done = self.flash(folder)
            self.assertEqual(done.code, 0, done)
            self.assertNotIn("no --user", done.said)
            there = {path.name: path.read_text() for path in folder.glob("userconf*")}
            self.assertEqual(there, {name: own[name] for name in own if "userconf" in name})
            shutil.rmtree(folder)

    def test_what_a_card_was_set_up_with_is_kept(self):
        own = "#cloud-config\nhostname: mine\nusers:\n- name: somebody\n"
        folder = self.folder({**CLOUD_INIT, "user-data": own})
        self.refused(self.flash(folder, "--user", "me"), "--user", "fresh image")
        for _ in range(2):
            self.assertEqual(self.flash(folder, "--timezone", "Europe/Berlin").code, 0)
            text = (folder / "user-data").read_text()
            self.assertTrue(text.startswith(own))
            self.assertEqual(text.count("runcmd:"), 1)
            self.assertEqual(text.count("bootcmd:"), 1)
            self.assertEqual(text.count("timezone: "), 1)

    def test_what_it_does_already_is_done_first(self):
        for own in ("#cloud-config\nruncmd:\n- reboot\n", "#!/bin/sh\necho mine\n",
                    "#cloud-config-archive\n- type: text/x-shellscript\n",
                    "#cloud-config\n{hostname: mine}\n", "#cloud-config\nhostname: mine\n...\n",
                    "#cloud-config\n  hostname: mine\n", "#cloud-config\nbootcmd: [ls]\n",
                    "#cloud-config\n\"runcmd\": []\n",
                    "## template: jinja\n#cloud-config\nhostname: mine\n",
                    "#cloud-config\nruncmd: [echo grün]\n"):
            folder = self.folder({**CLOUD_INIT, "user-data": own})
            self.refused(self.flash(folder, "--timezone", "UTC"), "--timezone", "fresh image")
            for _ in range(2):
                done = self.flash(folder)
                self.assertEqual(done.code, 0)
                text = (folder / "user-data").read_text()
                self.assertTrue(text.startswith("Content-Type: multipart/mixed"))
                first, *last = email.message_from_string(text).get_payload()
                self.assertEqual(first.get_payload(decode=True).decode().strip(), own.strip())
                self.are_ours(last)
                self.assertEqual("reboot" in own, "seems to restart the board" in done.said, own)
            shutil.rmtree(folder)

    def test_messages_of_several_parts_get_one_more(self):
        script = "Content-Type: text/x-shellscript\n\n#!/bin/sh\necho mine\n"
        config = "Content-Type: text/cloud-config\n\n#cloud-config\nhostname: mine\n"
        head = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="X"\n\n'
        several = f"{head}--X\n{config}\n--X\n{script}\n--X--\n"
        for own, kept in ((several, [config, script]), (script, [script])):
            folder = self.folder({**CLOUD_INIT, "user-data": own})
            for _ in range(2):
                self.assertEqual(self.flash(folder).code, 0)
                text = (folder / "user-data").read_text()
                parts = email.message_from_string(text).get_payload()
                parts, last = parts[:-2], parts[-2:]
                self.assertEqual([part.as_string().strip() for part in parts],
                                 [one.strip() for one in kept])
                self.are_ours(last)
            shutil.rmtree(folder)

    def are_ours(self, parts):
        kinds = [part.get_content_type() for part in parts]
        self.assertEqual(kinds, ["text/x-shellscript-per-boot", "text/x-shellscript"])
        for part in parts:
            self.assertIn("pigent/first-boot", part.get_payload())
            # cloud-init runs scripts in the order of their names, and all of runcmd as one of them.
            self.assertGreater(part.get_filename(), "runcmd")
        self.assertIn("pigent_installed", parts[0].get_payload())

    def test_the_instance_changes_with_what_is_wanted_so_that_it_is_done_again(self):
        folder = self.folder({**CLOUD_INIT, "cmdline.txt": "a ds=nocloud;i=rpi-1;h=x b\n"})
        self.flash(folder)
        first = (folder / "meta-data").read_text(), (folder / "cmdline.txt").read_text()
        self.assertRegex(first[1], r"^a ds=nocloud;i=pigent-[0-9a-f]{12};h=x b ")
        self.flash(folder, "--hostname", "other")
        self.assertNotEqual(first[0], (folder / "meta-data").read_text())
        self.assertNotEqual(first[1], (folder / "cmdline.txt").read_text())


class Firstrun(Case):
    def test_an_older_image_gets_a_firstrun(self):
        image = self.image(OLDER)
        done = self.flash(image, "--in-place", *ALL, "--wifi-password-file", self.wifi,
                          "--ssh-key", self.key)
        self.assertEqual(done.code, 0, done)
        files = contents(fat(image))
        words = files["cmdline.txt"].decode().split()
        self.assertEqual(files["cmdline.txt"].count(b"\n"), 1)
        self.assertIn("systemd.run=/boot/firmware/firstrun.sh", words)
        self.assertIn("init=/usr/lib/raspberrypi-sys-mods/firstboot", words)
        self.assertIn("cfg80211.ieee80211_regdom=DE", words)
        self.assertIn("cgroup_enable=memory", words)
        self.assertEqual(files["userconf.txt"], b"me:*\n")
        self.assertIn(b"HOST_NAME=closet", files["pigent/firstrun-settings"])
        self.assertNotIn("user-data", files)

    def test_an_older_image_does_not_wait_for_somebody_to_type_a_name_either(self):
        folder = self.folder(OLDER)
        for _ in range(2):
            self.assertIn("named pi, without a password", self.flash(folder).said)
            self.assertEqual((folder / "userconf.txt").read_bytes(), b"pi:*\n")
        self.assertNotIn("no --user", self.flash(folder, "--user", "me").said)
        self.assertEqual((folder / "userconf.txt").read_bytes(), b"me:*\n")

    def test_the_first_user_of_an_older_image_is_not_the_agents_and_not_renamed_under_it(self):
        folder = self.folder(OLDER)
        before = digest(folder)
        for more in ((), ("--user", "me")):
            self.refused(self.flash(folder, "--run-as", "pi", *more), "--run-as pi", "sudo")
        self.assertEqual(digest(folder), before)

    def test_who_an_older_card_names_stays(self):
        imager = {"firstrun.sh": "#!/bin/bash\n/usr/lib/userconf-pi/userconf 'me' 'x'\n",
                  "cmdline.txt": CMDLINE.strip() + " systemd.run=/boot/firstrun.sh\n"}
        for own in (imager, {"userconf.txt": "me:$5$x$y\n"}):
            folder = self.folder({**OLDER, **own})
            for _ in range(2):
                done = self.flash(folder)
                self.assertEqual(done.code, 0, done)
                self.assertNotIn("no --user", done.said)
            path = folder / "userconf.txt"
            there = path.read_text() if path.exists() else None
            self.assertEqual(there, own.get("userconf.txt"))
            shutil.rmtree(folder)

    def test_the_oldest_mount_their_boot_partition_elsewhere(self):
        folder = self.folder({**OLDER, "issue.txt": "Raspberry Pi reference 2022-09-22\n"})
        self.assertEqual(self.flash(folder).code, 0)
        self.assertIn("systemd.run=/boot/firstrun.sh ", (folder / "cmdline.txt").read_text())

    def test_a_cards_own_firstrun_is_kept(self):
        own = {"firstrun.sh": "#!/bin/bash\necho mine\n",
               "cmdline.txt": CMDLINE.strip() + " systemd.run=/boot/firstrun.sh quiet\n"}
        folder = self.folder({**OLDER, **own})
        self.refused(self.flash(folder, "--hostname", "x"), "firstrun.sh", "fresh image")
        for _ in range(2):
            self.assertEqual(self.flash(folder).code, 0)
            kept = (folder / "pigent/firstrun-image.sh").read_text()
            self.assertEqual(kept, own["firstrun.sh"])
            words = (folder / "cmdline.txt").read_text().split()
            self.assertEqual(sum(word.startswith("systemd.run=") for word in words), 1)

    def test_another_script_of_the_first_boot_is_not_pushed_aside(self):
        folder = self.folder({**OLDER, "cmdline.txt": "root=x systemd.run=/boot/other.sh\n"})
        self.refused(self.flash(folder), "fresh image")


class Everywhere(Case):
    def test_cmdline_stays_one_line_whatever_it_was(self):
        for files in (CLOUD_INIT, OLDER):
            for text in ("a b", "a b\r\n", "\n\na  b \n\n", "a b\nnot read by anyone\n"):
                folder = self.folder({**files, "cmdline.txt": text})
                self.assertEqual(self.flash(folder).code, 0)
                cmdline = (folder / "cmdline.txt").read_text()
                self.assertRegex(cmdline, r"\Aa b cgroup_enable=memory[^\n\r]*\n\Z")
                shutil.rmtree(folder)

    def test_twice_is_the_same_as_once(self):
        for files in (CLOUD_INIT, OLDER):
            image = self.image(files)
            arguments = (*ALL, "--wifi-password-file", self.wifi)
            self.assertEqual(self.flash(image, "--in-place", *arguments).code, 0)
            once = digest(image)
            done = self.flash(image, "--in-place", *arguments)
            self.assertIn("nothing to do", done.said)
            self.assertEqual(digest(image), once)

    def test_a_dry_run_changes_not_a_byte_and_says_every_step(self):
        image = self.image(CLOUD_INIT)
        packed = self.put("card.img.xz", lzma.compress(image.read_bytes(), preset=0))
        folder = self.folder(OLDER)
        before = digest(self.dir)
        for arguments in ((image, "--in-place"), (image, "--output", self.dir / "new.img"),
                          (packed, "--output", self.dir / "new.img"), (folder,)):
            done = self.flash(*arguments, "--dry-run")
            self.assertEqual(done.code, 0, done)
            for step in ("pigent.env", "pigent/pigent", "cmdline.txt"):
                self.assertIn(f"write {step} (", done.said)
        self.assertEqual(digest(self.dir), before)

    def test_what_is_said_names_the_files_that_were_named(self):
        image = self.image(CLOUD_INIT)
        packed = self.put("card.img.xz", lzma.compress(image.read_bytes(), preset=0))
        output = self.dir / "out.img"
        for source, more, name in ((image, (), output), (packed, ("--dry-run",), packed)):
            done = self.flash(source, "--output", output, *more)
            self.assertIn(f"{name} (boot partition): prepared", done.said)
            self.assertNotRegex(done.said, r"\.part|pigent-flash-")

    def test_whoever_stops_reading_what_is_said_stops_nothing_else(self):
        folder, words = self.folder(CLOUD_INIT), ["--pigent", self.pigent, "--env", self.env]
        for arguments in (["--help"], [folder, *words]):
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run([ROOT / "scripts/flash", *arguments], stdout=writing,
                                  stderr=subprocess.PIPE)
            os.close(writing)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn("nothing to do", self.flash(folder).said)

    def test_characters_that_are_none_in_yaml_are_escaped_there(self):
        self.put("id.pub", KEY + "\x7f")
        folder = self.folder(CLOUD_INIT)
        name = "\x7f\x85\u2028\ufffeü😀"
        done = self.flash(folder, "--ssh-key", self.key, "--wifi-ssid", name, "--wifi-open",
                          "--wifi-country", "DE")
        self.assertEqual(done.code, 0, done)
        network = (folder / "network-config").read_text()
        self.assertIn(r'"\u007f\u0085\u2028\ufffeü😀": {}', network)
        self.assertIn(r"me@laptop\u007f", (folder / "user-data").read_text())

    def test_a_packed_image_becomes_a_prepared_copy(self):
        image = self.image(CLOUD_INIT)
        packed = self.put("card.img.xz", lzma.compress(image.read_bytes(), preset=0))
        before = digest(packed)
        output = self.dir / "out.img"
        self.assertEqual(self.flash(packed, "--output", output).code, 0)
        self.assertEqual(digest(packed), before)
        self.assertEqual(output.stat().st_size, image.stat().st_size)
        self.assertIn("pigent/first-boot", contents(fat(output)))
        # What is not the boot partition is as it was.
        end = (2048 + 40 * 2048) * 512
        self.assertEqual(output.read_bytes()[end:], image.read_bytes()[end:])

    def test_files_on_the_card_that_are_not_ours_stay(self):
        folder = self.folder({**CLOUD_INIT, "overlays/x.dtbo": "x", "photo.jpg": "x"})
        before = contents(Folder(folder))
        self.flash(folder)
        after = contents(Folder(folder))
        changed = {name for name in before if before[name] != after.get(name)}
        self.assertEqual(changed, {"user-data", "meta-data", "cmdline.txt"})

    def test_claude_is_installed_only_if_asked_for(self):
        folder = self.folder(CLOUD_INIT)
        self.flash(folder, "--with-claude")
        self.assertTrue((folder / "pigent/get-claude").exists())
        self.assertIn("WITH_CLAUDE=yes", (folder / "pigent/settings").read_text())
        self.flash(folder)
        self.assertFalse((folder / "pigent/get-claude").exists())

    def test_a_card_keeps_its_settings_if_none_are_given(self):
        folder = self.folder({**CLOUD_INIT, "pigent.env": "TELEGRAM_BOT_TOKEN=\r\n"})
        self.assertEqual(self.flash(folder, env=False).code, 0)
        self.assertEqual((folder / "pigent.env").read_bytes(), b"TELEGRAM_BOT_TOKEN=\r\n")
