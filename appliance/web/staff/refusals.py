"""Records who asked for what they may not have, before they are refused."""

from typing import Any

from anyio import to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from appliance.accounts.context import Accounts
from appliance.audit.events import Event, EventCode, Outcome
from appliance.errors import NotPermitted
from appliance.web.http.access import NotSignedIn, PasswordChangeDue, ScreenLocked, check_access
from appliance.web.http.actor import Actor
from appliance.web.http.behind import behind_of


async def recording_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard the app: `check_access`, with an event for each lacking permission."""
    try:
        check_access(connection, handler)
    except (NotSignedIn, ScreenLocked, PasswordChangeDue):
        raise
    except NotPermitted:
        await to_thread.run_sync(_record, behind_of(connection.scope).accounts, connection.user)
        raise


def _record(accounts: Accounts, actor: Actor) -> None:
    with accounts.database.write() as tx:
        accounts.audit.record(tx, Event(EventCode.NOT_PERMITTED, actor.audited, Outcome.FAILURE))
