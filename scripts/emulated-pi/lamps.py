"""Patterns of a lamp, recognised from the changes of its pin.

The wide windows are for an emulated board on a loaded machine; no two patterns overlap.
"""

import collections
import time

from image import RigError

#: One blink: when it began, how long it was on and how long off until the next, in seconds.
Blink = collections.namedtuple("Blink", "at on off")

#: name: (blinks to see, shortest and longest on, shortest and longest off)
STEADY = {
    "idle": (2, 0.03, 0.4, 3.4, 4.6),
    "working": (2, 0.35, 0.65, 0.35, 0.65),
    "stopping": (4, 0.02, 0.12, 0.02, 0.12),
    "offline": (1, 2.6, 3.4, 2.6, 3.4),
}


def blinks(edges):
    """Whole blinks: on, off, and the next on."""
    found = []
    for first, second, third in zip(edges, edges[1:], edges[2:]):
        if (first.level, second.level, third.level) == (1, 0, 1):
            found.append(Blink(first.time, second.time - first.time, third.time - second.time))
    return found


def matches(name, seen):
    """The blinks that show this pattern, if the last of those seen do."""
    if name == "error":
        return bursts(seen)
    count, on_min, on_max, off_min, off_max = STEADY[name]
    last = seen[-count:]
    fit = [one for one in last if on_min <= one.on <= on_max and off_min <= one.off <= off_max]
    return last if len(fit) == count else None


def bursts(seen):
    """Three short blinks and a pause: two short gaps, then a long one."""
    last = seen[-3:]
    if len(last) < 3 or any(not 0.05 <= one.on <= 0.3 for one in last):
        return None
    gaps = [one.off for one in last]
    good = all(0.05 <= gap <= 0.3 for gap in gaps[:2]) and 0.9 <= gaps[2] <= 1.7
    return last if good else None


def describe(seen):
    """On and off times of the last blinks, in ms."""
    return ", ".join("%.0f/%.0f" % (1000 * one.on, 1000 * one.off) for one in seen[-4:]) + " ms"


def wait_pattern(rig, pin, name, timeout=40, since=None):
    """Waits until a pin shows a pattern that began after `since` (now); the blinks that show it."""
    since = time.monotonic() if since is None else since

    def look():
        # rig.wait holds the lock that edges_of takes: look at the list itself.
        edges = [edge for edge in rig.edges if edge.pin == pin and edge.time >= since]
        return matches(name, blinks(edges))
    try:
        return rig.wait(look, timeout, "the pattern %r on pin %d" % (name, pin))
    except RigError as error:
        seen = blinks(rig.edges_of(pin, since))
        raise RigError("no pattern %r on pin %d within %d s; blinks: %s"
                       % (name, pin, timeout, describe(seen))) from error
