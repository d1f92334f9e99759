"""DICOMweb as one ASGI application without a framework: `/dicomweb/...` and `/series/{key}/stream`.

Frames come by the hundred, so the way from the socket to the stored bytes is
kept short. `in_front_of` puts this before the staff app; every other path goes
on to it.

Guards: no request is answered before its caller is known and its scope asked,
and none is answered to its end once the caller's access is over.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Send
from litestar.types import Scope as Connection

from appliance.accounts.refusals import Thing
from appliance.archive.located import Located, Readable
from appliance.archive.matching import Key, Level, Search
from appliance.archive.scope import Scope
from appliance.archive.source import ScopedSource
from appliance.errors import ApplianceError, NotFound, NotPermitted, Tampered
from appliance.web.dicomweb import retrieve
from appliance.web.dicomweb.answers import Answer, Flow, ReadInto, Sending, send_answer, send_flow
from appliance.web.dicomweb.attributes import results
from appliance.web.dicomweb.buffers import Buffers
from appliance.web.dicomweb.callers import Callers, Credential, credential_of
from appliance.web.dicomweb.faults import NotAcceptable, NotSignedIn, Unexpected, WrongMethod, problem
from appliance.web.dicomweb.frames import parse_frame_list
from appliance.web.dicomweb.lent import Asked, LentStudies
from appliance.web.dicomweb.metadata import Metadata
from appliance.web.dicomweb.negotiation import MediaRange, json_type, parse_accept
from appliance.web.dicomweb.parameters import parse_search
from appliance.web.dicomweb.paths import STORABLE, STREAM, Kind, Resource, parse_path
from appliance.web.dicomweb.ranges import Stretch
from appliance.web.dicomweb.series_stream import MEDIA_TYPE, SMALL_PICTURE, Damaged, layout
from appliance.web.dicomweb.store import Post, Storing
from appliance.web.http.refusals import thing_in

ROOT = "/dicomweb"
_STREAM = re.compile(STREAM.replace("{series_key}", "([0-9]{1,18})"), re.ASCII)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dicomweb:
    """What DICOMweb needs."""

    source: ScopedSource
    callers: Callers
    metadata: Metadata
    storing: Storing | None = None
    lent: LentStudies | None = None
    buffers: Buffers = field(default_factory=Buffers)

    def close(self) -> None:
        """Close what is kept open between requests."""
        self.source.close()
        self.metadata.close()
        if self.lent is not None:
            self.lent.close()
        if self.storing is not None:
            self.storing.close()


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its caller known."""

    credential: Credential
    address: str
    scope: Scope
    path: str
    query: str
    accept: Sequence[MediaRange]
    range_header: str
    if_range: str
    base_url: str


def in_front_of(app: ASGIApp, dicomweb: Dicomweb) -> ASGIApp:
    """Give an application that answers DICOMweb and the series stream itself and passes on everything else.

    When the server shuts it down, what `dicomweb` keeps open is closed.
    """

    async def front(connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == ScopeType.HTTP and _is_ours(connection["path"]):
            await serve(dicomweb, connection, receive, send)
        else:
            await app(connection, receive, _closing(dicomweb, send))

    return front


def _closing(dicomweb: Dicomweb, send: Send) -> Send:
    """Close before the server is told that all is shut down: it waits for nothing after that."""

    async def told(message: Message) -> None:
        kind: str = message["type"]  # its own type leaves the lifespan's out
        if kind in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            await asyncio.to_thread(dicomweb.close)
        await send(message)

    return told


async def serve(dicomweb: Dicomweb, connection: HTTPScope, receive: Receive, send: Send) -> None:
    """Answer one request; anew, without what turned out to be damaged before the first byte and is marked by then."""
    if connection["method"] == "POST":
        nothing = Sending(_no_read, dicomweb.buffers, _unasked)
        await send_answer(await _stored(dicomweb, connection, receive), nothing, receive, send)
        return
    head_only = connection["method"] == "HEAD"
    for again in (True, False):
        answer, sending = await _prepared(dicomweb, connection)
        try:
            if isinstance(answer, Flow):
                await send_flow(answer, sending, receive, send, head_only=head_only)
            else:
                await send_answer(answer, sending, receive, send, head_only=head_only)
        except ApplianceError as error:  # before the first byte: the answer can still be a truthful one
            await _noted(dicomweb, connection, error)
            if again and isinstance(error, Tampered):
                continue
            await send_answer(problem(error), sending, receive, send, head_only=head_only)
        return


async def _stored(dicomweb: Dicomweb, connection: HTTPScope, receive: Receive) -> Answer:
    """Store what a request brings, and give its answer, or the problem with it."""
    try:
        return await _taken_in(dicomweb, connection, receive)
    except Exception as error:  # noqa: BLE001  # nothing was sent yet, so even a bug can be answered as what it is
        return problem(await _noted(dicomweb, connection, error))


async def _taken_in(dicomweb: Dicomweb, connection: HTTPScope, receive: Receive) -> Answer:
    request = await _known(dicomweb, connection)
    if dicomweb.storing is None or not request.path.startswith(ROOT + "/"):
        raise WrongMethod
    resource = parse_path(request.path[len(ROOT) :])
    if (resource.kind, resource.level) not in STORABLE:
        raise WrongMethod
    post = Post(
        request.credential, request.address, request.scope, resource.study, request.accept,
        dict(connection["headers"]), request.base_url,
    )  # fmt: skip
    return await dicomweb.storing.take(post, receive)


async def _prepared(dicomweb: Dicomweb, connection: HTTPScope) -> tuple[Answer | Flow, Sending]:
    """Give the answer to one request, or the problem with it, and how its bytes are read."""
    try:
        return await _found(dicomweb, connection)
    except Exception as error:  # noqa: BLE001  # nothing was sent here either
        return problem(await _noted(dicomweb, connection, error)), Sending(_no_read, dicomweb.buffers, _unasked)


async def _found(dicomweb: Dicomweb, connection: HTTPScope) -> tuple[Answer | Flow, Sending]:
    if connection["method"] not in ("GET", "HEAD"):
        raise WrongMethod(_allowed(connection["path"]))
    request = await _known(dicomweb, connection)
    if request.scope.laboratory is not None:
        return await _lent(dicomweb, request)
    sending = Sending(_reader(dicomweb.source, request.scope), dicomweb.buffers, _asking(dicomweb.callers, request))
    streamed = _STREAM.fullmatch(request.path)
    if streamed:
        return await _stream(dicomweb.source, request, int(streamed.group(1)), sending)
    return await _answer(dicomweb, request), sending


async def _lent(dicomweb: Dicomweb, request: Request) -> tuple[Answer | Flow, Sending]:
    """Answer a laboratory, which gets copies alone."""
    if dicomweb.lent is None or not request.path.startswith(ROOT + "/"):
        raise NotPermitted("laboratories have no such resource")
    resource = parse_path(request.path[len(ROOT) :])
    asked = Asked(dicomweb.lent.caller(request.scope), resource, request.query, request.accept, request.base_url)
    answer = await asyncio.to_thread(dicomweb.lent.answer, asked)
    if resource.kind is not Kind.FRAMES:
        return answer, Sending(_no_read, dicomweb.buffers, _asking(dicomweb.callers, request))
    scope = await asyncio.to_thread(dicomweb.lent.scope_of, asked)
    return answer, Sending(_reader(dicomweb.source, scope), dicomweb.buffers, _asking(dicomweb.callers, request))


def _allowed(path: str) -> bytes:
    with suppress(ApplianceError):
        resource = parse_path(path[len(ROOT) :]) if path.startswith(ROOT + "/") else None
        if resource is not None and (resource.kind, resource.level) in STORABLE:
            return b"GET, HEAD, POST"
    return b"GET, HEAD"


def _is_ours(path: str) -> bool:
    return path.startswith(ROOT + "/") or _STREAM.fullmatch(path) is not None


async def _known(dicomweb: Dicomweb, connection: HTTPScope) -> Request:
    headers = connection["headers"]
    client = connection.get("client")
    credential, address = credential_of(headers), client[0] if client else ""
    scope, due = dicomweb.callers.admit(credential, address)
    lasting = dicomweb.callers.lasting(credential, address)
    if due is not None:
        await asyncio.to_thread(due)
    named = dict(headers)
    return Request(
        lasting,
        address,
        scope,
        connection["path"],
        connection["query_string"].decode("latin-1"),
        parse_accept(named.get(b"accept", b"").decode("latin-1")),
        named.get(b"range", b"").decode("latin-1"),
        named.get(b"if-range", b"").decode("latin-1"),
        f"{connection['scheme']}://{named.get(b'host', b'localhost').decode('latin-1')}{ROOT}",
    )


async def _answer(dicomweb: Dicomweb, request: Request) -> Answer | Flow:
    resource = parse_path(request.path[len(ROOT) :])
    if resource.kind is Kind.FRAMES:
        return await _frames(dicomweb.source, request, resource)
    if resource.kind is Kind.SEARCH:
        return await asyncio.to_thread(_search, dicomweb.source, request, resource)
    if resource.kind is Kind.METADATA:
        return await asyncio.to_thread(_metadata, dicomweb, request, resource)
    if resource.level is not Level.INSTANCE:
        return await _many(dicomweb.source, request, resource)
    located = _find(dicomweb.source, request.scope, resource)[0]
    await _viewed(dicomweb.source, request.scope, located)
    if resource.kind is Kind.BULK_DATA:
        answer = retrieve.bulk_answer(located, resource.rest, request.accept)
    else:
        answer = retrieve.instances_answer([located], request.accept, single=True)
    if answer.content_type.startswith(b"multipart/"):
        return answer
    return _resumable(answer, request)


async def _frames(source: ScopedSource, request: Request, resource: Resource) -> Answer:
    """The hot path: two look-ups by index in this thread, then the bytes."""
    located = source.instance(request.scope, resource.study, resource.series, resource.sop)
    answer = retrieve.frames_answer(located, parse_frame_list(resource.rest), request.accept)
    await _viewed(source, request.scope, located)
    return answer


async def _many(source: ScopedSource, request: Request, resource: Resource) -> Answer:
    """Answer with a study or a series; what is known to be damaged is left out, and the status says so."""
    found = await asyncio.to_thread(_find, source, request.scope, resource)
    await _viewed(source, request.scope, found[0])
    whole = await asyncio.to_thread(source.sound_ones, request.scope, found)
    if len(whole) == len(found):
        return retrieve.instances_answer(found, request.accept, single=False)
    if not whole:
        raise Tampered("all that was asked for is damaged")
    answer = retrieve.instances_answer(whole, request.accept, single=False)
    left_out = b'299 enamel "%d damaged instances are left out"' % (len(found) - len(whole))
    return replace(answer, status=206, headers={b"warning": left_out})


async def _stream(source: ScopedSource, request: Request, series_key: int, sending: Sending) -> tuple[Answer, Sending]:
    """Answer with a series' pack, which may be resumed, or with the same made on the fly, which may not."""
    packed = await asyncio.to_thread(source.pack_by_key, request.scope, series_key)
    if packed is not None:
        await _viewed(source, request.scope, packed)
        whole = Answer(200, MEDIA_TYPE, [Stretch(packed, 0, packed.file.plaintext_bytes)])
        return _resumable(whole, request), sending
    is_opened = request.query != SMALL_PICTURE
    found = await asyncio.to_thread(source.series_without_pack, request.scope, series_key, is_opened=is_opened)
    await _viewed(source, request.scope, found[0])
    damaged = Damaged()
    return Answer(200, MEDIA_TYPE, layout(found, damaged)), replace(sending, read=damaged.reading_on(sending.read))


def _resumable(answer: Answer, request: Request) -> Answer:
    return retrieve.ranged(answer, retrieve.entity_tag(answer.body), request.range_header, request.if_range)


async def _viewed(source: ScopedSource, scope: Scope, located: Readable) -> None:
    if source.view_is_due(scope, located):
        await asyncio.to_thread(source.record_view, scope, located)


def _find(source: ScopedSource, scope: Scope, resource: Resource) -> list[Located]:
    if resource.level is Level.INSTANCE:
        return [source.instance(scope, resource.study, resource.series, resource.sop)]
    return source.instances(scope, resource.study, resource.series or None)


def _search(source: ScopedSource, request: Request, resource: Resource) -> Answer:
    media_type = _json_type(request)
    fixed = {Key.STUDY_INSTANCE_UID: resource.study, Key.SERIES_INSTANCE_UID: resource.series}
    search = parse_search(resource.level, request.query, fixed)
    rows = source.search(request.scope, Search(search.level, search.matches, search.limit + 1, search.offset))
    shown = rows[: search.limit]
    source.record_search(request.scope, len(shown))
    headers = {b"warning": b'299 enamel "There are additional results that can be requested"'}
    body = json.dumps(results(search.level, shown, request.base_url), ensure_ascii=False).encode()
    return Answer(200, media_type, [body], headers if len(rows) > len(shown) else {})


def _metadata(dicomweb: Dicomweb, request: Request, resource: Resource) -> Answer | Flow:
    media_type = _json_type(request)
    found = _find(dicomweb.source, request.scope, resource)
    dicomweb.source.record_metadata(request.scope, found[0])
    parts = dicomweb.metadata.of(request.scope, found, request.base_url)
    if resource.level is Level.INSTANCE:
        return Answer(200, media_type, [b"".join(parts)])
    return Flow(media_type, parts)


def _json_type(request: Request) -> bytes:
    media_type = json_type(request.accept)
    if media_type is None:
        raise NotAcceptable("not JSON")
    return media_type.encode()


def _reader(source: ScopedSource, scope: Scope) -> ReadInto:
    return lambda stretch, target: source.read_into(scope, stretch.located, stretch.offset, target)


def _asking(callers: Callers, request: Request) -> Callable[[], None]:
    return lambda: callers.check(request.scope, request.credential, request.address)


def _unasked() -> None:
    """Ask nothing: a problem is told to anybody."""


def _no_read(stretch: Stretch, _: memoryview) -> None:
    raise NotFound(f"an answer without stored bytes has none at {stretch.offset}")


async def _noted(dicomweb: Dicomweb, connection: HTTPScope, error: Exception) -> ApplianceError:
    """Record a refusal and log what is the box's own doing; what is no fault that this product knows is a bug."""
    if not isinstance(error, ApplianceError):
        _LOG.error("DICOMweb failed unexpectedly", exc_info=error)
        return Unexpected("a bug")
    if isinstance(error, NotPermitted):
        await _refusal_noted(dicomweb.callers, connection, error)
    answer = problem(error)
    if answer.status >= 500:
        _LOG.error("DICOMweb answered %d: %s", answer.status, error)
    return error


async def _refusal_noted(callers: Callers, connection: HTTPScope, error: NotPermitted) -> None:
    """Record who was refused what; of whoever is not known, only a token that is not good."""
    credential, client = credential_of(connection["headers"]), connection.get("client")
    address = client[0] if client else ""
    if not isinstance(error, NotSignedIn):
        await asyncio.to_thread(callers.refused(credential, address), _thing(connection["path"]))
    elif credential.bearer:
        await asyncio.to_thread(callers.wrong_token, credential, address)


def _thing(path: str) -> Thing | None:
    """Give what a path names, for the record of refusals."""
    streamed = _STREAM.fullmatch(path)
    if streamed:
        return thing_in({"series_key": int(streamed.group(1))})
    with suppress(ApplianceError):
        return thing_in({"study_instance_uid": parse_path(path[len(ROOT) :]).study})
    return None
