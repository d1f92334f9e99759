"""Answers the methods that every page shares, before a route is looked for.

HEAD is answered as GET is, without the body. OPTIONS is not offered: nothing
here is for pages of other sites, and a stranger learns nothing from it. An
answer that a method is not offered names those that are.

Source: RFC 9110 9.3.2 (HEAD), 15.5.6 (405 with Allow).
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_OFFERED_BY_NO_ROUTE = "NONE"


def shared_methods(app: ASGIApp) -> ASGIApp:
    """Put this in front of an app."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        asked = scope["method"]
        method = {"HEAD": "GET", "OPTIONS": _OFFERED_BY_NO_ROUTE}.get(asked, asked)
        sending = _without_body(send) if asked == "HEAD" else send
        await app({**scope, "method": method}, receive, _naming_methods(sending))  # type: ignore[typeddict-item]  # a name that no route has

    return front


def _naming_methods(send: Send) -> Send:
    """Tell in Allow what is offered: HEAD where GET is, and never OPTIONS."""

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                (name, _allowed(value) if name.lower() == b"allow" else value) for name, value in message["headers"]
            ]
        await send(message)

    return named


def _allowed(value: bytes) -> bytes:
    methods = {method.strip() for method in value.split(b",")} - {b"OPTIONS"}
    return b", ".join(sorted(methods | ({b"HEAD"} if b"GET" in methods else set())))


def _without_body(send: Send) -> Send:
    """End the answer after its headers; a stream then finds its listener gone."""

    async def headers_only(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return headers_only
