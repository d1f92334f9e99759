"""STOW-RS: what a client hands in, part by part, and the answer that says what became of each.

Guards: a body is read no faster than it is sealed and never gathered; how much, how many, how long and how many at once
is bounded. A browser's request needs the form token of its session, so that no other site can hand in by it. Whether
the caller still may is asked again while the body comes: what is whole by then stays, the rest is refused.
Leaves out: whether an object is kept, which `intake.storing` decides.

Source: DICOM PS3.18 10.5 (store transaction).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from litestar.types import Receive

from appliance.archive.scope import Scope
from appliance.errors import ApplianceError, NotPermitted, Unavailable, Unsuitable
from appliance.inbox.association import Outcome
from appliance.intake.storing import HandIn, NotStored, Reception
from appliance.web.dicomweb.answers import Answer
from appliance.web.dicomweb.callers import Callers, Credential
from appliance.web.dicomweb.faults import NotAcceptable, TooLarge, TooSlow, WrongMediaType
from appliance.web.dicomweb.negotiation import DICOM, RELATED, MediaRange, json_type, parse_accept
from appliance.web.dicomweb.related import Mark, RelatedReader
from appliance.web.dicomweb.store_answer import store_answer
from appliance.web.http.csrf import check_headers

_LOG = logging.getLogger(__name__)
_CLOSE = {b"connection": b"close"}  # where the rest of a body stays unread
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may bring, and how many are taken at once. Of one object: `intake.storing`."""

    request_bytes: int = 16 << 30
    parts: int = 20_000
    idle_seconds: float = 60.0
    least_bytes_per_second: int = 4096
    least_rate_over_seconds: float = 60.0
    longest_seconds: float = 4 * 3600.0
    at_once: int = 4
    at_once_each: int = 2


@dataclass(frozen=True, slots=True)
class Post:
    """A request to store; `study` is the one of its address, or empty."""

    credential: Credential
    address: str
    scope: Scope
    study: str
    accept: Sequence[MediaRange]
    headers: Mapping[bytes, bytes]
    base_url: str


class Storing:
    """Takes what is handed in. For the event loop's thread, but for what it does in threads of its own."""

    def __init__(
        self,
        reception: Reception,
        callers: Callers,
        bounds: Bounds | None = None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._reception = reception
        self._callers = callers
        self._bounds = bounds or Bounds()
        self._on_close = on_close
        self._threads = ThreadPoolExecutor(self._bounds.at_once, thread_name_prefix="storing")
        self._present: Counter[str] = Counter()

    def close(self) -> None:
        """End the threads, and what else was given to be closed."""
        self._threads.shutdown()
        self._on_close()

    async def take(self, post: Post, receive: Receive) -> Answer:
        """Take a whole request and give its answer.

        Raises:
            NotPermitted, WrongMediaType, NotAcceptable, TooLarge, TooSlow, Unsuitable: Nothing of it is stored.
            Unavailable: Nothing can be stored now.
        """
        media_type, reader = self._admitted(post)
        with self._turn(post.scope.caller):
            hand_in = await self._in_thread(self._reception.begin, post.scope.actor, post.study)
            outcome, fault = Outcome.LOST, None
            try:
                fault = await self._taken(post, hand_in, reader, receive)
                outcome = Outcome.ABORTED if fault else Outcome.RELEASED
            finally:
                await self._in_thread(hand_in.end, outcome)
        if fault is not None and not hand_in.stored_count:
            raise fault
        if not hand_in.handed:
            raise Unsuitable("the body has no part")
        return store_answer(hand_in.handed, media_type, post.base_url, _CLOSE if fault else {})

    def _admitted(self, post: Post) -> tuple[bytes, RelatedReader]:
        """Check all that can be known before the first byte of the body."""
        post.scope.check_store()
        if not post.credential.bearer:
            check_headers(post.headers, post.credential.session.hex())
        reader = RelatedReader(_boundary(post.headers.get(b"content-type", b"").decode("latin-1")))
        media_type = json_type(post.accept)
        if media_type is None:
            raise NotAcceptable("the answer is JSON")
        if int(post.headers.get(b"content-length", b"0")) > self._bounds.request_bytes:
            raise TooLarge("the request is larger than one may be")
        return media_type.encode(), reader

    async def _taken(
        self, post: Post, hand_in: HandIn, reader: RelatedReader, receive: Receive
    ) -> ApplianceError | None:
        """Take the body; give what is wrong with the whole of it, if anything."""
        try:
            async for body in self._bodies(receive):
                self._callers.check(post.scope, post.credential, post.address)
                await self._in_thread(self._feed, hand_in, reader, body)
            if not reader.has_ended:
                raise Unsuitable("the body ends before its last delimiter")
        except ApplianceError as fault:
            _LOG.info("a request to store was not taken whole: %s", fault)
            hand_in.refuse_rest(_refused(fault))
            return fault
        return None

    async def _bodies(self, receive: Receive) -> AsyncIterator[bytes]:
        """Give the body as it comes, within the bounds of size and time.

        Raises:
            TooLarge, TooSlow: It is beyond them.
            ClientGone: Nobody sends any more.
        """
        bounds, taken, more = self._bounds, 0, True
        time = asyncio.get_running_loop().time
        began = time()
        while more:
            left = began + bounds.longest_seconds - time()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, min(bounds.idle_seconds, left)))
            except TimeoutError:
                raise TooSlow("the sender fell silent, or took longer than one may") from None
            if message["type"] != "http.request":
                raise ClientGone("the sender is gone")
            taken, more = taken + len(message["body"]), message["more_body"]
            if taken > bounds.request_bytes:
                raise TooLarge("the request is larger than one may be")
            waited = time() - began
            if waited > bounds.least_rate_over_seconds and taken < waited * bounds.least_bytes_per_second:
                raise TooSlow("the body comes too slowly")
            yield message["body"]

    def _feed(self, hand_in: HandIn, reader: RelatedReader, body: bytes) -> None:
        for told in reader.feed(body):
            if told is Mark.BEGIN:
                if len(hand_in.handed) >= self._bounds.parts:
                    raise TooLarge("the request has more parts than one may")
                hand_in.begin_part()
            elif told is Mark.END:
                hand_in.end_part()
            elif isinstance(told, memoryview):
                hand_in.write(told)

    @contextmanager
    def _turn(self, caller: str) -> Iterator[None]:
        """Hold one of the places for requests.

        Raises:
            Unavailable: All are held, or as many as one caller may hold.
        """
        if self._present.total() >= self._bounds.at_once or self._present[caller] >= self._bounds.at_once_each:
            raise Unavailable("too many requests to store at once")
        self._present[caller] += 1
        try:
            yield
        finally:
            self._present[caller] -= 1
            if not self._present[caller]:
                del self._present[caller]

    async def _in_thread(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


class ClientGone(Unavailable):
    """Whoever sent hung up."""


def _refused(fault: ApplianceError) -> NotStored:
    """Give what becomes of the object that was open."""
    if isinstance(fault, TooLarge):
        return NotStored.TOO_LARGE
    return NotStored.NOT_PERMITTED if isinstance(fault, NotPermitted) else NotStored.NOT_WHOLE


def _boundary(content_type: str) -> bytes:
    """Read the boundary of a body of DICOM files.

    Raises:
        WrongMediaType: It is another kind of body.
    """
    wanted = parse_accept(content_type)[0] if content_type else MediaRange("")
    root = wanted.parameters.get("type", DICOM).lower()
    if wanted.media_type != RELATED or root != DICOM:
        raise WrongMediaType("another media type")
    return wanted.parameters.get("boundary", "").encode("latin-1")
