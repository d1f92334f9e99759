"""Hands out a release's files under addresses of their own, so that a browser asks for each of them once.

Guards: what such an address gives never changes, for it holds the digest of every file and of the headers that travel
with them; only under this release's own may a browser keep them (`headers` says so). Another release's gives what there
is, to be asked for again: a page that was open while the box was updated still gets what it had not fetched.

Source: RFC 9111 5.2.2 (Cache-Control), RFC 8246 (immutable).
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from appliance.web.http.headers import name_file
from appliance.web.http.paths import at_path

_DIGITS = 16


def release_of(folder: Path, headers: Iterable[str]) -> str:
    """Give what names these files, with these headers, and no others: 16 hexadecimal digits."""
    digest = sha256("\n".join(headers).encode())
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:_DIGITS]


def released_files(app: ASGIApp, address: str) -> ASGIApp:
    """Put this in front of an app that serves files one folder above `address`, which ends on their release."""
    path, _, release = address.rpartition("/")
    released = re.compile(rf"{re.escape(path)}/([0-9a-f]{{{_DIGITS}}})(/.+)")

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        found = released.fullmatch(scope["path"]) if scope["type"] == ScopeType.HTTP else None
        if found is None:
            await app(scope, receive, send)
            return
        file = path + found[2]
        name_file(scope, file, kept=found[1] == release)
        await app(at_path(scope, file), receive, send)

    return front
