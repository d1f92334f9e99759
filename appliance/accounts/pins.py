"""A short PIN for changing places at a shared workstation, so that nobody shares a sign-in.

It is chosen for one browser and works there alone: the browser's own token is
the first proof and the PIN the second. Guards: it works for half a day after
the person last came in whole there; a PIN of one browser opens no other; five
wrong ones in a row, counted before they are looked at, and it is forgotten; they
count among the guesses at their account too (`throttle`), and at no colleague's;
it is never asked for what needs a fresh second factor. Hashing happens outside
any write transaction, so the PIN that was compared is looked at again inside.

Source: NIST SP 800-63B-4 3.2.10 (activation secrets: at least four digits, at most ten wrong ones).
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import NoReturn

from appliance.accounts import login, queries, queries_devices, throttle
from appliance.accounts.account import Account
from appliance.accounts.context import Accounts
from appliance.accounts.devices import hash_device
from appliance.accounts.errors import SignInRefused
from appliance.accounts.sessions import Session, Stage, start_session
from appliance.accounts.trail import nobody, record_account_event, record_failure, record_own_event
from appliance.audit.events import EventCode
from appliance.clock import is_ahead
from appliance.errors import Unsuitable
from appliance.keys.passphrases import hash_password, password_matches
from appliance.store.transactions import ReadTransaction

VALID_FOR = timedelta(hours=12)
SHORTEST, LONGEST = 4, 12
MOST_WRONG = 5


@dataclass(frozen=True, slots=True)
class Familiar:
    """Somebody who can come back to this browser by a PIN now."""

    account_key: int
    display_name: str


def familiar_people(accounts: Accounts, device: str) -> list[Familiar]:
    """Give those who can come in by a PIN in the browser with this token now, by name."""
    with accounts.database.read() as tx:
        found = _with_pin(tx, accounts, device)
    return [Familiar(each.account_key, each.display_name) for each in found]


def has_pin(accounts: Accounts, account: Account, device: str) -> bool:
    """Say whether a person has a PIN in this browser."""
    with accounts.database.read() as tx:
        people = queries_devices.people_of(tx, hash_device(device))
    return any(each.account_key == account.account_key and each.pin_hash for each in people)


def set_pin(accounts: Accounts, session: Session, device: str, given: tuple[str, str], address: str) -> None:
    """Choose a PIN for this browser, or another one.

    Args:
        accounts: The room.
        session: Of the person.
        device: The token by which this browser is known.
        given: The person's password, and the PIN.
        address: Where from.

    Raises:
        Unsuitable: It is no PIN, one that is tried first, or the person never came in whole here.
        SignInRefused: The password is wrong.
        TooManyAttempts: Too soon after failures.
    """
    password, pin = given
    _check(pin)
    login.confirm_password(accounts, session, password, address)
    pin_hash = hash_password(pin, accounts.password_cost)
    with accounts.database.write() as tx:
        if not queries_devices.set_pin(tx, hash_device(device), session.account.account_key, pin_hash):
            raise Unsuitable("this person never came in whole in this browser")
        record_own_event(tx, accounts, EventCode.PIN_SET, session.account, address)


def drop_pin(accounts: Accounts, session: Session, device: str, address: str) -> None:
    """Let the PIN of this browser open nothing any more."""
    with accounts.database.write() as tx:
        if queries_devices.set_pin(tx, hash_device(device), session.account.account_key, None):
            record_own_event(tx, accounts, EventCode.PIN_DROPPED, session.account, address)


def switch_to(
    accounts: Accounts, session: Session | None, account_key: int, given: tuple[str, str], address: str
) -> str:
    """Let somebody in by their PIN, in a session of their own; the one that was there ends.

    Args:
        accounts: The room.
        session: The session of whoever was at this browser before, if any.
        account_key: Who comes.
        given: The token by which this browser is known, and the PIN.
        address: Where from.

    Returns:
        The token of a full session.

    Raises:
        SignInRefused: Whatever it is that is wrong.
        TooManyAttempts: Too soon after failures.
    """
    device, pin = given
    attempt = throttle.begin_attempt(accounts, _attempt(accounts, device, account_key, address))
    account, pin_hash = _right(accounts, device, account_key, pin, address)
    with accounts.database.write() as tx:
        _check_same(tx, accounts, device, (account_key, pin_hash))
        throttle.take_back(tx, attempt)
        queries_devices.clear_pin_failures(tx, hash_device(device), account_key)
        now = accounts.clock.now()
        if session is not None and queries.revoke_session(tx, session.session_hash, now):
            record_own_event(tx, accounts, EventCode.LOGGED_OUT, session.account, address)
        queries.note_sign_in(tx, account_key, now)
        record_own_event(tx, accounts, EventCode.LOGGED_IN, account, address)
        return start_session(tx, account_key, Stage.FULL, address, now, device)


def _attempt(accounts: Accounts, device: str, account_key: int, address: str) -> throttle.Attempt:
    """Say what is guessed at: a PIN is one of the account's secrets, and where there is none nothing is."""
    with accounts.database.read() as tx:
        kept = _find(tx, accounts, device, account_key)
        found = None if kept is None else queries.credentials_by_key(tx, account_key)
    if found is None:
        return throttle.at_no_pin(accounts, address)
    return throttle.at_pin(accounts, found.account, address, device)


def _right(accounts: Accounts, device: str, account_key: int, pin: str, address: str) -> tuple[Account, str]:
    """Compare a PIN that is counted as wrong until it is known better; a hash's time goes by for nobody's PIN too.

    Returns:
        Whose it is, and the hash that it was compared with.
    """
    with accounts.database.write() as tx:
        kept = _find(tx, accounts, device, account_key)
        wrong = queries_devices.count_pin_failure(tx, hash_device(device), account_key) if kept else 0
        found = queries.credentials_by_key(tx, account_key) if kept else None
    if kept is None or kept.pin_hash is None or found is None:
        hash_password(pin, accounts.password_cost)
        _refuse(accounts, None, address)
    if password_matches(kept.pin_hash, pin) and wrong <= MOST_WRONG:
        return found.account, kept.pin_hash
    if wrong >= MOST_WRONG:
        with accounts.database.write() as tx:
            if queries_devices.set_pin(tx, hash_device(device), account_key, None):
                record_account_event(tx, accounts, EventCode.PIN_DROPPED, nobody(address), account_key)
    return _refuse(accounts, found.account, address)


def _check_same(tx: ReadTransaction, accounts: Accounts, device: str, compared: tuple[int, str]) -> None:
    """Make sure that the PIN that was compared is that person's still: none was dropped or replaced meanwhile."""
    account_key, pin_hash = compared
    kept = _find(tx, accounts, device, account_key)
    if kept is None or kept.pin_hash != pin_hash:
        raise SignInRefused("the PIN was dropped or replaced meanwhile")


def _find(
    tx: ReadTransaction, accounts: Accounts, device: str, account_key: int
) -> queries_devices.DevicePerson | None:
    """Find somebody whose PIN works in the browser with this token now."""
    return next((each for each in _with_pin(tx, accounts, device) if each.account_key == account_key), None)


def _with_pin(tx: ReadTransaction, accounts: Accounts, device: str) -> list[queries_devices.DevicePerson]:
    now = accounts.clock.now()
    lately = [
        each
        for each in queries_devices.people_of(tx, hash_device(device))
        if now - each.last_at < VALID_FOR and not is_ahead(each.last_at, now)
    ]
    return [each for each in lately if each.pin_hash]


def _check(pin: str) -> None:
    """Refuse what is no PIN, and what is tried first: one digit alone, or digits in order."""
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        raise Unsuitable("a PIN has four to twelve digits")
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise Unsuitable("a PIN of one digit or of digits in order is tried first")


def _refuse(accounts: Accounts, account: Account | None, address: str) -> NoReturn:
    with accounts.database.write() as tx:
        record_failure(tx, accounts, EventCode.LOGIN_FAILED, account, address)
    raise SignInRefused("sign-in refused")
