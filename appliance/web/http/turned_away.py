"""Requests that were not answered, for their caller sent too many: counted here, and recorded a moment later.

Guards: who floods the box is in the trail, and cannot fill it (`accounts.turned_away`). What is refused costs no write,
and nobody who is answered waits for one or meets its failure: a thread of its own records, also the sums of what was
not allowed (`refusals`), and whatever fails there, it goes on. When the process ends it records what is left.
Leaves out: a process that is killed, or whose power goes; a locked box, which has no trail to write.

Source: OWASP ASVS 5.0 16.3.3 (attempts to get past anti-automation are recorded).
"""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from appliance.accounts.context import Accounts
from appliance.accounts.throttle import record_unheard
from appliance.accounts.trail import record_turned_away
from appliance.audit.events import Actor
from appliance.errors import ApplianceError
from appliance.web.http.pace import TooManyRequests
from appliance.web.http.refusals import record_refusals

log = logging.getLogger(__name__)

PAUSE_SECONDS = 10.0


@contextmanager
def counted(accounts: Accounts, actor: Actor) -> Iterator[None]:
    """Count it if this caller is turned away within.

    Raises:
        TooManyRequests: It was.
    """
    try:
        yield
    except TooManyRequests as fault:
        accounts.turned_away.refused(actor, accounts.clock.monotonic(), shared=fault.shared)
        raise


def record_all(accounts: Accounts, now: float) -> None:
    """Record who was turned away and how often, an event for each; with nobody, nothing is written.

    Args:
        accounts: The room.
        now: Whoever was recorded within an interval of it waits; nobody when it is infinite.

    Raises:
        ApplianceError: It could not be written, and is still due.
    """
    with accounts.turned_away.taken(now) as due:
        if not due:
            return
        with accounts.database.write() as tx:
            for actor, number in due:
                record_turned_away(tx, accounts, actor, number)


def keep_recorded(accounts: Accounts, stop: Event, pause_seconds: float = PAUSE_SECONDS) -> None:
    """Until told to stop, record whoever was turned away or not heard, and what was refused more than once."""
    is_last = False
    while not is_last:
        is_last = stop.wait(pause_seconds)
        now = math.inf if is_last else accounts.clock.monotonic()
        for record in (record_all, record_refusals, record_unheard):
            try:
                record(accounts, now)
            except ApplianceError as fault:
                log.warning("who was turned away or refused is not recorded yet: %s", fault)
            except Exception as error:  # noqa: BLE001  whatever it is, it is tried again
                log.error("who was turned away or refused is not recorded yet: %s", type(error).__name__)  # noqa: TRY400  its words could quote
