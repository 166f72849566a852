"""The board's clock says 2040, beyond what 32 bits of seconds hold."""

import json
import re
import time

from board import ANSWER, expect
from daemon import LOG, STATE

#: 2040-06-01 12:00:00 UTC.
THEN = 2222942400


def lives(board, backend):
    """It polls over TLS, logs, writes its state, and goes on with it after a restart."""
    board.set_clock(THEN)
    try:
        start = board.daemon.start(backend)
        board.telegram.say("answer in 2040")
        board.telegram.wait_request("sendMessage", start.asked, ANSWER)
        written = state(board)
        board.daemon.signal("TERM")
        board.rig.sh("rm -f /tmp/argv")
        again = board.daemon.start(backend, fresh=False)
        board.telegram.say("answer once more")
        board.telegram.wait_request("sendMessage", again.asked, ANSWER)
        resumed = "--resume" in board.rig.sh("cat /tmp/argv")
        expect(resumed, "the session in the state was not read: the run began a new one")
        logged = board.rig.sh("cat %s; stat -c %%Y %s" % (LOG, LOG)).splitlines()
        expect(len(logged) > 1, "nothing was logged")
        expect(0 <= int(logged[-1]) - THEN < 3600, "the log's date is %s" % logged[-1])
        expect("clock" not in "".join(logged), "it complains about the clock: %s" % logged)
        dates = sorted(date for date in written if 0 <= date - THEN < 3600)
        expect(dates, "no date of 2040 in the state, only %s" % sorted(written))
        return "polled after %.1f s, state holds %s, session resumed after a restart" % (
            start.poll - start.asked, time.strftime("%Y-%m-%d", time.gmtime(dates[0])))
    finally:
        board.daemon.stop()
        board.set_clock(time.time())


def state(board):
    """All numbers in the snapshot that may be seconds since 1970, and the file's date."""
    end = time.monotonic() + 30
    while True:
        text = board.rig.sh("cat %s/state.json" % STATE)
        if re.search(r"\b22[0-9]{8}", text) or time.monotonic() > end:
            break
    json.loads(text)
    numbers = {int(number) for number in re.findall(r"\b[0-9]{10}\b", text)}
    return numbers | {int(board.rig.sh("stat -c %%Y %s/state.json" % STATE))}


def run_all(board, backend):
    """The one check."""
    board.check(backend, "2040: polls, logs, writes and reads its state", lives)
