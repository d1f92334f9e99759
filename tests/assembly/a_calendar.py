"""A clock that is set."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class Calendar:
    """Stands still until a test moves it."""

    at: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    stepped: timedelta = timedelta()

    def now(self) -> datetime:
        return self.at + self.stepped

    def monotonic(self) -> float:
        return self.at.timestamp()
