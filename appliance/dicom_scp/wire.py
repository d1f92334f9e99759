"""One peer's socket, read in large pieces from one buffer.

Guards: never more than the buffer is held, whatever lengths a peer claims;
a phase that has a deadline ends at it, however slowly bytes drip; and between
one rest and the next bytes must come at a least rate. Every read
is acknowledged to the peer at once, because a sender with Nagle's algorithm on
otherwise waits 40 ms twice for each object.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from struct import Struct

from appliance.clock import Clock
from appliance.dicom_scp.pdu import Abort
from appliance.errors import ApplianceError

BUFFER_BYTES = 256 * 1024
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1 << 24

Stream = socket.socket | ssl.SSLSocket


class PeerGone(ApplianceError):
    """The connection ended, or said nothing for too long."""


class ProtocolFault(ApplianceError):
    """The peer broke the protocol; `abort` is what it is told."""

    def __init__(self, message: str, abort: Abort) -> None:
        super().__init__(message)
        self.abort = abort


@dataclass(frozen=True)
class LeastRate:
    """How fast a message must come that has begun.

    Attributes:
        bytes_per_second: On average; 0 asks for nothing.
        over_seconds: The time that is averaged over.
    """

    bytes_per_second: int = 0
    over_seconds: float = 60.0

    @property
    def quota_bytes(self) -> int:
        """What must come in each such time."""
        return int(self.bytes_per_second * self.over_seconds)


class Wire:
    """Reads and writes one connection; for one thread."""

    def __init__(self, stream: Stream, clock: Clock, least: LeastRate | None = None) -> None:
        self._stream = stream
        self._monotonic = clock.monotonic
        self._least = least or LeastRate()
        self._pace_ends: float | None = None
        self._pace_bytes = 0
        self._view = memoryview(bytearray(BUFFER_BYTES))
        self._start = self._end = 0
        self._deadline: float | None = None
        self.received_bytes = 0
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def set_deadline(self, seconds: float) -> None:
        """Let everything until the next call end within so many seconds in all."""
        self._deadline = self._monotonic() + seconds

    def set_patience(self, seconds: float) -> None:
        """Let each single read wait so long."""
        self._deadline = None
        self._stream.settimeout(seconds)

    def rest(self) -> None:
        """Say that nothing is open: the peer may be silent before it begins again."""
        self._pace_ends = None

    def unpack(self, layout: Struct) -> tuple[int, ...]:
        """Read and unpack one fixed structure.

        Raises:
            PeerGone: The connection ended.
        """
        size = layout.size
        if self._end - self._start < size:
            self._gather(size)
        start = self._start
        self._start = start + size
        return layout.unpack_from(self._view, start)

    def read(self, count: int) -> bytes:
        """Read exactly `count` bytes; the caller has bounded it.

        Raises:
            PeerGone: The connection ended.
        """
        found = bytearray()
        self.stream(count, found.extend)
        return bytes(found)

    def stream(self, count: int, sink: Callable[[memoryview], object]) -> None:
        """Pass exactly `count` bytes to `sink` as they come, as views that it may not keep.

        Raises:
            PeerGone: The connection ended.
        """
        while count:
            available = self._end - self._start
            if not available:
                self._start = self._end = 0
                available = self._fill()
            taken = min(available, count)
            sink(self._view[self._start : self._start + taken])
            self._start += taken
            count -= taken

    def send(self, data: bytes) -> None:
        """Write all of `data` at once.

        Raises:
            PeerGone: The connection ended.
        """
        try:
            self._stream.sendall(data)
        except OSError as fault:
            raise PeerGone("the peer does not take its answer") from fault

    def finish(self) -> None:
        """Close so that what was sent last is read: wait a little for the peer to close first."""
        with suppress(PeerGone, OSError, ValueError):  # whoever left first needs no farewell
            self.set_deadline(_LINGER_SECONDS)
            self._say_last()
            limit = self.received_bytes + _LINGER_BYTES
            while self.received_bytes < limit:
                self._start = self._end = 0
                self._fill()
        self._stream.close()

    def cut(self) -> None:
        """From another thread: let the reading thread find the connection ended."""
        with suppress(OSError):  # it ended by itself
            socket.socket.shutdown(self._stream, socket.SHUT_RD)  # not the TLS one, which is not for two threads

    def _say_last(self) -> None:
        if isinstance(self._stream, ssl.SSLSocket):
            self._stream.settimeout(_LINGER_SECONDS)
            self._stream.unwrap()
        socket.socket.shutdown(self._stream, socket.SHUT_WR)

    def _gather(self, size: int) -> None:
        rest = self._end - self._start
        self._view[:rest] = bytes(self._view[self._start : self._end])
        self._start, self._end = 0, rest
        while self._end < size:
            self._fill()

    def _fill(self) -> int:
        stream = self._stream
        try:
            if self._deadline is not None:
                stream.settimeout(max(0.001, self._deadline - self._monotonic()))
            count = stream.recv_into(self._view[self._end :])
            if _QUICKACK is not None:
                stream.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        except OSError as fault:
            raise PeerGone("the peer said nothing for too long, or its connection broke") from fault
        if not count:
            raise PeerGone("the peer closed its connection")
        self._end += count
        self.received_bytes += count
        self._keep_pace()
        return count

    def _keep_pace(self) -> None:
        """Begin to measure, go on to the next stretch, or end a peer that is too slow.

        Raises:
            PeerGone: Less came than must.
        """
        now = self._monotonic()
        if self._pace_ends is None or self.received_bytes >= self._pace_bytes:
            self._pace_ends = now + self._least.over_seconds
            self._pace_bytes = self.received_bytes + self._least.quota_bytes
        elif now > self._pace_ends:
            raise PeerGone("the peer was too slow")
