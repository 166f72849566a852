#!/usr/bin/env python3
"""All checks on the emulated boards. Started by scripts/emulate-pi, which gets what it needs."""

import argparse
import concurrent.futures
import functools
import sys
import time

import button
import clock2040
import leaving
import leds
import resources
import working
from board import Board
from image import BOARDS, RigError
from table import FAILED, MISSING, PASSED, TOLD, Table

BACKENDS = ("rppal", "gpiochip")


def main():
    """Checks each board, prints the table; the exit code: 1 something failed, 3 something could not be checked."""
    options = arguments()
    table = Table([*PARTS, "-"])
    began = time.monotonic()
    jobs = [functools.partial(run_part, board, part, options, table)
            for part in PARTS for board in options.board if options.only in (None, part)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for job in [pool.submit(job) for job in jobs]:
            job.result()
    table.print()
    print("%d min %d s" % divmod(int(time.monotonic() - began), 60))
    return 1 if table.count(FAILED) else 3 if table.count(MISSING) else 0


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", action="append", choices=sorted(BOARDS))
    parser.add_argument("--qemu", help="the patched QEMU; without it no edges are checked")
    parser.add_argument("--stock-qemu", help="Debian's QEMU, for a board whose edges never come")
    parser.add_argument("--guest", required=True, help="folder of fetch-guest.sh")
    parser.add_argument("--binaries", required=True, help="folder of TARGET/release/pigent")
    parser.add_argument("--stand-in", required=True, help="the built example bot_api")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--jobs", type=int, default=3, help="boards that run at the same time")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the guest's console")
    options = parser.parse_args()
    options.board = options.board or list(BOARDS)
    return options


def run_part(name, part, options, table):
    """Boots a board for one part; what the rig itself cannot do is a failed check."""
    check, qemu, counted = PARTS[part]
    program = getattr(options, qemu)
    where = (name, part, "-")
    if not program:
        table.add(where, "all of part " + part, MISSING, "THERE IS NO " + WANTED[qemu])
        return
    try:
        with Board(name, part, options, table, program, counted) as board:
            how = "counted instructions, 1 core" if counted else "4 cores"
            board.add("-", "part %s: boot to a shell with a network" % part, TOLD,
                      "%s, %s, %.1f s of the host" % (BOARDS[name]["title"], how,
                                                      board.rig.ready_after))
            check(board)
            violations = board.telegram.violations
            board.add("-", "no request that the Bot API would dislike",
                      FAILED if violations else PASSED, "; ".join(violations[:3]))
    except Exception as error:  # the other parts' rows are wanted all the same
        text = str(error) if isinstance(error, RigError) else repr(error)
        table.add(where, "the rig itself", FAILED, text.splitlines()[0])
        print(error, flush=True)


def day(backend):
    """Everything a person would see and do, on one backend."""
    def check(board):
        if working.run_all(board, backend):
            button.run_all(board, backend)
            leaving.run_all(board, backend)
    return check


def figures(board):
    """What has numbers to reach, in guest time."""
    backend = BACKENDS[0]
    board.check(backend, "exec to first getUpdates", working.starts)
    board.check(backend, "idle for two minutes", resources.idle)
    board.check(backend, "button press to the stop request at the agent", button.latency)
    board.daemon.stop()


def others(board):
    """The year 2040, and kernel LEDs."""
    clock2040.run_all(board, BACKENDS[0])
    leds.run_all(board, BACKENDS[1])


def without_edges(board):
    """Debian's QEMU: the guest sees levels, and an edge never comes."""
    for backend in BACKENDS:
        board.daemon.start(backend)
        before = board.daemon.wakeup_rate("panel", 8)
        board.check(backend, "edges never come: a press stops the run all the same",
                    button.latency)
        board.check(backend, "edges never come: sampling goes on", button.sampled, before)
        board.daemon.stop()


#: name: (checks, which QEMU, whether it counts instructions); each boots a board of its own.
PARTS = {
    "figures": (figures, "qemu", True),
    "rppal": (day("rppal"), "qemu", False),
    "gpiochip": (day("gpiochip"), "qemu", False),
    "stock": (without_edges, "stock_qemu", False),
    "others": (others, "qemu", False),
}
WANTED = {
    "qemu": "PATCHED QEMU: scripts/emulated-pi/build-qemu.sh builds one",
    "stock_qemu": "qemu-system-aarch64: apt-get install qemu-system-arm",
}


if __name__ == "__main__":
    sys.exit(main())
