"""Slows guessing down, the same for names that exist and names that do not.

Guards: a stranger can slow only themselves. Attempts at a user name are
counted by name and address together, and by address; so whoever guesses from
one address never makes the same person wait at another. A name that is
guessed from many addresses is heard more slowly from all of them but those
where its person came in lately: there only that address's own failures count.
A living session's attempts (a locked screen, a change of password) and the
second factor, which only somebody with the password reaches, are counted
apart. An attempt is counted as failed before its password is hashed and taken
back when it was right, so attempts sent at once do not slip past the count.

An attempt that is not heard is not written down one by one: `Knocks` adds them
up, and the sum is recorded with the next attempt that is heard.

A clock that is set back makes nobody wait longer: failures that lie ahead of it
count from now on.

Leaves out: a person at an address where they never came in shares the slower
pace of a name under attack from many addresses, and whoever shares an address
with a guesser shares its count.

Source: OWASP ASVS 5.0 6.3.1.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.accounts import queries
from appliance.accounts.context import Accounts, attempt_hash, folded_user_name
from appliance.accounts.errors import TooManyAttempts
from appliance.accounts.sessions import Session
from appliance.accounts.trail import record_set_back, record_throttled
from appliance.clock import DRIFT, is_ahead
from appliance.store.transactions import ReadTransaction, WriteTransaction

WINDOW = timedelta(hours=1)
FREE_FOR_USER = 5
FREE_FOR_ADDRESS = 20
FREE_FOR_NAME = 60  # from all addresses: three that guess without pause stay below it
LONGEST_SECONDS = 300
LONGEST_FOR_NAME_SECONDS = 30
NO_ADDRESS = "-"  # of attempts that count for no address


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is counted: a hash of what was tried, and where from. `user_name` is empty when only the hash counts."""

    tried_hash: bytes
    address: str
    user_name: str = ""

    @property
    def counted_address(self) -> str:
        """The address whose count this is, if any."""
        return self.address if self.user_name else NO_ADDRESS


def at_name(accounts: Accounts, user_name: str, address: str) -> Attempt:
    """A stranger's attempt at somebody's password."""
    name = folded_user_name(user_name)
    return Attempt(attempt_hash(accounts, b"name", name), address, name or NO_ADDRESS)


def at_session(accounts: Accounts, session: Session, address: str) -> Attempt:
    """An attempt of somebody who is in, at that session's own password."""
    return Attempt(attempt_hash(accounts, b"session", session.session_hash.hex()), address)


def at_code(accounts: Accounts, session: Session, address: str) -> Attempt:
    """An attempt at the second factor of somebody whose password is known."""
    return Attempt(attempt_hash(accounts, b"code", folded_user_name(session.account.user_name)), address)


def begin_attempt(accounts: Accounts, attempt: Attempt) -> int:
    """Count an attempt.

    Returns:
        The key to give to `queries.delete_failure` when the attempt was right.

    Raises:
        TooManyAttempts: It comes too soon after earlier failures; it was not written down.
    """
    now = accounts.clock.now()
    with accounts.database.read() as tx:
        wait = _wait_seconds(tx, attempt, now)
        latest = queries.latest_failure(tx, attempt.tried_hash, attempt.counted_address) if wait > 0 else None
    if latest is not None and is_ahead(latest, now):
        _count_from_now(accounts, latest, now)
    if wait <= 0:
        with accounts.database.write() as tx:
            wait = _wait_seconds(tx, attempt, now)
            if wait <= 0:
                return _count(tx, accounts, attempt, now)
    if accounts.knocks.refused(attempt.address, accounts.clock.monotonic()):
        record_refusals(accounts)
    raise TooManyAttempts(wait)


def record_refusals(accounts: Accounts) -> None:
    """Record what was refused, one event an address with how many there were."""
    with accounts.database.write() as tx:
        _record_due(tx, accounts)


def delay_seconds(failures: int, free: int, longest: int = LONGEST_SECONDS) -> int:
    """Say how long after the last failure the next attempt is heard: 0, then 2, 4, 8 … `longest`."""
    return 0 if failures < free else min(longest, 2 ** min(failures - free + 1, 30))


def _count(tx: WriteTransaction, accounts: Accounts, attempt: Attempt, now: datetime) -> int:
    _record_due(tx, accounts)
    queries.delete_failures_before(tx, now - WINDOW)
    return queries.insert_failure(tx, attempt.tried_hash, attempt.counted_address, now)


def _count_from_now(accounts: Accounts, latest: datetime, now: datetime) -> None:
    with accounts.database.write() as tx:
        if queries.bring_back_failures(tx, now + DRIFT, now):
            record_set_back(tx, accounts, latest - now)


def _record_due(tx: WriteTransaction, accounts: Accounts) -> None:
    for address, number in accounts.knocks.take_due(accounts.clock.monotonic()):
        record_throttled(tx, accounts, address, number)


def _wait_seconds(tx: ReadTransaction, attempt: Attempt, now: datetime) -> float:
    since = now - WINDOW
    own = queries.failures_of_pair(tx, attempt.tried_hash, attempt.counted_address, since)
    wait = _left(own, FREE_FOR_USER, LONGEST_SECONDS, now)
    if not attempt.user_name:
        return wait
    by_address = queries.failures_of_address(tx, attempt.address, since)
    wait = max(wait, _left(by_address, FREE_FOR_ADDRESS, LONGEST_SECONDS, now))
    by_name = queries.failures_of_user(tx, attempt.tried_hash, since)
    slow = _left(by_name, FREE_FOR_NAME, LONGEST_FOR_NAME_SECONDS, now)
    known = queries.came_in_from(tx, attempt.user_name, attempt.address)  # asked always: it takes its time too
    return wait if known else max(wait, slow)


def _left(counted: tuple[int, datetime | None], free: int, longest: int, now: datetime) -> float:
    failures, last = counted
    if last is None:
        return 0.0
    return delay_seconds(failures, free, longest) - max(0.0, (now - last).total_seconds())
