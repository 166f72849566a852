"""The texts for cloud-init: user-data, network-config, meta-data.

YAML, with every value written as JSON writes it (which is YAML), so that no value can be taken
for more than itself. The token is in none of them: cloud-init keeps copies for ever.
"""

from __future__ import annotations

import email
import json
import re
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from .options import Options, Wifi

GROUPS = "users,adm,dialout,audio,netdev,video,plugdev,cdrom,input,gpio,spi,i2c,render,sudo"
# Where the boot partition is mounted differs: /boot before Raspberry Pi OS of October 2023.
INSTALL = (
    "for boot in /boot/firmware /boot; do "
    'if [ -f "$boot/pigent/first-boot" ]; then exec sh "$boot/pigent/first-boot"; fi; done'
)
# A power cut while cloud-init runs INSTALL, or before, or a restart by the card's own user-data:
# cloud-init takes note before it begins, and does not begin again. So every later start looks
# whether it came to its end.
AGAIN = (
    "done=/var/lib/cloud/instance/sem; "
    '[ ! -e "$done/config_scripts_user" ] || [ -e "$done/pigent_installed" ] || ' + INSTALL
)
BOUNDARY = "==pigent=="
# cloud-init runs the scripts of one first boot in the order of their names: those without one are
# part-001 and so on, and all of `runcmd` is one that is called runcmd.
LAST = "zz-pigent"
# Its lines may be followed by more: neither another kind of text, nor written as one value, nor
# ended by a mark of YAML's.
CONFIG = re.compile(r"#cloud-config[ \t\r]*(#.*)?(\n|$)")
CLOSED = re.compile(r"(?m)^\.\.\.\s*$")
# Everything from here on is ours.
OURS = "# Written by pigent's scripts/flash:"


def original(user_data: str) -> str:
    """What was there before scripts/flash, if it was appended to."""
    return user_data.partition(OURS)[0].rstrip("\n")


def user_data(before: str, options: Options) -> str | None:
    """What the first boot does: what it did before, the system's settings, installing pigent.

    `None` if that cannot be one text: another kind of it, or the same settings.
    """
    ours = _settings(options)
    before = before.strip("\n") or "#cloud-config"
    meant = _meant(before)
    open_ended = CONFIG.match(before) and not CLOSED.search(before)
    if meant and not (open_ended and re.match(r"---|[\w\"']", meant[0])):
        return None
    if _keys(before) & _keys("\n".join(ours)):
        return None
    head = "" if CONFIG.match(before) else "#cloud-config\n"
    return "\n".join([head + before, "", OURS, *ours]) + "\n"


def sets_user(user_data: str) -> bool:
    """Whether it names the board's users itself."""
    return bool(_keys(user_data) & {"user", "users"})


def user_data_after(before: str) -> str:
    """The image's own user-data, and after it installing pigent: parts of one message.

    If it is such a message itself, ours are more parts of it: cloud-init does not look into
    messages within messages.
    """
    whole = email.message_from_string(before)
    if not whole.is_multipart():
        own = whole if whole.keys() else _part("plain", before.rstrip("\n") + "\n")
        whole = MIMEMultipart(boundary=BOUNDARY, _subparts=[own])
    for kind, text in (("x-shellscript-per-boot", AGAIN), ("x-shellscript", INSTALL)):
        ours = _part(kind, f"#!/bin/sh\n{text}\n")
        ours["Content-Disposition"] = f'attachment; filename="{LAST}"'
        whole.attach(ours)
    whole.preamble = f"{OURS}\n"
    return whole.as_string()


def restarts(before: str) -> bool:
    """Whether it seems to restart the board: then what comes after that is not done before the
    next start."""
    return any(re.search(r"\b(reboot|poweroff|shutdown|halt)\b", line) for line in _meant(before))


def _part(kind: str, text: str) -> Message:
    # Eight bits to a character have no meaning there of themselves.
    return MIMEText(text, kind, "us-ascii" if text.isascii() else "utf-8")


def network_config(wifi: Wifi, country: str) -> str:
    point = {"password": wifi.psk} if wifi.psk else {}
    if wifi.hidden:
        point["hidden"] = True
    lines = [
        OURS,
        "network:",
        "  version: 2",
        "  ethernets:",
        "    eth0:",
        "      dhcp4: true",
        "      optional: true",
        "  wifis:",
        "    wlan0:",
        "      dhcp4: true",
        "      optional: true",
        f"      regulatory-domain: {_value(country)}",
        "      access-points:",
        f"        {_value(wifi.ssid)}: {_value(point)}",
    ]
    return "\n".join(lines) + "\n"


def meta_data(original: str, instance: str) -> str:
    """The image's own, under another instance's name: cloud-init does everything once a name."""
    kept = [line for line in original.splitlines() if not re.match(r"instance[-_]id\s*:", line)]
    return "\n".join([*kept, f"instance-id: {instance}"]) + "\n"


def _settings(options: Options) -> list[str]:
    lines = []
    if options.host:
        lines += [f"hostname: {_value(options.host)}", "manage_etc_hosts: true"]
    if options.zone:
        lines.append(f"timezone: {_value(options.zone)}")
    if options.user:
        lines += _user(options)
    for when, text in (("bootcmd", AGAIN), ("runcmd", INSTALL)):
        lines += [f"{when}:", f"  - {_value(['sh', '-c', text])}"]
    return lines


def _keys(text: str) -> set[str]:
    return set(re.findall(r"(?m)^[\"']?([A-Za-z_]+)[\"']?\s*:", text))


def _meant(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and line[0] != "#"]


def _user(options: Options) -> list[str]:
    lines = [
        # Raspberry Pi OS's own word; others ignore it.
        "enable_ssh: true",
        "users:",
        f"  - name: {_value(options.user)}",
        f"    groups: {_value(GROUPS)}",
        "    shell: /bin/bash",
        "    lock_passwd: true",
        "    sudo: ALL=(ALL) NOPASSWD:ALL",
    ]
    if options.ssh_key:
        lines += ["    ssh_authorized_keys:", f"      - {_value(options.ssh_key)}"]
    return lines


def _value(value) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # Characters that are none in YAML, or ends of lines.
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda odd: f"\\u{ord(odd[0]):04x}", text
    )
