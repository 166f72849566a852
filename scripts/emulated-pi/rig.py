"""One emulated Raspberry Pi: QEMU with a Debian kernel, seen and driven from outside.

A context manager: entering boots the board up to a shell with a network, leaving ends QEMU.

- the console (mini UART) is read; a shell without echo (PL011) takes commands (`sh`)
- qtest reads the pins and drives them while the guest runs, and reports every change of an output
  pin, so that a pulse of a millisecond is not missed
- time: with `counted`, QEMU counts instructions, and each takes the guest 2 ns, whatever else the
  host has to do (about what one core of 900 MHz does; caches and memory cost nothing). The board
  has one core then. An idle guest's clock runs at the host's rate, a busy one's more slowly where
  the host is slower than that. Without it the guest's clock is the host's, and what the guest
  does takes as long as the host needs for it

With Debian's own QEMU a pin has a level but no pull resistor and no edges: the button is driven
through GPSET/GPCLR, and the guest's kernel never sees an interrupt. A QEMU built by build-qemu.sh
has real inputs, pulls, edges and interrupts. `has_edges` says which one this is.
"""

import collections
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

import image
from image import RigError
from wires import Line, Monitor, Probe

GPIO = 0x3F200000  # BCM2836 and BCM2837
GPFSEL, GPSET, GPCLR, GPLEV = 0x00, 0x1C, 0x28, 0x34
GPIO_PATH = "/machine/soc/peripherals/gpio"
#: Enough for a loaded machine; a Pi 2 takes 15 s when there is nothing else to do.
BOOT = 240
#: iomem=relaxed: /dev/mem refuses the GPIO block otherwise, and there is no /dev/gpiomem here.
COMMAND_LINE = ("console=ttyS1,115200 rdinit=/init panic=-1 iomem=relaxed loglevel=4 "
                "cryptomgr.notests")

Edge = collections.namedtuple("Edge", "time pin level")  # time: the host's time.monotonic()


class Rig:
    """`inputs`: {pin: level} driven from before the first instruction; `files` as in image.py."""

    def __init__(self, board, qemu, guest, files, inputs, counted=False, verbose=False):
        self.board, self.qemu, self.guest, self.counted = board, qemu, guest, counted
        self.files, self.inputs, self.verbose = files, inputs, verbose
        self.folder = tempfile.mkdtemp(prefix="emulated-pi-")
        self.process = self.monitor = self.probe = self.control = None
        self.console, self.edges, self._said = [], [], []
        self.has_edges = False
        self._news, self._shell = threading.Condition(), threading.Lock()
        self._lines, self._commands = [], 0
        self.ready_after = None  # seconds from QEMU's start to the shell

    def __enter__(self):
        try:
            self._start()
            return self
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    # Start and stop.

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _start(self):
        guest = image.Guest(self.guest, self.board)
        image.make_dtb(self.board, guest.dtb, self._path("pi.dtb"))
        image.make_initramfs(guest, self._path("initramfs"), self.files)
        began = time.monotonic()
        with open(self._path("qemu.log"), "wb") as log:
            self.process = subprocess.Popen(self._command(guest), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT)
        # QEMU opens its sockets in this order, and waits for the first two.
        self.control = self._connect("control", self._heard_control)
        self._connect("console", self._heard_console)
        self.monitor = Monitor(self._connect)
        self.probe = Probe(self._connect, self._moved)
        names = {entry["name"] for entry in self.monitor.ask("qom-list", path=GPIO_PATH)}
        self.has_edges = "ext[0]" in names
        self.probe.ask("irq_intercept_out " + GPIO_PATH)
        for pin, level in self.inputs.items():
            self.drive(pin, level)
        self.monitor.ask("cont")
        self.wait(lambda: any("RIG: ready" in line for line in self._said), BOOT, "the shell")
        self.ready_after = time.monotonic() - began
        if not any("RIG: net" in line for line in self.console):
            raise RigError("the guest has no network:\n" + "\n".join(self.console[-15:]))
        del self._said[:]

    def _command(self, guest):
        def serial(name):
            return ["-chardev", "socket,id=%s,path=%s,server=on,wait=on" % (name, self._path(name)),
                    "-serial", "chardev:" + name]
        return [
            self.qemu, "-M", self.board, "-accel", "tcg", "-display", "none", "-nodefaults",
            "-no-reboot", "-S", *self._pace(),
            "-kernel", guest.kernel, "-dtb", self._path("pi.dtb"),
            "-initrd", self._path("initramfs"),
            "-append", COMMAND_LINE + (" maxcpus=1" if self.counted else ""),
            *serial("control"), *serial("console"),
            "-qmp", "unix:%s,server=on,wait=off" % self._path("qmp"),
            "-qtest", "unix:%s,server=on,wait=off" % self._path("qtest"), "-qtest-log", "none",
            "-netdev", "user,id=net", "-device", "usb-net,netdev=net",
        ]

    def _pace(self):
        if not self.counted:
            return []
        # 2 to the power of `shift` nanoseconds an instruction. One core: with more, a core that
        # waits for the others (stop_machine) eats up the time they would need.
        soc = image.BOARDS[self.board]["soc"]
        return ["-icount", "shift=1,sleep=on", "-global", soc + ".enabled-cpus=1"]

    def _connect(self, name, heard):
        end = time.monotonic() + 60
        while True:
            try:
                line = Line(self._path(name), heard)
                break
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    log = image.read(self._path("qemu.log")).decode("utf-8", "replace")
                    raise RigError("QEMU did not start: " + log[-2000:]) from error
                time.sleep(0.02)
        self._lines.append(line)
        return line

    def stop(self):
        """Ends QEMU; safe at any time, and twice."""
        if self.process and self.process.poll() is None:
            try:
                self.monitor.ask("quit", timeout=5)
                self.process.wait(5)
            except Exception:  # whatever it was: it has to end
                self.process.kill()
                self.process.wait()
        for line in self._lines:
            line.close()
        self._lines = []
        shutil.rmtree(self.folder, ignore_errors=True)

    # Console and shell.

    def _heard_console(self, line):
        with self._news:
            if line is not None:
                self.console.append(line)
                if self.verbose:
                    print("|", line, flush=True)
            self._news.notify_all()

    def _heard_control(self, line):
        with self._news:
            if line is not None:
                self._said.append(line)
            self._news.notify_all()

    def _moved(self, at, pin, level):
        with self._news:
            self.edges.append(Edge(at, pin, level))
            self._news.notify_all()

    def wait(self, look, timeout, what):
        """Waits until `look` finds something; it is asked again when the guest said something."""
        end = time.monotonic() + timeout
        with self._news:
            while True:
                found = look()
                if found:
                    return found
                dead = self.process.poll() is not None
                if dead or time.monotonic() > end:
                    why = "QEMU ended" if dead else "%d s are over" % timeout
                    raise RigError("%s while waiting for %s; the console ends with\n%s"
                                   % (why, what, "\n".join(self.console[-15:])))
                self._news.wait(0.2)

    def sh(self, command, timeout=120, check=True):
        """Runs a shell command in the guest; its output. `check`: its status has to be 0."""
        with self._shell:
            self._commands += 1
            tag = "@@rig%d" % self._commands
            mark = len(self._said)
            # A subshell, so that `exit` in it does not end the control shell.
            self.control.send("(\n%s\n) </dev/null 2>&1; printf '\\n%s:%%d\\n' $?\n"
                              % (command, tag))
            end = re.compile(re.escape(tag) + r":(\d+)$")

            def look():
                for index in range(mark, len(self._said)):
                    match = end.match(self._said[index])
                    if match:
                        return index, int(match.group(1))
                return None
            index, status = self.wait(look, timeout, "the end of: " + command)
            lines = self._said[mark:index]
        if lines and lines[-1] == "":  # the newline before the tag
            lines.pop()
        text = "\n".join(lines)
        if check and status:
            raise RigError("%s: status %d: %s" % (command, status, text))
        return text

    def link(self, up):
        """Plugs the network cable, or pulls it: nothing is refused then, nothing arrives."""
        self.monitor.ask("set_link", name="net", up=up)

    # Pins.

    def _read(self, offset):
        return int(self.probe.ask("readl 0x%x" % (GPIO + offset)), 0)

    def level(self, pin):
        """0 or 1, now."""
        return self._read(GPLEV + 4 * (pin // 32)) >> (pin % 32) & 1

    def function(self, pin):
        """0: input, 1: output, as in GPFSEL."""
        return self._read(GPFSEL + 4 * (pin // 10)) >> (pin % 10 * 3) & 7

    def drive(self, pin, level):
        """Pulls a pin to ground (0) or to 3.3 V (1) from outside."""
        if self.has_edges:
            self.probe.ask("set_irq_in %s ext %d %d" % (GPIO_PATH, pin, level))
        else:
            offset = (GPSET if level else GPCLR) + 4 * (pin // 32)
            self.probe.ask("writel 0x%x 0x%x" % (GPIO + offset, 1 << pin % 32))

    def edges_of(self, pin, since=0.0):
        """Changes of an output pin after this moment."""
        with self._news:
            return [edge for edge in self.edges if edge.pin == pin and edge.time >= since]
