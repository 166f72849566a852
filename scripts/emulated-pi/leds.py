"""Checks of a kernel LED as a lamp: `led:ACT`, the board's own green one (GPIO 47)."""

import time

from board import expect
from daemon import ACT, BUSY, LOG
from lamps import describe, wait_pattern

FOLDER = "/sys/class/leds/ACT"


def trigger(board):
    """The trigger that is chosen, in brackets in its file."""
    return board.rig.sh("sed 's/.*\\[\\(.*\\)\\].*/\\1/' %s/trigger" % FOLDER)


def blip(board, backend):
    """The idle pattern on ACT; the trigger comes back with SIGTERM."""
    board.rig.sh("echo heartbeat >%s/trigger" % FOLDER)
    since = time.monotonic()
    board.daemon.start(backend, {"IDLE": "led:ACT"})
    seen = wait_pattern(board.rig, ACT, "idle", since=since)
    expect(trigger(board) == "none", "the trigger is %r while it runs" % trigger(board))
    board.daemon.signal("TERM")
    expect(trigger(board) == "heartbeat", "the trigger is %r after SIGTERM" % trigger(board))
    return "on/off %s; the trigger comes back" % describe(seen)


def killed(board, backend):
    """kill -9; the next start, with the LED no longer named, gives it back."""
    board.daemon.start(backend, {"IDLE": "led:ACT"})
    board.daemon.signal("KILL")
    left = trigger(board)
    board.daemon.start(backend, {"IDLE": BUSY, "BUSY": ""}, fresh=False)
    end = time.monotonic() + 20
    while trigger(board) != "heartbeat":
        expect(time.monotonic() < end, "the trigger stays %r after the next start" % trigger(board))
    return "left as %r, %r again after the next start" % (left, trigger(board))


def run_all(board, backend):
    """Both; no pigent runs after them."""
    board.check(backend, "led:ACT: the idle pattern on the board's own LED", blip)
    board.daemon.stop()
    board.check(backend, "led:ACT after kill -9: the next start gives it back", killed)
    board.daemon.stop()
