"""Bounds guessing, the same for names that exist and names that do not.

Guards: of an account at most `MOST_JUDGED` wrong guesses are judged in any hour,
at its password, its second factor and its PINs together, from all addresses and
devices. Strangers have at most `MOST_OF_STRANGERS` of them, so that what is left
is for the places where the right person is known: a browser in which they came
in whole (`devices`), a living session, a decision that asks for a code. There a
stranger's guesses never count. The last `KEPT_FOR_PASSWORDS` are neither for
strangers nor for PINs: whoever wears a PIN out, their own or a colleague's,
leaves the password. Guesses at one place are slowed from the sixth on; strangers
are slowed by their address and all together too. Nobody's guesses at one account
count at another in a browser that is known there, wherever both sit.
An attempt is counted as failed before anything is hashed and taken back when
it was right, so attempts sent at once do not slip past the count: a right password
once the second step is taken as well. The first code that is tried takes its
place in the count, so the password costs its owner no code. What nobody
can guess (a passkey, an invitation's code, a sealed one) is looked at first,
and only a wrong one is counted: so no stranger keeps a right one waiting.

An attempt that is not heard is not written down one by one: `Knocks` adds them
up, and whoever calls `record_unheard` now and then records the sum.

A clock that is set back makes nobody wait longer: failures that lie ahead of it
count from now on.

Leaves out: whoever guesses passwords at a colleague's own browser or screen uses
up what strangers leave of the hour, and a person in a new browser waits while
strangers guess at their name: a passkey, which cannot be guessed, still lets both in.

Source: OWASP ASVS 5.0 6.3.1; NIST SP 800-63B-4 3.2.2.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.accounts import queries_failures as queries
from appliance.accounts.account import Account
from appliance.accounts.context import Accounts, attempt_hash, folded_user_name
from appliance.accounts.devices import hash_device
from appliance.accounts.errors import TooManyAttempts
from appliance.accounts.knocks import taken
from appliance.accounts.neighbours import neighbour
from appliance.accounts.queries import attempt_of, set_attempt
from appliance.accounts.queries_devices import came_in_from
from appliance.accounts.queries_failures import Lane
from appliance.accounts.sessions import Session
from appliance.accounts.trail import record_set_back, record_throttled
from appliance.clock import DRIFT, is_ahead
from appliance.store.transactions import ReadTransaction, WriteTransaction

WINDOW = timedelta(hours=1)
MOST_JUDGED = 10
MOST_OF_STRANGERS = 6
KEPT_FOR_PASSWORDS = 2  # of the most, at known places
FREE_AT_PLACE = 5
FREE_FOR_ADDRESS = 20
FREE_FOR_ALL = 100  # of strangers at any name from any address
LONGEST_SECONDS = 300
LONGEST_FOR_ALL_SECONDS = 30
NO_ADDRESS = "-"  # of attempts that count for no address
STRANGER = b""
DECIDING = b"enamel deciding"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is counted: a hash of what was tried, and where from.

    `user_name` is whom `device_hash` has to be known for; `place_hash` is a place that is known whatever that says.
    `is_pin` says that the password would do as well; `half_session` is the one whose password this attempt follows.
    """

    tried_hash: bytes
    address: str
    user_name: str = NO_ADDRESS
    device_hash: bytes = b""
    place_hash: bytes = STRANGER
    is_pin: bool = False
    half_session: bytes = b""

    @property
    def counted_address(self) -> str:
        """What its address counts under."""
        return neighbour(self.address)


def at_name(accounts: Accounts, user_name: str, address: str, device: str = "") -> Attempt:
    """An attempt at somebody's password in a browser with this token."""
    tried, name = _account(accounts, user_name)
    return Attempt(tried, address, name or NO_ADDRESS, hash_device(device))


def at_session(accounts: Accounts, session: Session, address: str) -> Attempt:
    """An attempt of somebody who is in, at that session's own password."""
    tried, name = _account(accounts, session.account.user_name)
    return Attempt(tried, address, name, place_hash=session.session_hash)


def at_code(accounts: Accounts, account: Account, address: str, device: str = "", half_session: bytes = b"") -> Attempt:
    """An attempt at the second factor of somebody whose password was right in that half session."""
    tried, name = _account(accounts, account.user_name)
    return Attempt(tried, address, name, hash_device(device), half_session=half_session)


def at_decision(accounts: Accounts, account: Account, address: str) -> Attempt:
    """An attempt of somebody who is in, at the code that one decision asks for."""
    tried, name = _account(accounts, account.user_name)
    return Attempt(tried, address, name, place_hash=DECIDING)


def at_pin(accounts: Accounts, account: Account, address: str, device: str) -> Attempt:
    """An attempt at the PIN that somebody has in the browser with this token, where they came in whole."""
    tried, name = _account(accounts, account.user_name)
    return Attempt(tried, address, name, place_hash=hash_device(device), is_pin=True)


def at_no_pin(accounts: Accounts, address: str) -> Attempt:
    """A PIN typed where there is none: no guess at anybody, but each costs an event."""
    return Attempt(attempt_hash(accounts, b"pin", neighbour(address)), address)


def at_passkey(accounts: Accounts, address: str) -> Attempt:
    """A wrong answer of a passkey: no guess, but each costs an event."""
    return Attempt(attempt_hash(accounts, b"passkey", neighbour(address)), address)


def at_invitation(accounts: Accounts, address: str) -> Attempt:
    """A stranger's wrong code of an invitation."""
    return Attempt(attempt_hash(accounts, b"invitation", neighbour(address)), address)


def at_envelope(accounts: Accounts, address: str) -> Attempt:
    """A stranger's wrong sealed emergency code."""
    return Attempt(attempt_hash(accounts, b"envelope", neighbour(address)), address)


def begin_attempt(accounts: Accounts, attempt: Attempt) -> int:
    """Count an attempt.

    Returns:
        The key to give to `take_back` when the attempt was right.

    Raises:
        TooManyAttempts: It comes too soon after earlier failures; it was not written down.
    """
    now = accounts.clock.now()
    with accounts.database.read() as tx:
        wait = _wait_seconds(tx, attempt, _place(tx, attempt), now)
        latest = queries.latest_failure(tx, attempt.tried_hash, attempt.counted_address) if wait > 0 else None
    if latest is not None and is_ahead(latest, now):
        _count_from_now(accounts, latest, now)
    if wait <= 0:
        with accounts.database.write() as tx:
            place = _place(tx, attempt)
            wait = _wait_seconds(tx, attempt, place, now)
            if wait <= 0:
                return _count(tx, attempt, place, now)
    if accounts.knocks.refused(attempt.address, accounts.clock.monotonic()):
        record_unheard(accounts, accounts.clock.monotonic())
    raise TooManyAttempts(wait)


def take_back(tx: WriteTransaction, attempt: int) -> None:
    """Count an attempt no longer, for it was right."""
    queries.delete_failure(tx, attempt)


def record_unheard(accounts: Accounts, now: float) -> None:
    """Record attempts that were not heard, an event for each address with how many; with none, nothing is written.

    Args:
        accounts: The room.
        now: Addresses that were recorded within an interval of it wait; none when it is infinite.

    Raises:
        ApplianceError: It could not be written, and is still due.
    """
    with taken((accounts.knocks,), now) as due:
        if not due:
            return
        with accounts.database.write() as tx:
            for address, number in due:
                record_throttled(tx, accounts, address, number)


def delay_seconds(failures: int, free: int, longest: int = LONGEST_SECONDS) -> int:
    """Say how long after the last failure the next attempt is heard: 0, then 2, 4, 8 … `longest`."""
    return 0 if failures < free else min(longest, 2 ** min(failures - free + 1, 30))


def _account(accounts: Accounts, user_name: str) -> tuple[bytes, str]:
    """Give what every guess at an account counts under, and the name."""
    name = folded_user_name(user_name)
    return attempt_hash(accounts, b"name", name), name


def _place(tx: ReadTransaction, attempt: Attempt) -> bytes:
    """Say where this attempt counts; a browser is asked for always, for it takes its time too."""
    known = came_in_from(tx, attempt.user_name, attempt.device_hash)
    return attempt.place_hash or (attempt.device_hash if known else STRANGER)


def _count(tx: WriteTransaction, attempt: Attempt, place: bytes, now: datetime) -> int:
    queries.delete_failures_before(tx, now - WINDOW)
    if (password := _password_before(tx, attempt)) is not None:
        queries.delete_failure(tx, password)
        set_attempt(tx, attempt.half_session, None)
    address = NO_ADDRESS if place else attempt.counted_address
    return queries.insert_failure(tx, attempt.tried_hash, place, address, now)


def _password_before(tx: ReadTransaction, attempt: Attempt) -> int | None:
    """Give the attempt at the password that this one follows, where that counts still."""
    return attempt_of(tx, attempt.half_session) if attempt.half_session else None


def _count_from_now(accounts: Accounts, latest: datetime, now: datetime) -> None:
    with accounts.database.write() as tx:
        if queries.bring_back_failures(tx, now + DRIFT, now):
            record_set_back(tx, accounts, latest - now)


def _wait_seconds(tx: ReadTransaction, attempt: Attempt, place: bytes, now: datetime) -> float:
    """Give the longest of the waits that this attempt meets; a place that is known meets two of them."""
    tried, but = attempt.tried_hash, _password_before(tx, attempt)
    kept = 0 if place and not attempt.is_pin else KEPT_FOR_PASSWORDS
    waits = [
        _until_fewer(tx, Lane(tried, but=but), MOST_JUDGED - kept, now),
        _paced(tx, Lane(tried, place, None if place else attempt.counted_address, but), now, FREE_AT_PLACE),
        _until_fewer(tx, Lane(tried, STRANGER, but=but), MOST_OF_STRANGERS, now),
        _paced(tx, Lane(None, STRANGER, attempt.counted_address, but), now, FREE_FOR_ADDRESS),
        _paced(tx, Lane(None, STRANGER, but=but), now, FREE_FOR_ALL, LONGEST_FOR_ALL_SECONDS),
    ]
    return max(waits[:2] if place else waits)


def _until_fewer(tx: ReadTransaction, lane: Lane, most: int, now: datetime) -> float:
    """Say how long until fewer than `most` failures lie within the window."""
    oldest = queries.nth_latest_failure(tx, lane, now - WINDOW, most)
    return 0.0 if oldest is None else (min(oldest, now) + WINDOW - now).total_seconds()


def _paced(tx: ReadTransaction, lane: Lane, now: datetime, free: int, longest: int = LONGEST_SECONDS) -> float:
    failures, last = queries.count_failures(tx, lane, now - WINDOW)
    if last is None:
        return 0.0
    return delay_seconds(failures, free, longest) - max(0.0, (now - last).total_seconds())
