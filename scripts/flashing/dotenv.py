"""One value of pigent.env, read as pigent reads it on the board: quotes, escapes, comments.

board/secrets.awk reads the same way where there is no Python; tests/flash/test_dotenv.py holds both
to one table. Stricter than pigent in what is never meant: a variable, a line break.
"""

from __future__ import annotations

import re

BLANKS = " \t"
# What Unicode calls white space and no keyboard types: no-break spaces from web pages, for one.
ODD = "[\v\f\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
SPACE = "has a space outside quotes"
QUOTE = "has a quote that is not closed"
DOLLAR = "has a $ that would be taken for a variable"
BACKSLASH = "has a \\ that stands for nothing"
WHITE = "has white space that is no space (from a web page?), type it anew"
# What may be escaped, outside single quotes.
ESCAPED = "\\'\"$ "


class Unreadable(Exception):
    """What is wrong, and how to write it instead; nothing of the value is in it."""

    def __init__(self, why: str, text: str):
        # Inside single quotes everything is itself, but a single quote is not to be had.
        alone = "'…'" if "'" not in text else '"…" with a \\ before every \\, " and $ in it'
        super().__init__(f"{why}: write NAME={alone}")


def read(text: str) -> str:
    """The value, of what stands after the `=`.

    Raises Unreadable.
    """
    text = text.strip(BLANKS)
    if text.startswith("#"):
        return ""
    value, quote, escaped = [], "", False
    bare = []
    for at, char in enumerate(text):
        if quote == "'" and char != "'":
            value.append(char)
            # Nothing is escaped in here, but where a line ends is found as if it were.
            escaped = char == "\\" and not escaped
        elif escaped:
            if quote == "'" or char not in ESCAPED:
                raise Unreadable(BACKSLASH, text)
            value.append(char)
            escaped = False
        elif char == quote:
            quote = ""
        elif char == "\\":
            escaped = True
        elif char == "$":
            raise Unreadable(DOLLAR, text)
        elif not quote and char in "\"'":
            quote = char
        elif not quote and char in BLANKS:
            if not text[at:].lstrip(BLANKS).startswith("#"):
                raise Unreadable(SPACE, text)
            break
        else:
            value.append(char)
            bare += [] if quote else [char]
    if quote or escaped:
        raise Unreadable(QUOTE if quote else BACKSLASH, text)
    whole = "".join(value)
    # Within quotes it may be meant, but not around everything else.
    if re.search(ODD, "".join(bare)) or re.search(f"^{ODD}|{ODD}\\Z", whole):
        raise Unreadable(WHITE, text)
    return whole
