"""What was refused to whom: the first of a caller is recorded at once, further ones of that minute are added up.

Guards: nothing that is refused goes uncounted, and no loop of refused requests fills the trail or holds its lock: an
event for each caller, what they asked for and minute; of a caller at most `MOST_THINGS` things by themselves and all
others together, of all callers a bounded number (`knocks`). Strangers are counted apart, as when they are turned away.
Leaves out: what a thing is called in the catalogue, which is looked up when it is recorded.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto

from appliance.accounts.knocks import MOST_COUNTED, Knocks, taken
from appliance.accounts.turned_away import OTHERS, Caller, caller_of
from appliance.audit.events import Actor, EventCode

MINUTE_SECONDS = 60.0
MOST_THINGS = 8
_MOST_OF_KNOWN = 4 * MOST_COUNTED


class Kind(Enum):
    """What a request can name."""

    STUDY = auto()
    STUDY_UID = auto()
    SERIES = auto()
    PATIENT = auto()
    ACCOUNT = auto()
    EMERGENCY = auto()
    TOKEN = auto()


@dataclass(frozen=True, slots=True)
class Thing:
    """What a request was about, by the row key or UID that it came with; whether there is such a thing is not known."""

    kind: Kind
    name: int | str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Who was refused what; without a thing, whatever they asked for."""

    caller: Caller
    code: EventCode
    thing: Thing | None = None


class Refusals:
    """Counts what was refused; safe in threads."""

    def __init__(self) -> None:
        others = Refusal(OTHERS, EventCode.NOT_PERMITTED)
        self._known = Knocks(others, _MOST_OF_KNOWN, MINUTE_SECONDS, _narrowed)
        self._strangers = Knocks(others, MOST_COUNTED, MINUTE_SECONDS, _narrowed)

    def refused(self, actor: Actor, code: EventCode, thing: Thing | None, now: float) -> bool:
        """Count one refusal and say whether it is due to be recorded.

        Args:
            actor: Who was refused.
            code: As which event it is recorded.
            thing: What was asked for, if the request names it.
            now: Seconds that never step back.
        """
        counting = self._strangers if actor.key is None else self._known
        return counting.refused(Refusal(caller_of(actor), code, thing), now)

    @contextmanager
    def taken(self, now: float) -> Iterator[list[tuple[Refusal, int]]]:
        """Give what was refused and how often, nothing twice in a minute; on a fault it is due again."""
        with taken((self._known, self._strangers), now) as due:
            yield due


def _narrowed(refusal: Refusal, counted: Collection[Refusal]) -> Refusal:
    """Count somebody who asks for many things without saying which."""
    own = sum(each.caller == refusal.caller and each.thing is not None for each in counted)
    return replace(refusal, thing=None) if own >= MOST_THINGS else refusal
