"""What keeps a study although somebody wants it gone: a closed list, and how it stands now."""

from enum import StrEnum

from appliance.retention import queries, queries_decisions
from appliance.store.transactions import ReadTransaction


class Barrier(StrEnum):
    """Why something is not erased."""

    HELD = "held"  # a legal hold
    IDENTITY = "identity"  # a person has to decide first whose it is
    NOT_DUE = "not due"  # its time is not over
    NO_RULE = "no rule"  # no rule ends its time
    CHANGED = "changed"  # images came or went since it was proposed
    GONE = "gone"  # there is no such thing any more
    RESTORED = "restored"  # the box is an older copy: what was decided since is not known


def barriers_of_study(tx: ReadTransaction, study_key: int, patient_key: int) -> tuple[Barrier, ...]:
    """Give what keeps a study whose time is over."""
    found = []
    if queries_decisions.holds_of_study(tx, study_key, patient_key):
        found.append(Barrier.HELD)
    if queries.has_open_conflict(tx, study_key, patient_key):
        found.append(Barrier.IDENTITY)
    return tuple(found)
