"""Reminds of the drill: a notice from the day on which the next is due, until one that restored the box is entered."""

from datetime import time

from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.recovery.drills import next_due_on
from appliance.store.database import Database

REMIND_OF_DRILL = "remind of drill"
_IN_THE_MORNING = time(7, 0)


def recovery_jobs(database: Database) -> tuple[Job, ...]:
    """Give the job that looks once a day."""

    def work(run: Run) -> None:
        remind_of_drill(database, run)
        run.progress(1, 1)

    return (Job(REMIND_OF_DRILL, Daily(_IN_THE_MORNING), work),)


def remind_of_drill(database: Database, run: Run) -> None:
    """Raise the notice if the drill is due, else end it."""
    now = run.clock.now()
    with database.write() as tx:
        if next_due_on(tx) <= now.date():
            raise_notice(tx, NoticeCode.DRILL_DUE, Severity.WARNING, now)
        else:
            end_notice(tx, NoticeCode.DRILL_DUE, now)
