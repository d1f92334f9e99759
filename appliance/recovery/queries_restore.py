"""SQL of a catalogue that came back from a backup: what its vault needs, and what it must not take up again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from appliance.clock import instant, microseconds
from appliance.identifiers import FileId
from appliance.store.transactions import ReadTransaction, WriteTransaction

_FORGOTTEN = (
    "DELETE FROM packs",  # made again from the scans; its trigger takes the files' rows with it
    "DELETE FROM pack_leftovers",
    "DELETE FROM disk_readings",  # of another disk
    "DELETE FROM clock_marks",  # of another clock
    "DELETE FROM jobs_asked",
    "DELETE FROM study_copies",  # this machine has seen none of them yet; the next run on each target counts them
    "DELETE FROM proved_files",
)


@dataclass(frozen=True, slots=True)
class ToFetch:
    """One file that has to come into the vault, with what it is verified against; no digest where none was kept.

    `created_at`, in microseconds: since when a row names it.
    """

    file_id: FileId
    plaintext_bytes: int
    dataset_offset: int | None
    dataset_sha256: bytes | None
    in_vault: bool
    created_at: int = 0


def forget_the_old_machine(tx: WriteTransaction, at: datetime) -> None:
    """Remove what was true of the machine that is gone, end every session, and hold every certificate of a device.

    Doing it twice changes nothing.
    """
    for statement in _FORGOTTEN:
        tx.change(statement)
    tx.change("UPDATE sessions SET revoked_at = :at WHERE revoked_at IS NULL", at=microseconds(at))
    tx.change(
        "UPDATE device_certificates SET held_at = :at WHERE revoked_at IS NULL AND held_at IS NULL", at=microseconds(at)
    )
    tx.change("UPDATE runs SET outcome = 'interrupted', finished_at = :at WHERE outcome IS NULL", at=microseconds(at))
    tx.change("UPDATE backup_targets SET seen_at = NULL, covered_at = NULL, copied_through = NULL, fault = NULL")


def leave_targets(tx: WriteTransaction, at: datetime) -> list[int]:
    """Let a box that came back for a drill reach no target of the living one, nor tell by its ways; give those it used.

    Their credentials go, those of roots before too, or it would copy over the living box's copies and prune them.
    """
    rows = tx.rows("SELECT target_key FROM backup_targets WHERE removed_at IS NULL ORDER BY target_key")
    tx.change(
        "UPDATE backup_targets SET removed_at = coalesce(removed_at, :at), sealed_credentials = NULL, root_key = NULL",
        at=microseconds(at),
    )
    tx.change("DELETE FROM service_secrets")
    return [int(row[0]) for row in rows]


def note_seen(tx: WriteTransaction, target_id: bytes, at: datetime) -> None:
    """Note that a target was reached, if the catalogue knows it."""
    tx.change("UPDATE backup_targets SET seen_at = :at WHERE target_id = :id", at=microseconds(at), id=target_id)


def drop_packs(tx: WriteTransaction) -> None:
    """Forget packs, which no backup has, with the rows of their files."""
    for statement in _FORGOTTEN[:2]:
        tx.change(statement)


def to_fetch(tx: ReadTransaction) -> Iterator[ToFetch]:
    """Give every file that a row names."""
    rows = tx.rows(
        "SELECT f.file_id, f.plaintext_bytes, v.dataset_offset, v.dataset_sha256, f.place, f.created_at FROM files f "
        "LEFT JOIN versions v USING (file_id) ORDER BY f.file_id"
    )
    return (ToFetch(FileId(row[0]), row[1], row[2], row[3], row[4] == "vault", row[5]) for row in rows)


def was_restored_after(tx: ReadTransaction, event: str, sequence: int) -> bool:
    """Say whether the trail tells of an event behind a place."""
    return bool(tx.rows(
        "SELECT 1 FROM audit_events WHERE sequence > :sequence AND event = :event LIMIT 1",
        sequence=sequence, event=event,
    ))  # fmt: skip


def study_count(tx: ReadTransaction) -> int:
    """Give how many studies there are."""
    return int(tx.rows("SELECT count(*) FROM studies")[0][0])


def newest_arrival(tx: ReadTransaction) -> datetime | None:
    """Give when the newest scan arrived, or None where there is none."""
    at = tx.rows("SELECT max(last_arrived_at) FROM studies")[0][0]
    return None if at is None else instant(at)
