"""What the box does by itself with emergencies and accounts: notes what is over, says what waits or is not used."""

from dataclasses import dataclass
from datetime import time, timedelta

from appliance.accounts.emergencies import REVIEW_WITHIN
from appliance.accounts.emergency_endings import settle, settle_code
from appliance.accounts.queries_emergencies import count_unreviewed
from appliance.accounts.unused import tell_of_unused
from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily, Every
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.store.database import Database

LOOK_EVERY = timedelta(minutes=5)
_IN_THE_MORNING = time(7, 5)


@dataclass(frozen=True)
class AccountParts:
    """What looking after emergencies and accounts takes."""

    database: Database
    audit: AuditLog
    clock: Clock


def account_jobs(parts: AccountParts) -> tuple[Job, ...]:
    """Give the jobs of this part."""

    def work(run: Run) -> None:
        run.progress(look_after(parts))

    def look(run: Run) -> None:
        run.progress(tell_of_unused(parts.database, parts.clock.now()))

    return (
        Job("look after emergencies", Every(LOOK_EVERY), work),
        Job("look for unused accounts", Daily(_IN_THE_MORNING), look),
    )


def look_after(parts: AccountParts) -> int:
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
