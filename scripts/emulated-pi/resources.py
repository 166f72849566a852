"""What an idle pigent costs on the board: memory, by what it is made of, and CPU time."""

import collections
import os
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
    daemon, pid = board.daemon, board.daemon.pid
    since = time.monotonic()
    before, ticks = cpu(board, pid)
    time.sleep(WINDOW)
    after, ticks_after = cpu(board, pid)
    took = time.monotonic() - since
    expect(board.telegram.polls(since) >= 2, "it did not poll while it was idle")
    share = (after - before) / 1e9 / took * 100
    load = os.getloadavg()[0]
    board.number(backend, "idle CPU time over %d s" % WINDOW, share, CPU, "%",
                 note="scheduler's %.0f ms, %d ticks of 10 ms; load of the host %.1f" % (
                     (after - before) / 1e6, ticks_after - ticks, load))
    for thread, millis in threads_cpu(board, pid).items():
        board.add(backend, "  CPU time of thread %s since its start" % thread, TOLD,
                  "%.0f ms" % millis)
    memory(board, backend, pid)
    expect(daemon.alive(), "pigent is gone")


def memory(board, backend, pid):
    """The figures of /proc for the whole process tree."""
    status = board.rig.sh("cat /proc/%d/status" % pid)
    sizes = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", status, re.M)}
    tree = process_tree(board, pid)
    shared = sizes.get("RssShmem", 0)
    note = "VmRSS %d, RssAnon %d, RssFile %d (of these on the RAM disk %d); %d process in the tree" % (
        sizes["VmRSS"], sizes["RssAnon"], sizes["RssFile"] + shared, shared, len(tree))
    board.number(backend, "idle resident memory over TLS (VmHWM)", sizes["VmHWM"], RESIDENT,
                 "KiB", note=note)
    for what, size in sorted(made_of(board, pid).items(), key=lambda item: -item[1]):
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


def made_of(board, pid):
    """Resident KiB by what the pages are: code, constants, data, heap, each thread's stack."""
    stacks = {name: pointer for name, pointer in stack_pointers(board, pid)}
    sizes = collections.Counter()
    for mapping in mappings(board.rig.sh("cat /proc/%d/smaps" % pid)):
        owner = next((name for name, pointer in stacks.items()
                      if mapping.first <= pointer < mapping.last), None)
        sizes[kind(mapping, owner)] += mapping.sizes.get("Rss", 0)
    return {name: size for name, size in sizes.items() if size}


def kind(mapping, owner):
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
    return "stack of thread " + owner if owner else "heap and buffers (anonymous)"


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
    out = board.rig.sh("for t in /proc/%d/task/*; do echo $(cat $t/comm $t/syscall); done" % pid)
    for line in out.splitlines():
        words = line.split()
        if len(words) > 3 and words[-2].startswith("0x"):
            yield words[0], int(words[-2], 16)


def cpu(board, pid):
    """CPU time of all threads so far: nanoseconds of the scheduler, and ticks of 10 ms."""
    out = board.rig.sh("cat /proc/%d/task/*/schedstat; cut -d')' -f2 /proc/%d/stat" % (pid, pid))
    *tasks, stat = out.splitlines()
    words = stat.split()
    return sum(int(task.split()[0]) for task in tasks), int(words[11]) + int(words[12])


def threads_cpu(board, pid):
    """Milliseconds by thread."""
    out = board.rig.sh("for t in /proc/%d/task/*; do echo $(cat $t/comm $t/schedstat); done" % pid)
    return {words[0]: int(words[1]) / 1e6 for words in map(str.split, out.splitlines())}
