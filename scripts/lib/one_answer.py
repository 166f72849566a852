"""A Bot API server on loopback that answers everything with one bot's name.

Usage: one_answer.py FILE: writes its port there. For scripts/check-binary.
"""

import http.server
import json
import pathlib
import sys

ANSWER = {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "c", "username": "checkbot"}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
pathlib.Path(sys.argv[1]).write_text(str(server.server_port))
server.serve_forever()
