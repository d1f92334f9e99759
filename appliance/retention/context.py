"""What every function of this room needs, passed as one value."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction


@dataclass(frozen=True, slots=True)
class Retention:
    """The catalogue, the audit trail, the time, and the clinic's time zone, by which days end.

    `is_clock_in_doubt` says whether the clock was set so lately that nothing may be erased by its date.
    """

    database: Database
    audit: AuditLog
    clock: Clock
    zone: tzinfo
    is_clock_in_doubt: Callable[[ReadTransaction], bool]

    def today(self) -> date:
        """Give the clinic's day."""
        return self.day_of(self.clock.now())

    def day_of(self, at: datetime) -> date:
        """Give the clinic's day at an instant."""
        return at.astimezone(self.zone).date()
