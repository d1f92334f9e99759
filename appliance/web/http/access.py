"""What each route asks of its caller, stated at the route; unstated is denied.

A route carries one `Access` in its `opt`. The guard compares it with the
actor that the middleware found.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from appliance.accounts.roles import Permission
from appliance.accounts.sessions import Session, Stage
from appliance.errors import NotFound, NotPermitted

KEY = "access"
LARGEST_KEY = 2**63 - 1  # of a row (SQLite INTEGER)


class Door(Enum):
    """Which state a caller must be in."""

    CLOSED = auto()
    PUBLIC = auto()
    SIGNING_IN = auto()
    AT_LOCK = auto()
    CHANGING_PASSWORD = auto()
    SIGNED_IN = auto()


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks for.

    `activity` tells whether a request shows that a person is there, `tokens`
    whether machines may come, `page` whether a browser is sent to sign in.
    """

    door: Door
    permission: Permission | None = None
    activity: bool = True
    tokens: bool = False
    page: bool = True


class NotSignedIn(NotPermitted):
    """Nobody is signed in, or not fully."""


class ScreenLocked(NotPermitted):
    """The password must be typed again."""


class PasswordChangeDue(NotPermitted):
    """A new password must be chosen first."""


def access(door: Door, *, activity: bool = True, page: bool = True) -> dict[str, Any]:
    """Give the `opt` of a route that asks for a state but no permission."""
    return {KEY: Access(door, activity=activity, page=page)}


def needs(permission: Permission, *, activity: bool = True, tokens: bool = False, page: bool = True) -> dict[str, Any]:
    """Give the `opt` of a route that asks for a permission."""
    return {KEY: Access(Door.SIGNED_IN, permission, activity=activity, tokens=tokens, page=page)}


def access_of(handler: object) -> Access:
    """Read what a route asks for; a route that does not say is closed."""
    stated = handler.opt.get(KEY) if isinstance(handler, BaseRouteHandler) else None
    return stated if isinstance(stated, Access) else Access(Door.CLOSED)


def check_access(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let the caller through or say why not. A guard for the whole app.

    Raises:
        NotSignedIn: Sign in first.
        ScreenLocked: Unlock first.
        PasswordChangeDue: Choose a new password first.
        NotPermitted: It is not for this caller.
    """
    wanted = access_of(handler)
    if wanted.door is Door.PUBLIC:
        return
    actor = connection.user
    if wanted.door is Door.CLOSED:
        raise NotPermitted("the route does not say who may use it")
    if actor.token is not None and wanted.permission is not None:
        actor.require(wanted.permission)
        return
    if actor.session is None:
        raise NotSignedIn("no session")
    _check_state(wanted.door, actor.session)
    if wanted.permission is not None:
        actor.require(wanted.permission)


def check_row_keys(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse a row key in a path that no row can have. A guard for the whole app.

    Raises:
        NotFound: There is nothing under this number.
    """
    keys = [value for value in connection.path_params.values() if isinstance(value, int)]
    if any(not 0 <= key <= LARGEST_KEY for key in keys):
        raise NotFound("no row has this key")


def _check_state(door: Door, session: Session) -> None:
    """Compare the state of a session with what the route takes."""
    if (session.stage is Stage.PASSWORD) != (door is Door.SIGNING_IN):
        raise NotSignedIn("signing in is not finished, or is over")
    if door is Door.SIGNING_IN:
        return
    if session.locked and door is not Door.AT_LOCK:
        raise ScreenLocked("the screen is locked")
    if session.account.must_change_password and door not in {Door.AT_LOCK, Door.CHANGING_PASSWORD}:
        raise PasswordChangeDue("a new password is due")
