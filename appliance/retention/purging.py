"""Erases what was proposed, agreed to and is still due: the job `purge`.

Guards: whether it may is asked anew in the very transaction that erases, so a
hold that was set a moment ago wins. A run that is cut off leaves each proposal
done with its erasure or open with its study, and the next run goes on.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from logging import getLogger

from appliance.errors import ApplianceError
from appliance.retention import queries_decisions as decisions
from appliance.retention.context import Retention
from appliance.retention.proposals import refuse
from appliance.retention.queries_decisions import Proposal, Scope
from appliance.retention.standing import Wait, barrier_of, waits_for
from appliance.store.transactions import WriteTransaction

log = getLogger(__name__)


class Outcome(StrEnum):
    """What became of a proposal in one run."""

    ERASED = "erased"
    REFUSED = "refused"
    WAITING = "waiting"
    FAILED = "failed"  # it could not be erased now


def purge(
    retention: Retention, erase: Callable[[WriteTransaction, Proposal], None], stopping: Callable[[], bool] = bool
) -> Counter[Outcome]:
    """Do every proposal that nothing is in the way of, one transaction each, and count what became of them.

    Args:
        retention: The room.
        erase: Takes keys and rows of a subject away, in the transaction that is given.
        stopping: Whether to leave off.
    """
    with retention.database.read() as tx:
        open_ones = [proposal for proposal in decisions.open_proposals(tx) if proposal.scope is not Scope.BOX]
    counts: Counter[Outcome] = Counter()
    for proposal in open_ones:
        if stopping():
            break
        counts[_settle(retention, proposal.proposal_key, erase)] += 1
    return counts


def _settle(retention: Retention, proposal_key: int, erase: Callable[[WriteTransaction, Proposal], None]) -> Outcome:
    try:
        with retention.database.write() as tx:
            return _settle_in(tx, retention, proposal_key, erase)
    except ApplianceError as fault:
        log.warning("what is due was not erased now: %s", type(fault).__name__)
        return Outcome.FAILED


def _settle_in(
    tx: WriteTransaction, retention: Retention, proposal_key: int, erase: Callable[[WriteTransaction, Proposal], None]
) -> Outcome:
    proposal = decisions.find_proposal(tx, proposal_key)
    if proposal is None or not proposal.is_open or waits_for(tx, retention, proposal) is not Wait.NIGHT:
        return Outcome.WAITING
    barrier = barrier_of(tx, retention, proposal)
    if barrier is not None:
        refuse(tx, retention, proposal, barrier)
        return Outcome.REFUSED
    erase(tx, proposal)
    decisions.finish_proposal(tx, proposal_key, retention.clock.now())
    return Outcome.ERASED
