"""SQL of faults that were found, and of which file was read when."""

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.identifiers import FileId
from appliance.integrity.findings import Finding, FoundBy, Place
from appliance.integrity.reading import Expected
from appliance.store.transactions import ReadTransaction, WriteTransaction

_SAME = """place = :place AND fault = :fault AND target_key IS :target_key AND file_id IS :file_id AND thing IS :thing
  AND repaired_at IS NULL"""
_ARRIVALS_TRIED = 3  # of the copies of what arrived: the first after a file has it, unless that run was cut off


@dataclass(frozen=True)
class Turn:
    """A stored file whose turn to be read it is."""

    expected: Expected
    plaintext_bytes: int


def add_fault(tx: WriteTransaction, finding: Finding, found_by: FoundBy, run_key: int | None, at: int) -> bool:
    """Add a finding unless the same still stands; give whether it was new."""
    again = f"UPDATE integrity_faults SET last_found_at = :at WHERE {_SAME}"  # noqa: S608  a constant of this file
    if tx.change(again, at=at, **_same(finding)):
        return False
    tx.change(
        """INSERT INTO integrity_faults (place, target_key, fault, file_id, thing, found_by, run_key, found_at,
             last_found_at)
           VALUES (:place, :target_key, :fault, :file_id, :thing, :found_by, :run_key, :at, :at)""",
        found_by=found_by.value, run_key=run_key, at=at, **_same(finding),
    )  # fmt: skip
    return True


def files_with_open_faults(tx: ReadTransaction) -> set[bytes]:
    """Give the files of the vault that something is known to be wrong with."""
    sql = "SELECT DISTINCT file_id FROM integrity_faults WHERE repaired_at IS NULL AND place = 'vault'"
    return {bytes(row[0]) for row in tx.rows(sql) if row[0] is not None}


_EXPECTED = """SELECT f.file_id, v.dataset_offset, v.dataset_sha256 FROM files f LEFT JOIN versions v USING (file_id)
  WHERE f.place = 'vault' AND f.file_id NOT IN (SELECT file_id FROM packs)"""


def damaged_files(tx: ReadTransaction) -> list[Expected]:
    """Give the stored files that are known not to be what was stored, but packs, which are made again."""
    return _expected(
        tx,
        """SELECT file_id FROM damaged_files UNION SELECT file_id FROM integrity_faults
           WHERE place = 'vault' AND repaired_at IS NULL AND fault NOT IN ('key missing', 'no row')""",
    )


def doubtful_files(tx: ReadTransaction, most: int) -> list[Expected]:
    """Give stored files to be read again now: the disk did not give them, or a copy was found not to hold them whole.

    Of the latter those that were not read since.
    """
    return _expected(
        tx,
        """SELECT i.file_id FROM integrity_faults i LEFT JOIN scrubbed_files s USING (file_id)
           WHERE i.repaired_at IS NULL AND i.file_id IS NOT NULL AND ((i.place = 'vault' AND i.fault = 'unreadable')
             OR (i.place = 'snapshot' AND coalesce(s.read_at, 0) < i.last_found_at))""",
    )[:most]


def _expected(tx: ReadTransaction, chosen: str) -> list[Expected]:
    rows = tx.rows(f"{_EXPECTED} AND f.file_id IN ({chosen}) ORDER BY f.file_id")
    return [Expected(FileId(file_id), offset, digest) for file_id, offset, digest in rows]


def file_snapshots(tx: ReadTransaction, target_key: int, file_id: FileId, most: int) -> list[str]:
    """Give a target's snapshots that may hold a stored file: by turns the newest night, the oldest, and what arrived.

    A file that vanished is in no night since; it is in those after it came, and
    in the first copy of what arrived, which was made within minutes: the later
    ones come last. A snapshot's time is cut to the second: one of the second in
    which the file came may hold it.
    """
    rows = tx.rows(
        """WITH told AS (
             SELECT snapshot_id, kind, taken_at,
               taken_at + :second <= (SELECT created_at FROM files WHERE file_id = :file_id) AS is_before
             FROM backup_snapshots WHERE target_key = :key AND repository = 'files'
               AND kind IN ('night', 'arrivals') AND gone_at IS NULL)
           SELECT snapshot_id FROM (
             SELECT *, row_number() OVER (PARTITION BY kind, is_before ORDER BY taken_at DESC) AS newest,
               row_number() OVER (PARTITION BY kind, is_before ORDER BY taken_at) AS oldest FROM told)
           ORDER BY kind = 'arrivals' AND (is_before OR oldest > :tried), is_before,
             CASE kind WHEN 'night' THEN min(newest, oldest) ELSE oldest END, kind = 'arrivals', newest
           LIMIT :most""",
        key=target_key, file_id=file_id.value, most=most, second=1_000_000, tried=_ARRIVALS_TRIED,
    )  # fmt: skip
    return [str(row[0]) for row in rows]


def end_faults_of_file(tx: WriteTransaction, file_id: FileId, at: int, repaired_from: int | None = None) -> int:
    """Note that a file of the vault is sound again; give how many findings ended."""
    return tx.change(
        "UPDATE integrity_faults SET repaired_at = :at, repaired_from = :source "
        "WHERE place = 'vault' AND file_id = :file_id AND repaired_at IS NULL",
        at=at, source=repaired_from, file_id=file_id.value,
    )  # fmt: skip


def end_faults_of_gone_files(tx: WriteTransaction, at: int) -> int:
    """Note that what was wrong with files that are here no more, erased or dropped, is over."""
    return tx.change(
        "UPDATE integrity_faults SET repaired_at = :at WHERE place = 'vault' AND repaired_at IS NULL "
        "AND fault <> 'no row' AND file_id NOT IN (SELECT file_id FROM files)",
        at=at,
    )


def end_faults_of_thing(tx: WriteTransaction, place: Place, thing: str, at: int) -> int:
    """Note that a thing is sound again."""
    return tx.change(
        "UPDATE integrity_faults SET repaired_at = :at WHERE place = :place AND thing = :thing AND repaired_at IS NULL",
        at=at, place=place.value, thing=thing,
    )  # fmt: skip


def end_faults_but(tx: WriteTransaction, standing: Iterable[Finding], at: int) -> int:
    """Note that whatever was wrong on this box is over, but for what a reading of all of it still finds.

    A file counts by its id; catalogue and record each as a whole.
    """
    still = {(one.place.value, None if one.file_id is None else one.file_id.value) for one in standing}
    rows = tx.rows(
        "SELECT fault_key, place, file_id FROM integrity_faults WHERE repaired_at IS NULL "
        "AND place IN ('vault', 'catalogue', 'audit')"
    )
    over = [key for key, place, file_id in rows if (place, file_id) not in still]
    for key in over:
        tx.change("UPDATE integrity_faults SET repaired_at = :at WHERE fault_key = :key", at=at, key=key)
    return len(over)


def line_up(tx: WriteTransaction, now: int) -> None:
    """Let new files wait at the head of the line, those that are gone leave it, and no turn lie ahead of the clock."""
    tx.change("DELETE FROM scrubbed_files WHERE file_id NOT IN (SELECT file_id FROM files)")
    tx.change("INSERT OR IGNORE INTO scrubbed_files (file_id, read_at) SELECT file_id, 0 FROM files")
    tx.change("UPDATE scrubbed_files SET read_at = :now WHERE read_at > :now", now=now)


def bytes_in_vault(tx: ReadTransaction, overdue: int) -> tuple[int, int]:
    """Give how many bytes are stored, and how many of them were last read before then."""
    sql = """SELECT coalesce(sum(plaintext_bytes), 0),
      coalesce(sum(plaintext_bytes) FILTER (WHERE read_at < :overdue), 0)
      FROM scrubbed_files JOIN files USING (file_id)"""
    total, late = tx.rows(sql, overdue=overdue)[0]
    return int(total), int(late)


def in_turn(tx: ReadTransaction, before: int, limit: int) -> list[Turn]:
    """Give the files that were read longest ago, and before then."""
    sql = """SELECT f.file_id, v.dataset_offset, v.dataset_sha256, f.plaintext_bytes
      FROM (SELECT file_id, read_at FROM scrubbed_files WHERE read_at < :before ORDER BY read_at LIMIT :limit) s
      JOIN files f USING (file_id) LEFT JOIN versions v USING (file_id) ORDER BY s.read_at, f.created_at"""
    rows = tx.rows(sql, before=before, limit=limit)
    return [Turn(Expected(FileId(row[0]), row[1], row[2]), int(row[3])) for row in rows]


def note_read(tx: WriteTransaction, turns: Iterable[Turn], at: int) -> None:
    """Note that files were read; they go to the end of the line."""
    for turn in turns:
        tx.change(
            "INSERT INTO scrubbed_files (file_id, read_at) VALUES (:id, :at) ON CONFLICT DO UPDATE SET read_at = :at",
            at=at, id=turn.expected.file_id.value,
        )  # fmt: skip


def _same(finding: Finding) -> dict[str, object]:
    return {
        "place": finding.place.value,
        "fault": finding.code.value,
        "target_key": finding.target_key,
        "file_id": None if finding.file_id is None else finding.file_id.value,
        "thing": finding.thing or (None if finding.sequence is None else f"audit event {finding.sequence}"),
    }
