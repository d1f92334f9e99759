"""Adds up refusals, so that what is refused costs no write each.

Guards: bounded memory and a bounded number of events whatever comes: one event
for each who is counted and interval, at most `MOST_COUNTED` of them in an
interval, all others together as one.
Leaves out: sums that were not recorded yet are lost when the process ends.
"""

from collections.abc import Hashable, Iterable
from threading import Lock
from typing import Generic, TypeVar

INTERVAL_SECONDS = 300.0
MOST_COUNTED = 64

Who = TypeVar("Who", bound=Hashable)


class Knocks(Generic[Who]):
    """Counts refusals by address, or by caller, until they are recorded; safe in threads."""

    def __init__(self, others: Who) -> None:
        """Count whoever is one too many as `others`."""
        self._others = others
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
            known = who in self._waiting or who in self._recorded_at
            places = len(self._waiting.keys() | self._recorded_at.keys())
            counted = who if known or places < MOST_COUNTED else self._others
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
        self._recorded_at = {each: at for each, at in self._recorded_at.items() if now - at < INTERVAL_SECONDS}
