"""Who is asking: a person with a session, or a machine with a token.

The middleware looks the caller up once a request, off the event loop. It
refuses nothing; `access` does, for every route that does not say it is public.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from anyio import to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult

from appliance.accounts import trail
from appliance.accounts.browsers import browser_of
from appliance.accounts.context import Accounts
from appliance.accounts.roles import Permission
from appliance.accounts.sessions import Session, find_session, use_session
from appliance.accounts.tokens import MachineToken, find_token
from appliance.audit import events as audit
from appliance.errors import NotPermitted
from appliance.web.http.access import Door, access_of
from appliance.web.http.behind import Behind, behind_of
from appliance.web.http.cookies import FORM_COOKIE, SESSION_COOKIE
from appliance.web.http.pace import Gate, session_name
from appliance.web.http.turned_away import counted
from appliance.web.languages import speak

Connection = ASGIConnection[BaseRouteHandler, "Actor", str, State]


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of one request, with all that it may do.

    `session` is None for a machine and for somebody who has not signed in.
    """

    address: str
    permissions: frozenset[Permission] = frozenset()
    session: Session | None = None
    token: MachineToken | None = None

    def require(self, permission: Permission) -> None:
        """Refuse what the caller may not do.

        Raises:
            NotPermitted: The permission is not the caller's.
        """
        if permission not in self.permissions:
            raise NotPermitted(f"the caller may not {permission}")

    @property
    def audited(self) -> audit.Actor:
        """The caller as the audit trail names it."""
        if self.session is not None:
            return trail.person(self.session.account, self.address)
        if self.token is not None:
            return trail.machine(self.token.token_key, self.address)
        return trail.nobody(self.address)


class Identify(AbstractAuthenticationMiddleware):
    """Finds the caller by session cookie, or by token where a route takes tokens."""

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Give the actor and the secret that its forms are bound to.

        Raises:
            TooManyRequests: The caller sends more than it may.
        """
        behind: Behind = behind_of(connection.scope)
        actor = await to_thread.run_sync(identify, behind.accounts, connection)
        if actor.session is None or access_of(connection.scope.get("route_handler")).door is not Door.AT_LOCK:
            _admit(behind, actor)  # locking and signing out always pass
        if actor.session is not None:
            speak(actor.session.account.language)
        secret = form_secret(actor.session) if actor.session else connection.cookies.get(FORM_COOKIE, "")
        return AuthenticationResult(user=actor, auth=secret)


def identify(accounts: Accounts, connection: Connection) -> Actor:
    """Look the caller up; a request that a page makes by itself is not activity."""
    address = connection.client.host if connection.client else ""
    access = access_of(connection.scope.get("route_handler"))
    bearer = connection.headers.get("authorization", "")
    if access.tokens and bearer[:7].casefold() == "bearer ":
        token = find_token(accounts, bearer[7:].strip())
        return Actor(address, token.permissions if token else frozenset(), token=token)
    cookie = connection.cookies.get(SESSION_COOKIE)
    if not cookie:
        return Actor(address)
    if access.activity and "x-enamel-background" not in connection.headers:
        browser = browser_of(connection.headers.get("user-agent", ""))
        session = use_session(accounts, cookie, address, browser)
    else:
        session = find_session(accounts, cookie)
    return Actor(address, session.account.permissions if session else frozenset(), session=session)


def _admit(behind: Behind, actor: Actor) -> None:
    accounts = behind.accounts
    with counted(accounts, actor.audited):
        admit(behind.gate, actor, accounts.clock.monotonic())


def admit(gate: Gate, actor: Actor, now: float) -> None:
    """Count a request as whose it is.

    Raises:
        TooManyRequests: Not now.
    """
    if actor.session is not None:
        gate.admit_person(session_name(actor.session), actor.session.account.account_key, now)
    elif actor.token is not None:
        gate.admit_machine(f"token {actor.token.token_key}", now)
    else:
        gate.admit_stranger(actor.address, now)


def form_secret(session: Session) -> str:
    """Give what the forms of a session are bound to: its name, so that open pages outlive a new token."""
    return session.session_hash.hex()


def form_token(secret: str) -> str:
    """Give the CSRF token of forms bound to this session, or to the cookie of somebody who has none."""
    return urlsafe_b64encode(hmac.new(secret.encode(), b"enamel form", hashlib.sha256).digest()).decode().rstrip("=")
