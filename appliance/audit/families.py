"""What kinds of events there are, for whoever looks for some of them.

A family goes on through the closed list from the code that opens it to the one that opens the next, so a code that is
added to its group has its family.
"""

from collections.abc import Mapping
from enum import StrEnum

from appliance.audit.events import EventCode


class Family(StrEnum):
    """Events that people look for together."""

    VIEWS = "views"
    EXPORTS = "exports"
    LOGINS = "logins"
    PEOPLE = "people"
    ARRIVALS = "arrivals"
    DEVICES = "devices"
    ERASURES = "erasures"
    KEEPING = "keeping"
    BOX = "box"
    TRAIL = "trail"


_OPENERS: Mapping[EventCode, Family] = {
    EventCode.BOX_CREATED: Family.BOX,
    EventCode.ASSOCIATION_REFUSED: Family.DEVICES,
    EventCode.STORING_BEGAN: Family.ARRIVALS,
    EventCode.ERASED: Family.ERASURES,
    EventCode.ACCOUNT_CREATED: Family.PEOPLE,
    EventCode.LOGGED_IN: Family.LOGINS,
    EventCode.TOKEN_ISSUED: Family.PEOPLE,
    EventCode.NOT_PERMITTED: Family.LOGINS,
    EventCode.STUDIES_SEARCHED: Family.VIEWS,
    EventCode.STUDIES_EXPORTED: Family.EXPORTS,
    EventCode.JOB_ASKED: Family.KEEPING,
    EventCode.AUDIT_READ: Family.TRAIL,
}


def _families() -> Mapping[EventCode, Family]:
    family, found = Family.BOX, {}
    for code in EventCode:
        family = _OPENERS.get(code, family)
        found[code] = family
    return found


FAMILIES: Mapping[EventCode, Family] = _families()


def codes_of(family: Family) -> tuple[EventCode, ...]:
    """Give the events of a family, in the list's order."""
    return tuple(code for code, each in FAMILIES.items() if each is family)
