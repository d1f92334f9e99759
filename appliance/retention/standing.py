"""How an open proposal stands now: what speaks against doing it, and what it still waits for."""

from collections.abc import Sequence
from enum import StrEnum

from appliance.accounts.approvers import who_may
from appliance.accounts.roles import Permission
from appliance.retention import queries
from appliance.retention import queries_decisions as decisions
from appliance.retention.barriers import Barrier
from appliance.retention.context import Retention
from appliance.retention.ends import end_of_study
from appliance.retention.queries_decisions import Kind, Proposal, Scope
from appliance.store.transactions import ReadTransaction


class Wait(StrEnum):
    """What a proposal waits for."""

    APPROVAL = "approval"
    TIME = "time"  # the seven days of whoever is alone
    DRY_RUN = "dry run"
    CLOCK = "clock"
    NIGHT = "night"  # nothing more: the next run does it


def waits_for(tx: ReadTransaction, retention: Retention, proposal: Proposal) -> Wait:
    """Say what an open proposal waits for."""
    if proposal.approved_by is None and not _is_alone(tx, proposal):
        return Wait.APPROVAL
    if retention.is_clock_in_doubt(tx):
        return Wait.CLOCK
    if retention.clock.now() < proposal.not_before:
        return Wait.TIME
    return Wait.DRY_RUN if proposal.kind is Kind.DUE and is_dry(tx, retention) else Wait.NIGHT


def is_dry(tx: ReadTransaction, retention: Retention) -> bool:
    """Say whether what is due is only listed now; without a policy nothing else ever happens."""
    policy = queries.policy(tx)
    return policy is None or retention.clock.now() < policy.dry_run_until


def barrier_of(tx: ReadTransaction, retention: Retention, proposal: Proposal) -> Barrier | None:
    """Say what speaks against doing a proposal now, if anything."""
    studies = decisions.studies_in(tx, proposal.scope, proposal.subject_key)
    if not studies:
        return None if proposal.scope is Scope.BOX else Barrier.GONE
    patients = [(study_key, decisions.patient_of(tx, study_key) or 0) for study_key in studies]
    if any(decisions.holds_of_study(tx, *each) for each in patients):
        return Barrier.HELD
    if decisions.count_files(tx, proposal.scope, proposal.subject_key) != proposal.file_count:
        return Barrier.CHANGED
    return _not_due(tx, retention, patients) if proposal.kind is Kind.DUE else None


def _not_due(tx: ReadTransaction, retention: Retention, studies: Sequence[tuple[int, int]]) -> Barrier | None:
    """Say what speaks against studies, each with its patient, that are to be erased because their time is over."""
    if any(queries.has_open_conflict(tx, *each) for each in studies):
        return Barrier.IDENTITY
    ends = [end_of_study(tx, retention, study_key) for study_key, _patient in studies]
    if any(end is None for end in ends):
        return Barrier.NO_RULE
    today = retention.today()
    return None if all(end is not None and end.is_due(today) for end in ends) else Barrier.NOT_DUE


def _is_alone(tx: ReadTransaction, proposal: Proposal) -> bool:
    """Say whether it was proposed alone and there is still nobody else who could approve it."""
    others = [each for each in who_may(tx, Permission.APPROVE_ERASURE) if each.account_key != proposal.proposed_by]
    return proposal.alone and not others
