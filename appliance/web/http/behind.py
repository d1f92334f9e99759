"""What stands behind an app's routes: they are built once a process, and each request brings what they need."""

from typing import Any, Protocol, cast

from litestar.types import ASGIApp, Receive, Scope, Send

from appliance.accounts.context import Accounts
from appliance.web.http.pace import Gate

_KEY = "enamel.behind"


class Behind(Protocol):
    """What every app with accounts has behind it."""

    @property
    def accounts(self) -> Accounts: ...

    @property
    def gate(self) -> Gate: ...


def standing_before(behind: Behind, routes: ASGIApp) -> ASGIApp:
    """Give the routes as an app that has this behind it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await routes(cast("Scope", {**scope, _KEY: behind}), receive, send)

    return app


def behind_of(scope: Scope) -> Any:  # noqa: ANN401  # a `Behind`, with what its app adds
    """Give what stands behind the app that a request came to."""
    return cast("dict[str, Any]", scope)[_KEY]
