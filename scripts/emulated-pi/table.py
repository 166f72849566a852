"""The table of all checks: printed line by line as they come, and once more as a whole."""

import sys

PASSED, FAILED, MISSING, TOLD = "ok", "FAILED", "MISSING", "-"
HEAD = ("board", "backend", "check", "result", "figure")


class Table:
    """Rows of (board, backend, check, result, figure)."""

    def __init__(self):
        self.rows = []

    def add(self, board, backend, check, result, figure=""):
        """Adds a row and shows it at once."""
        self.rows.append((board, backend, check, result, figure))
        print("%-8s %-9s %-7s %s%s" % (board, backend, result, check,
                                       ": " + figure if figure else ""), flush=True)

    def number(self, where, check, value, limit, unit, note="", assert_at=None):
        """A figure beside the number to reach.

        `assert_at`: fails only beyond that (a limit too short to be asserted on an emulator).
        """
        board, backend = where
        verdict = "reached" if value <= limit else "not reached"
        figure = "%.4g %s (at most %g: %s)%s" % (value, unit, limit, verdict,
                                                 ", " + note if note else "")
        most = limit if assert_at is None else assert_at
        self.add(board, backend, check, PASSED if value <= most else FAILED, figure)

    def print(self):
        """The whole table, and its sum."""
        widths = [max(len(row[i]) for row in [HEAD, *self.rows]) for i in range(4)]
        print()
        for row in [HEAD, tuple("-" * width for width in widths) + ("------",), *self.rows]:
            cells = [cell.ljust(width) for cell, width in zip(row, widths)]
            print("  ".join([*cells, row[4]]).rstrip())
        failed, missing = self.count(FAILED), self.count(MISSING)
        print("\n%d checks: %d passed, %d failed, %d missing" % (
            len(self.rows), self.count(PASSED), failed, missing))
        if missing:
            print("*** MISSING means: not checked here; see its line ***", file=sys.stderr)

    def count(self, result):
        """Rows with this result."""
        return sum(row[3] == result for row in self.rows)
