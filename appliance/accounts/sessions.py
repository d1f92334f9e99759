"""Server-side sessions: an opaque token whose hash is all that is kept.

A session ends at once when it is revoked or its account closed, after 7 days
whatever happens, and after 8 hours without a person doing something. After
the settings' `lock_after_seconds` (five minutes) without one the screen is locked: the session lives, and shows
nothing until the password is typed again. What a page does by itself (live
list, polling) is not activity.

Guards: a clock that is set back lengthens nothing. A session whose last activity
lies ahead of the clock is locked, one that began ahead of it has ended: how long
ago either was cannot be told then.
Leaves out: a step of less than a minute, and a session that nobody asked for
until the clock had caught up with it again.

Source: OWASP ASVS 5.0 7.2, 7.3, 7.4.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from appliance.accounts import queries
from appliance.accounts.account import Account
from appliance.accounts.context import Accounts, attempt_hash, folded_user_name
from appliance.accounts.trail import record_own_event
from appliance.audit.events import EventCode
from appliance.clock import DRIFT, is_ahead
from appliance.store.transactions import WriteTransaction

IDLE_END = timedelta(hours=8)
ABSOLUTE_END = timedelta(days=7)
SIGN_IN_END = timedelta(minutes=10)
TOUCH_EVERY = timedelta(seconds=10)
TOKEN_BYTES = 32


class Stage(StrEnum):
    """How far a sign-in has come."""

    PASSWORD = "password"  # noqa: S105  # a stage, not a password
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that may be used now, if only to unlock it."""

    session_hash: bytes
    account: Account
    stage: Stage
    locked: bool


def hash_token(token: str) -> bytes:
    """Give what the catalogue keeps of a session token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def start_session(tx: WriteTransaction, account_key: int, stage: Stage, address: str, at: datetime) -> str:
    """Add a session and give its token, which is told once to one browser."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    queries.insert_session(tx, hash_token(token), account_key, stage, address, at)
    queries.delete_sessions_outside(tx, at - ABSOLUTE_END - timedelta(days=1), at + DRIFT)
    return token


def promote(tx: WriteTransaction, accounts: Accounts, session: Session, address: str) -> str:
    """Turn a half session into a full one under a new token."""
    now = accounts.clock.now()
    queries.revoke_session(tx, session.session_hash, now)
    name = folded_user_name(session.account.user_name)
    queries.delete_failures_of(tx, attempt_hash(accounts, b"name", name), address)
    queries.delete_failures_of(tx, attempt_hash(accounts, b"code", name))
    record_own_event(tx, accounts, EventCode.LOGGED_IN, session.account, address)
    return start_session(tx, session.account.account_key, Stage.FULL, address, now)


def find_session(accounts: Accounts, token: str) -> Session | None:
    """Give the session of this token as it stands now. This is not activity."""
    found = _look_up(accounts, token)
    return None if found is None else found[0]


def use_session(accounts: Accounts, token: str, address: str) -> Session | None:
    """Give the session and note that its person did something; a locked screen stays locked."""
    found = _look_up(accounts, token)
    if found is None:
        return None
    session, last_active_at = found
    now = accounts.clock.now()
    if session.locked:
        lock_screen(accounts, session, address)
    elif now - last_active_at >= TOUCH_EVERY:
        with accounts.database.write() as tx:
            queries.touch_session(tx, session.session_hash, now)
    return session


def lock_screen(accounts: Accounts, session: Session, address: str) -> None:
    """Lock the screen now; doing it twice changes nothing."""
    with accounts.database.write() as tx:
        if queries.lock_session(tx, session.session_hash, accounts.clock.now()):
            record_own_event(tx, accounts, EventCode.SCREEN_LOCKED, session.account, address)


def end_session(accounts: Accounts, session: Session, address: str) -> None:
    """Sign out."""
    with accounts.database.write() as tx:
        if queries.revoke_session(tx, session.session_hash, accounts.clock.now()):
            record_own_event(tx, accounts, EventCode.LOGGED_OUT, session.account, address)


def _look_up(accounts: Accounts, token: str) -> tuple[Session, datetime] | None:
    """Find a living session and when its person last did something."""
    now = accounts.clock.now()
    session_hash = hash_token(token)
    with accounts.database.read() as tx:
        found = queries.session_row(tx, session_hash)
    if found is None or _ended(*found, now):
        return None
    account, row = found
    idle = (now - row.last_active_at).total_seconds() >= accounts.lock_after_seconds
    locked = row.locked_at is not None or idle or is_ahead(row.last_active_at, now)
    return Session(session_hash, account, Stage(row.stage), locked=locked), row.last_active_at


def _ended(account: Account, row: queries.SessionRow, now: datetime) -> bool:
    if row.revoked_at is not None or account.disabled_at is not None:
        return True
    if is_ahead(row.created_at, now):
        return True
    longest = SIGN_IN_END if row.stage == Stage.PASSWORD else ABSOLUTE_END
    return now - row.created_at >= longest or now - row.last_active_at >= IDLE_END
