"""A stream that a server sends badly: it stops and waits, or breaks off, or is refused when it is asked for again."""

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

WAIT_SECONDS = 60.0
PIECE = 16384
ARRIVE_SECONDS = 0.3  # what was sent is there before it breaks: a browser forgets what it had not handed on


@dataclass
class Unsteady:
    """Bytes that go out a connection at a time.

    `cuts` says after how many of the whole stream's bytes each connection breaks; later ones go to the end.
    `holds` says after how many bytes to wait until somebody asks for `/go`. `refuse` says what some connections,
    counted from 0, are answered with instead. Without `ranges` there is no ETag. `rate` is bytes a second.
    """

    body: bytes
    cuts: Sequence[int] = ()
    holds: Sequence[int] = ()
    ranges: bool = True
    rate: float | None = None
    refuse: Mapping[int, int] = field(default_factory=dict)
    then: bytes | None = None
    asked: list[str | None] = field(default_factory=list)
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def go(self) -> None:
        """Send on as far as the next hold."""
        self._go.release()

    def answer(self, handler: BaseHTTPRequestHandler, headers: Sequence[tuple[str, str]]) -> None:
        """Answer one request."""
        turn = len(self.asked)
        self.asked.append(handler.headers.get("Range"))
        if turn in self.refuse:
            handler.send_response(self.refuse[turn])
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        body = self.body if turn == 0 or self.then is None else self.then
        start = self._start(handler, body)
        end = self.cuts[turn] if turn < len(self.cuts) else len(body)
        self._head(handler, headers, body, start)
        for hold in [h for h in self.holds if start < h < end]:
            self._write(handler, body[start:hold])
            self._go.acquire(timeout=WAIT_SECONDS)
            start = hold
        self._write(handler, body[start:end])
        if end < len(body):
            time.sleep(ARRIVE_SECONDS)
        handler.close_connection = True

    def _write(self, handler: BaseHTTPRequestHandler, part: bytes) -> None:
        if self.rate is None:
            handler.wfile.write(part)
            return
        begin = time.monotonic()
        for at in range(0, len(part), PIECE):
            time.sleep(max(0, begin + at / self.rate - time.monotonic()))
            handler.wfile.write(part[at : at + PIECE])

    def _start(self, handler: BaseHTTPRequestHandler, body: bytes) -> int:
        asked = handler.headers.get("Range")
        fits = self.ranges and handler.headers.get("If-Range") == tag_of(body)
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked and fits else 0

    def _head(
        self, handler: BaseHTTPRequestHandler, headers: Sequence[tuple[str, str]], body: bytes, start: int
    ) -> None:
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.ranges:
            handler.send_header("ETag", tag_of(body))
        handler.send_header("Content-Type", "application/octet-stream")
        handler.send_header("Content-Length", str(len(body) - start))
        handler.send_header("Connection", "close")
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()


def tag_of(body: bytes) -> str:
    """A strong one: other bytes, another tag."""
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'
