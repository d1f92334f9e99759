"""A tiny server for the viewer's page: static files and streams under the strict policy, loopback only."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.viewer.unsteady import Unsteady

STATIC = Path(__file__).parents[2] / "appliance" / "web" / "static"
WASM = " 'wasm-unsafe-eval'"
POLICY = (
    f"default-src 'none'; script-src 'self'{WASM}; worker-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Content-Type-Options": "nosniff",
}
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Viewer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/base.css"><link rel="stylesheet" href="/static/viewing.css">
<link rel="stylesheet" href="/static/viewer/viewer.css">
<script type="module" src="/static/viewer/viewer.js"></script></head><body class="viewing">
<header class="strip"><a class="back" href="/studies/3">Study</a>
<p class="subject"><b>Jaw Phantom</b> <span>CBCT lower jaw, 21 November 2026</span></p></header>
<main id="viewer" data-stream="/stream/{name}" data-modality="CT"{more} tabindex="-1"></main>
</body></html>"""


@contextmanager
def page_server(contents: Mapping[str, bytes | int | Unsteady], port: int) -> Iterator[str]:
    """Serve until left. `contents` maps a path to its bytes, or to the status it answers with.

    A GET of `/go/…` lets the unsteady stream of that path send on; the pages of `/bare/…` may make no WebAssembly.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.path = self.path.removesuffix("?for=small-picture")
            found = contents.get(self.path)
            if isinstance(found, Unsteady):
                return found.answer(self, tuple(HEADERS.items()))
            held = contents.get(self.path.removeprefix("/go"))
            if isinstance(held, Unsteady):
                held.go()
            status, kind, body = answer(self.path, contents)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in HEADERS.items():
                self.send_header(name, value.replace(WASM, "") if self.path.startswith("/bare/") else value)
            self.end_headers()
            self.wfile.write(body)
            return None

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def answer(path: str, contents: Mapping[str, bytes | int | Unsteady]) -> tuple[int, str, bytes]:
    path, _, query = path.partition("?")
    path = re.sub(r"^/static/[0-9a-f]{16}/", "/static/", path)  # the address of a release
    if path.startswith("/static/"):
        file = STATIC / path.removeprefix("/static/")
        return (200, TYPES[file.suffix], file.read_bytes()) if file.is_file() else (404, "text/plain", b"")
    if path.startswith(("/view/", "/bare/")):
        more = f' data-texture-megabytes="{query}"' if query else ""
        page = PAGE.format(name=Path(path).name, more=more)
        return 200, "text/html; charset=utf-8", page.encode()
    found = contents.get(path, 404)
    if isinstance(found, bytes) and found.startswith(b"<!doctype html>"):
        return 200, "text/html; charset=utf-8", found
    if isinstance(found, Unsteady):
        return 404, "text/plain", b""  # it answers for itself
    return (found, "text/plain", b"") if isinstance(found, int) else (200, "application/octet-stream", found)
