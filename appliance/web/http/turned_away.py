"""Requests that were not answered, for their caller sent too many: added up, and recorded with one that is.

Guards: who floods the box is in the trail, and cannot fill it (`knocks`); what is refused costs no write.
Leaves out: a sum that no answered request follows before the process ends.

Source: OWASP ASVS 5.0 16.3.3 (attempts to get past anti-automation are recorded).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from appliance.accounts.context import Accounts
from appliance.accounts.trail import record_turned_away
from appliance.audit.events import Actor
from appliance.web.http.pace import TooManyRequests


@contextmanager
def counted(accounts: Accounts, actor: Actor) -> Iterator[None]:
    """Count it if this caller is turned away within.

    Raises:
        TooManyRequests: It was.
    """
    try:
        yield
    except TooManyRequests:
        accounts.turned_away.refused(actor, accounts.clock.monotonic())
        raise


def is_due(accounts: Accounts) -> bool:
    """Say whether somebody was turned away who is not in the trail yet."""
    return accounts.turned_away.is_due(accounts.clock.monotonic())


def record_all(accounts: Accounts) -> None:
    """Record who was turned away and how often, an event for each."""
    with accounts.database.write() as tx:
        for actor, number in accounts.turned_away.take_due(accounts.clock.monotonic()):
            record_turned_away(tx, accounts, actor, number)
