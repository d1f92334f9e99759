"""The headers of every answer, as exact lists.

HSTS is not here: Caddy, which holds the certificate, sends it.

Guards: an answer that takes a browser's session away, or puts another one in its place, has the browser empty what
pages stored there, in every tab; no handler can forget it. Measured in Chromium 156: "storage" takes no time; "cache"
takes 3 to 4 seconds where 10,000 files are cached, and has the viewer's scripts fetched anew after each sign-out.
Nothing of a patient is in there, for pages and images are `no-store`. "cookies" would make the browser a stranger's.
Leaves out: what a viewer keeps as it is left by that, after its tab was emptied; the sign-in page empties it again
(`signed_out.js`).

Source: OWASP ASVS 5.0 3.4, 14.3.1; Content Security Policy Level 3; Clear Site Data (W3C), 3.1.
"""

from collections.abc import Mapping

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from appliance.web.http.cookies import SESSION_COOKIE, host_cookie

_RENEWED = "enamel renewed token"
_FILE = "enamel file"
_KEPT = "public, max-age=31536000, immutable"
_COMMON = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    f"manifest-src 'self'; {_COMMON}"
)
VIEWER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    f"img-src 'self' blob: data:; connect-src 'self'; {_COMMON}"
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": PAGE_POLICY,
    # On every page, not the viewer's alone: a browser goes from one to the other in the process that it has.
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), serial=(), usb=(), browsing-topics=()"
    ),
    "Cache-Control": "no-store",
}


def renew_cookie(scope: Scope, token: str) -> None:
    """Let the answer to this request bring the browser another session token, whatever the answer is."""
    scope["state"][_RENEWED] = token


def name_file(scope: Scope, path: str, *, kept: bool) -> None:
    """Say by which path the headers of this request's answer go; `kept`, a browser need never ask for it again."""
    scope["state"][_FILE] = (path, kept)


async def add_headers(message: Message, scope: Scope) -> None:
    """Add what is missing to an answer; a route may have set its own."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    if _ends_session(headers, scope):
        headers["Clear-Site-Data"] = '"storage"'
    if token := scope["state"].get(_RENEWED):
        headers.add("Set-Cookie", host_cookie(SESSION_COOKIE, token).to_header(header=""))
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    path, kept = scope["state"].get(_FILE, (scope["path"], False))
    if path.startswith("/static/"):
        headers["Cache-Control"] = _KEPT if kept and message["status"] in {200, 206, 304} else "no-cache"
    if path == "/files" or path.startswith("/static/viewer/") or _is_view(path):
        headers["Content-Security-Policy"] = VIEWER_POLICY


def _ends_session(headers: MutableScopeHeaders, scope: Scope) -> bool:
    """Say whether a browser that came with a session gets none, or another one."""
    name = f"{SESSION_COOKIE}="
    is_held = any(key == b"cookie" and name.encode() in value for key, value in scope["headers"])
    return is_held and any(each.startswith(name) for each in headers.getall("Set-Cookie", []))


def _is_view(path: str) -> bool:
    return path.startswith("/series/") and path.endswith("/view")
