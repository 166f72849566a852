"""What must be true on a board that scripts/flash prepared, and how it is found out.

Every check is a row of the table: what, whether, a figure or the reason why not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from . import system
from .bot_api import CHAT, BotApi
from .machine import PATIENCE, Machine

TOKEN = "123456789:AAE-the_first_token_of_the_boot_proof_1"
OTHER = "987654321:BBF-the_second_token_of_the_boot_proof"
KEPT = "/etc/pigent/pigent"
GROUP = "/sys/fs/cgroup/system.slice/pigent.service"


@dataclass
class Table:
    """Prints each row as soon as it is known."""

    rows: list[tuple[str, bool, str]] = field(default_factory=list)

    def row(self, what: str, good: bool, detail: str = "") -> bool:
        self.rows.append((what, bool(good), detail))
        print(f"{'ok  ' if good else 'FAIL'}  {what:<62}  {detail}".rstrip(), flush=True)
        return bool(good)

    @property
    def good(self) -> bool:
        return all(good for _, good, _ in self.rows)


@dataclass
class Proof:
    """A board with its Telegram, and the table to fill."""

    machine: Machine
    api: BotApi
    table: Table

    def polls(self, what: str, token: str, since: float) -> bool:
        """Waits for a getUpdates with this token, after `since`."""

        def wanted(at, with_token, method, _):
            return at > since and with_token == token and method == "getUpdates"

        call = self.api.wait_for(PATIENCE, wanted)
        detail = f"{call[0] - since:.0f} s" if call else "none came"
        return self.table.row(what, call is not None, detail)

    def asks(self, what: str, script: str, expect: str) -> bool:
        """What the board answers is this, and it complains of nothing."""
        done = self.machine.ssh(script)
        answer = (done.stdout + done.stderr).strip()
        shown = " ".join(answer.split())[:200]
        return self.table.row(what, answer == expect, "" if answer == expect else f"it is: {shown}")

    def without_token(self, what: str, script: str, token: str = TOKEN) -> bool:
        """The script, with the token on its standard input only, finds nothing."""
        # grep's pattern comes from a file that is gone at once: an argument would be found itself.
        words = f"umask 077; cat >/run/pattern <<'E'\n{token}\nE\n{script}; rm /run/pattern"
        return self.asks(what, words, "")

    def service_is_right(self) -> None:
        self.asks("systemd says active",
                  "systemctl show pigent -p ActiveState -p SubState -p User -p NRestarts",
                  "NRestarts=0\nUser=pigent\nActiveState=active\nSubState=running")
        self.asks("it runs as pigent, not root",
                  "ps -o user= -p $(systemctl show pigent -p MainPID --value)", "pigent")
        self.asks("who it runs as may not use sudo", "sudo -l -U pigent | grep -c ALL", "0")
        self.asks("systemd-analyze verify has no complaint",
                  "systemd-analyze verify pigent.service pigent-boot-env.service", "")
        self.asks("no unit failed", "systemctl --failed --no-legend --plain", "")
        self.asks("the daemon is in its own cgroup",
                  "cut -d: -f3 /proc/$(systemctl show pigent -p MainPID --value)/cgroup",
                  "/system.slice/pigent.service/daemon")
        self.asks("memory and pids are there for the runs",
                  f"cat {GROUP}/cgroup.subtree_control", "memory pids")

    def a_prompt_runs(self) -> None:
        since = time.monotonic()
        self.api.write("please do")
        # These files have no size to ask for.
        started = f"n=0; until set -- {GROUP}/run-*/cgroup.procs && grep -q . $1 2>/dev/null; do " \
                  "n=$((n + 1)); [ $n -lt 120 ] || exit 1; sleep 1; done; "
        self.asks("a run has a folder of its own, with the agent in it",
                  started + "ps -o comm= -p $(paste -sd, $1) | grep -cx agent", "1")
        self.asks("with a limit of memory", started + "grep -c max ${1%/*}/memory.max", "0")
        self.machine.ssh("touch /home/pigent/project/go")

        def answer(at, _, method, body):
            return at > since and method == "sendMessage" and "done by pigent" in str(body)

        call = self.api.wait_for(PATIENCE, answer)
        detail = f"{call[0] - since:.0f} s" if call else "none came"
        self.table.row("the answer arrives in the chat", call is not None, detail)

    def killed_it_comes_back(self) -> None:
        since = time.monotonic()
        self.machine.ssh("kill -9 $(systemctl show pigent -p MainPID --value)")
        self.polls("killed with -9 it comes back and polls", TOKEN, since)

    def token_is_where_it_belongs(self) -> None:
        self.asks("the token is kept, for root only",
                  f"stat -c '%U %a' {KEPT}/telegram-bot-token; wc -l <{KEPT}/telegram-bot-token",
                  "root 600\n1")
        self.without_token("the token is in no other file",
                           "grep -rlaFf /run/pattern /etc /home /var /root /tmp /boot | "
                           f"grep -vx {KEPT}/telegram-bot-token")
        self.without_token("the token is not in the journal",
                           "journalctl -b -o json | grep -aFcf /run/pattern | grep -v ^0")
        self.without_token("the token is in no argument and no environment",
                           "for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/cmdline; "
                           "tr '\\0' '\\n' <$p/environ; done 2>/dev/null | grep -aFf /run/pattern")

    def card_is_clean(self, what: str, token: str) -> None:
        """On the image itself, in free clusters too, with the board off."""
        found = system.boot_bytes(self.machine.card).count(token.encode())
        self.table.row(what, found == 0, "" if found == 0 else f"found {found} times")

    def status_says(self, what: str, words: str) -> None:
        text = system.boot_partition(self.machine.card).read("pigent-status.txt") or b""
        self.table.row(what, words.encode() in text, "" if words.encode() in text else repr(text))

    def change_on_the_card(self) -> None:
        """As somebody with a laptop does it, one with Windows: another token, another language."""
        boot = system.boot_partition(self.machine.card)
        text = (boot.read("pigent.env") or b"").decode()
        text = text.replace("TELEGRAM_BOT_TOKEN=\n", f"TELEGRAM_BOT_TOKEN={OTHER}\n")
        text = "\ufeff" + (text + "PIGENT_LANG=de\n").replace("\n", "\r\n")
        boot.write("pigent.env", text.encode())

    def change_is_taken_over(self) -> None:
        self.polls("a token changed on the card is used after the next start", OTHER,
                   self.machine.started)
        self.machine.wait_for_ssh()
        self.asks("so is another setting", f"grep -c ^PIGENT_LANG=.*de {KEPT}/pigent.env", "1")
        self.asks("pigent.env was taken over before pigent started",
                  "systemctl show pigent-boot-env -p Result --value; "
                  "systemctl show pigent -p After --value | grep -cw pigent-boot-env.service",
                  "success\n1")
        self.without_token("no file on the boot partition has the new token",
                           "grep -rlaFf /run/pattern /boot", OTHER)


def settings(port: int) -> str:
    """pigent.env for the emulated board; 10.0.2.2 is this computer's loopback, by QEMU."""
    return (
        "# Written by the boot proof.\n"
        f"TELEGRAM_BOT_TOKEN={TOKEN}\n"
        f"TELEGRAM_ALLOWED_CHAT_IDS={CHAT}\n"
        f"TELEGRAM_API_URL=http://10.0.2.2:{port}\n"
        "PIGENT_GPIO=off\n"
        "CLAUDE_PATH=/boot/firmware/agent\n"
    )
