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
    "syscalls/sys_enter_recvfrom": 'comm == "poller"',
    "irq/irq_handler_entry": 'name == "pigent" || name ~ "RPPAL*"',
}
LINE = re.compile(r"^\s*(.+?)-(\d+)\s+\[\d+\]\s+\S+\s+(\d+\.\d+): (\S+?)[:(] ?(.*)$")

Event = collections.namedtuple("Event", "time who pid what rest")


class Trace:
    """Switches the trace on and reads it."""

    def __init__(self, rig):
        self.rig, self.clears = rig, 0
        lines = ["cd " + TRACING, "echo 0 >tracing_on", "echo mono >trace_clock",
                 "echo 2048 >buffer_size_kb"]
        for event, condition in EVENTS.items():
            lines += ["echo '%s' >events/%s/filter" % (condition, event),
                      "echo 1 >events/%s/enable" % event]
        rig.sh("\n".join(lines + ["echo >trace", "echo 1 >tracing_on"]))

    def clear(self):
        """Forgets what was. With several cores the kernel keeps something now and then: a mark in
        the trace says from where on it counts."""
        self.clears += 1
        self.rig.sh("cd %s; echo >trace; echo clear %d >trace_marker" % (TRACING, self.clears))

    def read(self):
        """All events since the last `clear`, in order."""
        text = self.rig.sh("grep -v '^#' %s/trace" % TRACING, check=False)
        found = [LINE.match(line) for line in text.splitlines()]
        events = [Event(float(m.group(3)), m.group(1).strip(), int(m.group(2)), m.group(4),
                        m.group(5)) for m in found if m]
        marks = [event.time for event in events if event.rest == "clear %d" % self.clears]
        return [event for event in events if not marks or event.time > marks[-1]]

    def first_poll(self):
        """Seconds from exec to the last byte of the first getUpdates, or None.

        The poller sends ClientHello, ChangeCipherSpec (6 bytes), Finished, and at once the
        request; then it waits for the answer.
        """
        events = self.read()
        execs = [event.time for event in events if event.what == "sched_process_exec"]
        poller = [event for event in events if event.who == "poller" and execs
                  and event.time > execs[-1]]
        hello = [index for index, event in enumerate(poller) if "len: 6," in event.rest]
        sent = None
        for event in poller[hello[0] + 1:] if hello else []:
            if event.what == "sys_recvfrom":
                break
            sent = event.time
        return sent and sent - execs[-1]

    def presses(self):
        """When the kernel handled an interrupt of the button."""
        return [event.time for event in self.read() if event.what == "irq_handler_entry"]

    def marks(self, text):
        """When the agent wrote this into the trace."""
        return [event.time for event in self.read()
                if event.what == "tracing_mark_write" and text in event.rest]
