"""SQL of what is copied: the vault's files, snapshots on targets, and how far each study is on them."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from appliance.audit.chain import Head
from appliance.backup.engine import Snapshot
from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

# What the vault holds by the catalogue: packs are kept apart and never copied.
_STORED = "f.place = 'vault' AND NOT EXISTS (SELECT 1 FROM packs p WHERE p.file_id = f.file_id)"


@dataclass(frozen=True)
class Recorded:
    """A snapshot that is on a target as far as this box knows.

    Attributes:
        was_found: It was found there without a row: when it was made among the others, only its date says.
    """

    snapshot_key: int
    repository: str
    snapshot_id: str
    kind: str
    taken_at: datetime
    bytes: int
    file_count: int
    was_found: bool = False


def stored_since(tx: ReadTransaction, since: int) -> list[bytes]:
    """Give the ids of the vault's files whose rows were made then or later (microseconds)."""
    rows = tx.rows(f"SELECT f.file_id FROM files f WHERE f.created_at >= :since AND {_STORED} ORDER BY f.file_id",  # noqa: S608  a constant of this file
                   since=since)  # fmt: skip
    return [row[0] for row in rows]


def first_stored_since(tx: ReadTransaction, since: int, but_for: Set[bytes]) -> int | None:
    """Give when the first of the vault's files was made whose row is of then or later (microseconds), some left out."""
    limit = 1 if not but_for else len(but_for) + 1
    rows = tx.rows(f"SELECT f.file_id, f.created_at FROM files f WHERE f.created_at >= :since AND {_STORED} "  # noqa: S608  a constant of this file
                   "ORDER BY f.created_at LIMIT :limit", since=since, limit=limit)  # fmt: skip
    return next((int(row[1]) for row in rows if row[0] not in but_for), None)


def stored_among(tx: ReadTransaction, file_ids: list[bytes]) -> list[bytes]:
    """Give those of some ids that the vault should still have."""
    found = []
    for file_id in file_ids:
        if tx.rows(f"SELECT 1 FROM files f WHERE f.file_id = :id AND {_STORED}", id=file_id):  # noqa: S608  a constant of this file
            found.append(file_id)
    return found


def stored_count(tx: ReadTransaction) -> tuple[int, int]:
    """Give how many files the vault should hold, and their plaintext bytes."""
    rows = tx.rows(f"SELECT count(*), coalesce(sum(f.plaintext_bytes), 0) FROM files f WHERE {_STORED}")  # noqa: S608  a constant of this file
    return int(rows[0][0]), int(rows[0][1])


def oldest_in_inbox(tx: ReadTransaction) -> int | None:
    """Give when the first of those rows was made whose files still have to move to the vault (microseconds)."""
    rows = tx.rows("SELECT min(created_at) FROM files WHERE place = 'inbox'")
    return None if rows[0][0] is None else int(rows[0][0])


def first_arrival_of(tx: ReadTransaction, since: int) -> int | None:
    """Give the earliest arrival (microseconds) of what was taken into the catalogue then or later."""
    rows = tx.rows(
        "SELECT min(a.arrived_at) FROM files f JOIN arrivals a ON a.file_id = f.file_id WHERE f.created_at >= :since",
        since=since,
    )
    return None if rows[0][0] is None else int(rows[0][0])


def files_of_studies(tx: ReadTransaction, since: int) -> list[tuple[int, int]]:
    """Give each study that has a file whose row was made then or later, with how many of its files the vault has."""
    rows = tx.rows(
        f"""SELECT se.study_key, count(*) FROM series se
            JOIN instances i ON i.series_key = se.series_key JOIN versions v ON v.instance_key = i.instance_key
            JOIN files f ON f.file_id = v.file_id
            WHERE {_STORED} AND se.study_key IN (
              SELECT se2.study_key FROM files f2 JOIN versions v2 ON v2.file_id = f2.file_id
              JOIN instances i2 ON i2.instance_key = v2.instance_key JOIN series se2 ON se2.series_key = i2.series_key
              WHERE f2.created_at >= :since)
            GROUP BY se.study_key""",  # noqa: S608  a constant of this file
        since=since,
    )
    return [(int(row[0]), int(row[1])) for row in rows]


def note_copies(tx: WriteTransaction, target_key: int, studies: list[tuple[int, int]], at: datetime) -> None:
    """Note how many files of studies are on a target; a study that was erased meanwhile is left out."""
    for study_key, count in studies:
        tx.change(
            "INSERT INTO study_copies (study_key, target_key, file_count, copied_at) "
            "SELECT :study, :target, :count, :at WHERE EXISTS (SELECT 1 FROM studies WHERE study_key = :study) "
            "ON CONFLICT (study_key, target_key) DO UPDATE SET file_count = :count, copied_at = :at, "
            "proved_at = CASE WHEN file_count = :count THEN proved_at END",
            study=study_key, target=target_key, count=count, at=microseconds(at),
        )  # fmt: skip


def note_snapshot(tx: WriteTransaction, target_key: int, repository: str, snapshot: Snapshot, head: Head) -> None:
    """Note a snapshot that is on a target now; noting it twice changes nothing; one that was gone is there again."""
    tx.change(
        "INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at, audit_sequence, "
        "audit_chain, file_count, bytes) VALUES (:target, :repository, :id, :kind, :at, :sequence, :chain, :files, "
        ":bytes) ON CONFLICT (target_key, repository, snapshot_id) DO UPDATE SET gone_at = NULL",
        target=target_key, repository=repository, id=snapshot.snapshot_id, kind=snapshot.tag,
        at=microseconds(snapshot.taken_at), sequence=head.sequence, chain=head.chain, files=snapshot.file_count,
        bytes=snapshot.bytes,
    )  # fmt: skip


def snapshots_on(tx: ReadTransaction, target_key: int, repository: str) -> list[Recorded]:
    """Give what a repository holds as far as this box knows, in the order in which it was made."""
    rows = tx.rows(
        "SELECT snapshot_key, repository, snapshot_id, kind, taken_at, bytes, file_count, audit_sequence = 0 "
        "FROM backup_snapshots WHERE target_key = :key AND repository = :repository AND gone_at IS NULL "
        "ORDER BY snapshot_key",
        key=target_key, repository=repository,
    )  # fmt: skip
    return [_recorded(row) for row in rows]


def note_gone(tx: WriteTransaction, snapshot_key: int, at: datetime) -> None:
    """Note that a snapshot is no longer on its target, nor a byte that only it needed."""
    tx.change("UPDATE backup_snapshots SET gone_at = :at WHERE snapshot_key = :key AND gone_at IS NULL",
              key=snapshot_key, at=microseconds(at))  # fmt: skip


def last_head(tx: ReadTransaction, target_key: int) -> tuple[int, int]:
    """Give the last event whose link is on a target, and when it was carried there (microseconds); zeros for never."""
    rows = tx.rows(
        "SELECT coalesce(max(audit_sequence), 0), coalesce(max(taken_at), 0) FROM backup_snapshots "
        "WHERE target_key = :key", key=target_key,
    )  # fmt: skip
    return int(rows[0][0]), int(rows[0][1])


@dataclass(frozen=True)
class StudyCopies:
    """How far one study is on targets: `whole_on` of them have every file of it, `proved_on` were read back as well."""

    file_count: int
    whole_on: int
    proved_on: int


def copies_of_study(tx: ReadTransaction, study_key: int) -> StudyCopies:
    """Say how many targets that are used hold a study whole."""
    rows = tx.rows(
        """WITH now_there AS (
             SELECT count(*) AS files FROM series se JOIN instances i ON i.series_key = se.series_key
             JOIN versions v ON v.instance_key = i.instance_key WHERE se.study_key = :key)
           SELECT (SELECT files FROM now_there), count(c.target_key),
             coalesce(sum(c.proved_at IS NOT NULL), 0)
           FROM study_copies c JOIN backup_targets t ON t.target_key = c.target_key
           WHERE c.study_key = :key AND t.removed_at IS NULL AND t.destroyed_at IS NULL
             AND c.file_count >= (SELECT files FROM now_there)""",
        key=study_key,
    )
    return StudyCopies(*(int(value) for value in rows[0]))


def studies_by_copies(tx: ReadTransaction) -> dict[int, int]:
    """Say how many studies are whole on how many targets that are used, those on none included."""
    rows = tx.rows(
        """SELECT copies, count(*) FROM (
             SELECT s.study_key, (SELECT count(*) FROM study_copies c JOIN backup_targets t USING (target_key)
               WHERE c.study_key = s.study_key AND t.removed_at IS NULL AND t.destroyed_at IS NULL
                 AND c.file_count >= s.instance_count + s.further_versions) AS copies FROM studies s)
           GROUP BY copies ORDER BY copies"""
    )
    return {int(row[0]): int(row[1]) for row in rows}


def study_count(tx: ReadTransaction) -> int:
    """Give how many studies there are."""
    return int(tx.rows("SELECT count(*) FROM studies")[0][0])


def _recorded(row: Row) -> Recorded:
    return Recorded(row[0], row[1], row[2], row[3], instant(row[4]), row[5], row[6], bool(row[7]))
