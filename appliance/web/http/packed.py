"""Hands out scripts as the build packed them, a sixth smaller than what is packed on the way.

Guards: a file is given packed only where its packed form lay beside it when the
program started, and only to who reads it; nothing is packed here.

Source: RFC 7932 (Brotli), RFC 9110 12.5.3 (Accept-Encoding) and 12.5.5 (Vary).
"""

from pathlib import Path

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from appliance.web.http.paths import at_path

ENDING = ".br"


def packed_files(app: ASGIApp, path: str, folder: Path) -> ASGIApp:
    """Put this in front of an app that serves a folder under a path."""
    packed = {f"{path}/{file.name.removesuffix(ENDING)}" for file in folder.glob(f"*.js{ENDING}")}

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["path"] not in packed:
            await app(scope, receive, send)
            return
        reads = _reads_brotli(scope)
        ending = ENDING if reads else ""
        await app(at_path(scope, scope["path"] + ending), receive, _telling(send, packed=reads))

    return front


def _reads_brotli(scope: Scope) -> bool:
    named = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding").decode("latin-1")
    return any(_is_brotli(one) for one in named.lower().split(","))


def _is_brotli(offer: str) -> bool:
    coding, _, weight = offer.partition(";")
    return coding.strip() == "br" and weight.replace(" ", "").rstrip(".0") != "q="


def _telling(send: Send, *, packed: bool) -> Send:
    """Say what the file is and how it is packed; a cache keeps both forms apart."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            more = [(b"vary", b"Accept-Encoding")]
            if packed and message["status"] in {200, 206, 304}:
                more += [(b"content-type", b"text/javascript; charset=utf-8"), (b"content-encoding", b"br")]
            mine = {name for name, _ in more}
            others = [(name, value) for name, value in message["headers"] if name.lower() not in mine]
            message["headers"] = [*others, *more]
        await send(message)

    return told
