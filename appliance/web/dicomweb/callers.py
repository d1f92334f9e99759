"""Who calls DICOMweb: a machine with a bearer token, or a person with a session.

A look-up is used again for at most a second, and only while nothing at all has
been committed to the catalogue, so that revoking ends access at once, also to
an answer that is being sent. Noting that a person is active is done once in ten
seconds, which is all a session needs; only asking for something is activity.

Source: RFC 6750 (bearer tokens).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from appliance.accounts import trail
from appliance.accounts.context import Accounts
from appliance.accounts.refusals import Thing
from appliance.accounts.roles import Permission
from appliance.accounts.sessions import Session, Stage, find_again, find_session, use_session
from appliance.accounts.tokens import find_token, note_use
from appliance.archive.scope import Scope
from appliance.audit.events import Actor
from appliance.errors import NotPermitted
from appliance.web.dicomweb.faults import NotSignedIn
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.http.pace import Gate, session_name
from appliance.web.http.refusals import note_refused, note_wrong_token
from appliance.web.http.turned_away import counted

Headers = Iterable[tuple[bytes, bytes]]
TOUCH_SECONDS = 10.0
REMEMBERED = 1024
KNOWN_SECONDS = 1.0
BACKGROUND = b"x-enamel-background"
_COOKIE = SESSION_COOKIE.encode() + b"="


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request brings to be known by; `session` names whose cookie it was found to be, and counts then."""

    bearer: str = ""
    cookie: str = ""
    background: bool = False
    session: bytes = b""


def credential_of(headers: Headers) -> Credential:
    """Read the credential of a request; a bearer token goes before a cookie."""
    cookie, background = "", False
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return Credential(bearer=value[7:].strip().decode("latin-1"))
        if name == b"cookie":
            cookie = _session_cookie(value) or cookie
        background = background or name == BACKGROUND
    return Credential(cookie=cookie, background=background)


@dataclass(frozen=True, slots=True)
class _Known:
    """A caller that was just looked up, and until when it is not again."""

    scope: Scope
    session: bytes
    until: float


class Callers:
    """Turns a credential into a scope. For the event loop's thread only: the catalogue's version is told by thread."""

    def __init__(self, accounts: Accounts, gate: Gate | None = None) -> None:
        self._accounts, self._gate = accounts, gate or Gate()
        self._touched: dict[bytes, float] = {}
        self._known: dict[tuple[Credential, str], _Known] = {}
        self._version = -1

    def admit(self, credential: Credential, address: str) -> tuple[Scope, Callable[[], object] | None]:
        """Give the same as `scope` for a new request, which is counted.

        Raises:
            NotSignedIn: Nobody, or somebody who has to do something first.
            TooManyRequests: The caller sends more than it may.
        """
        now = self._accounts.clock.monotonic()
        try:
            scope, due = self.scope(credential, address)
        except NotSignedIn:
            with counted(self._accounts, trail.nobody(address)):
                self._gate.admit_stranger(address, now)
            raise
        with counted(self._accounts, scope.actor):
            if credential.bearer:
                self._gate.admit_machine(scope.caller, now)
            else:
                self._gate.admit_person(scope.caller, scope.actor.key or 0, now)
        return scope, due

    def scope(self, credential: Credential, address: str) -> tuple[Scope, Callable[[], object] | None]:
        """Give the caller's scope, and what is due to be done off the event loop, if anything.

        Raises:
            NotSignedIn: Nobody, or somebody who has to do something first.
        """
        now = self._accounts.clock.monotonic()
        version = self._accounts.database.version()
        if version != self._version or len(self._known) >= REMEMBERED:
            self._known.clear()
            self._version = version
        found = self._known.get((credential, address))
        if found is not None and found.until > now:
            return found.scope, None
        session = None if credential.bearer else self._session(credential)
        scope, due = self._look_up(credential, session, address)
        name = b"" if session is None else session.session_hash
        self._known[credential, address] = _Known(scope, name, now + KNOWN_SECONDS)
        return scope, due

    def lasting(self, credential: Credential, address: str) -> Credential:
        """Give what a caller whose scope was just given is known by while its answer lasts.

        A session's token may be replaced meanwhile; its name stays.
        """
        found = self._known.get((credential, address))
        return credential if found is None or not found.session else replace(credential, session=found.session)

    def check(self, scope: Scope, credential: Credential, address: str) -> None:
        """Make sure that a caller may still do what it might when its answer began. This is not activity.

        Raises:
            NotSignedIn: Its token was revoked, its session ended or its screen locked.
            NotPermitted: Its rights have changed.
        """
        now, _ = self.scope(replace(credential, background=True), address)
        if now != scope:
            raise NotPermitted("the caller's rights have changed")

    def refused(self, credential: Credential, address: str) -> Callable[[Thing | None], None]:
        """Give what records that this caller was refused what it asked for, to be done off the event loop."""
        try:
            actor = self.scope(replace(credential, background=True), address)[0].actor
        except NotSignedIn:  # its access has just ended
            actor = trail.nobody(address)
        return partial(note_refused, self._accounts, actor)

    def wrong_token(self, credential: Credential, address: str) -> None:
        """Record that a token is not good, or not any more; to be done off the event loop."""
        note_wrong_token(self._accounts, credential.bearer, address)

    def _session(self, credential: Credential) -> Session | None:
        if credential.session:
            return find_again(self._accounts, credential.session)
        return find_session(self._accounts, credential.cookie) if credential.cookie else None

    def _look_up(
        self, credential: Credential, session: Session | None, address: str
    ) -> tuple[Scope, Callable[[], object] | None]:
        if credential.bearer:
            return self._machine(credential, address)
        if session is None or session.stage is not Stage.FULL:
            raise NotSignedIn("no session")
        if session.locked or session.account.must_change_password:
            raise NotSignedIn("the screen is locked, or a new password is due")
        return _person(session, address), self._touch(credential, session, address)

    def _machine(self, credential: Credential, address: str) -> tuple[Scope, Callable[[], object] | None]:
        token = find_token(self._accounts, credential.bearer)
        if token is None:
            raise NotSignedIn("no such token")
        actor = trail.machine(token.token_key, address)
        scope = _scope(actor, f"token {token.token_key}", token.permissions, token.laboratory_key)
        if credential.background or not token.use_is_due or not self._may_touch(scope.caller.encode()):
            return scope, None
        return scope, lambda: note_use(self._accounts, token.token_key)

    def _touch(self, credential: Credential, session: Session, address: str) -> Callable[[], object] | None:
        if credential.background or not self._may_touch(session.session_hash):
            return None
        return lambda: use_session(self._accounts, credential.cookie, address)

    def _may_touch(self, caller: bytes) -> bool:
        """Say whether this caller's use was not handed out to be noted just now; then it is now."""
        now = self._accounts.clock.monotonic()
        if now - self._touched.get(caller, -TOUCH_SECONDS) < TOUCH_SECONDS:
            return False
        if len(self._touched) >= REMEMBERED:
            self._touched.clear()
        self._touched[caller] = now
        return True


def _person(session: Session, address: str) -> Scope:
    account = session.account
    return _scope(trail.person(account, address), session_name(session), account.permissions, account.account_key)


def _scope(actor: Actor, caller: str, permissions: frozenset[Permission], account_key: int | None) -> Scope:
    return Scope(
        actor,
        caller,
        may_list=Permission.LIST_STUDIES in permissions,
        may_read=Permission.READ_STUDY in permissions,
        may_view=Permission.VIEW_IMAGES in permissions,
        may_store=Permission.STORE_IMAGES in permissions,
        laboratory=account_key if Permission.READ_GIVEN in permissions else None,
    )


def _session_cookie(header: bytes) -> str:
    for part in header.split(b";"):
        bare = part.strip()
        if bare.startswith(_COOKIE):
            return bare[len(_COOKIE) :].decode("latin-1")
    return ""
