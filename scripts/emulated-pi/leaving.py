"""Checks of the end: pins are given back on SIGTERM, and after a kill by the next start."""

import time

from board import expect
from button import begin, wait_dark
from daemon import BUSY, BUTTON, ERROR, IDLE, LONG
from image import RigError
from lamps import wait_pattern

#: Seconds a service has for its end: TimeoutStopSec of the unit.
PATIENCE = 15
PINS = {"busy": BUSY, "idle": IDLE, "error": ERROR, "button": BUTTON}


def functions(board):
    """Lamps' pins that are not inputs."""
    return [name for name, pin in PINS.items() if board.rig.function(pin) != 0]


def terminated(board, _backend):
    """SIGTERM in mid-run: exit before systemd would kill it, lamps off, all pins inputs again, the agent gone."""
    begin(board, "work until you are told to go")
    wait_pattern(board.rig, BUSY, "working")
    outputs = functions(board)
    expect(set(outputs) == {"busy", "idle", "error"}, "outputs while it runs: %s" % outputs)
    began = time.monotonic()
    took = board.daemon.signal("TERM")
    expect(took <= PATIENCE, "it took %.1f s to exit" % took)
    lit = [name for name, pin in PINS.items() if name != "button" and board.rig.level(pin)]
    expect(not lit, "still lit: %s" % lit)
    expect(not functions(board), "still outputs: %s" % functions(board))
    expect(not board.daemon.agents(), "an agent is left")
    off = [edge.time for edge in board.rig.edges_of(BUSY, began)]
    return "gone after %.1f s, all pins inputs, lamp last moved after %.1f s" % (
        took, off[-1] - began if off else 0)


def killed(board, backend):
    """kill -9 with the lamp lit; the next start puts it out before anything else."""
    board.daemon.start(backend)
    begin(board, "work until the power fails")
    wait_lit(board)
    board.daemon.signal("KILL")
    left = board.rig.level(BUSY), board.rig.function(BUSY)
    board.trace.clear()
    start = board.daemon.start(backend, fresh=False)
    released = [edge.time for edge in board.rig.edges_of(BUSY, start.asked) if edge.level == 0]
    if left == (1, 1):
        expect(released, "the lamp that was left lit is not put out")
        dark = released[0]
        expect(dark < start.poll, "the lamp went off %.2f s after the first poll"
               % (dark - start.poll))
        figure = "left lit; off %.0f ms before the first poll" % (1000 * (start.poll - dark))
    else:
        figure = "the kernel itself had given the pin back (level %d, function %d)" % left
    board.telegram.wait_text("Interrupted", start.asked, timeout=LONG)
    expect(not board.daemon.agents(), "the killed pigent's agent is left")
    # The run was interrupted: the lamp says so until the button is pressed or a run starts.
    wait_pattern(board.rig, ERROR, "error")
    wait_dark(board, BUSY)
    return figure + "; told as interrupted"


def wait_lit(board):
    """Waits until the busy lamp is lit and will be for some time."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        edges = board.rig.edges_of(BUSY)
        if edges and edges[-1].level == 1 and time.monotonic() - edges[-1].time < 0.2:
            return
        time.sleep(0.01)
    raise RigError("the busy lamp does not light")


def run_all(board, backend):
    """Both; no pigent runs after them."""
    board.check(backend, "SIGTERM: lamps off, pins are inputs", terminated)
    board.daemon.stop()
    board.check(backend, "kill -9, then a start: the lamp goes off first", killed)
    board.daemon.stop()
