"""Finds sign-ins that stopped after a right password: who typed it may be somebody who learnt it, and has no more.

Arithmetic on events: no rows, no clock. Leaves out: a second step of somebody else at the same address within those
ten minutes, by a passkey alone or a PIN, counts as this one's.
"""

from collections.abc import Iterable

from appliance.accounts.sessions import SIGN_IN_END
from appliance.audit.chain import Entry
from appliance.audit.events import EventCode
from appliance.audit.queries_search import Wanted
from appliance.clock import instant

WITHIN = SIGN_IN_END
STEPS = Wanted(events=(EventCode.PASSWORD_ACCEPTED, EventCode.LOGGED_IN))


def stopped(entries: Iterable[Entry]) -> list[Entry]:
    """Give the right passwords after which nobody came in as that person from that address within ten minutes.

    Args:
        entries: Of `STEPS`, oldest first.
    """
    waiting: dict[tuple[int | None, str | None], list[Entry]] = {}
    for entry in entries:
        steps = waiting.setdefault((entry.actor_key, entry.address), [])
        if entry.event == EventCode.PASSWORD_ACCEPTED:
            steps.append(entry)
        else:
            steps[:] = [each for each in steps if abs(instant(entry.at) - instant(each.at)) > WITHIN]
    return sorted((entry for steps in waiting.values() for entry in steps), key=lambda entry: entry.sequence)
