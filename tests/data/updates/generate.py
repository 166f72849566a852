#!/usr/bin/env python3
"""Writes every.ndjson: a line for every kind of update, and for every optional field of a message.

    generate.py api.json > every.ndjson

api.json is the machine-readable Bot API of github.com/PaulSonOfLars/telegram-bot-api-spec (MIT).
Every object holds its required fields; what is optional is there once, at the top. What follows
is generated, and only made anew when the Bot API grows.
"""

import json
import sys

api = json.load(open(sys.argv[1]))
types = api["types"]
# The owner of the tests' chat sends everything, and asks for nothing.
OWNER = 42


def value(name, known, depth):
    """A value of this type."""
    if name.startswith("Array of "):
        return [value(name[len("Array of "):], known, depth)]
    if name in ("Integer", "Float"):
        return 1 if name == "Integer" else 1.5
    if name == "String":
        return known
    if name in ("Boolean", "True"):
        return True
    return thing(name, depth + 1)


def thing(name, depth):
    """An object with its required fields."""
    if name == "Chat":
        return {"id": OWNER, "type": "private", "first_name": "U"}
    if name == "User":
        return {"id": OWNER, "is_bot": False, "first_name": "U"}
    found = types.get(name, {})
    if "subtypes" in found:
        return thing(found["subtypes"][0], depth)
    fields = [field for field in found.get("fields", []) if field["required"]]
    if depth > 6:
        return {}
    made = {field["name"]: value(field["types"][0], constant(field), depth) for field in fields}
    if name == "Message":
        # No message of a test has this number.
        made.update({"message_id": 900, "from": thing("User", depth)})
    return made


def constant(field):
    """What a field of this description always is."""
    text = field["description"]
    for mark in ("always “", "must be “", "Can be “", "can be “"):
        if mark in text:
            return text.split(mark)[1].split("”")[0]
    return "text"


def lines():
    yield {}
    for field in types["Update"]["fields"]:
        if field["name"] == "update_id":
            continue
        name = field["types"][0]
        yield {field["name"]: thing(name, 0)}
        if name != "Message" or field["name"] == "message":
            for extra in types[name].get("fields", []):
                if not extra["required"]:
                    what = thing(name, 0)
                    what[extra["name"]] = value(extra["types"][0], constant(extra), 0)
                    yield {field["name"]: what}


for number, line in enumerate(lines()):
    print(json.dumps({"update_id": number + 1, **line}, ensure_ascii=False, separators=(",", ":")))
