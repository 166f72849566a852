"""What was typed on the command line, checked: everything that ends up in a file on the board."""

from __future__ import annotations

import getpass
import hashlib
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from .errors import Mistake

# What Raspberry Pi OS takes as a name itself.
USER = re.compile(r"[a-z][a-z0-9-]{0,31}")
HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
FOLDER = re.compile(r"/[A-Za-z0-9._/-]+")
# Nothing below these is a project, nor are these themselves.
SYSTEM = {"bin", "boot", "dev", "etc", "lib", "lib64", "lost+found", "proc", "root", "run"}
SYSTEM |= {"sbin", "sys", "tmp", "usr"}
PARENTS = {"home", "media", "mnt", "opt", "srv", "var"}
# If this computer has it.
ZONES = Path("/usr/share/zoneinfo")
KEY = re.compile(r"(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\x00-\x1f]*)?")


@dataclass(frozen=True)
class Wifi:
    """A network to join. `psk` is what WPA makes of the password: 64 hexadecimal digits, good
    for this network's name alone; empty for an open one."""

    ssid: str
    psk: str
    hidden: bool


@dataclass(frozen=True)
class Options:
    """What the board is to be."""

    run_as: str
    project: str
    claude: bool
    user: str | None
    ssh_key: str | None
    host: str | None
    zone: str | None
    country: str | None
    wifi: Wifi | None

    @property
    def system_names(self) -> list[str]:
        """Which options ask for more than pigent itself, Wi-Fi aside."""
        pairs = (
            ("--user", self.user),
            ("--ssh-key", self.ssh_key),
            ("--hostname", self.host),
            ("--timezone", self.zone),
        )
        return [name for name, value in pairs if value]


def options_of(typed) -> Options:
    """Checks what argparse took in; asks for the Wi-Fi password if it has to.

    Raises Mistake.
    """
    key = _ssh_key(typed.ssh_key) if typed.ssh_key else None
    run_as = _matching(USER, typed.run_as, "--run-as", "a user name like pigent")
    if run_as == "root":
        raise Mistake("--run-as root: Claude Code refuses to work as root, and so does pigent")
    if typed.user == "root":
        raise Mistake("--user root: name an ordinary user, he may use sudo")
    user = typed.user or ("pi" if key else None)
    if user and user == run_as:
        raise Mistake(
            f"--user and --run-as are both {user}: who logs in may use sudo, the agent should not"
        )
    country = typed.wifi_country and typed.wifi_country.upper()
    return Options(
        run_as=run_as,
        project=_project(typed.project or f"/home/{run_as}/project"),
        claude=typed.with_claude,
        user=user and _matching(USER, user, "--user", "a name like pi"),
        ssh_key=key,
        host=typed.hostname and _matching(HOST, typed.hostname, "--hostname", "a name like closet"),
        zone=typed.timezone and _zone(typed.timezone),
        country=country and _matching(re.compile("[A-Z]{2}"), country, "--wifi-country", "like DE"),
        wifi=_wifi(typed),
    )


def shell(pairs: dict[str, str]) -> str:
    """Assignments that a shell reads as they are, whatever is in them."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in pairs.items())


def _matching(form: re.Pattern, value: str, option: str, like: str) -> str:
    if not form.fullmatch(value):
        raise Mistake(f"{option} {value}: it has to be {like}")
    return value


def _zone(zone: str) -> str:
    _matching(ZONE, zone, "--timezone", "like Europe/Berlin")
    if (ZONES / "Europe").is_dir() and not (ZONES / zone).is_file():
        raise Mistake(f"--timezone {zone}: there is none of this name in {ZONES}")
    return zone


def _project(typed: str) -> str:
    _matching(FOLDER, typed, "--project", "an absolute path")
    parts = [part for part in typed.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Mistake(f"--project {typed}: name it without ..")
    if not parts or parts[0] in SYSTEM or (len(parts) == 1 and parts[0] in PARENTS):
        raise Mistake(
            f"--project {typed}: that is the system's; name a folder of the agent's own, like "
            "/home/pigent/project or /srv/project"
        )
    return "/" + "/".join(parts)


def _ssh_key(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")[:50]
    except (OSError, UnicodeDecodeError):
        raise Mistake(f"--ssh-key {path} cannot be read: name the .pub file") from None
    if any("PRIVATE KEY" in line for line in lines):
        raise Mistake(f"--ssh-key {path} is the private key: name the .pub file beside it")
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if len(keys) != 1 or not KEY.fullmatch(keys[0]):
        raise Mistake(f"--ssh-key {path}: there has to be one public key in it")
    return keys[0]


def _wifi(typed) -> Wifi | None:
    if not typed.wifi_ssid:
        if typed.wifi_password_file or typed.wifi_open or typed.wifi_hidden:
            raise Mistake("which Wi-Fi? say --wifi-ssid NAME")
        return None
    if not typed.wifi_country:
        raise Mistake("say --wifi-country too (DE, GB, US, …): without it the radio stays off")
    try:
        name = typed.wifi_ssid.encode()
    except UnicodeEncodeError:
        raise Mistake("--wifi-ssid: the name of the network has to be UTF-8") from None
    if len(name) > 32 or any(byte < 32 for byte in name):
        raise Mistake("--wifi-ssid: a network's name has at most 32 bytes")
    password = "" if typed.wifi_open else _password(typed)
    return Wifi(typed.wifi_ssid, _psk(name, password), typed.wifi_hidden)


def _password(typed) -> str:
    path = typed.wifi_password_file
    try:
        if path:
            # Windows writes a mark before the text.
            password = path.read_text(encoding="utf-8-sig").split("\n")[0].rstrip("\r")
        else:
            password = getpass.getpass(f"Password of {typed.wifi_ssid}: ")
    except (OSError, UnicodeDecodeError, EOFError):
        where = path or "the terminal"
        raise Mistake(f"the Wi-Fi password cannot be read from {where}") from None
    if not password:
        raise Mistake("the Wi-Fi password is empty: for a network without one say --wifi-open")
    return password


def _psk(name: bytes, password: str) -> str:
    """IEEE 802.11's key of a password. It opens this network, but is no password typed anywhere
    else, too."""
    if not password or re.fullmatch("[0-9A-Fa-f]{64}", password):
        return password.lower()
    secret = password.encode()
    if not 8 <= len(secret) <= 63:
        raise Mistake("a Wi-Fi password has 8 to 63 characters")
    return hashlib.pbkdf2_hmac("sha1", secret, name, 4096, 32).hex()
