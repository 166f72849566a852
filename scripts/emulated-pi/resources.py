"""What an idle pigent costs on the board: memory, by what it is made of, and CPU time."""

import collections
import re
import time

from board import expect
from table import TOLD

#: Idle for so long, s: two long polls end in between.
WINDOW = 120
#: Resident memory of the daemon, KiB, and CPU time in percent of one core.
RESIDENT, CPU = 3 * 1024, 0.2

Mapping = collections.namedtuple("Mapping", "first last rights name sizes")


def idle(board, backend):
    """Two minutes of nothing, connected over TLS, with three lamps and the button."""
    pid = board.daemon.pid
    wait_calm(board, pid)
    since = time.monotonic()
    before, began = cpu(board, pid), uptime(board)
    while uptime(board) < began + WINDOW:
        time.sleep(10)
    after, took = cpu(board, pid), uptime(board) - began
    expect(board.telegram.polls(since) >= 2, "it did not poll while it was idle")
    spent = {thread: (after[thread] - before.get(thread, 0)) / 1e6 for thread in after}
    threads = ", ".join("%s %.0f" % item for item in spent.items() if item[1] >= 0.5)
    board.number(backend, "idle CPU time over %.0f s" % took, sum(spent.values()) / took / 10,
                 CPU, "%", note="%.0f ms: %s" % (sum(spent.values()), threads))
    memory(board, backend, pid)
    expect(board.daemon.alive(), "pigent is gone")


def wait_calm(board, pid):
    """Waits until the start is over: two seconds with hardly any CPU time."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        before = sum(cpu(board, pid).values())
        time.sleep(2)
        if sum(cpu(board, pid).values()) - before < 5e6:
            return


def memory(board, backend, pid):
    """The figures of /proc for the whole process tree.

    The kernel's counters (VmRSS, VmHWM) lag by up to 63 pages a thread; the walk over the page
    tables (smaps) is exact, and counts. What the counters say was there once and is no more is
    added for the peak.
    """
    status = board.rig.sh("cat /proc/%d/status" % pid)
    sizes = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", status, re.M)}
    tree = process_tree(board, pid)
    expect(tree == {pid}, "there is more than the daemon in its tree: %s" % tree)
    maps = mappings(board.rig.sh("cat /proc/%d/smaps" % pid))
    now, anonymous, huge = (sum(one.sizes.get(what, 0) for one in maps)
                            for what in ("Rss", "Anonymous", "AnonHugePages"))
    peak = now + sizes["VmHWM"] - sizes["VmRSS"]
    threads = re.search(r"Threads:\s+(\d+)", status).group(1)
    note = "now %d, of it anonymous %d, in huge pages %d; 1 process, %s threads; " \
        "the kernel's lagging counters: VmHWM %d, VmRSS %d" % (
            now, anonymous, huge, threads, sizes["VmHWM"], sizes["VmRSS"])
    board.number(backend, "idle resident memory of the tree over TLS, peak", peak, RESIDENT,
                 "KiB", note=note)
    for what, size in sorted(made_of(board, pid, maps).items(), key=lambda item: -item[1]):
        board.add(backend, "  of it " + what, TOLD, "%d KiB" % size)


def process_tree(board, pid):
    """The daemon and its descendants."""
    out = board.rig.sh("for p in /proc/[0-9]*; do sed 's/^\\([0-9]*\\) (.*) . \\([0-9]*\\) .*/"
                       "\\1 \\2/' $p/stat 2>/dev/null; done", check=False)
    parents = {int(words[0]): int(words[1])
               for words in map(str.split, out.splitlines()) if len(words) == 2}
    tree = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in tree} - tree
        if not more:
            return tree
        tree |= more


def made_of(board, pid, maps):
    """Resident KiB by what the pages are: code, constants, data, stacks and what is beside them.

    Neighbouring anonymous mappings are one for the kernel: a thread's stack and the allocator's
    blocks below and above it cannot be told apart there; what is above the thread's own frames is
    named "at the stack of".
    """
    stacks = dict(stack_pointers(board, pid))
    sizes = collections.Counter()
    for mapping in maps:
        owners = [name for name, pointer in stacks.items()
                  if mapping.first <= pointer < mapping.last]
        sizes[kind(mapping, owners)] += mapping.sizes.get("Rss", 0)
    return {name: size for name, size in sizes.items() if size}


def kind(mapping, owners):
    """What to call a mapping."""
    if mapping.name.endswith("/pigent"):
        if "x" in mapping.rights:
            return "code (pages of the binary)"
        return "variables of the binary" if "w" in mapping.rights else "constants of the binary"
    if mapping.name == "[stack]":
        return "stack of the main thread"
    if mapping.name == "[heap]":
        return "heap (brk)"
    if mapping.name:
        return mapping.name
    return "stack of %s, and heap beside it" % ", ".join(owners) if owners else "heap"


def mappings(text):
    """The entries of smaps."""
    found = []
    for line in text.splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$", line)
        if head:
            found.append(Mapping(int(head.group(1), 16), int(head.group(2), 16), head.group(3),
                                 head.group(4), {}))
            continue
        size = re.match(r"(\w+):\s+(\d+) kB", line)
        if size and found:
            found[-1].sizes[size.group(1)] = int(size.group(2))
    return found


def stack_pointers(board, pid):
    """Name and stack pointer of each thread: the last but one word of its `syscall` file."""
    out = board.rig.sh("for t in /proc/%d/task/*; do "
                       "echo ${t##*/} $(cat $t/comm $t/syscall 2>/dev/null); done" % pid)
    for line in out.splitlines():
        words = line.split()
        if len(words) > 4 and words[-2].startswith("0x"):
            yield "%s (%s)" % (words[1], words[0]), int(words[-2], 16)


def cpu(board, pid):
    """Nanoseconds of CPU time by thread, as the scheduler counts; the time of threads that have
    ended is under "ended", exact to ticks of 10 ms."""
    out = board.rig.sh("for t in /proc/%d/task/*; do "
                       "echo ${t##*/} $(cat $t/comm $t/schedstat 2>/dev/null); done; "
                       "cut -d')' -f2 /proc/%d/stat" % (pid, pid))
    *lines, stat = out.splitlines()
    tasks = [line.split() for line in lines]
    tasks = [words for words in tasks if len(words) > 3]
    times = {"%s (%s)" % (words[1], words[0]): int(words[2]) for words in tasks}
    ticks = sum(map(int, stat.split()[11:13]))
    times["ended"] = max(0, ticks * 10_000_000 - sum(times.values()))
    return times


def uptime(board):
    """The guest's CLOCK_MONOTONIC."""
    return float(board.rig.sh("cut -d' ' -f1 /proc/uptime"))
