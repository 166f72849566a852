"""The words of cmdline.txt. The firmware gives the board its first line and nothing else, so it
stays one line, whatever was there before."""

from __future__ import annotations

import re

HOOK = re.compile(r"systemd\.(run|run_success_action|run_failure_action|unit)=")
COUNTRY = "cfg80211.ieee80211_regdom="
# Raspberry Pi OS boots without the memory controller; without it an agent has no limit.
MEMORY = "cgroup_enable=memory"


def words(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0].split() if lines else []


def line(all_words: list[str]) -> str:
    return " ".join(all_words) + "\n"


def runs_script(all_words: list[str]) -> bool:
    """Whether the first boot runs a script, by whomever."""
    return any(word.startswith("systemd.run=") for word in all_words)


def with_script(all_words: list[str], path: str) -> list[str]:
    """The first boot runs `path`, in a small system without network, and reboots."""
    kept = [word for word in all_words if not HOOK.match(word)]
    hook = ["run=" + path, "run_success_action=reboot", "unit=kernel-command-line.target"]
    return kept + ["systemd." + word for word in hook]


def with_country(all_words: list[str], country: str) -> list[str]:
    return [word for word in all_words if not word.startswith(COUNTRY)] + [COUNTRY + country]


def with_memory(all_words: list[str]) -> list[str]:
    return all_words if MEMORY in all_words else [*all_words, MEMORY]


def has_cloud_init(all_words: list[str]) -> bool:
    return any(word.startswith("ds=nocloud") for word in all_words)


def with_instance(all_words: list[str], instance: str) -> list[str]:
    """cloud-init takes the name of the instance from here if it is here, not from meta-data."""
    return [
        re.sub(r"(;(?:i|instance-id)=)[^;]*", lambda found: found[1] + instance, word)
        if word.startswith("ds=nocloud")
        else word
        for word in all_words
    ]
