"""The values of pigent.env are read the same on the laptop, by the board's awk, and by pigent."""

import os
import subprocess
from pathlib import Path

from support import ROOT, TOKEN, Case, binary
from flashing import dotenv, envfile
from flashing.errors import Mistake

AWK = ROOT / "scripts/flashing/board/secrets.awk"
NAME = "X_SECRET"
# What stands after the `=`, and what that is; None: refused.
TABLE = (
    ("", ""),
    ("plain", "plain"),
    ("  plain \t", "plain"),
    ("a#b", "a#b"),
    ("plain # until May", "plain"),
    ("plain   # it's a comment, \"too", "plain"),
    ("   # none", ""),
    ("# none", ""),
    ("#none", ""),
    ('""', ""),
    ('"a b"', "a b"),
    ("'a b'", "a b"),
    ("'a b'  # mine", "a b"),
    ('"a # b"#c', "a # b#c"),
    ('"a # b"# c', None),
    ('"it\'s"', "it's"),
    ("it\\'s", "it's"),
    ("'$HOME \\d \"'", '$HOME \\d "'),
    ('"\\$HOME \\\\ \\""', '$HOME \\ "'),
    ("it\\'s\\ \\$5", "it's $5"),
    ("a'b c'd\"e f\"", "ab cde f"),
    ("'ab\\\\'", "ab\\\\"),
    ("größe", "größe"),
    ("'a\u00a0b'", "a\u00a0b"),
    ('"a\u3000b"', "a\u3000b"),
    ("Ã\u2192\u2b06", "Ã\u2192\u2b06"),
    ("--model opus", None),
    ("12, 34", None),
    ("a# b", None),
    ("'a' b", None),
    ("it's", None),
    ('"a', None),
    ("'a", None),
    ('a"', None),
    ("pa$word", None),
    ('"pa$word"', None),
    ("$", None),
    ("pa\\word", None),
    ('"C:\\dir"', None),
    ('"a\\nb"', None),
    ("a\\", None),
    ("'a\\'", None),
    ("a\\ ", None),
    ("a\rb", None),
    *((text, None) for odd in "\v\f\x1f\x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
      for text in (f"a{odd}", f"{odd}a", f"a{odd}b", f"'{odd}a'", f'"a{odd}"', f"a{odd} # c", odd)),
)
GOOD = [(text, value) for text, value in TABLE if value is not None]


def double_quoted(value):
    for char in '\\"$':
        value = value.replace(char, "\\" + char)
    return f'"{value}"'


class Dotenv(Case):
    def awk(self, mode, text, kept="", token=""):
        env, settings = self.put("env", text), self.put("kept", kept)
        words = ["awk", "-v", f"mode={mode}", "-v", f"settings={settings}", "-f", str(AWK)]
        words += ["-v", f"token={self.put('token', token)}", str(env)]
        done = subprocess.run(words, capture_output=True, env={**os.environ, "LC_ALL": "C"})
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def test_on_the_laptop(self):
        for text, value in TABLE:
            with self.subTest(text):
                if value is not None:
                    self.assertEqual(dotenv.read(text), value)
                    continue
                with self.assertRaises(dotenv.Unreadable):
                    dotenv.read(text)

    def test_on_the_board(self):
        for text, value in TABLE:
            with self.subTest(text):
                line = f"{NAME}={text}\n"
                fault = self.awk("fault", line).stdout
                if value is None:
                    self.assertIn(f"line 1: {NAME} has ", fault)
                    continue
                self.assertEqual(fault, "")
                if value:
                    other = double_quoted(value + "x")
                    same = self.awk("kept", line, f"{NAME}={double_quoted(value)}\n")
                    self.assertEqual(same.returncode, 0)
                    self.assertEqual(self.awk("kept", line, f"{NAME}={other}\n").returncode, 1)
                # What pigent is given has no comment that it would trip over.
                merged = self.awk("merge", line, f"{NAME}='kept'\n").stdout
                plain = merged.removeprefix(f"{NAME}=").rstrip("\n")
                self.assertEqual(dotenv.read(plain), value or "kept")
                self.assertNotIn("mine", plain)
                blanked = self.awk("blank", line).stdout.splitlines()
                self.assertEqual(blanked[-1], f"{NAME}=" if value else line.rstrip("\n"))

    def test_both_say_the_same_of_what_they_refuse_and_never_the_value(self):
        for text in [text for text, value in TABLE if value is None]:
            content = f"A=1\n{NAME}={text}\n".encode()
            with self.subTest(text), self.assertRaises(Mistake) as caught:
                envfile._values(content, "pigent.env")
            said = str(caught.exception)
            self.assertEqual(said, "pigent.env, " + self.awk("fault", content).stdout.strip())
            self.assertRegex(said, r"line 2: X_SECRET has .*: write X_SECRET=['\"]")
            self.assertNotRegex(said, "opus|34|word|dir")

    def test_white_space_around_a_name_that_is_no_space_is_refused_with_its_line(self):
        for line in ("\xa0A=1", "A\xa0=1", "export\xa0A=1", "\vA=1", "A\v=1", "\xa0", "\xa0# x"):
            with self.subTest(line), self.assertRaises(Mistake) as caught:
                envfile._values(f"B=1\n{line}\n".encode(), "pigent.env")
            said = str(caught.exception)
            self.assertEqual(said, "pigent.env, line 2 cannot be read: write NAME=value")
            fault = self.awk("fault", f"B=1\n{line}\n").stdout.strip()
            self.assertEqual(said, "pigent.env, " + fault)

    def test_a_token_copied_from_a_web_page_is_refused_and_a_quoted_blank_is_not(self):
        program = envfile.Binary(self.put("p", binary()))
        for text in (f"{TOKEN}\xa0", f"\xa0{TOKEN}", f"'{TOKEN}\xa0'"):
            with self.subTest(text), self.assertRaises(Mistake) as caught:
                envfile.check(f"TELEGRAM_BOT_TOKEN={text}".encode(), "my.env", program)
            self.assertIn("my.env, line 1: TELEGRAM_BOT_TOKEN has white", str(caught.exception))
            self.assertNotIn(TOKEN, str(caught.exception))
        line = f"TELEGRAM_BOT_TOKEN=' {TOKEN} '\n"
        envfile.check(line.encode(), "my.env", program)
        # pigent keeps it without them, and then it is blanked.
        self.assertEqual(self.awk("kept", line, "", f"{TOKEN}\n").returncode, 0)

    def test_what_is_kept_is_given_back_as_it_stands(self):
        for kept in ("'sk-1'", "\"it's\"", "\"it's \\\"\\$x\\\" \\\\\"", "'$x \\ \"y\"'"):
            merged = self.awk("merge", f"{NAME}=\n", f"# by pigent\n{NAME}={kept}\n", TOKEN)
            expect = {f"{NAME}={kept}", f"TELEGRAM_BOT_TOKEN='{TOKEN}'"}
            self.assertEqual(set(merged.stdout.splitlines()), expect)

    def test_the_last_of_two_counts_and_a_blank_one_does_not(self):
        text = f"{NAME}=old\n{NAME}=new\n{NAME}=\n"
        self.assertEqual(envfile._values(text.encode(), "")[NAME], "new")
        self.assertEqual(self.awk("kept", text, f"{NAME}='new'\n").returncode, 0)
        self.assertNotIn("kept", self.awk("merge", text, f"{NAME}='kept'\n").stdout)

    def test_a_comment_after_the_token(self):
        env = self.put("my.env", f"TELEGRAM_BOT_TOKEN={TOKEN}   # mine\n")
        envfile.check(env.read_bytes(), "my.env", envfile.Binary(self.put("p", binary())))


class Pigent(Case):
    """With a pigent whose files tests may put elsewhere: cargo build, or PIGENT_BIN."""

    def setUp(self):
        super().setUp()
        self.program = self.find()
        self.root = self.dir / "root"
        self.project = self.dir / "project"
        self.project.mkdir()
        uid = os.getuid() or 1000
        if os.getuid() == 0:
            os.chown(self.project, uid, uid)
        self.put("root/etc/passwd", f"pi:x:{uid}:{uid}::/home/pi:/bin/sh\n")
        self.put("root/etc/group", "")
        self.put("tools/systemctl", "#!/bin/sh\necho 'systemd 252 (252)'\n").chmod(0o755)

    def find(self):
        places = (os.environ.get("PIGENT_BIN"), ROOT / "target/debug/pigent")
        for place in map(Path, filter(None, places)):
            # Another would write to this computer's own /etc.
            if place.exists() and b"STAND_IN_ROOT" in place.read_bytes():
                return place
        self.skipTest("no target/debug/pigent: cargo build, or name one in PIGENT_BIN")

    def take_over(self, text):
        """As the board does it; what pigent keeps comes back."""
        kept = self.root / "etc/pigent/pigent"
        words = ["awk", "-v", "mode=merge", "-v", f"token={kept}/telegram-bot-token", "-v",
                 f"settings={kept}/pigent.env", "-f", str(AWK), str(self.put("card", text))]
        merged = subprocess.run(words, capture_output=True, check=True,
                                env={**os.environ, "LC_ALL": "C"}).stdout
        words = [str(self.program), "service", "install", "--user", "pi", "--no-start"]
        words += ["--project", str(self.project), "--env", str(self.put("given", merged))]
        environment = {"PATH": f"{self.dir}/tools:/usr/bin:/bin", "STAND_IN_ROOT": str(self.root)}
        done = subprocess.run(words, capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 0, done)
        lines = (kept / "pigent.env").read_text().splitlines()
        return {name: dotenv.read(value) for name, _, value in (line.partition("=") for line in
                lines if line[0] != "#")}

    def test_reads_what_we_accept_as_we_do_and_again_when_it_is_blank(self):
        names = [f"X{index}_SECRET" for index in range(len(GOOD))]
        lines = [f"{name}={text}\n" for name, (text, _) in zip(names, GOOD)]
        expect = {name: value for name, (_, value) in zip(names, GOOD) if value}
        head = f"TELEGRAM_BOT_TOKEN={TOKEN}\n"
        self.assertEqual(self.take_over(head + "".join(lines)), expect)
        blank = "".join(f"{name}=\n" for name in names)
        self.assertEqual(self.take_over(blank), expect)
