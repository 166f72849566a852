"""The board's clock says 2040, beyond what 32 bits of seconds hold; or 1971.

The guest's own busybox has 32-bit time on armv7: it can neither set this clock nor look at files
of that time. So the clock is set by a program of six instructions (setter.py), and
the state is in a folder of its own that nobody has to remove.
"""

import json
import time

from board import ANSWER, expect
from daemon import ERROR, LOG
from image import BOARDS
from lamps import describe, wait_pattern
from setter import SETTER, THEN

STATE = "/root/state-2040"


def set_clock(board):
    """It is 2040 now."""
    if BOARDS[board.name]["debian"] == "armhf":
        board.rig.sh("/" + SETTER)
    else:
        board.set_clock(THEN)


def lives(board, backend):
    """It polls over TLS, logs, writes its state, and goes on with it after a restart.

    pigent writes no dates, neither into its log (the journal adds them) nor into its state. What
    shows that it reads this clock rightly: certificates are in date for it, and it takes the
    clock for set; 32 bits would make it 1904.
    """
    set_clock(board)
    state = {"PIGENT_STATE_DIR": STATE}
    try:
        start = board.daemon.start(backend, more=state)
        board.telegram.say("answer in 2040")
        board.telegram.wait_request("sendMessage", start.asked, ANSWER)
        since = time.monotonic()
        board.telegram.say("/status")
        status = board.telegram.wait_request("sendMessage", since).params["text"]
        expect("clock" not in status, "it does not believe the clock: " + status)
        expect(not board.rig.edges_of(ERROR, start.asked), "the error lamp shows trouble")
        board.daemon.signal("TERM")
        json.loads(board.rig.sh("cat %s/state.json" % STATE))
        board.rig.sh(": >/tmp/argv")
        again = board.daemon.start(backend, more=state)
        board.telegram.say("answer once more")
        board.telegram.wait_request("sendMessage", again.asked, ANSWER)
        expect("--resume" in board.rig.sh("cat /tmp/argv"),
               "the session in the state was not read: the run began a new one")
        log = board.rig.sh("cat " + LOG)
        expect("works in" in log and "clock" not in log, "the log: " + log)
        return "polled after %.1f s, clock believed, session resumed after a restart" % (
            start.poll - start.asked)
    finally:
        board.daemon.stop()
        board.set_clock(time.time())


def forgotten(board, backend):
    """The same board with its clock at 1971, as none is set: the error lamp says so."""
    board.set_clock(365 * 86400)
    try:
        start = board.daemon.start(backend, wait=False)
        seen = wait_pattern(board.rig, ERROR, "error", since=start.asked)
        return "error lamp on/off " + describe(seen)
    finally:
        board.set_clock(time.time())
        board.daemon.stop()


def run_all(board, backend):
    """Both; no pigent runs after them."""
    board.check(backend, "2040: polls, logs, writes and reads its state", lives)
    board.check(backend, "1971, a clock that is not set: the error lamp", forgotten)
