"""pigent.env as a person wrote it, on whatever machine, checked before it goes onto a card.

The board reads it again, with `pigent service install`; what is found here saves a walk to the
closet. No message repeats a value: it may be the token.
"""

from __future__ import annotations

import re
from pathlib import Path

from . import dotenv
from .binary import Binary
from .errors import Mistake

LIMIT = 64 * 1024
TOKEN = "TELEGRAM_BOT_TOKEN"
# Blanks and tabs, as pigent and the board's awk know them: no other white space.
LINE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=(.*)")
TOKEN_FORM = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
WHO = ("TELEGRAM_ALLOWED_CHAT_IDS", "TELEGRAM_ALLOWED_USER_IDS")


def load(path: Path) -> bytes:
    """The bytes of the file.

    Raises Mistake if it cannot be read or is too long.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise Mistake(f"{path}: {error.strerror}") from None
    if len(content) > LIMIT:
        raise Mistake(f"{path} is longer than {LIMIT} bytes: that is no pigent.env")
    return content


def check(content: bytes, where: str, binary: Binary, token_needed: bool = True) -> list[str]:
    """Checks the settings; what is worth knowing about them comes back.

    Raises Mistake, with the number of the line.
    """
    values = _values(content, where)
    token = values.get(TOKEN, "")
    if token and not TOKEN_FORM.fullmatch(token):
        raise Mistake(
            f"{where}: {TOKEN} is not a bot token. @BotFather gives one like "
            "123456789:AAE-letters_and-digits"
        )
    if token_needed and not token:
        raise Mistake(f"{where}: there is no {TOKEN}. Ask @BotFather for one (/newbot)")
    for name in values:
        _check_name(name, where, binary)
    if not any(values.get(name) for name in WHO):
        return [
            "nobody is allowed to talk to the bot yet: write to it, it answers with your id; "
            f"put that into pigent.env on the card ({WHO[0]})"
        ]
    return []


def _values(content: bytes, where: str) -> dict[str, str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Mistake(f"{where} is no plain text: save it as UTF-8")
    values = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r").strip(dotenv.BLANKS)
        if not line or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if not match:
            raise Mistake(f"{where}, line {number} cannot be read: write NAME=value")
        try:
            value = dotenv.read(match[2]).strip(dotenv.BLANKS)
        except dotenv.Unreadable as why:
            said = str(why).replace("NAME", match[1])
            raise Mistake(f"{where}, line {number}: {match[1]} {said}") from None
        # The last one counts, as it does for pigent.
        values[match[1]] = value or values.get(match[1], "")
    return values


def _check_name(name: str, where: str, binary: Binary) -> None:
    if name == "PIGENT_PROJECT_DIR":
        raise Mistake(f"{where}: {name} does not belong here; say --project FOLDER instead")
    ours = name.startswith(("PIGENT_", "TELEGRAM_"))
    # A stand-in for pigent (a test's) knows no setting at all.
    if ours and binary.knows("PIGENT_") and not binary.knows(name):
        raise Mistake(f"{where}: this pigent knows no setting {name}: see the table in README.md")
