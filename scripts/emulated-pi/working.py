"""Checks of an ordinary day: first poll, the lamps while idle, at work and after an error."""

import time

from board import ANSWER, FAILURE, expect
from daemon import BUSY, ERROR, IDLE
from lamps import describe, wait_pattern

#: From exec to the first getUpdates, ms.
START = 300
#: Starts that are measured; the first has everything to load.
STARTS = 5


def starts(board, backend):
    """exec to the first poll, with an empty state folder, in guest time."""
    took = []
    for _ in range(STARTS):
        board.daemon.stop()
        board.trace.clear()
        board.daemon.start(backend)
        seconds = board.trace.first_poll()
        expect(seconds is not None, "the trace has no exec or no request of the poller")
        took.append(1000 * seconds)
    middle = sorted(took)[len(took) // 2]
    board.number(backend, "exec to first getUpdates", middle, START, "ms",
                 note="median of %s; TLS handshake included" % "/".join("%.0f" % t for t in took))


def idle_lamp(board, _backend):
    """A short blip every 4 s, and nothing on the other lamps."""
    since = time.monotonic()
    seen = wait_pattern(board.rig, IDLE, "idle", since=since)
    others = board.rig.edges_of(BUSY, since) + board.rig.edges_of(ERROR, since)
    expect(not others, "other lamps moved: %s" % others)
    return "on/off " + describe(seen)


def answer(board, _backend):
    """A prompt: busy at 1 Hz, the recorded answer in the chat, idle again."""
    since = time.monotonic()
    board.telegram.say("answer me")
    seen = wait_pattern(board.rig, BUSY, "working", since=since)
    arrived = board.telegram.wait_request("sendMessage", since, ANSWER)
    wait_pattern(board.rig, IDLE, "idle", since=arrived.at)
    expect(board.rig.level(BUSY) == 0, "the busy lamp is still lit")
    return "busy on/off %s, answer after %.1f s" % (describe(seen), arrived.at - since)


def failure(board, _backend):
    """An agent's error shows on the error pin until the next run starts."""
    since = time.monotonic()
    board.telegram.say("fail now")
    board.telegram.wait_request("sendMessage", since, FAILURE)
    seen = wait_pattern(board.rig, ERROR, "error", since=since)
    since = time.monotonic()
    board.telegram.say("answer again")
    board.telegram.wait_request("sendMessage", since, ANSWER)
    quiet = time.monotonic()
    wait_pattern(board.rig, IDLE, "idle", since=quiet)
    expect(not board.rig.edges_of(ERROR, quiet), "the error lamp still blinks after a good run")
    return "on/off %s; dark after the next run" % describe(seen)


def run_all(board, backend):
    """All of them, with a pigent that is left running."""
    check = board.check
    if not check(backend, "exec to first getUpdates", starts):
        return False
    check(backend, "idle: a short blip every 4 s", idle_lamp)
    check(backend, "a prompt: busy at 1 Hz, the answer arrives, idle returns", answer)
    check(backend, "an agent's error on the error pin", failure)
    return True
