"""A stand-in for Telegram's Bot API: enough for pigent to talk to. Loopback, plain HTTP."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHAT = 77


class BotApi:
    """Answers every method; remembers who called what, with which token, when."""

    def __init__(self):
        self._changed = threading.Condition()
        self._updates: list[dict] = []
        self.calls: list[tuple[float, str, str, dict]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        # Boards that are switched off hang up in the middle.
        self._server.handle_error = lambda *_: None
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def write(self, text: str) -> None:
        """A message of the one who is allowed."""
        with self._changed:
            number = 1000 + len(self._updates)
            person = {"id": CHAT, "is_bot": False, "first_name": "A"}
            chat = {"id": CHAT, "type": "private", "first_name": "A"}
            message = {"message_id": number, "date": int(time.time()), "text": text}
            self._updates.append(
                {"update_id": number, "message": {**message, "from": person, "chat": chat}}
            )
            self._changed.notify_all()

    def wait_for(self, seconds: float, wanted) -> tuple[float, str, str, dict] | None:
        """The first call that `wanted(time, token, method, body)` takes, past ones included."""
        end = time.monotonic() + seconds
        seen = 0
        with self._changed:
            while True:
                for call in self.calls[seen:]:
                    if wanted(*call):
                        return call
                seen = len(self.calls)
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)

    def answer(self, token: str, method: str, body: dict):
        with self._changed:
            self.calls.append((time.monotonic(), token, method, body))
            self._changed.notify_all()
        if method == "getUpdates":
            return self._poll(body)
        if method == "getMe":
            return {"id": 1, "is_bot": True, "first_name": "pigent", "username": "pigent_bot"}
        if method.startswith(("send", "edit")):
            chat = {"id": body.get("chat_id", CHAT), "type": "private"}
            return {"message_id": 5000 + len(self.calls), "date": 0, "chat": chat, "text": "x"}
        return True

    def _poll(self, body: dict) -> list[dict]:
        end = time.monotonic() + min(float(body.get("timeout", 0)), 50)
        offset = int(body.get("offset", 0))
        with self._changed:
            while True:
                found = [update for update in self._updates if update["update_id"] >= offset]
                left = end - time.monotonic()
                if found or left <= 0:
                    return found[:20]
                self._changed.wait(left)


def _handler(api: BotApi):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            size = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(size)
            body = json.loads(text) if text[:1] == b"{" else {}
            _, token, method = self.path.split("?")[0].split("/", 2)
            result = api.answer(token.removeprefix("bot"), method, body)
            answer = json.dumps({"ok": True, "result": result}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    return Handler
