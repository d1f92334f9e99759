"""Answers of DICOMweb, and how they are sent.

Guards: a body's length is told before its first byte, or its end is marked by
the transfer coding, and a fault in the middle closes the connection short of
it, so no client takes a part for the whole. The first bytes are read and
verified before the answer begins. While it is sent, whether its caller may
still have it is asked again before a further part is handed over, unless it
was within the last hundredth of a second; what was handed over is on its way.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from litestar.types import Receive, Send

from appliance.errors import ApplianceError, NotPermitted
from appliance.web.dicomweb.buffers import Buffers
from appliance.web.dicomweb.ranges import Late, Piece, Stretch, length_of, total

BATCH_BYTES = 1024 * 1024
ASK_SECONDS = 0.01  # asking for each megabyte would cost a tenth of sending it to this machine itself
INLINE_BYTES = 1024 * 1024  # what the event loop reads itself; more is read in a thread
_LOG = logging.getLogger(__name__)

# As web.http.headers says for every answer here; a document of ours may load and do nothing at all.
SAFE_HEADERS: Sequence[tuple[bytes, bytes]] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)  # fmt: skip

ReadInto = Callable[[Stretch, memoryview], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose whole length is known."""

    status: int
    content_type: bytes
    body: Sequence[Piece] = ()
    headers: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """An answer that is made while it is sent, its length unknown. Each part is made in a thread; none is empty."""

    content_type: bytes
    parts: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Sending:
    """How an answer's stored bytes are read, the memory for it, and what raises once its caller may not have it."""

    read: ReadInto
    buffers: Buffers
    ask: Callable[[], None]


async def send_answer(
    answer: Answer, sending: Sending, receive: Receive, send: Send, *, head_only: bool = False
) -> None:
    """Send an answer, batch by batch, reading stored bytes as they are needed."""
    read, buffers = sending.read, sending.buffers
    length = total(answer.body)
    batches = _batches(answer.body)
    first = b"" if head_only else await _assemble(next(batches, ()), read, buffers)
    await _start(answer.status, answer.content_type, {b"content-length": b"%d" % length, **answer.headers}, send)
    if head_only or len(first) == length:
        await send({"type": "http.response.body", "body": first, "more_body": False})
        return
    await send({"type": "http.response.body", "body": first, "more_body": True})
    del first  # its buffer may be used again once it is sent
    await _send_rest(_stored(batches, sending), sending.ask, receive, send)


async def send_flow(flow: Flow, sending: Sending, receive: Receive, send: Send, *, head_only: bool = False) -> None:
    """Send a flow; its first part is made before the answer begins, so that a fault in it is answered truthfully."""
    parts = _made(flow.parts)
    first = await anext(parts, b"")
    await _start(200, flow.content_type, {}, send)
    await send({"type": "http.response.body", "body": b"" if head_only else first, "more_body": not head_only})
    if not head_only:
        await _send_rest(parts, sending.ask, receive, send)


async def _start(status: int, content_type: bytes, headers: Mapping[bytes, bytes], send: Send) -> None:
    told = [(b"content-type", content_type), *headers.items(), *SAFE_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": told})


async def _stored(batches: Iterator[Sequence[Piece]], sending: Sending) -> AsyncIterator[bytes]:
    for batch in batches:
        yield await _assemble(batch, sending.read, sending.buffers)


async def _made(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    while part := await asyncio.to_thread(next, parts, b""):
        yield part


async def _send_rest(parts: AsyncIterator[bytes], ask: Callable[[], None], receive: Receive, send: Send) -> None:
    """Send what follows the first bytes, until it is all sent, nobody listens any more, or the caller may not."""
    gone = asyncio.ensure_future(_until_gone(receive))
    time = asyncio.get_running_loop().time
    asked_at = time()
    try:
        async for data in parts:
            await send({"type": "http.response.body", "body": b"", "more_body": True})  # waits for a slow reader
            if gone.done():
                return
            if time() - asked_at >= ASK_SECONDS:
                ask()
                asked_at = time()
            await send({"type": "http.response.body", "body": data, "more_body": True})
            del data
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except NotPermitted as error:
        _LOG.info("an answer was cut off, for its caller's access has ended: %s", error)
    except ApplianceError as error:
        _LOG.error("an answer was cut off: %s", error)  # our faults are told in one line
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _assemble(batch: Sequence[Piece], read: ReadInto, buffers: Buffers) -> bytes:
    """Put a batch together: small ones without stored bytes by themselves, others in a buffer that is used again.

    ASGI's types ask for bytes; the server writes any buffer, and a copy would cost more than decrypting did.
    """
    stored = sum(piece.length for piece in batch if isinstance(piece, Stretch))
    if not stored:
        return b"".join(_made_of(piece) for piece in batch if not isinstance(piece, Stretch))
    target = buffers.take(total(batch))
    if stored <= INLINE_BYTES:
        _fill(target, batch, read)
    else:
        await asyncio.to_thread(_fill, target, batch, read)
    return cast("bytes", target)


def _fill(target: memoryview, batch: Sequence[Piece], read: ReadInto) -> None:
    position = 0
    for piece in batch:
        end = position + length_of(piece)
        if isinstance(piece, Stretch):
            read(piece, target[position:end])
        else:
            target[position:end] = _made_of(piece)
        position = end


def _made_of(piece: bytes | Late) -> bytes:
    return piece if isinstance(piece, bytes) else piece.make()


def _batches(pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """Gather small pieces and split long ones, so that each batch has at most about `BATCH_BYTES`."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        for part in _split(piece):
            if size + length_of(part) > BATCH_BYTES and batch:
                yield batch
                batch, size = [], 0
            batch.append(part)
            size += length_of(part)
    if batch:
        yield batch


def _split(piece: Piece) -> Iterator[Piece]:
    if not isinstance(piece, Stretch) or piece.length <= BATCH_BYTES:
        yield piece
        return
    offset, end = piece.offset, piece.offset + piece.length
    while offset < end:
        stop = min(end, (offset // BATCH_BYTES + 1) * BATCH_BYTES)  # whole chunks, so that none is decrypted twice
        yield replace(piece, offset=offset, length=stop - offset)
        offset = stop
