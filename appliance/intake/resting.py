"""What the disk refused, left alone for a while, so that it keeps nothing else waiting."""

from collections.abc import Hashable
from logging import getLogger

from appliance.clock import Clock
from appliance.errors import ApplianceError

FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 5.0, 600.0
log = getLogger(__name__)


class Resting:
    """Files or associations that were refused: tried again at once, then after ever longer waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[Hashable, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._until)

    def __contains__(self, what: Hashable) -> bool:
        return what in self._until

    def rests(self, what: Hashable) -> bool:
        """Say whether it is too early to try again."""
        return what in self._until and self._clock.monotonic() < self._until[what][0]

    def refuse(self, what: Hashable, error: ApplianceError) -> None:
        """Leave it alone for a while: not at all the first time, then twice as long each time."""
        log.warning("left for later: %s", error)  # names no path and nobody
        _, wait = self._until.get(what, (0.0, 0.0))
        longer = min(max(2 * wait, FIRST_WAIT_SECONDS), MOST_WAIT_SECONDS)
        self._until[what] = (self._clock.monotonic() + wait, longer)

    def forget(self, what: Hashable) -> None:
        """Note that it went well, or is gone."""
        self._until.pop(what, None)

    def keep(self, there: set[Hashable]) -> None:
        """Forget all that is not there any more."""
        for gone in self._until.keys() - there:
            del self._until[gone]
