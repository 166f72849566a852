"""The scripts beside scripts/flash say how they are used, and begin nothing unless it is right."""

import os
import subprocess

from support import ROOT, Case

# What each takes for nonsense.
SCRIPTS = {
    "kills": ("x", "1 x", "1 2 3", "0"),
    "soak": ("x", "1 x", "1 2 3"),
    "outages": ("x", "1 2"),
    "fuzz": ("", "x", "1 x", "1 stream x"),
    "simulate": ("", "x", "1 x"),
    "measure": ("-x", "one two", "/nowhere/pigent"),
    "emulate-pi": ("--only nonsense", "--jobs x", "--jobs", "--board x", "x"),
    "build-arm": ("",),
    "package": ("", "--nonsense x"),
    "check-cross": ("x",),
    "reliability": ("x", "--quick x"),
}


class Usage(Case):
    def setUp(self):
        super().setUp()
        self.tools = self.dir / "tools"
        for name in ("cargo", "cross", "apt-get", "dpkg-deb"):
            text = f'#!/bin/sh\necho "{name} $* [$PIGENT_BIN]" >>{self.dir}/begun\n'
            self.put(f"tools/{name}", text).chmod(0o755)

    def call(self, name, *words):
        """From another folder, by a relative path."""
        path = os.path.relpath(ROOT / "scripts" / name, self.dir)
        environment = {**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}", "PIGENT_BIN": ""}
        return subprocess.run([path, *words], cwd=self.dir, env=environment, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)

    def begun(self):
        path = self.dir / "begun"
        return path.read_text() if path.exists() else ""

    def test_help_is_no_mistake_and_begins_nothing(self):
        for name in SCRIPTS:
            for word in ("--help", "-h"):
                with self.subTest(name):
                    done = self.call(name, word)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertIn(f"Usage: scripts/{name}", done.stdout)
                    self.assertEqual(self.begun(), "")

    def test_nonsense_begins_nothing(self):
        for name, lines in SCRIPTS.items():
            for line in lines:
                with self.subTest(f"{name} {line}"):
                    done = self.call(name, *line.split())
                    self.assertEqual((done.returncode, done.stdout), (2, ""))
                    self.assertRegex(done.stderr, f"Usage: scripts/{name}|is no program")
                    self.assertEqual(self.begun(), "")

    def test_a_binary_to_measure_is_the_one_that_the_caller_named(self):
        self.put("pigent", "#!/bin/sh\n").chmod(0o755)
        done = self.call("measure", "./pigent")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn(f"--bench daemon [{os.path.realpath(self.pigent)}]", self.begun())
