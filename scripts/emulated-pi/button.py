"""Checks of the stop button: the pin is pulled to ground from outside."""

import time

from board import expect
from daemon import BUSY, BUTTON, IDLE
from image import RigError
from lamps import wait_pattern

#: From the button's interrupt in the guest's kernel to the request on the agent's stdin, ms.
PRESS = 60
#: Figures this short are not asserted on an emulator before they are several times as long.
ASSERTED = 200
#: Presses that are measured.
PRESSES = 5
#: All of a stubborn run has to be gone after so long, s.
STUBBORN = 15
#: How long a finger stays on the button.
FINGER = 0.4
GLITCH = 0.005
#: What is as long may be a press; and how often a spike that came out too long is tried again.
DEBOUNCED, TRIES = 0.025, 6


def press(board, seconds=FINGER):
    """Pulls the pin to ground for so long; the host's time at the beginning."""
    began = time.monotonic()
    board.rig.drive(BUTTON, 0)
    time.sleep(seconds)
    board.rig.drive(BUTTON, 1)
    return began


def begin(board, text):
    """Starts a run that has to be stopped; waits until its tool call works."""
    board.trace.clear()
    since = time.monotonic()
    board.telegram.say(text)
    board.telegram.wait_request("sendMessage", since)
    wait_marks(board, "agent working")
    return since


def glitches(board, _backend):
    """Ten spikes of 5 ms stop nothing."""
    for _ in range(TRIES):
        begin(board, "work with spikes on the wire")
        longest = max(spike(board) for _ in range(10))
        if longest < DEBOUNCED:
            wait_pattern(board.rig, BUSY, "working")
            log = board.daemon.log()
            expect(not board.trace.marks("agent interrupted"), "a spike stopped the run: " + log)
            stop_run(board)
            return "10 spikes of 5 ms, the longest %.0f ms: nothing happened" % (1000 * longest)
        # The host was busy with something else: that was a press.
        stop_run(board)
    raise RigError("this machine is too busy for spikes of 5 ms: %d tries" % TRIES)


def spike(board):
    """A very short press; how long it was at most."""
    began = time.monotonic()
    press(board, GLITCH)
    took = time.monotonic() - began
    time.sleep(0.15)
    return took


def stop_run(board):
    """Presses if need be, and waits for the end of the run."""
    if board.daemon.agents():
        press(board)
    board.daemon.wait_agents_gone(STUBBORN)
    time.sleep(1.5)  # the chat's flood budget


def latency(board, backend):
    """From the press to the request on the agent's stdin, by the guest's clock.

    Without interrupts in the guest nobody there knows the moment of the press: what is told then
    is from the host's write to the host's news of the lamp's flash, and nothing is asserted.
    """
    rounds = [one_press(board) for _ in range(PRESSES)]
    if not board.rig.has_edges:
        lamp = sorted(flash for _, _, flash in rounds)
        return "%d presses; the lamp answers after %s ms of the host" % (PRESSES, figures(lamp))
    sent, heard = (sorted(values) for values in list(zip(*rounds))[:2])
    board.number(backend, "button press to the stop request at the agent",
                 sent[PRESSES // 2], PRESS, "ms",
                 most=ASSERTED,
                 note="of %s from the interrupt to the write; the agent, a shell script, has read "
                      "it after %s" % (figures(sent), figures(heard)))
    return None


def figures(values):
    """Milliseconds, one beside the other."""
    return "/".join("%.0f" % value for value in values)


def one_press(board):
    """Stops a run; ms from the press to pigent's write, to the agent's read, to the lamp."""
    begin(board, "work on")
    board.trace.clear()
    pressed = press(board)
    wait_marks(board, "agent interrupted")
    flash = [edge.time - pressed for edge in board.rig.edges_of(BUSY, pressed)]
    events = board.trace.read()
    edges = [event.time for event in events if event.what == "irq_handler_entry"]
    expect(edges or not board.rig.has_edges, "the trace has no interrupt of the button")
    edges = edges or [0]
    # To the agent: not what goes into the log.
    writes = [event.time for event in events if event.what.startswith("sys_write")
              and event.time > edges[0] and "fd: 2," not in event.rest]
    marks = [event.time for event in events if "agent interrupted" in event.rest]
    expect(writes, "the trace has no write to the agent")
    board.daemon.wait_agents_gone(STUBBORN)
    time.sleep(1.5)  # the chat's flood budget
    return 1000 * (writes[0] - edges[0]), 1000 * (marks[0] - edges[0]), 1000 * flash[0]


def wait_marks(board, text, timeout=60):
    """Waits until the agent has noted something."""
    end = time.monotonic() + timeout
    while not board.trace.marks(text):
        expect(time.monotonic() < end, "%d s without %r in the trace" % (timeout, text))


def stubborn(board, _backend):
    """An agent deaf to SIGINT, with a grandchild deaf to SIGTERM: all gone within 15 s."""
    begin(board, "stubborn")
    count = len(board.daemon.agents())
    expect(count >= 2, "the agent has no grandchild")
    since = press(board)
    wait_pattern(board.rig, BUSY, "stopping", since=since)
    board.telegram.wait_text("Stopped", since)
    board.daemon.wait_agents_gone(STUBBORN)
    events = board.trace.read()
    ends = [event.time for event in events if event.what == "sched_process_exit"]
    took = ends[-1] - board.trace.presses()[0]
    expect(took <= STUBBORN, "it took %.1f s" % took)
    wait_pattern(board.rig, IDLE, "idle")
    dark = [edge.time for edge in board.rig.edges_of(BUSY, since) if edge.level == 0][-1] - since
    expect(board.rig.level(BUSY) == 0, "the busy lamp is lit")
    expect(dark <= STUBBORN, "the busy lamp went off after %.1f s" % dark)
    return "%d processes, the last one gone after %.1f s, the lamp dark after %.1f s" % (
        count, took, dark)


def hold(board, _backend):
    """Held for 3 s: what waits is dropped too, and what began meanwhile is stopped.

    The run that was there ends at once, so the first of those that waited begins while the finger
    is still on the button; none of them would end by itself.
    """
    board.daemon.starts()
    begin(board, "work, and others wait")
    since = time.monotonic()
    for number in (1, 2, 3):
        board.telegram.say("work number %d of the queue" % number)
    board.telegram.wait_handed(since)
    since = press(board, 3.6)
    board.telegram.wait_text("Dropped", since)
    board.daemon.wait_agents_gone(STUBBORN)
    wait_pattern(board.rig, IDLE, "idle")
    started = len(board.daemon.starts())
    expect(started in (1, 2), "%d of 4 prompts ran" % started)
    return "3 prompts waited: %d began during the press and was stopped, the others never ran" % (
        started - 1)


def offline(board, _backend):
    """The cable is pulled; the button still stops the run, and what happened is told later."""
    begin(board, "work without network")
    board.rig.link(False)
    try:
        time.sleep(1)
        since = press(board)
        board.daemon.wait_agents_gone(STUBBORN)
        took = board.trace.marks("agent interrupted")[0] - board.trace.presses()[0]
        wait_dark(board, BUSY)
        told = board.telegram.sent(since)
        expect(not told, "something was sent: %s" % told)
    finally:
        board.rig.link(True)
    board.telegram.wait_text("Stopped", since, timeout=120)
    return "request at the agent after %.0f ms; told when the network was back" % (1000 * took)


def wait_dark(board, pin):
    """Waits until a lamp has been dark for a second."""
    end = time.monotonic() + 20
    while True:
        edges = board.rig.edges_of(pin)
        quiet = not edges or time.monotonic() - edges[-1].time > 1
        if quiet and board.rig.level(pin) == 0:
            return
        expect(time.monotonic() < end, "the lamp on pin %d does not go off" % pin)
        time.sleep(0.05)


def sampled(board, backend, before):
    """Whether the panel's thread still samples 20 times a second."""
    rate = board.daemon.wakeup_rate("panel", 8)
    text = "panel thread: %.1f wake-ups a second before the first edge, %.1f after presses" % (
        before, rate)
    expect(before > 12, "it was not sampled before the first edge: " + text)
    if board.rig.has_edges:
        expect(rate < 6, "edges come, and it is still sampled: " + text)
    else:
        expect(rate > 12, "no edge can come, and it is not sampled any more: " + text)
    return text


def run_all(board, backend):
    """All of them on a pigent that has just been started and has seen no edge yet."""
    check = board.check
    before = board.daemon.wakeup_rate("panel", 8)
    check(backend, "a 5 ms glitch does nothing", glitches)
    check(backend, "button press to the stop request at the agent", latency)
    check(backend, "edges: sampling has stopped", sampled, before)
    check(backend, "a press stops a stubborn tree within 15 s", stubborn)
    check(backend, "held for 3 s: the queue is empty", hold)
    check(backend, "a press stops the run with the network down", offline)
