#!/usr/bin/env python3
"""All checks on the emulated boards. Started by scripts/emulate-pi, which gets what it needs."""

import argparse
import sys
import threading
import time

import button
import clock2040
import leaving
import leds
import resources
import working
from board import Board
from image import BOARDS, RigError
from table import FAILED, MISSING, TOLD, Table

BACKENDS = ("rppal", "gpiochip")


def main():
    """Checks each board, prints the table; the exit code."""
    options = arguments()
    table = Table()
    began = time.monotonic()
    threads = [threading.Thread(target=check_board, args=(board, options, table))
               for board in options.board]
    for thread in threads:
        thread.start()
        if options.serial:
            thread.join()
    for thread in threads:
        thread.join()
    table.print()
    print("%d min %d s" % divmod(int(time.monotonic() - began), 60))
    return 1 if table.count(FAILED) else 0


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", action="append", choices=sorted(BOARDS))
    parser.add_argument("--qemu", help="the patched QEMU; without it no edges are checked")
    parser.add_argument("--stock-qemu", help="Debian's QEMU, for a board whose edges never come")
    parser.add_argument("--guest", required=True, help="folder of fetch-guest.sh")
    parser.add_argument("--binaries", required=True, help="folder of TARGET/release/pigent")
    parser.add_argument("--stand-in", required=True, help="the built example bot_api")
    parser.add_argument("--only", choices=[*BACKENDS, "stock", "idle", "2040", "leds"])
    parser.add_argument("--serial", action="store_true", help="one board after the other")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the guest's console")
    options = parser.parse_args()
    options.board = options.board or list(BOARDS)
    return options


def check_board(name, options, table):
    """All that is to be seen on one board; what the rig itself cannot do is a failed check."""
    try:
        if options.qemu:
            with Board(name, options, table, options.qemu) as board:
                with_edges(board, options.only)
        else:
            table.add(name, "-", "everything with edges", MISSING,
                      "THERE IS NO PATCHED QEMU: levels only")
        if not options.stock_qemu:
            table.add(name, "-", "sampling where edges never come", MISSING,
                      "qemu-system-aarch64 is missing: apt-get install qemu-system-arm")
        elif options.only in (None, "stock"):
            with Board(name, options, table, options.stock_qemu) as board:
                without_edges(board)
    except RigError as error:
        table.add(name, "-", "the rig itself", FAILED, str(error).splitlines()[0])
        print(error, flush=True)


def with_edges(board, only):
    """The patched QEMU: inputs with pulls, edges and interrupts."""
    if only == "stock":
        return
    board.add("-", "boot to a shell with a network", TOLD,
              "%s, %.1f s" % (BOARDS[board.name]["title"], board.rig.ready_after))
    for backend in BACKENDS:
        if only in (None, backend) and working.run_all(board, backend):
            button.run_all(board, backend)
            leaving.run_all(board, backend)
    if only in (None, "idle"):
        board.daemon.start(BACKENDS[0])
        board.check(BACKENDS[0], "idle for two minutes", resources.idle)
        board.daemon.stop()
    if only in (None, "2040"):
        clock2040.run_all(board, BACKENDS[0])
    if only in (None, "leds"):
        leds.run_all(board, BACKENDS[1])
    violations = board.telegram.violations
    board.add("-", "requests the real Bot API would refuse or dislike",
              FAILED if violations else "ok", "; ".join(violations[:3]) or "none")


def without_edges(board):
    """Debian's QEMU: the guest sees levels, and an edge never comes."""
    for backend in BACKENDS:
        board.daemon.start(backend)
        before = board.daemon.wakeup_rate("panel", 8)
        board.check(backend, "without edges: press to the stop request", button.latency)
        board.check(backend, "without edges: sampling goes on", button.sampled, before)
        board.daemon.stop()


if __name__ == "__main__":
    sys.exit(main())
