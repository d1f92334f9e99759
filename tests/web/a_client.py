"""A client of an app in this process; all share one event loop, which stands as long as the process, as a server's."""

import atexit
from contextlib import ExitStack
from functools import cache
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send


@cache
def _portal() -> BlockingPortal:
    """Start the loop; what a client starts and stops for each of its requests takes longer than most of them."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(start_blocking_portal())


def client_of(app: ASGIApp, **more: Any) -> TestClient[ASGIApp]:  # noqa: ANN401  options of the client
    """Give a client of this app, as a browser that comes to the clinic's address."""
    client = TestClient(app, base_url="https://enamel.test", **more)
    client.blocking_portal = _portal()
    return client


def from_address(app: ASGIApp, address: str) -> ASGIApp:
    """Give an app to which everybody comes from this address, as the proxy tells it."""

    async def there(scope: Scope, receive: Receive, send: Send) -> None:
        scope["client"] = (address, 4711)
        await app(scope, receive, send)

    return there
