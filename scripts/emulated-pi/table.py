"""The table of all checks: a line for each as it comes, and once more as a whole, in order."""

import sys
import threading

PASSED, FAILED, MISSING, TOLD = "ok", "FAILED", "MISSING", "told"
HEAD = ("board", "backend", "check", "result", "figure")


class Table:
    """Rows of (board, part, backend, check, result, figure), from several threads."""

    def __init__(self, parts):
        self.rows, self.parts, self.lock = [], parts, threading.Lock()

    def add(self, where, check, result, figure=""):
        """Adds a row and shows it at once; `where`: board, part, backend."""
        with self.lock:
            self.rows.append((*where, check, result, figure))
            print("%s %s/%s %s %s%s" % (result.ljust(7), where[0], where[1], where[2].ljust(8),
                                        check, ": " + figure if figure else ""), flush=True)

    def print(self):
        """The whole table, and its sum."""
        def order(row):
            return row[0], self.parts.index(row[1])
        rows = [(row[0], *row[2:]) for row in sorted(self.rows, key=order)]
        widths = [max(len(row[i]) for row in [HEAD, *rows]) for i in range(4)]
        print()
        for row in [HEAD, tuple("-" * width for width in widths) + ("------",), *rows]:
            cells = [cell.ljust(width) for cell, width in zip(row, widths)]
            print("  ".join([*cells, row[4]]).rstrip())
        print("\n%d passed, %d failed, %d missing, %d figures only told" % tuple(
            self.count(result) for result in (PASSED, FAILED, MISSING, TOLD)))
        if self.count(MISSING):
            print("*** MISSING means: not checked here; see its line ***", file=sys.stderr)

    def count(self, result):
        """Rows with this result."""
        return sum(row[4] == result for row in self.rows)
