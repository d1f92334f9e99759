"""Slows guessing at the box's passphrase, by address and in all, before a guess costs anything.

Guards: a guess is counted when it begins, so guesses sent at once do not slip
past; one address is made to wait, longer each time, at most five minutes; once
many addresses have failed within the hour each has a single free guess. An
address that has not failed is always heard: a neighbour slows only himself.
IPv6 neighbours count by their /64, of which one machine has any address.
Leaves out: surviving a restart, for a locked box has no catalogue.

Source: OWASP ASVS 5.0 6.3.1.
"""

from threading import Lock

from appliance.accounts.neighbours import neighbour as neighbour_of
from appliance.accounts.throttle import delay_seconds
from appliance.clock import Clock

FREE_FOR_ADDRESS = 5
FREE_IN_ALL = 50
WINDOW_SECONDS = 3600.0
MAXIMUM_REMEMBERED = 4096


class Guesses:
    """Wrong guesses of the last hour; safe for several threads."""

    def __init__(self, clock: Clock, maximum_remembered: int = MAXIMUM_REMEMBERED) -> None:
        self._clock, self._maximum_remembered = clock, maximum_remembered
        self._lock = Lock()
        self._by_address: dict[str, list[float]] = {}

    def begin(self, address: str) -> float:
        """Count a guess from this address, unless it comes too soon.

        Returns:
            0 when it was counted and may be tried, else how many seconds are left to wait.
        """
        now, neighbour = self._clock.monotonic(), neighbour_of(address)
        with self._lock:
            self._forget_before(now - WINDOW_SECONDS)
            own = self._by_address.get(neighbour, [])
            left = own[-1] + delay_seconds(len(own), self._free()) - now if own else 0.0
            if left <= 0:
                self._by_address.pop(neighbour, None)  # the latest to guess is remembered longest
                self._by_address[neighbour] = [*own, now]
            return max(left, 0.0)

    def take_back(self, address: str) -> None:
        """Forget the latest guess from this address: it was right, or never tried."""
        with self._lock:
            neighbour = neighbour_of(address)
            del self._by_address.get(neighbour, [])[-1:]
            if not self._by_address.get(neighbour):
                self._by_address.pop(neighbour, None)

    def _free(self) -> int:
        return FREE_FOR_ADDRESS if sum(map(len, self._by_address.values())) < FREE_IN_ALL else 1

    def _forget_before(self, start: float) -> None:
        kept = {name: [at for at in times if at > start] for name, times in self._by_address.items()}
        known = [(name, times) for name, times in kept.items() if times]
        self._by_address = dict(known[-self._maximum_remembered :])
