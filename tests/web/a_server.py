"""An application served by uvicorn in a thread of the test, as the staff process serves it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from litestar.types import ASGIApp

from tests.patience import PATIENCE


@contextmanager
def serving(app: ASGIApp, *, uds: str | None = None, port: int = 0) -> Iterator[None]:
    """Serve an application on a unix socket or a loopback port until left."""
    config = uvicorn.Config(
        app, uds=uds, port=port, http="httptools", loop="uvloop", log_level="critical", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10 * PATIENCE
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
