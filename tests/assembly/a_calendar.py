"""A clock that is set."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Calendar:
    """Stands still until a test moves it."""

    at: datetime = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()
