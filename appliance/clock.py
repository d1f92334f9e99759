"""Time, passed to whoever needs it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

DRIFT = timedelta(minutes=1)  # what setting a clock right moves it by without anybody noticing


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


def microseconds(instant: datetime) -> int:
    """Give an aware instant as the catalogue keeps it: microseconds since 1970 in UTC."""
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds


def instant(stored_microseconds: int) -> datetime:
    """Give back the aware UTC instant that `microseconds` stored."""
    seconds, rest = divmod(stored_microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
