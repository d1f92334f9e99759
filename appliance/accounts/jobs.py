"""What the box does by itself with emergencies: notes what is over, and says that one waits for its review."""

from dataclasses import dataclass
from datetime import timedelta

from appliance.accounts.emergencies import REVIEW_WITHIN
from appliance.accounts.emergency_endings import settle, settle_code
from appliance.accounts.queries_emergencies import count_unreviewed
from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Every
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.store.database import Database

LOOK_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class EmergencyParts:
    """What looking after emergencies takes."""

    database: Database
    audit: AuditLog
    clock: Clock


def emergency_jobs(parts: EmergencyParts) -> tuple[Job, ...]:
    """Give the job of this part."""

    def work(run: Run) -> None:
        run.progress(look_after(parts))

    return (Job("look after emergencies", Every(LOOK_EVERY), work),)


def look_after(parts: EmergencyParts) -> int:
    """Note what is over, and tell while a review is late; gives how many ended."""
    now = parts.clock.now()
    with parts.database.write() as tx:
        ended = settle(tx, parts.audit, now)
        settle_code(tx, parts.audit, now)
        late = count_unreviewed(tx, now - REVIEW_WITHIN)
        if late:
            raise_notice(tx, NoticeCode.EMERGENCY_UNREVIEWED, Severity.ALARM, now, number=late)
        else:
            end_notice(tx, NoticeCode.EMERGENCY_UNREVIEWED, now)
    return ended
