"""Who may end a study's time: one proposes, another agrees, each with a code of their second factor.

Guards: whoever proposed never approves. Where nobody else could approve, it is
done after seven days instead, in which everybody who may approve sees it and
may cancel it; if somebody else can approve by then, it waits for them. What
was proposed is looked at anew when it is approved and when it is done: under a
hold, with other images than were proposed, or with a time that is not over, it
is refused, with its reason. Nothing is done on a clock that is in doubt.
Leaves out: erasing itself (`erasing`).
"""

from collections.abc import Sequence
from datetime import timedelta

from appliance.accounts.approvers import who_may
from appliance.accounts.roles import Permission
from appliance.accounts.second_factor import Confirmed
from appliance.accounts.trail import account_key_of
from appliance.audit.events import PROCESS, Actor, Event, EventCode, Subject, SubjectKind
from appliance.errors import NotFound, NotPermitted, Refused, Unsuitable
from appliance.retention import queries_decisions as decisions
from appliance.retention.barriers import Barrier
from appliance.retention.context import Retention
from appliance.retention.queries_decisions import Kind, Proposal, Scope
from appliance.retention.standing import barrier_of
from appliance.retention.telling import note_proposals
from appliance.store.transactions import WriteTransaction

ALONE = timedelta(days=7)
MOST_AT_ONCE = 200


class Barred(Refused):
    """Something speaks against erasing it: `barrier` says what."""

    def __init__(self, barrier: Barrier) -> None:
        super().__init__(f"it is not erased: {barrier.value}")
        self.barrier = barrier


def propose(retention: Retention, scope: Scope, subject_keys: Sequence[int], kind: Kind, by: Confirmed) -> list[int]:
    """Propose to erase something, or several of a kind at once; give the proposals' keys.

    Raises:
        NotPermitted: The person may not propose.
        Barred: Something speaks against one of them; none is proposed then.
        Unsuitable: There are none or too many, one is proposed already, or this scope does not end by its time.
    """
    _require(by, Permission.PROPOSE_ERASURE)
    if not 0 < len(set(subject_keys)) <= MOST_AT_ONCE:
        raise Unsuitable(f"one to {MOST_AT_ONCE} can be proposed at once")
    if kind is Kind.DUE and scope not in {Scope.STUDY, Scope.PATIENT}:
        raise Unsuitable("only whole studies come to the end of their time")
    if (kind is Kind.DECOMMISSIONING) != (scope is Scope.BOX):
        raise Unsuitable("a box is decommissioned, and nothing else is")
    with retention.database.write() as tx:
        keys = [_propose(tx, retention, scope, key, kind, by) for key in dict.fromkeys(subject_keys)]  # in their order
        note_proposals(tx, retention.clock.now(), is_new=True)
    return keys


def approve(retention: Retention, proposal_keys: Sequence[int], by: Confirmed) -> list[Proposal]:
    """Agree to proposals of somebody else; give those that were refused instead, with their reasons.

    Raises:
        NotPermitted: The person may not approve, or proposed one of them; nothing changed.
        NotFound: One is not open any more, or approved already; nothing changed.
    """
    _require(by, Permission.APPROVE_ERASURE)
    with retention.database.write() as tx:
        refused = [_approve(tx, retention, key, by) for key in dict.fromkeys(proposal_keys)]
    return [proposal for proposal in refused if proposal is not None]


def cancel(retention: Retention, proposal_key: int, by: Actor) -> None:
    """End a proposal; whoever calls this may approve or propose.

    Raises:
        NotFound: It is not open any more.
    """
    with retention.database.write() as tx:
        if not decisions.cancel_proposal(tx, proposal_key, retention.clock.now(), account_key_of(by)):
            raise NotFound("no such proposal is open")
        _record(tx, retention, EventCode.ERASURE_CANCELLED, by, _get(tx, proposal_key))
        note_proposals(tx, retention.clock.now())


def refuse(tx: WriteTransaction, retention: Retention, proposal: Proposal, barrier: Barrier) -> None:
    """End a proposal because something speaks against it."""
    decisions.cancel_proposal(tx, proposal.proposal_key, retention.clock.now(), None, barrier.value)
    _record(tx, retention, EventCode.ERASURE_REFUSED, PROCESS, proposal)
    note_proposals(tx, retention.clock.now())


def refuse_all(tx: WriteTransaction, retention: Retention) -> int:
    """End every open proposal, of a box that came back from a copy; give how many.

    A hold that was set, or a proposal that was cancelled, after that copy was made is not in it.
    """
    left = decisions.open_proposals(tx)
    for proposal in left:
        refuse(tx, retention, proposal, Barrier.RESTORED)
    return len(left)


def _propose(
    tx: WriteTransaction, retention: Retention, scope: Scope, subject_key: int, kind: Kind, by: Confirmed
) -> int:  # fmt: skip
    if decisions.find_open_proposal(tx, scope, subject_key) is not None:
        raise Unsuitable("this is proposed already")
    now, own = retention.clock.now(), by.account.account_key
    alone = all(account.account_key == own for account in who_may(tx, Permission.APPROVE_ERASURE))
    proposal = Proposal(
        proposal_key=0, kind=kind, scope=scope, subject_key=subject_key,
        file_count=decisions.count_files(tx, scope, subject_key), proposed_at=now, proposed_by=own, approved_at=None,
        approved_by=None, alone=alone, not_before=now + ALONE if alone else now, cancelled_at=None, done_at=None,
        refused="",
    )  # fmt: skip
    barrier = barrier_of(tx, retention, proposal)
    if barrier is not None:
        raise Barred(barrier)
    proposal_key = decisions.insert_proposal(tx, proposal)
    _record(tx, retention, EventCode.ERASURE_PROPOSED, by.actor, _get(tx, proposal_key))
    return proposal_key


def _approve(tx: WriteTransaction, retention: Retention, proposal_key: int, by: Confirmed) -> Proposal | None:
    proposal = _get(tx, proposal_key)
    if not proposal.is_open or proposal.approved_by is not None:
        raise NotFound("no such proposal waits for approval")
    if proposal.proposed_by == by.account.account_key:
        raise NotPermitted("nobody approves what they proposed themselves")
    barrier = barrier_of(tx, retention, proposal)
    if barrier is not None:
        refuse(tx, retention, proposal, barrier)
        return _get(tx, proposal_key)
    decisions.approve_proposal(tx, proposal_key, retention.clock.now(), by.account.account_key)
    _record(tx, retention, EventCode.ERASURE_APPROVED, by.actor, proposal)
    return None


def _get(tx: WriteTransaction, proposal_key: int) -> Proposal:
    proposal = decisions.find_proposal(tx, proposal_key)
    if proposal is None:
        raise NotFound("no such proposal")
    return proposal


def _require(by: Confirmed, permission: Permission) -> None:
    if permission not in by.account.permissions:
        raise NotPermitted(f"the person may not {permission}")


def _record(tx: WriteTransaction, retention: Retention, code: EventCode, by: Actor, proposal: Proposal) -> None:
    studies = [] if proposal.scope is Scope.BOX else decisions.studies_in(tx, proposal.scope, proposal.subject_key)
    patient_key = decisions.patient_of(tx, studies[0]) if studies else None
    study_key = studies[0] if studies and proposal.scope is not Scope.PATIENT else None
    retention.audit.record(
        tx,
        Event(
            code, by, subject=Subject(SubjectKind.PROPOSAL, proposal.proposal_key), patient_key=patient_key,
            study_key=study_key, number=proposal.file_count,
        ),
    )  # fmt: skip
