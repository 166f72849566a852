"""The Telegram side: the Bot API stand-in (examples/bot_api.rs) and TLS in front of it.

The stand-in is a child process on the host's loopback; the guest reaches that as 10.0.2.2. The
certificate authority is made anew for each run and trusted by nobody but the daemon in the guest
(PIGENT_CA_FILE). Times are seconds of the host's CLOCK_MONOTONIC, which time.monotonic() is too.
"""

import collections
import json
import os
import select
import socket
import ssl
import subprocess
import threading
import time

from image import RigError, run

#: The host's loopback as QEMU's network shows it to the guest.
HOST = "10.0.2.2"

Request = collections.namedtuple("Request", "number at method params")


class Telegram:
    """The stand-in, running until `stop`; `folder` is for the certificates."""

    def __init__(self, program, folder):
        self.requests, self.answers, self.violations = [], {}, []
        self._news = threading.Condition()
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self._ready = None
        threading.Thread(target=self._listen, daemon=True).start()
        self._wait(lambda: self._ready, 30, "the stand-in's first word")
        self.token, self.chat = self._ready["token"], self._ready["chat"]
        self.ca_file, chain, key = make_certificates(folder)
        self.port = serve_tls(chain, key, self._ready["port"])
        self.url = "https://%s:%d" % (HOST, self.port)

    def stop(self):
        """Ends the stand-in."""
        self.process.kill()
        self.process.wait()

    def _listen(self):
        for line in self.process.stdout:
            event = json.loads(line)
            with self._news:
                kind = event["event"]
                if kind == "ready":
                    self._ready = event
                elif kind == "request":
                    self.violations += event["violations"]
                    self.requests.append(Request(event["n"], event["at"] / 1e9, event["method"],
                                                 event["params"]))
                elif kind == "answer":
                    self.answers[event["n"]] = event
                self._news.notify_all()

    def _wait(self, look, timeout, what):
        end = time.monotonic() + timeout
        with self._news:
            while True:
                found = look()
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    raise RigError("%d s without %s" % (timeout, what))
                self._news.wait(min(left, 0.5))

    def say(self, text):
        """Writes to the bot, as its owner."""
        self.process.stdin.write(json.dumps({"say": text}) + "\n")
        self.process.stdin.flush()

    def wait_request(self, method, since, text="", timeout=60):
        """Waits for a request that arrived after `since` and has this in its text."""
        def look():
            for request in self.requests:
                if (request.method == method and request.at >= since
                        and text in str(request.params.get("text", ""))):
                    return request
            return None
        return self._wait(look, timeout, "%s %r" % (method, text))

    def wait_text(self, text, since, timeout=60):
        """Waits until the bot has sent this, in a new message or an edit."""
        def look():
            for request in self.requests:
                if (request.method in ("sendMessage", "editMessageText") and request.at >= since
                        and text in str(request.params.get("text", ""))):
                    return request
            return None
        return self._wait(look, timeout, "a message with %r" % text)

    def wait_handed(self, since, timeout=60):
        """Waits until all that was said is with the bot: a poll that came later and stays open."""
        def look():
            last = [request for request in self.requests if request.method == "getUpdates"][-1]
            return last.at >= since + 0.5 and last.number not in self.answers
        return self._wait(look, timeout, "a long poll")

    def sent(self, since):
        """All texts the bot has sent since then."""
        with self._news:
            return [str(request.params.get("text", "")) for request in self.requests
                    if request.at >= since and "text" in request.params]

    def polls(self, since):
        """How often it has asked for updates since then."""
        with self._news:
            return sum(request.method == "getUpdates" and request.at >= since
                       for request in self.requests)


def make_certificates(folder):
    """A root and a server's certificate under it: (root, chain, key)."""
    def path(name):
        return os.path.join(folder, name)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    with open(path("server.ext"), "w", encoding="ascii") as file:
        file.write("subjectAltName=IP:%s\nbasicConstraints=CA:false\n" % HOST)
    # 100 years: one of the checks is in 2040.
    run("openssl", "req", "-x509", *key, "-keyout", path("ca.key"), "-out", path("ca.pem"),
        "-subj", "/CN=emulate-pi", "-days", "36500")
    run("openssl", "req", *key, "-keyout", path("server.key"), "-out", path("server.csr"),
        "-subj", "/CN=" + HOST)
    run("openssl", "x509", "-req", "-in", path("server.csr"), "-CA", path("ca.pem"),
        "-CAkey", path("ca.key"), "-CAcreateserial", "-days", "36500",
        "-extfile", path("server.ext"), "-out", path("server.pem"))
    return path("ca.pem"), path("server.pem"), path("server.key")


def serve_tls(chain, key, behind):
    """Accepts TLS on a free port of the loopback and passes it on to another; the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=relay, args=(context, client, behind), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def relay(context, client, behind):
    """Both directions of one connection on one thread; whatever breaks ends it."""
    try:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(client, server_side=True) as tls, \
                socket.create_connection(("127.0.0.1", behind)) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                ready = [tls] if tls.pending() else select.select([tls, plain], [], [])[0]
                for source, sink in ((tls, plain), (plain, tls)):
                    if source in ready:
                        data = source.recv(65536)
                        if not data:
                            return
                        sink.sendall(data)
    except OSError:
        pass  # the guest was reset, or its cable pulled: it notices by itself
