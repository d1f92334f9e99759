"""Adds up refusals of strangers, so that a stranger's requests cost no write each.

Guards: bounded memory and a bounded number of events whatever comes: one event
an address and interval, at most `MOST_ADDRESSES` addresses in an interval, all
others together as one without an address.
Leaves out: sums that were not recorded yet are lost when the process ends.
"""

from threading import Lock

INTERVAL_SECONDS = 300.0
MOST_ADDRESSES = 64
OTHERS = ""


class Knocks:
    """Counts refusals by address until they are recorded; safe in threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, int] = {}
        self._recorded_at: dict[str, float] = {}

    def refused(self, address: str, now: float) -> bool:
        """Count one refusal and say whether its address is due to be recorded.

        Args:
            address: Where it came from.
            now: Seconds that never step back.
        """
        with self._lock:
            self._forget(now)
            known = address in self._waiting or address in self._recorded_at
            places = len(self._waiting.keys() | self._recorded_at.keys())
            counted = address if known or places < MOST_ADDRESSES else OTHERS
            self._waiting[counted] = self._waiting.get(counted, 0) + 1
            return counted not in self._recorded_at

    def take_due(self, now: float) -> list[tuple[str, int]]:
        """Give addresses with their sums, none of which was given within the last interval."""
        with self._lock:
            self._forget(now)
            due = [(address, number) for address, number in self._waiting.items() if address not in self._recorded_at]
            for address, _number in due:
                del self._waiting[address]
                self._recorded_at[address] = now
            return due

    def _forget(self, now: float) -> None:
        self._recorded_at = {each: at for each, at in self._recorded_at.items() if now - at < INTERVAL_SECONDS}
