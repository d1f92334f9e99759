"""What the box does by itself to know that what it keeps is whole."""

import threading
from datetime import time, timedelta

from appliance.backup.jobs import READING_LANE
from appliance.clock import microseconds
from appliance.integrity import queries
from appliance.integrity.anchors import NOTE, look_back, remember
from appliance.integrity.findings import FoundBy, Place
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.proofs import ProofParts, prove_all
from appliance.integrity.repairing import repair_all
from appliance.integrity.scrubbing import Slice, scrub
from appliance.integrity.telling import tell
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily, Every, Monthly

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


def proof_jobs(parts: ProofParts) -> tuple[Job, ...]:
    """Give the nightly restore test, the one of each month that reads everything, and the repair from copies."""

    def nightly(run: Run) -> None:
        prove_all(parts, run, in_full=False)

    def in_full(run: Run) -> None:
        prove_all(parts, run, in_full=True)

    def repair(run: Run) -> None:
        repair_all(parts, run)
        tell(parts.integrity)

    return (
        Job("repair", Every(REPAIR_EVERY), repair, READING_LANE),
        Job("restore test", Daily(TEST_AT), nightly, READING_LANE),
        Job("full restore test", Monthly(FULL_TEST_DAY, FULL_TEST_AT), in_full, READING_LANE),
    )


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
