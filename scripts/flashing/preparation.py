"""What has to be on the boot partition: worked out from what is there, before anything is written.

Doing it twice is the same as once: what the image came with is kept beside, and taken from there
the second time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from . import cloudinit, cmdline, envfile, firstrun
from .binary import Binary
from .errors import Mistake
from .options import Options, shell

BOARD = Path(__file__).parent / "board"
ALWAYS = ("first-boot", "take-over", "secrets.awk", "pigent-boot-env.service")
CLAUDE = ("get-claude", "pigent-claude.service")
ORIGINAL = "pigent/user-data.orig"
IMAGE_SCRIPT = "pigent/firstrun-image.sh"
# The name that Raspberry Pi OS gives its first user until somebody chooses another.
FIRST_USER = "pi"
# The largest cluster of a FAT.
CLUSTER = 32 * 1024


@dataclass
class Preparation:
    """Files to write, in this order, files to remove, and what is worth saying."""

    how: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def prepare(partition, options: Options, binary: Binary, env: bytes | None) -> Preparation:
    """Raises Mistake; writes nothing."""
    names = partition.names()
    _check(partition, names, options, binary)
    wanted = Preparation()
    _settings(wanted, partition, binary, env)
    _program(wanted, names, options, binary)
    words = cmdline.with_memory(cmdline.words(_text(partition, "cmdline.txt")))
    if options.country:
        words = cmdline.with_country(words, options.country)
    if {"user-data", "meta-data"} & names or cmdline.has_cloud_init(words):
        words = _for_cloud_init(wanted, partition, names, options, words)
    else:
        words = _for_firstrun(wanted, partition, names, options, words)
    # Last: until then the card boots as it did.
    wanted.files["cmdline.txt"] = cmdline.line(words).encode()
    if not options.ssh_key:
        wanted.notes.append(
            "no --ssh-key: unless the card lets somebody in already, nobody can log in over the network"
        )
    return _unless_there(wanted, partition, names)


def _check(partition, names: set[str], options: Options, binary: Binary) -> None:
    if not {"config.txt", "cmdline.txt"} <= names:
        raise Mistake(
            f"{partition.where} is no boot partition of a Raspberry Pi: "
            "it has no config.txt and cmdline.txt"
        )
    bits = _bits(names)
    if bits and bits != binary.bits:
        target = "arm64" if bits == 64 else "armv7"
        raise Mistake(
            f"{binary.path} is for {binary.machine}, this is a {bits}-bit system: "
            f"build it with scripts/build-arm {target} --no-default-features"
        )
    if options.claude and binary.bits == 32:
        raise Mistake("--with-claude: there is no Claude Code for 32 bits; take a 64-bit image")


def _bits(names: set[str]) -> int | None:
    """A 32-bit image has the kernels of the old boards; a 64-bit one cannot use them."""
    if {"kernel.img", "kernel7.img", "kernel7l.img"} & names:
        return 32
    return 64 if "kernel8.img" in names else None


def _settings(wanted: Preparation, partition, binary: Binary, env: bytes | None) -> None:
    there = partition.read("pigent.env")
    if env is None and there is None:
        raise Mistake("say --env FILE: a pigent.env with TELEGRAM_BOT_TOKEN and settings")
    where = "pigent.env" if env is not None else "pigent.env on the card"
    content = env if env is not None else there
    # What a board has taken over is blank on its card.
    wanted.notes += envfile.check(content, where, binary, token_needed=env is not None)
    if env is not None:
        wanted.files["pigent.env"] = env


def _program(wanted: Preparation, names: set[str], options: Options, binary: Binary) -> None:
    wanted.files["pigent/pigent"] = binary.content
    pairs = {
        "RUN_AS": options.run_as,
        "PROJECT": options.project,
        "WITH_CLAUDE": "yes" if options.claude else "",
    }
    wanted.files["pigent/settings"] = shell(pairs).encode()
    for name in ALWAYS + (CLAUDE if options.claude else ()):
        wanted.files[f"pigent/{name}"] = (BOARD / name).read_bytes()
    if not options.claude:
        wanted.removed += [f"pigent/{name}" for name in CLAUDE if f"pigent/{name}" in names]


def _for_cloud_init(wanted: Preparation, partition, names, options: Options, words: list[str]):
    wanted.how = "cloud-init"
    before = _text(partition, ORIGINAL) or cloudinit.original(_text(partition, "user-data"))
    text = cloudinit.user_data(before, options)
    if text is None and options.system_names:
        raise Mistake(
            f"the user-data on this card already sets it up; leave out {options.system_names[0]}, "
            "or start from a fresh image"
        )
    if text is None:
        text = cloudinit.user_data_after(before)
        wanted.files[ORIGINAL] = before.encode()
        wanted.notes.append("the card's own user-data is kept, and done first")
        if cloudinit.restarts(before):
            wanted.notes.append(
                "it seems to restart the board: pigent is installed after that, at the next start"
            )
    wanted.files["user-data"] = text.encode()
    if not cloudinit.sets_user(before):
        _first_user(wanted, partition, names, options)
    if options.wifi:
        network = cloudinit.network_config(options.wifi, options.country or "")
        wanted.files["network-config"] = network.encode()
    instance = _instance(wanted)
    meta = cloudinit.meta_data(_text(partition, "meta-data"), instance)
    wanted.files["meta-data"] = meta.encode()
    return cmdline.with_instance(words, instance)


def _first_user(wanted: Preparation, partition, names: set[str], options: Options) -> None:
    """cloud-init installs pigent after multi-user.target, and that waits for the first user's name.
    So does a board without cloud-init at its second boot.

    In userconf.txt and not in user-data: the board reads it only while the name is missing, so that
    nobody is renamed on a card that was set up before.
    """
    user = options.user or FIRST_USER
    if user == options.run_as:
        raise Mistake(
            f"--run-as {user}: that is the board's first user, who may use sudo, and the agent "
            "should not; name another one, or say --user NAME"
        )
    there = partition.read("userconf.txt")
    if "userconf" in names or (there and not firstrun.is_our_userconf(there)):
        wanted.notes.append("the card's own userconf.txt is kept: it names the first user")
        return
    wanted.files["userconf.txt"] = firstrun.userconf(user)
    if not options.user:
        wanted.notes.append(
            f"no --user: if the board has no user yet he is named {user}, without a password, so "
            "that it does not wait for somebody to type a name"
        )


def _instance(wanted: Preparation) -> str:
    """A name for exactly these files: prepared otherwise, a card is set up once more."""
    summary = hashlib.sha256()
    for name in ("user-data", "network-config", "pigent/pigent", "pigent/settings"):
        summary.update(hashlib.sha256(wanted.files.get(name, b"")).digest())
    return f"pigent-{summary.hexdigest()[:12]}"


def _for_firstrun(wanted: Preparation, partition, names, options: Options, words: list[str]):
    wanted.how = "firstrun.sh"
    there = partition.read("firstrun.sh")
    own = there is not None and not firstrun.is_ours(there)
    if cmdline.runs_script(words) and there is None:
        raise Mistake("this card's first boot already runs a script: start from a fresh image")
    if own or IMAGE_SCRIPT in names:
        if options.system_names or options.wifi:
            raise Mistake(
                "the firstrun.sh on this card already sets it up: leave out Wi-Fi, user, SSH key, "
                "host name and time zone, or start from a fresh image"
            )
        wanted.notes.append("the card's own firstrun.sh is kept, and run too")
    if own:
        wanted.files[IMAGE_SCRIPT] = there
    if options.run_as == FIRST_USER:
        # Even with --user: at this first boot he has not got his new name yet.
        raise Mistake(
            f"--run-as {FIRST_USER}: on this image that is the board's first user, who may use "
            "sudo, and the agent should not; name another one"
        )
    if not firstrun.names_user(there if own else partition.read(IMAGE_SCRIPT)):
        _first_user(wanted, partition, names, options)
    wanted.files["pigent/firstrun-settings"] = firstrun.settings(options)
    wanted.files["firstrun.sh"] = (BOARD / "firstrun.sh").read_bytes()
    boot = firstrun.mount_point(partition.read("issue.txt"), names)
    return cmdline.with_script(words, f"{boot}/firstrun.sh")


def _unless_there(wanted: Preparation, partition, names: set[str]) -> Preparation:
    """Leaves out what is there already, and checks that there is room for the rest."""
    same = [
        name
        for name, content in wanted.files.items()
        if name.lower() in names and partition.read(name) == content
    ]
    for name in same:
        del wanted.files[name]
    needed = sum(len(content) + CLUSTER for content in wanted.files.values())
    if needed > partition.free():
        raise Mistake(
            f"{partition.where}: not enough room, {needed // 1024} KB are needed and "
            f"{partition.free() // 1024} KB are free"
        )
    return wanted


def _text(partition, name: str) -> str:
    return (partition.read(name) or b"").decode("utf-8", errors="replace")
