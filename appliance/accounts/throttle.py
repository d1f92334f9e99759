"""Slows guessing down, the same for names that exist and names that do not.

An attempt is counted as failed before its password is hashed and taken back
when it was right, so attempts sent at once do not slip past the count. Delays
grow slowly and end at five minutes: a stranger can make a person wait, never
lock that person out.

Source: OWASP ASVS 5.0 6.3.1.
"""

from datetime import datetime, timedelta

from appliance.accounts import queries
from appliance.accounts.context import Accounts, user_name_hash
from appliance.accounts.errors import TooManyAttempts
from appliance.accounts.trail import record_failure
from appliance.audit.events import EventCode
from appliance.store.transactions import ReadTransaction

WINDOW = timedelta(hours=1)
FREE_FOR_USER = 5
FREE_FOR_ADDRESS = 20
LONGEST_SECONDS = 300


def begin_attempt(accounts: Accounts, user_name: str, address: str) -> int:
    """Count an attempt.

    Returns:
        The key to give to `queries.delete_failure` when the attempt was right.

    Raises:
        TooManyAttempts: It comes too soon after earlier failures.
    """
    now = accounts.clock.now()
    name_hash = user_name_hash(accounts, user_name)
    with accounts.database.write() as tx:
        wait = _wait_seconds(tx, name_hash, address, now)
        if wait <= 0:
            queries.delete_failures_before(tx, now - WINDOW)
            return queries.insert_failure(tx, name_hash, address, now)
        record_failure(tx, accounts, EventCode.LOGIN_THROTTLED, None, address)
    raise TooManyAttempts(wait)


def delay_seconds(failures: int, free: int) -> int:
    """Say how long after the last failure the next attempt is heard: 0, then 2, 4, 8 … 300."""
    return 0 if failures < free else min(LONGEST_SECONDS, 2 ** (failures - free + 1))


def _wait_seconds(tx: ReadTransaction, name_hash: bytes, address: str, now: datetime) -> float:
    by_user = queries.failures_of_user(tx, name_hash, now - WINDOW)
    by_address = queries.failures_of_address(tx, address, now - WINDOW)
    return max(_left(by_user, FREE_FOR_USER, now), _left(by_address, FREE_FOR_ADDRESS, now))


def _left(counted: tuple[int, datetime | None], free: int, now: datetime) -> float:
    failures, last = counted
    if last is None:
        return 0.0
    return delay_seconds(failures, free) - (now - last).total_seconds()
