"""Connections that have not said anything whole yet: watched by one thread, not one each.

A socket is watched until its first message is there whole (the kernel counts,
SO_RCVLOWAT), or ARTIM has run out. So silent and dripping sockets cost a
descriptor and no thread.

Source: DICOM PS3.8 9.1.5 (ARTIM timer).
"""

import selectors
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.clock import Clock
from appliance.inbox.association import Transport

MAXIMUM_WAITING = 256
_LARGEST_WATCHED_BYTES = 32 * 1024  # a longer first message is read by its own thread
_HEADS = {Transport.PLAIN: (struct.Struct(">xxL"), 6), Transport.TLS: (struct.Struct(">xxxH"), 5)}


@dataclass
class Waiting:
    """One connection.

    Attributes:
        stream: Its socket.
        address: Where it comes from.
        transport: By which port.
        deadline: Monotonic seconds at which it is closed.
        wanted_bytes: How many bytes must be there.
    """

    stream: socket.socket
    address: str
    transport: Transport
    deadline: float
    wanted_bytes: int


class WaitingRoom:
    """Holds connections until they are worth a thread; for one thread."""

    def __init__(self, selector: selectors.BaseSelector, clock: Clock, artim_seconds: float) -> None:
        self._selector = selector
        self._clock = clock
        self._artim_seconds = artim_seconds
        self._waiting: dict[socket.socket, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, stream: socket.socket, address: str, transport: Transport) -> None:
        """Watch a new connection; when too many wait, the oldest of whoever has most goes."""
        head_bytes = _HEADS[transport][1]
        waiting = Waiting(stream, address, transport, self._clock.monotonic() + self._artim_seconds, head_bytes)
        stream.setblocking(False)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, head_bytes)
        self._waiting[stream] = waiting
        self._selector.register(stream, selectors.EVENT_READ, waiting)
        if len(self._waiting) > MAXIMUM_WAITING:
            self._close(self._oldest_of_busiest())

    def ready(self, waiting: Waiting) -> bool:
        """Say whether its first message is there; then it is no longer watched."""
        try:
            head = waiting.stream.recv(waiting.wanted_bytes, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            self._close(waiting)
            return False
        if not head:
            self._close(waiting)
            return False
        whole = min(_message_bytes(head, waiting.transport), _LARGEST_WATCHED_BYTES)
        if len(head) < whole and waiting.wanted_bytes < whole and len(head) >= waiting.wanted_bytes:
            waiting.wanted_bytes = whole
            waiting.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, whole)
            return False
        self._forget(waiting)
        return True

    def close_expired(self) -> None:
        """Close those whose time has run out."""
        now = self._clock.monotonic()
        for waiting in [waiting for waiting in self._waiting.values() if waiting.deadline <= now]:
            self._close(waiting)

    def close_all(self) -> None:
        """Close everything."""
        for waiting in list(self._waiting.values()):
            self._close(waiting)

    def _oldest_of_busiest(self) -> Waiting:
        counts = Counter(waiting.address for waiting in self._waiting.values())
        busiest = counts.most_common(1)[0][0]
        return next(self._of(busiest))

    def _of(self, address: str) -> Iterator[Waiting]:
        return (waiting for waiting in self._waiting.values() if waiting.address == address)

    def _forget(self, waiting: Waiting) -> None:
        self._selector.unregister(waiting.stream)
        del self._waiting[waiting.stream]

    def _close(self, waiting: Waiting) -> None:
        self._forget(waiting)
        waiting.stream.close()


def _message_bytes(head: bytes, transport: Transport) -> int:
    layout, head_bytes = _HEADS[transport]
    if len(head) < head_bytes:
        return head_bytes
    return head_bytes + int(layout.unpack_from(head)[0])
