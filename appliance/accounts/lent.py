"""What an emergency lends to one session, and for how long it still does.

Guards: a clock that is set back lengthens nothing. What was used after the time that the clock tells now has ended:
how long ago cannot be told then.
Leaves out: a step of less than a minute.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from appliance.clock import is_ahead


@dataclass(frozen=True, slots=True)
class Lent:
    """An emergency that nobody has ended yet; `latest_at` is up to when it was used."""

    emergency_key: int
    began_at: datetime
    ends_at: datetime
    latest_at: datetime

    def is_living(self, now: datetime) -> bool:
        """Say whether it lends anything now."""
        return now < self.ends_at and not is_ahead(self.latest_at, now)

    def minutes_left(self, now: datetime) -> int:
        """Say how many minutes are left, the begun one too."""
        return max(0, ceil((self.ends_at - now).total_seconds() / 60))
