"""pigent in the guest: started with the settings of a check, looked at through /proc.

It runs as a service would start it (no terminal, an own session, nothing in its environment but
the settings), as root because there is nobody else on this board; its log goes to a file.
"""

import collections
import time

from image import RigError

BUSY, IDLE, ERROR, BUTTON, ACT = 17, 27, 22, 23, 47
STATE = "/root/project/.pigent"
LOG = "/tmp/pigent.log"
#: Whatever takes longer is broken.
LONG = 90

Start = collections.namedtuple("Start", "asked poll")  # host's monotonic seconds


class Daemon:
    """At most one pigent in a guest."""

    def __init__(self, rig, telegram):
        self.rig, self.telegram = rig, telegram
        self.pid = None

    def settings(self, backend, lamps=None):
        """The environment; `lamps` replaces the wires of some lamps."""
        wires = {"BUSY": BUSY, "IDLE": IDLE, "ERROR": ERROR, **(lamps or {})}
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
            "TELEGRAM_API_URL": self.telegram.url, "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_ALLOWED_CHAT_IDS": str(self.telegram.chat),
            "PIGENT_CA_FILE": "/etc/pigent/ca.pem", "CLAUDE_PATH": "/opt/agent",
            "PIGENT_PROJECT_DIR": "/root/project", "PIGENT_GPIO": backend,
            "PIGENT_BUTTON": str(BUTTON),
            **{"PIGENT_LED_" + lamp: str(wire) for lamp, wire in wires.items()},
        }

    def start(self, backend, lamps=None, fresh=True, more=None, wait=True):
        """Starts it and waits for the first poll, unless told not to.

        `fresh`: with an empty state folder; `more`: further variables.
        """
        if self.alive():
            raise RigError("pigent runs already")
        settings = {**self.settings(backend, lamps), **(more or {})}
        words = " ".join("'%s=%s'" % item for item in settings.items())
        prepare = "rm -rf %s; " % STATE if fresh else ""
        asked = time.monotonic()
        out = self.rig.sh(
            prepare + "mkdir -p /root/project; cd /root/project; : >%s\n"
            "setsid env -i %s /usr/bin/pigent run </dev/null >/dev/null 2>%s & echo $!"
            % (LOG, words, LOG))
        self.pid = int(out.split()[-1])
        if not wait:
            return Start(asked, None)
        try:
            poll = self.telegram.wait_request("getUpdates", asked, timeout=LONG)
        except RigError as error:
            raise RigError("%s; pigent's log:\n%s" % (error, self.log())) from error
        return Start(asked, poll.at)

    def alive(self):
        """Whether it is there."""
        if not self.pid:
            return False
        out = self.rig.sh("cut -d' ' -f3 /proc/%d/stat" % self.pid, check=False).strip()
        return out not in ("", "Z") and "No such" not in out

    def signal(self, name):
        """Sends a signal and waits for the end; the seconds it took."""
        began = time.monotonic()
        self.rig.sh("kill -%s %d" % (name, self.pid))
        while self.alive():
            if time.monotonic() - began > LONG:
                raise RigError("pigent is still there %d s after SIG%s:\n%s"
                               % (LONG, name, self.log()))
        self.pid = None
        return time.monotonic() - began

    def stop(self):
        """Ends it, if it runs."""
        if self.alive():
            self.signal("TERM")
        self.pid = None

    def log(self):
        """What it has written."""
        return self.rig.sh("cat " + LOG, check=False)

    def agents(self):
        """Processes of runs: whatever carries a run's id in its environment."""
        out = self.rig.sh("grep -l PIGENT_RUN_ID /proc/[0-9]*/environ 2>/dev/null", check=False)
        return out.split()

    def wait_agents_gone(self, timeout):
        """Waits until nothing of a run is left."""
        end = time.monotonic() + timeout
        while self.agents():
            if time.monotonic() > end:
                raise RigError("left after %d s: %s" % (timeout, " ".join(self.agents())))

    def starts(self):
        """Which agents have been started since the last call."""
        return self.rig.sh("cat /tmp/starts; : >/tmp/starts", check=False).split()

    def wakeups(self, thread):
        """How often a thread has gone to sleep so far (voluntary context switches)."""
        return int(self.rig.sh(
            "for t in /proc/%d/task/*; do [ \"$(cat $t/comm)\" != '%s' ] || "
            "sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' $t/status; done"
            % (self.pid, thread)).split()[0])

    def wakeup_rate(self, thread, seconds):
        """Wake-ups a second of a thread, over so many seconds of guest time."""
        before, began = self.wakeups(thread), time.monotonic()
        time.sleep(seconds)
        return (self.wakeups(thread) - before) / (time.monotonic() - began)
