"""Adds up refusals, so that what is refused costs no write each.

Guards: bounded memory and a bounded number of events whatever comes: one event
for each who is counted and interval, at most `most` of them in an
interval, all others together as one.
Leaves out: when they are recorded; sums that wait when a process is killed are lost.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

INTERVAL_SECONDS = 300.0
MOST_COUNTED = 64

Who = TypeVar("Who", bound=Hashable)


class Knocks(Generic[Who]):
    """Counts refusals by address, or by caller, until they are recorded; safe in threads."""

    def __init__(
        self,
        others: Who,
        most: int = MOST_COUNTED,
        interval_seconds: float = INTERVAL_SECONDS,
        narrowed: Callable[[Who, Collection[Who]], Who] = lambda who, _counted: who,
    ) -> None:
        """Count up to `most`, each recorded once in an interval, and whoever is one too many as `others`.

        Args:
            others: Stands for all for whom there is no place.
            most: How many have a place of their own.
            interval_seconds: How long a place is kept once its sum was recorded.
            narrowed: Says as whom somebody counts who is new among those that are counted.
        """
        self._others, self._most, self._interval_seconds = others, most, interval_seconds
        self._narrowed = narrowed
        self._lock = Lock()
        self._waiting: dict[Who, int] = {}
        self._recorded_at: dict[Who, float] = {}

    def refused(self, who: Who, now: float) -> bool:
        """Count one refusal and say whether it is due to be recorded.

        Args:
            who: Who was refused.
            now: Seconds that never step back.
        """
        with self._lock:
            self._forget(now)
            places = self._waiting.keys() | self._recorded_at.keys()
            asked = who if who in places else self._narrowed(who, places)
            counted = asked if asked in places or len(places) < self._most else self._others
            self._waiting[counted] = self._waiting.get(counted, 0) + 1
            return counted not in self._recorded_at

    def take_due(self, now: float) -> list[tuple[Who, int]]:
        """Give who was refused and how often; nobody who was given within the last interval."""
        with self._lock:
            self._forget(now)
            due = [(who, number) for who, number in self._waiting.items() if who not in self._recorded_at]
            for who, _number in due:
                del self._waiting[who]
                self._recorded_at[who] = now
            return due

    def give_back(self, due: Iterable[tuple[Who, int]]) -> None:
        """Let what was taken be due again, for it was not recorded."""
        with self._lock:
            for who, number in due:
                self._waiting[who] = self._waiting.get(who, 0) + number
                self._recorded_at.pop(who, None)

    def _forget(self, now: float) -> None:
        kept = self._interval_seconds
        self._recorded_at = {each: at for each, at in self._recorded_at.items() if now - at < kept}


@contextmanager
def taken(counting: Sequence[Knocks[Who]], now: float) -> Iterator[list[tuple[Who, int]]]:
    """Give all that is due of several, to be recorded within; on a fault it is due again."""
    due = [(knocks, knocks.take_due(now)) for knocks in counting]
    try:
        yield [each for _, sums in due for each in sums]
    except BaseException:
        for knocks, sums in due:
            knocks.give_back(sums)
        raise
