"""What the box does by itself to know that what it keeps is whole.

Guards: a target that was away at the time of its test is tested when it is
back: a disk that is plugged in only by day is proved like any other.
"""

import threading
from dataclasses import dataclass
from datetime import time, timedelta, tzinfo

from appliance.backup import queries as backup_queries
from appliance.backup.jobs import MADE_UP_AFTER, READING_LANE
from appliance.backup.target import Target
from appliance.clock import instant, microseconds
from appliance.integrity import queries, queries_tests
from appliance.integrity.anchors import NOTE, look_back, remember
from appliance.integrity.findings import FoundBy, Place
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.proofs import ProofParts, is_there, prove_all
from appliance.integrity.repairing import repair_all
from appliance.integrity.scrubbing import Slice, scrub
from appliance.integrity.telling import tell
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily, Every, MadeUp, Monthly

SCRUB_EVERY = timedelta(hours=1)
REPAIR_EVERY = timedelta(hours=1)
TEST_AT = time(4, 0)  # after the night's copies
FULL_TEST_DAY, FULL_TEST_AT = 2, time(5, 0)
_SCRUB_LANE = "scrub"


def integrity_jobs(parts: IntegrityParts) -> tuple[Job, ...]:
    """Give the jobs of this part."""

    def work(run: Run) -> None:
        scrub_slice(parts, run)

    return (Job("scrub", Every(SCRUB_EVERY), work, _SCRUB_LANE),)


def proof_jobs(parts: ProofParts, zone: tzinfo) -> tuple[Job, ...]:
    """Give the nightly restore test, the one of each month that reads everything, and the repair from copies.

    Args:
        parts: Collaborators.
        zone: The clinic's.
    """
    nightly = DueTests(parts, zone, MadeUp(Daily(TEST_AT), MADE_UP_AFTER), in_full=False)
    in_full = DueTests(parts, zone, MadeUp(Monthly(FULL_TEST_DAY, FULL_TEST_AT), MADE_UP_AFTER), in_full=True)

    def repair(run: Run) -> None:
        repair_all(parts, run)
        tell(parts.integrity)
        for tests in (in_full, nightly):
            tests.look_for_missed()

    return (
        Job("repair", Every(REPAIR_EVERY), repair, READING_LANE),
        Job("restore test", nightly.schedule, nightly.run, READING_LANE),
        Job("full restore test", in_full.schedule, in_full.run, READING_LANE),
    )


@dataclass(frozen=True)
class DueTests:
    """The restore tests of one job.

    Attributes:
        parts: Collaborators.
        zone: The clinic's.
        schedule: When they are due.
        in_full: They read everything.
    """

    parts: ProofParts
    zone: tzinfo
    schedule: MadeUp
    in_full: bool

    def run(self, run: Run) -> None:
        """Test what is due; of what is made up for, what is there now; everything where a person asked for it."""
        is_late, self.schedule.is_behind = self.schedule.is_behind, False

        def chosen(target: Target) -> bool:
            return run.is_asked or (self.is_due(target) and (not is_late or is_there(self.parts, target)))

        prove_all(self.parts, run, in_full=self.in_full, chosen=chosen)

    def look_for_missed(self) -> None:
        """Have the test made up for on targets that were away at its time and are there now.

        Raises:
            Unavailable: The catalogue refused.
        """
        with self.parts.integrity.database.read() as tx:
            used = backup_queries.used_targets(tx)
        self.schedule.is_behind = any(self.is_due(one) and is_there(self.parts, one) for one in used)

    def is_due(self, target: Target) -> bool:
        """Say whether an instant of the schedule passed since the target was last tested, or since it was added."""
        now = self.parts.integrity.clock.now()
        with self.parts.integrity.database.read() as tx:
            last = queries_tests.last_tested_at(tx, target.target_key, microseconds(now), in_full=self.in_full)
        since = target.created_at if last is None else instant(last)
        return since > now or self.schedule.schedule.next_after(since, self.zone) <= now


def scrub_slice(parts: IntegrityParts, run: Run) -> None:
    """Read the slice of the vault whose turn it is; the run fails by what was found, under its code.

    Raises:
        Stopped: The process ends; what was read is written down.
    """
    done = scrub(
        parts,
        Slice(
            stopping=run.stopping,
            on_progress=lambda files, read: run.progress(files, None, read),
            wait=threading.Event().wait,
            run_key=run.run_key,
        ),
    )
    if done.faults:
        run.failed("damage found", done.faults)
    older = look_back(parts)
    with parts.database.write() as tx:
        if older is None:
            queries.end_faults_of_thing(tx, Place.CATALOGUE, NOTE, microseconds(run.clock.now()))
        else:
            queries.add_fault(tx, older, FoundBy.SCRUB, run.run_key, microseconds(run.clock.now()))
    if older is None:
        remember(parts)
    else:
        run.failed("older catalogue")
    tell(parts)
    run.check()
