"""SQL of restore tests: which snapshots a target should hold, which shelves have their turn, what each test said."""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.audit.chain import Head
from appliance.identifiers import FileId
from appliance.store.transactions import ReadTransaction, WriteTransaction

_STORED = "f.place = 'vault' AND f.file_id NOT IN (SELECT file_id FROM packs)"


@dataclass(frozen=True)
class Recorded:
    """A snapshot that was made and is not known to be gone; `taken_at` in microseconds."""

    repository: str
    snapshot_id: str
    kind: str
    taken_at: int
    head: Head
    bytes: int


@dataclass(frozen=True)
class Shelf:
    """The stored files whose ids begin alike: how many bytes, and when it was last proved on a target (0: never)."""

    name: str
    bytes: int
    file_count: int
    proved_at: int


@dataclass(frozen=True)
class Ending:
    """How a test ended."""

    verdict: str
    audit_events: int
    file_count: int
    bytes: int
    series_decoded: int
    fault_count: int
    fault: str | None


def recorded_snapshots(tx: ReadTransaction, target_key: int) -> list[Recorded]:
    """Give what a target should hold, what was made last first."""
    rows = tx.rows(
        """SELECT repository, snapshot_id, kind, taken_at, audit_sequence, audit_chain, bytes FROM backup_snapshots
           WHERE target_key = :target_key AND gone_at IS NULL ORDER BY snapshot_key DESC""",
        target_key=target_key,
    )
    return [Recorded(row[0], row[1], row[2], row[3], Head(row[4], bytes(row[5])), row[6]) for row in rows]


def keys_since(tx: ReadTransaction) -> int:
    """Say after which event catalogue and repositories have the keys that they have now; 0 from the start."""
    sql = "SELECT coalesce(max(last_sequence), 0) FROM earlier_keys WHERE subkey IN ('catalogue', 'backup')"
    return int(tx.rows(sql)[0][0])


def remembered_heads(tx: ReadTransaction) -> list[Head]:
    """Give every head of the trail that was remembered with a snapshot, on whichever target."""
    rows = tx.rows("SELECT DISTINCT audit_sequence, audit_chain FROM backup_snapshots WHERE audit_sequence > 0")
    return [Head(int(sequence), bytes(chain)) for sequence, chain in rows]


def shelves(tx: ReadTransaction, target_key: int) -> list[Shelf]:
    """Give the shelves that hold anything, the one that was proved longest ago first."""
    rows = tx.rows(
        f"""SELECT lower(hex(substr(f.file_id, 1, 1))) AS shelf, sum(f.plaintext_bytes), count(*),
              coalesce(max(p.proved_at), 0) AS proved
            FROM files f LEFT JOIN proved_files p ON p.target_key = :target_key AND p.file_id = f.file_id
            WHERE {_STORED} GROUP BY shelf ORDER BY proved, shelf""",  # noqa: S608  a constant of this file
        target_key=target_key,
    )
    return [Shelf(*row) for row in rows]


def erased_files(tx: ReadTransaction) -> list[FileId]:
    """Give every file that was erased here."""
    return [FileId(row[0]) for row in tx.rows("SELECT file_id FROM tombstones ORDER BY file_id")]


def count_tests(tx: ReadTransaction, target_key: int) -> int:
    """How many tests of a target came to a verdict."""
    sql = "SELECT count(*) FROM restore_tests WHERE target_key = :key AND verdict IN ('proved', 'failed')"
    return int(tx.rows(sql, key=target_key)[0][0])


def last_tested_at(tx: ReadTransaction, target_key: int, now: int, *, in_full: bool) -> int | None:
    """Give when the last test of a target began that counts, in microseconds: one that could be made, or never can.

    That a disk was away, or somebody at work there, is no test; it is made up for.
    """
    rows = tx.rows(
        """SELECT max(started_at) FROM restore_tests WHERE target_key = :key AND started_at <= :now
           AND is_full >= :full AND (verdict IN ('proved', 'failed')
             OR (verdict = 'could not run' AND fault NOT IN ('unplugged', 'unreachable', 'busy', 'stopped')))""",
        key=target_key, now=now, full=int(in_full),
    )  # fmt: skip
    return None if rows[0][0] is None else int(rows[0][0])


def has_open_faults(tx: ReadTransaction, target_key: int) -> bool:
    """Say whether something that was found on a target still stands."""
    sql = "SELECT 1 FROM integrity_faults WHERE target_key = :key AND repaired_at IS NULL LIMIT 1"
    return bool(tx.rows(sql, key=target_key))


def begin_test(
    tx: WriteTransaction, run_key: int, target_key: int, snapshot: tuple[str, int | None], at: int, *, is_full: bool
) -> int:
    """Note that a test begins; give its key. One that was cut off has no verdict."""
    rows = tx.rows(
        """INSERT INTO restore_tests (run_key, target_key, snapshot_id, snapshot_at, is_full, started_at, audit_events,
             file_count, bytes, series_decoded, fault_count)
           VALUES (:run_key, :target_key, :snapshot_id, :snapshot_at, :is_full, :at, 0, 0, 0, 0, 0)
           RETURNING test_key""",
        run_key=run_key, target_key=target_key, snapshot_id=snapshot[0], snapshot_at=snapshot[1],
        is_full=int(is_full), at=at,
    )  # fmt: skip
    return int(rows[0][0])


def end_test(tx: WriteTransaction, test_key: int, ending: Ending, at: int) -> None:
    """Note a test's verdict."""
    tx.change(
        """UPDATE restore_tests SET verdict = :verdict, finished_at = :at, audit_events = :audit_events,
             file_count = :file_count, bytes = :bytes, series_decoded = :series_decoded, fault_count = :fault_count,
             fault = :fault WHERE test_key = :test_key""",
        test_key=test_key, at=at, **ending.__dict__,
    )  # fmt: skip


def note_proved(tx: WriteTransaction, target_key: int, file_ids: Sequence[FileId], at: int) -> None:
    """Note that files were read back from a target and are whole."""
    for file_id in file_ids:
        tx.change(
            """INSERT INTO proved_files (target_key, file_id, proved_at) VALUES (:target_key, :file_id, :at)
               ON CONFLICT DO UPDATE SET proved_at = excluded.proved_at""",
            target_key=target_key, file_id=file_id.value, at=at,
        )  # fmt: skip


def forget_proved(tx: WriteTransaction, target_key: int, file_ids: Sequence[FileId]) -> None:
    """Forget that files were proved: they are not what they were."""
    for file_id in file_ids:
        tx.change(
            "DELETE FROM proved_files WHERE target_key = :target_key AND file_id = :file_id",
            target_key=target_key, file_id=file_id.value,
        )  # fmt: skip


def tidy_proved(tx: WriteTransaction, now: int) -> None:
    """Forget files that are gone here, and let no proof lie ahead of the clock."""
    tx.change("DELETE FROM proved_files WHERE file_id NOT IN (SELECT file_id FROM files)")
    tx.change("UPDATE proved_files SET proved_at = :now WHERE proved_at > :now", now=now)


def refresh_study_proofs(tx: WriteTransaction, target_key: int) -> None:
    """Write down of each study on a target when the last of its files was proved, and nothing while one was not."""
    tx.change(
        """UPDATE study_copies SET proved_at = (
             SELECT CASE WHEN count(*) = count(p.proved_at) THEN min(p.proved_at) END
             FROM series se JOIN instances i USING (series_key) JOIN versions v USING (instance_key)
             LEFT JOIN proved_files p ON p.target_key = :target_key AND p.file_id = v.file_id
             WHERE se.study_key = study_copies.study_key)
           WHERE target_key = :target_key""",
        target_key=target_key,
    )


def end_fault_of_trail(tx: WriteTransaction, thing: str, at: int) -> None:
    """Note that what was said of the box's own trail is no longer so."""
    tx.change(
        "UPDATE integrity_faults SET repaired_at = :at WHERE place = 'catalogue' AND thing = :thing "
        "AND repaired_at IS NULL",
        at=at, thing=thing,
    )  # fmt: skip


def end_faults_of_target(tx: WriteTransaction, target_key: int, test_began_at: int, at: int) -> int:
    """End what was found on a target before: a test that read all of it found nothing of it again."""
    return tx.change(
        """UPDATE integrity_faults SET repaired_at = :at WHERE target_key = :target_key AND repaired_at IS NULL
           AND last_found_at < :began""",
        target_key=target_key, began=test_began_at, at=at,
    )  # fmt: skip
