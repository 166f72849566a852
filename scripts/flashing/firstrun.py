"""The texts for Raspberry Pi OS before cloud-init (until the autumn of 2025)."""

from __future__ import annotations

import re

from .options import Options, shell

# From here on the boot partition is mounted at /boot/firmware (Raspberry Pi OS 12, bookworm).
BOOKWORM = "2023-10-10"
MARK = b"# The first boot of a Raspberry Pi OS without cloud-init"


def is_ours(script: bytes) -> bool:
    return MARK in script


def names_user(script: bytes | None) -> bool:
    """Whether a card's own firstrun.sh names its users, as Raspberry Pi Imager's does."""
    return re.search(rb"userconf|useradd|adduser|usermod", script or b"") is not None


def mount_point(issue: bytes | None, names: set[str]) -> str:
    """Where the board mounts its boot partition, by the date in issue.txt; by the initramfs that
    comes with the newer ones if there is no date."""
    date = re.search(rb"\d{4}-\d\d-\d\d", issue or b"")
    if date:
        return "/boot/firmware" if date[0].decode() >= BOOKWORM else "/boot"
    return "/boot/firmware" if any(name.startswith("initramfs") for name in names) else "/boot"


def userconf(user: str) -> bytes:
    """The first user's name; no password opens it. Read by Raspberry Pi OS's userconfig.service,
    which without it waits for somebody to type a name at the board, for ever."""
    return f"{user}:*\n".encode()


def is_our_userconf(content: bytes) -> bool:
    return re.fullmatch(rb"[a-z][a-z0-9-]*:\*\n", content) is not None


def settings(options: Options) -> bytes:
    """What firstrun.sh reads; it is gone after the first boot."""
    pairs = {
        "HOST_NAME": options.host or "",
        "TIME_ZONE": options.zone or "",
        "SSH_KEY": options.ssh_key or "",
        "WIFI_COUNTRY": options.country or "",
    }
    if options.wifi:
        name = options.wifi.ssid.encode()
        pairs |= {
            "WIFI_SSID": options.wifi.ssid,
            "WIFI_SSID_HEX": name.hex(),
            "WIFI_SSID_BYTES": "".join(f"{byte};" for byte in name),
            "WIFI_PSK": options.wifi.psk,
            "WIFI_HIDDEN": "yes" if options.wifi.hidden else "",
        }
    return shell(pairs).encode()
