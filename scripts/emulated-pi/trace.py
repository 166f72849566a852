"""The guest's own account of what happened when: events of its kernel (ftrace), with its clock.

Times are seconds of the guest's CLOCK_MONOTONIC with microseconds. Nothing in pigent is changed
for this: the kernel notes the exec, pigent's system calls, the button's interrupt, ends of
processes, and what the agent writes into the trace itself.
"""

import collections
import re

TRACING = "/sys/kernel/tracing"
#: Of whom what is noted. What pigent's main thread writes goes to the agent; the poller sends.
EVENTS = {
    "sched/sched_process_exec": 'filename ~ "*pigent*"',
    "sched/sched_process_exit": 'comm == "agent" || comm == "grandchild" || comm == "pigent"',
    "syscalls/sys_enter_write": 'comm == "pigent" && count > 30',
    "syscalls/sys_enter_writev": 'comm == "pigent"',
    "syscalls/sys_enter_sendto": 'comm == "poller"',
    "irq/irq_handler_entry": 'name == "pigent" || name ~ "*rppal*"',
}
LINE = re.compile(r"^\s*(.+?)-(\d+)\s+\[\d+\]\s+\S+\s+(\d+\.\d+): (\S+?)[:(] ?(.*)$")

Event = collections.namedtuple("Event", "time who pid what rest")


class Trace:
    """Switches the trace on and reads it."""

    def __init__(self, rig):
        self.rig = rig
        lines = ["cd " + TRACING, "echo 0 >tracing_on", "echo mono >trace_clock",
                 "echo 2048 >buffer_size_kb"]
        for event, condition in EVENTS.items():
            lines += ["echo '%s' >events/%s/filter" % (condition, event),
                      "echo 1 >events/%s/enable" % event]
        rig.sh("\n".join(lines + ["echo >trace", "echo 1 >tracing_on"]))

    def clear(self):
        """Forgets what was."""
        self.rig.sh("echo >%s/trace" % TRACING)

    def read(self):
        """All events since the last `clear`, in order."""
        text = self.rig.sh("grep -v '^#' %s/trace" % TRACING, check=False)
        found = [LINE.match(line) for line in text.splitlines()]
        return [Event(float(m.group(3)), m.group(1).strip(), int(m.group(2)), m.group(4),
                      m.group(5)) for m in found if m]

    def first_poll(self, offset, start):
        """Seconds from exec to the getUpdates that the host has seen, or None.

        `start.poll` is the host's time of its arrival; what the poller sent last before that is
        the request. `offset` converts (Rig.clock_offset).
        """
        events = self.read()
        execs = [event.time for event in events if event.what == "sched_process_exec"]
        arrived = start.poll + offset + 0.05  # the offset is exact to some 10 ms
        sends = [event.time for event in events
                 if event.who == "poller" and event.what.startswith("sys_sendto")
                 and event.time <= arrived]
        return sends[-1] - execs[-1] if execs and sends and sends[-1] > execs[-1] else None

    def marks(self, text):
        """When the agent wrote this into the trace."""
        return [event.time for event in self.read()
                if event.what == "tracing_mark_write" and text in event.rest]
