"""Server-side sessions: an opaque token whose hash is all that is kept.

The first token's hash is the session's name, and stays it when the token is replaced (`renew`).

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

Whoever's password was right has a half session, which may do nothing but take the second step, for ten minutes. It is
deleted at the next sign-in after that, and so is one of the same account, address and browser when another begins:
trying a password again and again leaves one row. That half of a sign-in is recorded, and counts as a wrong attempt
until the second step is taken.

What an emergency lends is added here, to the one session that it is lent to, at each look-up and for as long as it
lives; a session of an opened envelope ends with it.

Source: OWASP ASVS 5.0 7.2, 7.3, 7.4.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from appliance.accounts import queries
from appliance.accounts.account import Account
from appliance.accounts.browsers import UNKNOWN, Browser
from appliance.accounts.context import Accounts
from appliance.accounts.devices import hash_device
from appliance.accounts.emergency_endings import settle
from appliance.accounts.errors import SignInRefused
from appliance.accounts.lent import Lent
from appliance.accounts.queries_devices import note_device
from appliance.accounts.queries_emergencies import note_use
from appliance.accounts.queries_failures import delete_failure
from appliance.accounts.roles import IMAGE_RIGHT, Role
from appliance.accounts.trail import record_own_event
from appliance.audit.events import EventCode
from appliance.clock import DRIFT, is_ahead
from appliance.store.transactions import ReadTransaction, WriteTransaction

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
    """A session that may be used now, if only to unlock it.

    `emergency` is what lends it the image right, for `minutes_left` still.
    """

    session_hash: bytes
    account: Account
    stage: Stage
    locked: bool
    emergency: Lent | None = None
    minutes_left: int = 0


def hash_token(token: str) -> bytes:
    """Give what the catalogue keeps of a session token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def start_session(
    tx: WriteTransaction, account_key: int, stage: Stage, address: str, at: datetime, device: str = ""
) -> str:
    """Add a session and give its token, which is told once to one browser."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    queries.insert_session(
        tx,
        at,
        session_hash=hash_token(token),
        account_key=account_key,
        stage=stage,
        address=address,
        device_hash=hash_device(device),
    )
    for each, longest in ((Stage.PASSWORD, SIGN_IN_END), (Stage.FULL, ABSOLUTE_END + timedelta(days=1))):
        queries.delete_sessions_outside(tx, each, at - longest, at + DRIFT)
    return token


def start_half_session(
    tx: WriteTransaction, account_key: int, address: str, at: datetime, attempt: int, known_device: str = ""
) -> str:
    """Start the session of somebody whose password was right, and who may only finish signing in; give its token.

    Of an account there is one such session for an address and browser: one before it ends.

    Args:
        tx: The transaction.
        account_key: Whose password it was.
        address: Where from.
        at: Now.
        attempt: What counts as a wrong attempt until the second step is taken.
        known_device: The token of a browser in which this person came in whole; any other says nothing.
    """
    queries.delete_half_sessions(tx, account_key, address, hash_device(known_device))
    token = start_session(tx, account_key, Stage.PASSWORD, address, at, known_device)
    queries.set_attempt(tx, hash_token(token), attempt)
    return token


def check_living(tx: ReadTransaction, session: Session) -> None:
    """Make sure that nobody ended a session since it was looked up: what its person showed then may count no more.

    Raises:
        SignInRefused: Somebody did, or closed its account.
    """
    found = queries.session_row(tx, session.session_hash)
    if found is None or found[1].revoked_at is not None or found[0].disabled_at is not None:
        raise SignInRefused("the session was ended meanwhile")


def promote(tx: WriteTransaction, accounts: Accounts, session: Session, address: str, device: str = "") -> str:
    """Turn a half session into a full one under a new token; `device` is the token that the browser holds from now.

    Raises:
        SignInRefused: The half one was ended meanwhile.
    """
    check_living(tx, session)
    attempt = queries.attempt_of(tx, session.session_hash)
    if attempt is not None:
        delete_failure(tx, attempt)
    queries.revoke_session(tx, session.session_hash, accounts.clock.now())
    return let_in(tx, accounts, session.account, address, device)


def let_in(tx: WriteTransaction, accounts: Accounts, account: Account, address: str, device: str = "") -> str:
    """Start a full session of somebody who has shown all that is asked; give its token. The browser is known then."""
    now = accounts.clock.now()
    queries.note_sign_in(tx, account.account_key, now)
    if device:
        note_device(tx, hash_device(device), account.account_key, now)
    record_own_event(tx, accounts, EventCode.LOGGED_IN, account, address)
    return start_session(tx, account.account_key, Stage.FULL, address, now, device)


def find_session(accounts: Accounts, token: str) -> Session | None:
    """Give the session of this token as it stands now. This is not activity."""
    with accounts.database.read() as tx:
        found = _living(accounts, queries.session_of_token(tx, hash_token(token)))
    return None if found is None else found[0]


def find_again(accounts: Accounts, session_hash: bytes) -> Session | None:
    """Give a session as it stands now, whatever token its browser shows by now. This is not activity."""
    with accounts.database.read() as tx:
        found = _living(accounts, queries.session_row(tx, session_hash))
    return None if found is None else found[0]


def renew(accounts: Accounts, session: Session) -> str:
    """Give a session another token, once its person has proved again who they are, as before it may do more.

    All else that hangs on the session stays: its age, what an emergency lends it, its open pages and their forms.
    Whoever has a copy of the token of before is nobody from now.

    Source: OWASP ASVS 5.0 7.2.4.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with accounts.database.write() as tx:
        queries.renew_session(tx, session.session_hash, hash_token(token))
    return token


def ended_by_time(accounts: Accounts, token: str) -> Account | None:
    """Give whose full session this was if time alone has ended it: eight hours without anybody, or seven days."""
    with accounts.database.read() as tx:
        found = queries.session_of_token(tx, hash_token(token))
    if found is None or found[1].stage != Stage.FULL or found[1].revoked_at is not None:
        return None
    account, now = found[0], accounts.clock.now()
    out = account.disabled_at is not None or account.role is Role.EMERGENCY
    return account if not out and is_over(*found, now) else None


def use_session(accounts: Accounts, token: str, address: str, browser: Browser = UNKNOWN) -> Session | None:
    """Give the session and note that its person did something, and with which browser; a locked screen stays locked.

    The first browser is noted at once, and another one when it is time to note activity again: two browsers with one
    token cause no write at each request.
    """
    with accounts.database.read() as tx:
        kept = queries.session_of_token(tx, hash_token(token))
    found = _living(accounts, kept)
    if kept is None or found is None:
        return None
    session, last_active_at = found
    is_another, is_first = browser not in (UNKNOWN, kept[1].browser), kept[1].browser == UNKNOWN
    now = accounts.clock.now()
    if session.locked:
        lock_screen(accounts, session, address)
    elif (is_another and is_first) or now - last_active_at >= TOUCH_EVERY:
        with accounts.database.write() as tx:
            queries.touch_session(tx, session.session_hash, now)
            if is_another:
                queries.note_browser(tx, session.session_hash, browser)
            if session.emergency is not None:
                note_use(tx, session.emergency.emergency_key, now)
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
            settle(tx, accounts.audit, accounts.clock.now())


def _living(accounts: Accounts, found: tuple[Account, queries.SessionRow] | None) -> tuple[Session, datetime] | None:
    """Give what was found as a session, if it is a living one, and when its person last did something."""
    now = accounts.clock.now()
    if found is None or is_over(*found, now):
        return None
    row = found[1]
    lent = row.lent if row.lent is not None and row.lent.is_living(now) else None
    account = _with_lent(_with_expiry(accounts, found[0], now), lent)
    idle = (now - row.last_active_at).total_seconds() >= accounts.lock_after_seconds
    locked = row.locked_at is not None or idle or is_ahead(row.last_active_at, now)
    left = 0 if lent is None else lent.minutes_left(now)
    return Session(row.session_hash, account, Stage(row.stage), locked, lent, left), row.last_active_at


def _with_lent(account: Account, lent: Lent | None) -> Account:
    """Add what an emergency lends."""
    return account if lent is None else replace(account, lent=IMAGE_RIGHT)


def _with_expiry(accounts: Accounts, account: Account, now: datetime) -> Account:
    """Say whether a new password is due by the clinic's own rule."""
    days = accounts.passwords.days
    if not days or now - (account.password_set_at or account.created_at) < timedelta(days=days):
        return account
    return replace(account, must_change_password=True, password_expired=True)


def is_over(account: Account, row: queries.SessionRow, now: datetime) -> bool:
    """Say whether a session may be used no more."""
    if row.revoked_at is not None or account.disabled_at is not None:
        return True
    if is_ahead(row.created_at, now):
        return True
    if account.role is Role.EMERGENCY and (row.lent is None or not row.lent.is_living(now)):
        return True
    longest = SIGN_IN_END if row.stage == Stage.PASSWORD else ABSOLUTE_END
    return now - row.created_at >= longest or now - row.last_active_at >= IDLE_END
