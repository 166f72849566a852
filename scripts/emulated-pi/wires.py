"""The host's wires to a running QEMU: lines over a socket, QMP, and qtest (memory and pins)."""

import json
import queue
import socket
import threading
import time

from image import RigError


class Line:
    """A line-based connection with a thread that reads it; `heard(None)` tells of its end."""

    def __init__(self, path, heard):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.heard = heard
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        rest = b""
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self.heard(line.decode("utf-8", "replace").rstrip("\r"))
        self.heard(None)

    def send(self, text):
        """Sends text as it is."""
        self.socket.sendall(text.encode())

    def close(self):
        """Ends the connection and its thread."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(5)


class Monitor:
    """QMP: QEMU's own commands."""

    def __init__(self, connect):
        self.answers = queue.Queue()
        self.line = connect("qmp", self._heard)
        self.answers.get(timeout=60)  # the greeting
        self.ask("qmp_capabilities")

    def _heard(self, line):
        message = json.loads(line) if line else {"return": None}
        if line is None or "event" not in message:
            self.answers.put(message)

    def ask(self, command, timeout=60, **arguments):
        """Gives a command; its answer."""
        self.line.send(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        answer = self.answers.get(timeout=timeout)
        if "error" in answer:
            raise RigError("%s: %s" % (command, answer["error"]))
        return answer["return"]


class Probe:
    """qtest beside the running guest: guest-physical memory, and every change of an output pin.

    `moved(time, pin, level)` is called for each change; the time is time.monotonic().
    """

    def __init__(self, connect, moved):
        self.answers, self.lock, self.moved = queue.Queue(), threading.Lock(), moved
        self.line = connect("qtest", self._heard)

    def _heard(self, line):
        if line is None:
            self.answers.put("FAIL the connection is closed")
        elif line.startswith("IRQ "):
            _, what, pin = line.split()
            self.moved(time.monotonic(), int(pin), int(what == "raise"))
        else:
            self.answers.put(line)

    def ask(self, command):
        """Gives a command; its answer without the OK."""
        with self.lock:
            self.line.send(command + "\n")
            answer = self.answers.get(timeout=60)
        if not answer.startswith("OK"):
            raise RigError("qtest %s: %s" % (command, answer))
        return answer[3:]
