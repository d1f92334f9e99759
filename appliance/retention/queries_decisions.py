"""SQL of what people decide: legal holds, and proposals to erase."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_HOLD = (
    "SELECT hold_key, patient_key, study_key, reason, reference, set_at, set_by, lifted_at, lifted_by FROM legal_holds"
)
_PROPOSAL = (
    "SELECT proposal_key, kind, scope, subject_key, file_count, proposed_at, proposed_by, approved_at, approved_by, "
    "alone, not_before, cancelled_at, done_at, refused FROM erasure_proposals"
)
_OPEN = "cancelled_at IS NULL AND done_at IS NULL"


class Scope(StrEnum):
    """How much is erased."""

    INSTANCE = "instance"
    SERIES = "series"
    STUDY = "study"
    PATIENT = "patient"
    BOX = "box"


class Kind(StrEnum):
    """Why something is erased."""

    DUE = "due"
    REQUEST = "request"
    ERROR = "error"
    DECOMMISSIONING = "decommissioning"


class HoldReason(StrEnum):
    """Why something must stay."""

    LITIGATION = "litigation"
    AUTHORITY = "authority"
    COMPLAINT = "complaint"
    TREATMENT = "treatment"
    RESEARCH = "research"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold of a patient, or of one study."""

    hold_key: int
    patient_key: int | None
    study_key: int | None
    reason: HoldReason
    reference: str
    set_at: datetime
    set_by: int | None
    lifted_at: datetime | None
    lifted_by: int | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that somebody proposed to erase.

    Attributes:
        alone: Nobody else could approve it when it was proposed, so it waits instead.
        not_before: The earliest moment at which it is done.
        refused: The code of why it was not done, empty as long as nothing speaks against it.
    """

    proposal_key: int
    kind: Kind
    scope: Scope
    subject_key: int
    file_count: int
    proposed_at: datetime
    proposed_by: int | None
    approved_at: datetime | None
    approved_by: int | None
    alone: bool
    not_before: datetime
    cancelled_at: datetime | None
    done_at: datetime | None
    refused: str

    @property
    def is_open(self) -> bool:
        return self.cancelled_at is None and self.done_at is None


def insert_hold(
    tx: WriteTransaction, subject: tuple[int | None, int | None], reason: HoldReason, reference: str, at: datetime,
    by: int | None,
) -> int:  # fmt: skip
    """Put a hold on a patient or a study, given as both keys of which one is None, and give its key."""
    row = tx.rows(
        "INSERT INTO legal_holds (patient_key, study_key, reason, reference, set_at, set_by) "
        "VALUES (:patient_key, :study_key, :reason, :reference, :at, :by) RETURNING hold_key",
        patient_key=subject[0], study_key=subject[1], reason=reason.value, reference=reference,
        at=microseconds(at), by=by,
    )  # fmt: skip
    return int(row[0][0])


def find_hold(tx: ReadTransaction, hold_key: int) -> Hold | None:
    """Give a hold, in force or lifted."""
    rows = tx.rows(f"{_HOLD} WHERE hold_key = :hold_key", hold_key=hold_key)
    return _hold(rows[0]) if rows else None


def lift_hold(tx: WriteTransaction, hold_key: int, at: datetime, by: int | None) -> bool:
    """End a hold; say whether it was in force."""
    return tx.change(
        "UPDATE legal_holds SET lifted_at = :at, lifted_by = :by WHERE hold_key = :hold_key AND lifted_at IS NULL",
        hold_key=hold_key, at=microseconds(at), by=by,
    ) == 1  # fmt: skip


def holds_in_force(tx: ReadTransaction) -> list[Hold]:
    """Give every hold in force, the oldest first."""
    return [_hold(row) for row in tx.rows(f"{_HOLD} WHERE lifted_at IS NULL ORDER BY hold_key")]


def holds_of_study(tx: ReadTransaction, study_key: int, patient_key: int) -> list[Hold]:
    """Give the holds that keep a study: its own and its patient's."""
    rows = tx.rows(
        f"{_HOLD} WHERE lifted_at IS NULL AND study_key = :study_key "
        f"UNION ALL {_HOLD} WHERE lifted_at IS NULL AND patient_key = :patient_key",
        study_key=study_key, patient_key=patient_key,
    )  # fmt: skip
    return sorted(map(_hold, rows), key=lambda hold: hold.hold_key)


def patient_of(tx: ReadTransaction, study_key: int) -> int | None:
    """Give the patient of a study."""
    rows = tx.rows("SELECT patient_key FROM studies WHERE study_key = :study_key", study_key=study_key)
    return int(rows[0][0]) if rows else None


def has_patient(tx: ReadTransaction, patient_key: int) -> bool:
    """Say whether there is such a patient."""
    return bool(tx.rows("SELECT 1 FROM patients WHERE patient_key = :patient_key", patient_key=patient_key))


_STUDIES_IN = {
    Scope.INSTANCE: "SELECT e.study_key FROM instances i JOIN series e ON e.series_key = i.series_key "
    "WHERE i.instance_key = :key",
    Scope.SERIES: "SELECT study_key FROM series WHERE series_key = :key",
    Scope.STUDY: "SELECT study_key FROM studies WHERE study_key = :key",
    Scope.PATIENT: "SELECT study_key FROM studies WHERE patient_key = :key ORDER BY study_key",
    Scope.BOX: "SELECT study_key FROM studies WHERE :key = :key AND (study_key IN (SELECT study_key FROM legal_holds "
    "WHERE lifted_at IS NULL) OR patient_key IN (SELECT patient_key FROM legal_holds WHERE lifted_at IS NULL))",
}
_FILES_IN = {
    Scope.INSTANCE: "SELECT count(*) FROM versions WHERE instance_key = :key",
    Scope.SERIES: "SELECT count(*) FROM versions v JOIN instances i ON i.instance_key = v.instance_key "
    "WHERE i.series_key = :key",
    Scope.STUDY: "SELECT count(*) FROM versions v JOIN instances i ON i.instance_key = v.instance_key "
    "JOIN series e ON e.series_key = i.series_key WHERE e.study_key = :key",
    Scope.PATIENT: "SELECT count(*) FROM versions v JOIN instances i ON i.instance_key = v.instance_key "
    "JOIN series e ON e.series_key = i.series_key JOIN studies s ON s.study_key = e.study_key "
    "WHERE s.patient_key = :key",
    Scope.BOX: "SELECT 0 * :key",  # what arrives until the last moment goes with the box
}


def studies_in(tx: ReadTransaction, scope: Scope, subject_key: int) -> list[int]:
    """Give the studies that erasing a subject touches; of a whole box only those under a hold."""
    return [int(row[0]) for row in tx.rows(_STUDIES_IN[scope], key=subject_key)]


def count_files(tx: ReadTransaction, scope: Scope, subject_key: int) -> int:
    """Count the files of a subject, every version of them."""
    return int(tx.rows(_FILES_IN[scope], key=subject_key)[0][0])


def insert_proposal(tx: WriteTransaction, proposal: Proposal) -> int:
    """Keep a proposal, and give its key; the one in `proposal` is not looked at."""
    row = tx.rows(
        "INSERT INTO erasure_proposals (kind, scope, subject_key, file_count, proposed_at, proposed_by, alone, "
        "not_before) VALUES (:kind, :scope, :subject_key, :file_count, :at, :by, :alone, :not_before) "
        "RETURNING proposal_key",
        kind=proposal.kind.value, scope=proposal.scope.value, subject_key=proposal.subject_key,
        file_count=proposal.file_count, at=microseconds(proposal.proposed_at), by=proposal.proposed_by,
        alone=int(proposal.alone), not_before=microseconds(proposal.not_before),
    )  # fmt: skip
    return int(row[0][0])


def find_proposal(tx: ReadTransaction, proposal_key: int) -> Proposal | None:
    """Give a proposal, open or over."""
    rows = tx.rows(f"{_PROPOSAL} WHERE proposal_key = :proposal_key", proposal_key=proposal_key)
    return _proposal(rows[0]) if rows else None


def find_open_proposal(tx: ReadTransaction, scope: Scope, subject_key: int) -> Proposal | None:
    """Give the open proposal of a subject."""
    rows = tx.rows(
        f"{_PROPOSAL} WHERE scope = :scope AND subject_key = :subject_key AND {_OPEN}",
        scope=scope.value, subject_key=subject_key,
    )  # fmt: skip
    return _proposal(rows[0]) if rows else None


def open_proposals(tx: ReadTransaction) -> list[Proposal]:
    """Give every open proposal, the oldest first."""
    return [_proposal(row) for row in tx.rows(f"{_PROPOSAL} WHERE {_OPEN} ORDER BY proposal_key")]


def refused_proposals(tx: ReadTransaction, since: datetime) -> list[Proposal]:
    """Give the proposals that were refused since, the newest first."""
    rows = tx.rows(
        f"{_PROPOSAL} WHERE refused IS NOT NULL AND cancelled_at >= :since ORDER BY proposal_key DESC",
        since=microseconds(since),
    )  # fmt: skip
    return [_proposal(row) for row in rows]


def approve_proposal(tx: WriteTransaction, proposal_key: int, at: datetime, by: int) -> None:
    """Keep who agreed; from now on it may be done."""
    tx.change(
        "UPDATE erasure_proposals SET approved_at = :at, approved_by = :by, not_before = :at "
        "WHERE proposal_key = :proposal_key AND cancelled_at IS NULL AND done_at IS NULL",
        proposal_key=proposal_key, at=microseconds(at), by=by,
    )  # fmt: skip


def cancel_proposal(
    tx: WriteTransaction, proposal_key: int, at: datetime, by: int | None, refused: str | None = None
) -> bool:
    """End a proposal, by a person or for a reason; say whether it was open."""
    return tx.change(
        "UPDATE erasure_proposals SET cancelled_at = :at, cancelled_by = :by, refused = :refused "
        "WHERE proposal_key = :proposal_key AND cancelled_at IS NULL AND done_at IS NULL",
        proposal_key=proposal_key, at=microseconds(at), by=by, refused=refused,
    ) == 1  # fmt: skip


def finish_proposal(tx: WriteTransaction, proposal_key: int, at: datetime) -> bool:
    """Note that it was done; say whether it was open."""
    return tx.change(
        "UPDATE erasure_proposals SET done_at = :at "
        "WHERE proposal_key = :proposal_key AND cancelled_at IS NULL AND done_at IS NULL",
        proposal_key=proposal_key, at=microseconds(at),
    ) == 1  # fmt: skip


def _hold(row: Row) -> Hold:
    key, patient, study, reason, reference, set_at, set_by, lifted_at, lifted_by = row
    return Hold(
        key, patient, study, HoldReason(reason), reference, instant(set_at), set_by, _instant(lifted_at), lifted_by
    )


def _proposal(row: Row) -> Proposal:
    key, kind, scope, subject, files, at, by, approved_at, approved_by, alone, before, cancelled, done, refused = row
    return Proposal(
        key, Kind(kind), Scope(scope), subject, files, instant(at), by, _instant(approved_at), approved_by, bool(alone),
        instant(before), _instant(cancelled), _instant(done), refused or "",
    )  # fmt: skip


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else instant(stored)
