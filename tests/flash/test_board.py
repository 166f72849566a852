"""What runs on the board: its own scripts, in a root of their own, with stand-ins for the system's
commands and for pigent."""

import os
import shutil
import subprocess
from unittest import mock

from support import CLOUD_INIT, ENV, KEY, OLDER, ROOT, TOKEN, Case, digest
from flashing import cloudinit

OTHER = "987654321:BBF-another_token_of_the_same_form_5678"
# Like `pigent service install`: reads the settings, keeps the token and the rest, and empties the
# token in the file.
PIGENT = """#!/bin/sh
echo "pigent $*" >>"$PIGENT_ROOT/calls"
umask >"$PIGENT_ROOT/umask"
units=$PIGENT_ROOT/etc/systemd/system/pigent.service.d
mkdir -p "$units" && echo "[Service]" >"$units/project.conf"
while [ $# -gt 0 ]; do [ "$1" != --env ] || env=$2; shift; done
[ -n "${env:-}" ] || exit 0
cp "$env" "$PIGENT_ROOT/seen"
if grep -q PIGENT_BAD "$env"; then echo "PIGENT_BAD is no setting; $(cat "$env")" >&2; exit 2; fi
kept=$PIGENT_ROOT/etc/pigent/pigent
mkdir -p "$kept"
[ ! -e "$PIGENT_ROOT/forgetful" ] || exit 0
sed -n 's/^TELEGRAM_BOT_TOKEN=//p' "$env" | tr -d "\\"'" | tail -n 1 >"$kept/telegram-bot-token"
grep -v '^TELEGRAM_BOT_TOKEN' "$env" >"$kept/pigent.env" || true
sed -i 's/^TELEGRAM_BOT_TOKEN=.*/TELEGRAM_BOT_TOKEN=/' "$env"
echo "mind      nobody may talk to the bot yet"
"""
STAND_IN = """#!/bin/sh
echo "${0##*/} $*" >>"$PIGENT_ROOT/calls"
case "${0##*/} $*" in
  "id -u pigent") [ -e "$PIGENT_ROOT/made" ] ;;
  useradd*) touch "$PIGENT_ROOT/made" ;;
  "getent passwd 1000") echo "pi:x:1000:1000::/home/pi:/bin/bash" ;;
esac
"""
COMMANDS = ("systemctl", "useradd", "usermod", "id", "getent", "chown", "raspi-config")


class Board(Case):
    def setUp(self):
        super().setUp()
        self.root = self.dir / "board"
        for folder in ("etc", "run", "proc", "boot/firmware", "usr/share/zoneinfo/Europe"):
            (self.root / folder).mkdir(parents=True)
        self.boot = self.root / "boot/firmware"
        self.env_file = self.boot / "pigent.env"
        self.tools = self.dir / "tools"
        self.tools.mkdir()
        for name in COMMANDS:
            self.tool(name, STAND_IN)

    def tool(self, name, text):
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def prepared(self, files, *arguments):
        """The boot partition as scripts/flash leaves it, but with the stand-in for pigent."""
        for name, content in files.items():
            (self.boot / name).write_text(content)
        done = self.flash(self.boot, *arguments)
        self.assertEqual(done.code, 0, done)
        (self.boot / "pigent/pigent").write_text(PIGENT)

    def run_it(self, script, *arguments):
        environment = {
            **os.environ, "PIGENT_ROOT": str(self.root),
            "PATH": f"{self.tools}:{os.environ['PATH']}",
        }
        done = subprocess.run(["sh", str(script), *arguments], env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        for text in (done.stdout, done.stderr, self.status()):
            self.assertNotIn(TOKEN, text)
            self.assertNotIn(OTHER, text)
        return done

    def take_over(self, code=0):
        done = self.run_it(self.root / "usr/local/lib/pigent/take-over")
        self.assertEqual(done.returncode, code, done)
        return done.stdout

    def status(self):
        path = self.boot / "pigent-status.txt"
        return path.read_text() if path.exists() else ""

    def calls(self):
        path = self.root / "calls"
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text

    def kept(self, name="telegram-bot-token"):
        return (self.root / "etc/pigent/pigent" / name).read_text()


class FirstBoot(Board):
    def first_boot(self, *arguments):
        done = self.run_it(self.boot / "pigent/first-boot", *arguments)
        self.assertEqual(done.returncode, 0, done)
        return self.calls()

    def test_installs_the_service_and_starts_it(self):
        self.prepared(CLOUD_INIT)
        calls = self.first_boot()
        self.assertIn("useradd --system", calls)
        self.assertIn("usermod -aG gpio pigent", calls)
        self.assertIn("systemctl enable pigent-boot-env.service", calls)
        self.assertRegex(calls, r"pigent service install --name pigent --user pigent "
                         r"--project /home/pigent/project --env \S+/run/\S+ --no-start")
        self.assertIn("systemctl --no-block restart pigent.service", calls)
        self.assertNotIn(TOKEN, calls)
        self.assertTrue(os.access(self.root / "usr/bin/pigent", os.X_OK))
        self.assertTrue((self.root / "home/pigent/project").is_dir())
        self.assertEqual(self.kept().strip(), TOKEN)
        self.assertNotIn(TOKEN, self.env_file.read_text())
        self.assertIn("Mind: nobody may talk", self.status())

    def test_what_cloud_init_runs_is_it(self):
        self.prepared(CLOUD_INIT)
        text = (self.boot / "user-data").read_text()
        self.assertIn("/boot/firmware /boot", text)
        self.assertIn('exec sh \\"$boot/pigent/first-boot\\"', text)

    def start_after(self, instance):
        """What cloud-init runs at every start, in this root."""
        text = cloudinit.AGAIN.replace("/var/lib/cloud", f"{self.root}/var/lib/cloud")
        script = self.put("again", text.replace("/boot/firmware", str(self.boot)))
        (self.root / "var/lib/cloud").mkdir(parents=True, exist_ok=True)
        instance.mkdir(parents=True, exist_ok=True)
        link = self.root / "var/lib/cloud/instance"
        link.unlink(missing_ok=True)
        link.symlink_to(instance.parent)
        self.assertEqual(self.run_it(script).returncode, 0)
        return self.calls()

    def test_a_power_cut_while_cloud_init_installs_is_followed_by_the_rest_of_it(self):
        for number, arguments in enumerate(((), ("--run-as", "bird"))):
            self.prepared(CLOUD_INIT, *arguments)
            sem = self.dir / f"instance-{number}/sem"
            # Its first start: cloud-init has not begun; then it has, and the power is cut.
            self.assertEqual(self.start_after(sem), "")
            (sem / "config_scripts_user").touch()
            self.assertIn("enable pigent-boot-env.service", self.start_after(sem))
            self.assertEqual(self.start_after(sem), "")

    def test_what_was_installed_in_time_is_not_installed_at_the_next_start(self):
        self.prepared(CLOUD_INIT)
        sem = self.dir / "instance-0/sem"
        self.start_after(sem)
        (sem / "config_scripts_user").touch()
        self.first_boot()
        self.assertEqual(self.start_after(sem), "")

    def test_a_name_for_the_first_user_that_nobody_needed_is_taken_back(self):
        self.prepared(CLOUD_INIT)
        self.first_boot()
        self.assertFalse((self.boot / "userconf.txt").exists())
        # Not what somebody else wrote, nor before it can have been read.
        for text, arguments in (("me:$5$x$y\n", ()), ("pi:*\n", ("--no-start",))):
            (self.boot / "userconf.txt").write_text(text)
            self.first_boot(*arguments)
            self.assertEqual((self.boot / "userconf.txt").read_text(), text)

    def test_again_is_the_same(self):
        self.prepared(CLOUD_INIT)
        self.first_boot()
        before = digest(self.boot), self.kept()
        self.assertNotIn("useradd", self.first_boot())
        self.assertEqual((digest(self.boot), self.kept()), before)

    def test_claude_has_a_unit_of_its_own(self):
        self.prepared(CLOUD_INIT, "--with-claude", "--run-as", "bird")
        calls = self.first_boot()
        unit = (self.root / "etc/systemd/system/pigent-claude.service").read_text()
        self.assertIn("\nUser=bird\n", unit)
        self.assertIn("--no-block start pigent-claude.service", calls)

    def test_without_claude_there_is_none(self):
        self.prepared(CLOUD_INIT)
        self.assertNotIn("claude", self.first_boot())

    def test_says_on_the_card_what_went_wrong(self):
        self.prepared(CLOUD_INIT)
        self.tool("useradd", "#!/bin/sh\nexit 1\n")
        done = self.run_it(self.boot / "pigent/first-boot")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("pigent was not installed: the user pigent", self.status())


class TakeOver(Board):
    def setUp(self):
        super().setUp()
        self.prepared(CLOUD_INIT)
        self.run_it(self.boot / "pigent/first-boot")
        self.calls()

    def test_nothing_new_is_nothing_done(self):
        before = digest(self.boot)
        self.assertIn("as it was", self.take_over())
        self.assertEqual((self.calls(), digest(self.boot)), ("", before))

    def test_a_change_keeps_the_token_that_is_blank(self):
        text = self.env_file.read_text()
        self.assertIn("TELEGRAM_BOT_TOKEN=\n", text)
        self.env_file.write_text(text.replace("=17", "=27"))
        said = self.take_over()
        self.assertIn("taken over: TELEGRAM_ALLOWED_CHAT_IDS, PIGENT_LED_BUSY, TELEGRAM_BOT", said)
        self.assertEqual(self.kept().strip(), TOKEN)
        self.assertIn("PIGENT_LED_BUSY=27", self.kept("pigent.env"))
        self.assertIn("restart pigent.service", self.calls())

    def test_a_card_prepared_again_without_settings_changes_user_project_and_binary(self):
        kept = self.root / "etc/pigent/pigent/pigent.env"
        kept.write_text("PIGENT_LANG='de'\n")  # by ssh
        for arguments in (("--run-as", "bird"), ("--run-as", "bird", "--project", "/srv/x")):
            self.assertEqual(self.flash(self.boot, *arguments, env=False).code, 0)
            (self.boot / "pigent/pigent").write_text(PIGENT)
            self.assertEqual(self.run_it(self.boot / "pigent/first-boot").returncode, 0)
            calls = self.calls()
            project = arguments[3] if arguments[3:] else "/home/bird/project"
            self.assertIn(f"install --name pigent --user bird --project {project} --no-st", calls)
            self.assertIn("restart pigent.service", calls)
        with (self.root / "usr/bin/pigent").open("a") as program:
            program.write("# newer\n")
        self.take_over()
        self.assertIn("restart pigent.service", self.calls())
        self.assertIn("with its user and project", self.status())
        self.assertEqual((self.kept().strip(), kept.read_text()), (TOKEN, "PIGENT_LANG='de'\n"))
        self.assertIn("as it was", self.take_over())
        self.assertEqual(self.calls(), "")

    def test_an_update_does_not_bring_back_a_service_that_was_removed(self):
        # With --keep-token the drop-in alone is gone: another board may use the token by now.
        for gone in ("etc/systemd/system/pigent.service.d/project.conf",
                     "etc/pigent/pigent/telegram-bot-token"):
            (self.root / gone).unlink()
            with (self.root / "usr/bin/pigent").open("a") as program:
                program.write("# newer\n")
            self.assertIn("was removed", self.take_over())
            self.assertIn("stays so until", self.status())
            self.assertEqual(self.calls(), "")
        self.env_file.write_text(ENV)
        self.take_over()
        self.assertIn("restart pigent.service", self.calls())

    def test_pigent_writes_through_an_ordinary_umask(self):
        self.assertEqual((self.root / "umask").read_text().strip(), "0022")
        mark = self.root / "var/lib/pigent-boot/taken"
        self.assertEqual(mark.stat().st_mode & 0o777, 0o600)

    def test_a_new_token_replaces_the_old_and_is_blanked(self):
        text = self.env_file.read_text()
        self.env_file.write_text(text.replace("TOKEN=", f"TOKEN={OTHER}"))
        self.take_over()
        self.assertEqual(self.kept().strip(), OTHER)
        self.assertEqual(self.env_file.read_text(), text)

    def test_windows_line_ends_and_a_byte_order_mark(self):
        lines = f"# mine\r\nTELEGRAM_BOT_TOKEN = \"{OTHER}\" \r\nPIGENT_LANG=de\r\n"
        self.env_file.write_bytes(b"\xef\xbb\xbf" + lines.encode())
        self.take_over()
        self.assertNotIn("\r", (self.root / "seen").read_text())
        self.assertIn("PIGENT_LANG=de", self.kept("pigent.env"))
        text = self.env_file.read_bytes().decode()
        self.assertNotIn(OTHER, text)
        self.assertTrue(text.startswith("# mine\r\n"))
        self.assertEqual(text.count("\r\n"), text.count("\n"))

    def test_other_secrets_are_kept_and_blanked_too(self):
        self.env_file.write_text(ENV + "ANTHROPIC_API_KEY=sk-1\n#OLD_TOKEN=x\n# was 1:" + "y" * 40)
        self.take_over()
        text = self.env_file.read_text()
        for secret in ("sk-1", "=x", "y" * 40):
            self.assertNotIn(secret, text)
        self.env_file.write_text(text + "PIGENT_LANG=de\n")
        self.take_over()
        self.assertIn("ANTHROPIC_API_KEY=sk-1", self.kept("pigent.env"))
        self.assertIn("PIGENT_LANG=de", self.kept("pigent.env"))

    def refuses(self, content, *words):
        """The settings before go on, and what was written stays for its writer to correct."""
        before = self.kept(), self.kept("pigent.env")
        self.env_file.write_bytes(content)
        self.take_over(code=1)
        self.assertEqual((self.kept(), self.kept("pigent.env")), before)
        self.assertEqual(self.env_file.read_bytes(), content)
        self.assertNotIn("restart", self.calls())
        for word in ("not taken over", "before go on", *words):
            self.assertIn(word, self.status())

    def test_what_pigent_refuses_is_said_on_the_card(self):
        self.refuses(f"TELEGRAM_BOT_TOKEN={OTHER}\nPIGENT_BAD=1\n".encode(), "PIGENT_BAD is no")

    def test_what_pigent_would_read_as_something_else_is_said_with_its_line(self):
        self.refuses(f"# mine\nTELEGRAM_BOT_TOKEN={OTHER}\nSMTP_PASSWORD=pa$word\n".encode(),
                     "line 3: SMTP_PASSWORD has a $", "SMTP_PASSWORD='…'")
        self.assertNotIn("word\n", self.status())

    def test_a_comment_after_a_secret_is_no_part_of_it(self):
        self.env_file.write_text(f"TELEGRAM_BOT_TOKEN={OTHER}   # it's until May\n"
                                 "ANTHROPIC_API_KEY=  # none\nSMTP_PASSWORD=\"it's\" # mine\n")
        self.take_over()
        self.assertEqual(self.kept().strip(), OTHER)
        self.assertIn("SMTP_PASSWORD=\"it's\"\n", self.kept("pigent.env"))
        text = self.env_file.read_text()
        self.assertNotIn(OTHER, text)
        self.assertNotIn("it's", text)
        self.env_file.write_text(text + "PIGENT_LANG=de\n")
        self.take_over()
        self.assertEqual(self.kept().strip(), OTHER)
        self.assertIn("SMTP_PASSWORD=\"it's\"\n", self.kept("pigent.env"))

    def test_what_is_no_settings(self):
        self.refuses(b"", "no setting")
        self.refuses(b"# only words\n", "no setting")
        self.refuses(ENV.encode("utf-16"), "UTF-8")
        self.refuses(b"#" * 70000, "longer")

    def test_no_pigent_env_is_nothing_to_do(self):
        self.env_file.unlink()
        self.assertIn("nothing to take over", self.take_over())

    def test_a_token_that_did_not_arrive_is_not_blanked(self):
        (self.root / "forgetful").touch()
        self.env_file.write_text(f"TELEGRAM_BOT_TOKEN={OTHER}\n")
        self.take_over(code=1)
        self.assertIn(OTHER, self.env_file.read_text())
        self.assertIn("not where they belong", self.status())

    def test_a_disk_that_forgets_is_no_place_for_the_only_token(self):
        (self.root / "proc/cmdline").write_text("quiet overlayroot=tmpfs root=x\n")
        self.env_file.write_text(f"TELEGRAM_BOT_TOKEN={OTHER}\n")
        self.take_over()
        self.assertIn(OTHER, self.env_file.read_text())
        self.assertIn("overlay", self.status())

    def test_a_power_cut_at_any_step_loses_nothing(self):
        # Everything that changes something ends the script, the first time, the second, and so on.
        for name in ("cp", "mv", "dd", "rm", "sync"):
            path = shutil.which(name)
            self.tool(name, f'#!/bin/sh\nn=$(($(cat "$PIGENT_ROOT/steps") - 1))\n'
                      f'echo $n >"$PIGENT_ROOT/steps"\n[ $n -ge 0 ] || kill -9 $PPID\n'
                      f'[ $n -ge 0 ] && exec {path} "$@"\n')
        cuts = 0
        for steps in range(60):
            self.env_file.write_text(f"PIGENT_LANG=de\nTELEGRAM_BOT_TOKEN={OTHER}\n# {steps}\n")
            (self.boot / "pigent-status.txt").write_text("before")
            (self.root / "steps").write_text(f"{steps}\n")
            done = self.run_it(self.root / "usr/local/lib/pigent/take-over")
            cuts += done.returncode != 0
            (self.root / "steps").write_text("1000\n")
            self.take_over()
            self.assertIn("Its secrets are kept on the board", self.status(), steps)
            self.assertEqual(self.kept().strip(), OTHER, steps)
            text = self.env_file.read_text()
            self.assertIn(f"# {steps}", text)
            self.assertIn("TELEGRAM_BOT_TOKEN=\n", text)
            self.assertEqual([p.name for p in self.boot.glob("pigent.env*")], ["pigent.env"])
        self.assertGreater(cuts, 10)
        self.assertLess(cuts, 60)


class FirstRun(Board):
    def setUp(self):
        super().setUp()
        (self.root / "etc/hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")
        (self.root / "usr/share/zoneinfo/Europe/Berlin").touch()
        (self.root / "home/pi").mkdir(parents=True)

    def first_run(self, *arguments, files=OLDER):
        self.prepared(files, *arguments)
        before = (self.boot / "cmdline.txt").stat().st_size
        done = self.run_it(self.boot / "firstrun.sh")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual((self.boot / "cmdline.txt").stat().st_size, before)
        return done.stdout

    def test_everything_is_set_and_the_card_boots_as_before_but_with_pigent(self):
        said = self.first_run("--hostname", "closet", "--timezone", "Europe/Berlin", "--ssh-key",
                              self.key, "--wifi-ssid", "My 'net'; $x", "--wifi-country", "DE",
                              "--wifi-password-file", self.wifi)
        self.assertNotIn("failed", said)
        self.assertEqual((self.root / "etc/hostname").read_text(), "closet\n")
        self.assertIn("127.0.1.1\tcloset", (self.root / "etc/hosts").read_text())
        self.assertEqual((self.root / "etc/timezone").read_text(), "Europe/Berlin\n")
        keys = (self.root / "home/pi/.ssh/authorized_keys").read_text()
        self.assertEqual(keys, KEY + "\n")
        calls = self.calls()
        self.assertIn("systemctl enable ssh", calls)
        self.assertIn("pigent service install", calls)
        self.assertNotIn("restart", calls)
        cmdline = (self.boot / "cmdline.txt").read_text()
        self.assertRegex(cmdline, r"\A[^\n]* cgroup_enable=memory [^\n]*\n\Z")
        self.assertNotIn("systemd.", cmdline)
        for gone in ("firstrun.sh", "pigent/firstrun-settings"):
            self.assertFalse((self.boot / gone).exists())

    def test_a_card_that_was_set_up_before_keeps_no_name_to_be_read_some_day(self):
        self.first_run()
        self.assertEqual((self.boot / "userconf.txt").read_text(), "pi:*\n")
        self.tool("systemctl", "#!/bin/sh\n[ \"$1\" != is-enabled ]\n")
        for text, there in (("pi:*\n", False), ("me:$5$x$y\n", True)):
            (self.boot / "userconf.txt").write_text(text)
            self.first_run()
            self.assertEqual((self.boot / "userconf.txt").exists(), there)

    def test_a_power_cut_at_the_end_leaves_no_key_of_the_wifi_on_the_card(self):
        network = ("--wifi-ssid", "x", "--wifi-country", "DE", "--wifi-password-file", self.wifi)
        self.prepared(OLDER, *network)
        settings = self.boot / "pigent/firstrun-settings"
        self.assertRegex(settings.read_text(), "WIFI_PSK=[0-9a-f]{64}")
        # Before it is wiped and removed, cmdline.txt is as it was before.
        self.tool("dd", f'#!/bin/sh\n[ "$2" = of={settings} ] || exec {shutil.which("dd")} "$@"\n'
                  'kill -9 $PPID\n')
        self.assertNotEqual(self.run_it(self.boot / "firstrun.sh").returncode, 0)
        self.assertNotIn("systemd.run", (self.boot / "cmdline.txt").read_text())
        self.assertTrue(settings.exists())
        (self.tools / "dd").unlink()
        self.take_over()
        self.assertFalse(settings.exists())
        # Not that of a card which was prepared again, and whose first boot is still to come.
        self.prepared(OLDER, *network)
        self.take_over()
        self.assertTrue(settings.exists())

    def wifi_on(self, folder):
        (self.root / "etc" / folder).mkdir()
        self.first_run("--wifi-ssid", "Ümläut; 1", "--wifi-country", "DE", "--wifi-hidden",
                       "--wifi-password-file", self.wifi)
        files = [path for path in (self.root / "etc" / folder).rglob("*") if path.is_file()]
        self.assertEqual(len(files), 1)
        self.assertEqual(files[0].stat().st_mode & 0o777, 0o600)
        return files[0].read_text()

    def test_wifi_by_network_manager(self):
        text = self.wifi_on("NetworkManager")
        self.assertIn("ssid=195;156;109;108;195;164;117;116;59;32;49;\n", text)
        self.assertRegex(text, r"psk=[0-9a-f]{64}\n")
        self.assertIn("hidden=true", text)

    def test_wifi_without_it(self):
        text = self.wifi_on("wpa_supplicant")
        self.assertIn("ssid=c39c6d6cc3a475743b2031\n", text)
        self.assertIn("country=DE", text)
        self.assertRegex(text, r"\tpsk=[0-9a-f]{64}\n\}")

    def test_the_images_own_script_runs_too(self):
        own = {
            "cmdline.txt": "root=x systemd.run=/boot/firstrun.sh systemd.unit=u\n",
            "firstrun.sh": f"#!/bin/sh\ntouch {self.root}/ran\nrm -f {self.boot}/firstrun.sh\n"
                           f"sed -i 's| systemd.run.*||' {self.boot}/cmdline.txt\n",
        }
        self.prepared({**OLDER, **own})
        (self.boot / "pigent/firstrun-image.sh").chmod(0o755)
        self.assertEqual(self.run_it(self.boot / "firstrun.sh").returncode, 0)
        self.assertTrue((self.root / "ran").exists())
        self.assertEqual((self.boot / "cmdline.txt").read_text().split(),
                         ["root=x", "cgroup_enable=memory"])

    def test_what_fails_does_not_keep_the_board_from_booting(self):
        self.tool("useradd", "#!/bin/sh\nexit 1\n")
        # One that the laptop knows, and the board does not.
        with mock.patch("flashing.options.ZONES", self.dir):
            said = self.first_run("--timezone", "Mars/Olympus")
        self.assertIn("failed: the time zone", said)
        self.assertIn("failed: installing pigent", said)
        self.assertNotIn("systemd.run", (self.boot / "cmdline.txt").read_text())


class Claude(Board):
    def get(self, curl):
        self.tool("curl", curl)
        home = self.root / "home"
        home.mkdir(exist_ok=True)
        path = f"{self.tools}:{os.environ['PATH']}"
        return subprocess.run(["sh", str(ROOT / "scripts/flashing/board/get-claude")], text=True,
                              env={**os.environ, "HOME": str(home), "PATH": path},
                              capture_output=True)

    def test_runs_the_installer_once(self):
        installer = r"#!/bin/bash\nmkdir -p ~/.local/bin\ntouch ~/.local/bin/claude\n" \
                    r"chmod +x ~/.local/bin/claude\n"
        curl = "#!/bin/sh\nwhile [ \"$1\" != --output ]; do shift; done\n" \
               f"printf '{installer}' >\"$2\"\n"
        self.assertIn("is installed", self.get(curl).stdout)
        self.assertIn("is there", self.get("#!/bin/sh\nexit 1\n").stdout)

    def test_a_sign_in_page_is_not_run(self):
        curl = "#!/bin/sh\nwhile [ \"$1\" != --output ]; do shift; done\necho '<html>' >\"$2\"\n"
        done = self.get(curl)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("gave no script", done.stdout)

    def test_no_network(self):
        self.assertNotEqual(self.get("#!/bin/sh\nexit 6\n").returncode, 0)
