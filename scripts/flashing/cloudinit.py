"""The texts for cloud-init: user-data, network-config, meta-data.

YAML, with every value written as JSON writes it (which is YAML), so that no value can be taken
for more than itself. The token is in none of them: cloud-init keeps copies for ever.
"""

from __future__ import annotations

import json
import re

from .options import Options, Wifi

GROUPS = "users,adm,dialout,audio,netdev,video,plugdev,cdrom,input,gpio,spi,i2c,render,sudo"
# Where the boot partition is mounted differs: /boot before Raspberry Pi OS of October 2023.
INSTALL = (
    "for boot in /boot/firmware /boot; do "
    'if [ -f "$boot/pigent/first-boot" ]; then exec sh "$boot/pigent/first-boot"; fi; done'
)
BOUNDARY = "==pigent=="
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
    is_config = before.startswith("#cloud-config") or not _meant(before)
    if not is_config or _keys(before) & _keys("\n".join(ours)):
        return None
    head = "" if before.startswith("#cloud-config") else "#cloud-config\n"
    return "\n".join([head + before, "", OURS, *ours]) + "\n"


def sets_user(user_data: str) -> bool:
    """Whether it names the board's users itself."""
    return bool(_keys(user_data) & {"user", "users"})


def user_data_after(before: str) -> str:
    """The image's own user-data, untouched, and after it installing pigent."""
    parts = (("text/plain", before.rstrip("\n")), ("text/x-shellscript", f"#!/bin/sh\n{INSTALL}"))
    lines = [f'Content-Type: multipart/mixed; boundary="{BOUNDARY}"', "MIME-Version: 1.0", "", OURS]
    for kind, text in parts:
        lines += [f"--{BOUNDARY}", f'Content-Type: {kind}; charset="utf-8"', "", text, ""]
    return "\n".join([*lines, f"--{BOUNDARY}--", ""])


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
    return [*lines, "runcmd:", f"  - {_value(['sh', '-c', INSTALL])}"]


def _keys(text: str) -> set[str]:
    return set(re.findall(r"(?m)^([A-Za-z_]+)\s*:", text))


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
    return json.dumps(value, ensure_ascii=False)
