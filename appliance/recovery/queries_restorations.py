"""SQL of the times that this box came back from a copy."""

from dataclasses import dataclass
from datetime import datetime

from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class Restoration:
    """One time that the box came back; what its numbers count is told by `restorations.Restored`.

    Attributes:
        sequence: Of its event.
        restored_at: When.
        target_id: Where its catalogue came from.
        target_name: How that is called here; None where the catalogue does not know it.
        taken_at: When the copy was taken.
        newest_at: When the newest scan of it arrived; None where it has none.
        study_count: Studies that came back.
        compared_at: When somebody said that the newest scans were compared with the scanners' lists.
        compared_by: Who said so.
    """

    sequence: int
    restored_at: datetime
    target_id: bytes
    target_name: str | None
    taken_at: datetime
    newest_at: datetime | None
    study_count: int
    file_count: int
    missing_count: int
    erased_count: int
    later_count: int
    is_drill: bool
    compared_at: datetime | None = None
    compared_by: int | None = None


def add_restoration(tx: WriteTransaction, one: Restoration) -> None:
    """Insert a restoration; the target's name and the comparison are not read."""
    tx.change(
        "INSERT INTO restorations (sequence, restored_at, target_id, taken_at, newest_at, study_count, file_count, "
        "missing_count, erased_count, later_count, is_drill) VALUES (:sequence, :restored, :target, :taken, :newest, "
        ":studies, :files, :missing, :erased, :later, :is_drill)",
        sequence=one.sequence, restored=microseconds(one.restored_at), target=one.target_id,
        taken=microseconds(one.taken_at), newest=None if one.newest_at is None else microseconds(one.newest_at),
        studies=one.study_count, files=one.file_count, missing=one.missing_count, erased=one.erased_count,
        later=one.later_count, is_drill=one.is_drill,
    )  # fmt: skip


def note_compared(tx: WriteTransaction, sequence: int, at: datetime, by: int | None) -> bool:
    """Note that a restoration was compared with the scanners' lists; give whether nobody had said so before."""
    return tx.change(
        "UPDATE restorations SET compared_at = :at, compared_by = :by WHERE sequence = :sequence "
        "AND compared_at IS NULL",
        at=microseconds(at), by=by, sequence=sequence,
    ) > 0  # fmt: skip


def restorations(tx: ReadTransaction) -> list[Restoration]:
    """Give every restoration, the last first."""
    rows = tx.rows(
        "SELECT r.sequence, r.restored_at, r.target_id, t.name, r.taken_at, r.newest_at, r.study_count, r.file_count, "
        "r.missing_count, r.erased_count, r.later_count, r.is_drill, r.compared_at, r.compared_by FROM restorations r "
        "LEFT JOIN backup_targets t ON t.target_id = r.target_id ORDER BY r.sequence DESC"
    )
    return [
        Restoration(
            row[0], instant(row[1]), row[2], row[3], instant(row[4]), _moment(row[5]), row[6], row[7], row[8], row[9],
            row[10], bool(row[11]), _moment(row[12]), row[13],
        )
        for row in rows
    ]  # fmt: skip


def _moment(at: int | None) -> datetime | None:
    return None if at is None else instant(at)
