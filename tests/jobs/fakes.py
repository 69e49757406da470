"""A mail server and a web server of a page each, for what the channels send."""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any


class Mailbox(socketserver.ThreadingTCPServer):
    """Takes every mail but those to addresses in `refused`."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailTalk)
        self.mails: list[Message] = []
        self.refused: set[str] = set()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}?from=service@example.cn"


class MailTalk(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self.say("220 ready")
        for line in self.rfile:
            match line.split()[0].upper():
                case b"EHLO":
                    self.say("250-here\r\n250 8BITMIME")
                case b"RCPT":
                    address = line.decode().split("<")[1].split(">")[0]
                    self.say("550 nobody" if address in self.server.refused else "250 ok")
                case b"DATA":
                    self.say("354 go on")
                    body = b"".join(iter(self.rfile.readline, b".\r\n"))
                    self.server.mails.append(message_from_bytes(body, policy=default))
                    self.say("250 taken")
                case b"QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 ok")

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class ChatRobot(HTTPServer):
    """Keeps every message posted to it, and answers `answer`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ChatTalk)
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.answer: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/send?key=k"


class ChatTalk(BaseHTTPRequestHandler):
    server: ChatRobot

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append((self.path, json.loads(body)))
        answer = json.dumps(self.server.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@contextmanager
def running(server: socketserver.TCPServer) -> Iterator[None]:
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
