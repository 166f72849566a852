"""One booted board with everything a check needs, and how a check is run and judged."""

import os
import tempfile
import time

import setter
from daemon import BUTTON, Daemon
from image import BOARDS, HERE, RigError, read
from rig import Rig
from table import FAILED, PASSED, TOLD
from telegram import Telegram
from trace import Trace

CORPUS = os.path.join(HERE, "..", "..", "tests", "corpus")
#: Which recording the agent replays for what.
RUNS = {"answer": "01_plain_text", "fail": "12q_no_api_key", "interrupted": "16_int_bash"}
#: Words of the recordings that must reach the chat.
ANSWER, FAILURE = "The answer is 4.", "Not logged in"


class Failure(Exception):
    """A check found something else than what it looked for."""


class Board:
    """A context manager: entering boots, leaving ends everything."""

    def __init__(self, name, part, options, table, qemu, counted=False):
        self.name, self.part, self.options, self.table = name, part, options, table
        self.qemu, self.counted = qemu, counted
        self.folder = tempfile.TemporaryDirectory(prefix="emulate-pi-")
        self.telegram = self.rig = self.daemon = self.trace = None

    def __enter__(self):
        try:
            self.telegram = Telegram(self.options.stand_in, self.folder.name)
            self.rig = Rig(self.name, self.qemu, self.options.guest, self._files(), {BUTTON: 1},
                           self.counted, self.options.verbose)
            self.rig.__enter__()
            # There is no clock on these boards; a real one is set over the network.
            self.set_clock(time.time())
            self.trace = Trace(self.rig)
            self.daemon = Daemon(self.rig, self.telegram)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for part in (self.rig, self.telegram):
            if part:
                part.stop()
        self.folder.cleanup()

    def _files(self):
        binary = os.path.join(self.options.binaries, BOARDS[self.name]["target"],
                              "release", "pigent")
        files = {
            "usr/bin/pigent": (read(binary), 0o755),
            "etc/pigent/ca.pem": (read(self.telegram.ca_file), 0o644),
            "opt/agent": (read(os.path.join(HERE, "guest", "agent.sh")), 0o755),
            setter.SETTER: (setter.program(), 0o755),
            "opt/grandchild": (read(os.path.join(HERE, "guest", "grandchild.sh")), 0o755),
        }
        for name, recording in RUNS.items():
            path = os.path.join(CORPUS, recording, "stdout.ndjson")
            files["opt/runs/" + name] = (read(path), 0o644)
        return files

    def set_clock(self, seconds):
        """Sets the guest's wall clock."""
        out = self.rig.sh("date -s @%d" % seconds)
        if "can't" in out:  # its status is 0 all the same
            raise RigError(out)

    # Checks.

    def check(self, backend, name, run, *arguments):
        """Runs one check; its row is what it returns, or why it failed. Says whether it passed.

        A check returns the figure's text; or None, if it has added its rows itself.
        """
        try:
            figure = run(self, backend, *arguments)
            if figure is not None:
                self.add(backend, name, PASSED, figure)
            return True
        except Exception as error:  # a check that is broken itself has failed, too
            text = str(error) if isinstance(error, (RigError, Failure)) else repr(error)
            self.add(backend, name, FAILED, text.splitlines()[0])
            if self.daemon and self.daemon.pid and self.rig.process.poll() is None:
                text += "\npigent's log ends with\n" + "\n".join(
                    self.daemon.log().splitlines()[-15:])
            print(text, flush=True)
            self._tidy()
            return False

    def _tidy(self):
        """What a failed check left must not fail the next one, too."""
        try:
            self.rig.drive(BUTTON, 1)
            self.rig.link(True)
            if self.daemon.alive():
                self.telegram.say("/cancel all")
                self.daemon.wait_agents_gone(60)
        except RigError as error:
            print("tidying up: %s" % error, flush=True)

    def add(self, backend, name, result, figure=""):
        """A row."""
        self.table.add((self.name, self.part, backend), name, result, figure)

    def number(self, backend, name, value, limit, unit, note="", most=None):
        """A row with a number to reach; it fails only beyond `most`, where that is given.

        Where the guest's time depends on what else the host does (no counted instructions), the
        figure is only told.
        """
        verdict = "reached" if value <= limit else "not reached"
        figure = "%.4g %s (at most %g: %s) %s" % (value, unit, limit, verdict, note)
        good = value <= (most or limit)
        result = TOLD if not self.counted else PASSED if good else FAILED
        self.add(backend, name, result, figure)


def expect(condition, what):
    """Fails the check unless the condition holds."""
    if not condition:
        raise Failure(what)
