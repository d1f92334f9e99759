"""Time, passed to whoever needs it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

DRIFT = timedelta(minutes=1)  # what setting a clock right moves it by without anybody noticing
HOUR_SECONDS = 3600.0


class Clock(Protocol):
    """Tells the time; tests pass one that they set."""

    def now(self) -> datetime:
        """Give this instant as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never step back, for measuring how long."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def is_ahead(then: datetime, now: datetime) -> bool:
    """Say whether a kept instant lies in the future by more than drift: then the clock was set back since."""
    return then - now > DRIFT


class Hourly:
    """Says when something is due that is done at once, once an hour, and whenever the clock was set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due_at = float("-inf")
        self._started_at = 0.0

    def is_due(self) -> bool:
        """Say whether it is due; it counts as done then."""
        now = self._clock.monotonic()
        started_at = self._clock.now().timestamp() - now  # the same as long as nobody sets the clock
        was_set = abs(started_at - self._started_at) > DRIFT.total_seconds()
        if now < self._due_at and not was_set:
            return False
        self._due_at, self._started_at = now + HOUR_SECONDS, started_at
        return True


def microseconds(instant: datetime) -> int:
    """Give an aware instant as the catalogue keeps it: microseconds since 1970 in UTC."""
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds


def instant(stored_microseconds: int) -> datetime:
    """Give back the aware UTC instant that `microseconds` stored."""
    seconds, rest = divmod(stored_microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
