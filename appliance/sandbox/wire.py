"""The messages between a parser and its parent, over two pipes.

A message is one byte of kind, a u32 LE length, and a body. Both ends bound the
length before they take memory for it. The parent's end never blocks for
longer than its deadline, whatever the child does.
"""

import os
import select
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from appliance.dicom.faults import Fault, Unparsable

MAX_BODY_BYTES = 64 * 1024 * 1024
_HEAD = struct.Struct("<cI")
_PART = struct.Struct("<I")
RANGE = struct.Struct("<QI")


class Kind(Enum):
    """What a message is."""

    FACTS = b"F"  # to the child: give InstanceFacts
    METADATA = b"M"  # to the child: give the DICOM JSON model
    FILE_META = b"H"  # to the child: give what the head of a Part 10 file says
    PREVIEW = b"P"  # to the child: make a volume small
    DEIDENTIFY = b"A"  # to the child: write a dataset anew without its patient
    DATA = b"D"  # to the child: the bytes it wanted
    WANT = b"W"  # to the parent: offset and length wanted
    RESULT = b"R"  # to the parent
    FAULT = b"E"  # to the parent: a code of Fault


@dataclass(frozen=True, slots=True)
class Message:
    """One message, whole."""

    kind: Kind
    body: bytes


def two_parts(first: bytes, second: bytes) -> bytes:
    """Put two byte strings into one body."""
    return _PART.pack(len(first)) + first + second


def parts_of(body: bytes) -> tuple[bytes, bytes]:
    """Take a body apart again.

    Raises:
        Unparsable: It is too short.
    """
    if len(body) < _PART.size:
        raise Unparsable(Fault.NONSENSE)
    (length,) = _PART.unpack_from(body)
    if len(body) - _PART.size < length:
        raise Unparsable(Fault.NONSENSE)
    return body[_PART.size : _PART.size + length], body[_PART.size + length :]


def send(descriptor: int, message: Message) -> None:
    """Write a message to a blocking pipe."""
    rest = memoryview(_HEAD.pack(message.kind.value, len(message.body)) + message.body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def receive(descriptor: int) -> Message | None:
    """Read a message from a blocking pipe, None at its end."""
    return _receive(lambda most: os.read(descriptor, most))


class PatientPipe:
    """The parent's two pipe ends, with one deadline for all that one request takes.

    Args:
        reading: Descriptor of what the child says; made non-blocking here.
        writing: Descriptor of what the child hears; made non-blocking here.
        monotonic: Gives seconds that never step back.
    """

    def __init__(self, reading: int, writing: int, monotonic: Callable[[], float]) -> None:
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        self._reading, self._writing, self._monotonic = reading, writing, monotonic
        self._deadline = 0.0

    def allow(self, seconds: float) -> None:
        """Set the deadline of what follows."""
        self._deadline = self._monotonic() + seconds

    def send(self, message: Message) -> None:
        """Write a message.

        Raises:
            Unparsable: The child is gone, or does not listen in time.
        """
        rest = memoryview(_HEAD.pack(message.kind.value, len(message.body)) + message.body)
        while rest:
            self._wait(self._writing, select.POLLOUT)
            try:
                rest = rest[os.write(self._writing, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise Unparsable(Fault.CRASHED) from error

    def receive(self) -> Message:
        """Read a message.

        Raises:
            Unparsable: The child is gone, says nothing in time, or speaks another language.
        """
        message = _receive(self._read)
        if message is None:
            raise Unparsable(Fault.CRASHED)
        return message

    def _read(self, most: int) -> bytes:
        self._wait(self._reading, select.POLLIN)
        return os.read(self._reading, most)

    def _wait(self, descriptor: int, event: int) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        left = self._deadline - self._monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise Unparsable(Fault.STALLED)


def _receive(read: Callable[[int], bytes]) -> Message | None:
    head = _exactly(read, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    if length > MAX_BODY_BYTES or kind not in {known.value for known in Kind}:
        raise Unparsable(Fault.NONSENSE)
    body = _exactly(read, length)
    return Message(Kind(kind), body) if len(body) == length else None


def _exactly(read: Callable[[int], bytes], length: int) -> bytes:
    """Read `length` bytes, fewer only when the other end closed."""
    parts, missing = [], length
    while missing and (part := read(min(missing, 1024 * 1024))):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
