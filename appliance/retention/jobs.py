"""The nightly work of retention: bringing the list of ends up to date, and purging what two people agreed on.

Leaves out: on a box, the end of an erasure. The keys that a file came under lie where jobs may not write: intake
removes them within seconds (`intake.service`), and `erasure_jobs` tells if they stay.
"""

from contextlib import suppress
from datetime import time

from appliance.archive.erasing import ErasureScope
from appliance.audit.events import PROCESS, Actor, ActorKind
from appliance.errors import NoRight
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily
from appliance.retention.context import Retention
from appliance.retention.ends import refresh_ends
from appliance.retention.erasing import ErasingParts, Order, erase_rows, finish_all
from appliance.retention.purging import Outcome, purge
from appliance.retention.queries_decisions import Proposal
from appliance.retention.telling import note_done, note_proposals
from appliance.store.transactions import WriteTransaction

DUE_LIST, PURGE = "due list", "purge"
LANE = "retention"


def retention_jobs(retention: Retention, erasing: ErasingParts) -> tuple[Job, ...]:
    """Give the jobs of retention; what was due by yesterday's list is purged after today's is made."""

    def list_ends(run: Run) -> None:
        refresh_ends(retention, run.progress, run.stopping)

    def purge_what_is_due(run: Run) -> None:
        counts = purge(retention, lambda tx, proposal: erase_proposed(tx, erasing, proposal), run.stopping)
        run.progress(counts[Outcome.ERASED])
        with retention.database.write() as tx:
            note_proposals(tx, retention.clock.now())
            note_done(tx, counts[Outcome.ERASED], retention.clock.now())
        if counts[Outcome.FAILED]:
            run.failed("not erased", counts[Outcome.FAILED])
        with suppress(NoRight):
            finish_all(erasing)

    return (
        Job(DUE_LIST, Daily(time(4, 30)), list_ends, LANE),
        Job(PURGE, Daily(time(5, 0)), purge_what_is_due, LANE),
    )


def erase_proposed(tx: WriteTransaction, erasing: ErasingParts, proposal: Proposal) -> None:
    """Take keys and rows of what was proposed away, in the name of whoever proposed it."""
    by = PROCESS if proposal.proposed_by is None else Actor(ActorKind.ACCOUNT, proposal.proposed_by)
    order = Order(ErasureScope(proposal.scope.value), proposal.kind.value, by, proposal.approved_by)
    erase_rows(tx, erasing, order, proposal.subject_key)
