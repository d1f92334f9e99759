"""Who sent more requests than were answered: added up in memory until somebody records it.

Guards: bounded memory and events (`knocks`), for who is known and for strangers
apart, so that no stranger takes the places of accounts and tokens. A stranger
counts under all addresses that one machine has; whoever found a bound that all
strangers share used up is not named, for it need not be the one who did that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from appliance.accounts.knocks import Knocks, taken
from appliance.accounts.neighbours import neighbour
from appliance.audit.events import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class Caller:
    """Under what a caller counts; the actor is whoever was first to."""

    counts_as: str
    actor: Actor = field(compare=False)


OTHERS = Caller("", Actor(ActorKind.NOBODY))


def caller_of(actor: Actor) -> Caller:
    """Give under what an actor counts: whoever is known by who they are, a stranger by the neighbourhood."""
    if actor.key is None:
        return Caller(neighbour(str(actor.address or "")), actor)
    return Caller(f"{actor.kind.value} {actor.key}", actor)


class TurnedAway:
    """Counts refused requests by their caller; safe in threads."""

    def __init__(self) -> None:
        self._known, self._strangers = Knocks(OTHERS), Knocks(OTHERS)

    def refused(self, actor: Actor, now: float, *, shared: bool) -> None:
        """Count one request that was not answered.

        Args:
            actor: Who sent it.
            now: Seconds that never step back.
            shared: The bound was not the caller's own.
        """
        if shared:
            self._strangers.refused(OTHERS, now)
        else:
            (self._strangers if actor.key is None else self._known).refused(caller_of(actor), now)

    @contextmanager
    def taken(self, now: float) -> Iterator[list[tuple[Actor, int]]]:
        """Give who was refused and how often, nobody twice in an interval; on a fault it is due again."""
        with taken((self._known, self._strangers), now) as due:
            yield [(each.actor, number) for each, number in due]
