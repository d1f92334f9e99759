"""SQL of erasures: what was erased, its tombstones, and what of it is still to be done."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from appliance.identifiers import AssociationId, FileId
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_IDS = "(SELECT unhex(value) FROM json_each(:ids))"
_KEYS = "(SELECT value FROM json_each(:keys))"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure; times in microseconds. Nothing of it says whose it was but the row keys of the trail's event.

    Attributes:
        erasure_key: Its row.
        erasure_id: 16 random bytes, on the certificate.
        scope: instance, series, study, patient, files or box.
        kind: due, request, error, restored or decommissioning.
        file_count: Files that ever held bytes of it.
        bytes: How long those were that the box still had, in clear.
        erased_at: Keys and rows went.
        audit_sequence: Of the event that says so.
        files_gone_at: The files and the keys they came under went too; None while something is left to do.
        gone_sequence: Of that event: a snapshot below it may hold the keys.
        rewritten_at: The catalogue was written anew since.
        proposed_by: An account's key.
        approved_by: Another account's key.
    """

    erasure_key: int
    erasure_id: bytes
    scope: str
    kind: str
    file_count: int
    bytes: int
    erased_at: int
    audit_sequence: int
    files_gone_at: int | None
    gone_sequence: int | None
    rewritten_at: int | None
    proposed_by: int | None
    approved_by: int | None


_ERASURE = (
    "SELECT erasure_key, erasure_id, scope, kind, file_count, bytes, erased_at, audit_sequence, files_gone_at, "
    "gone_sequence, rewritten_at, proposed_by, approved_by FROM erasures"
)


def add_erasure(tx: WriteTransaction, **values: object) -> int:
    """Add an erasure and give its key."""
    rows = tx.rows(
        "INSERT INTO erasures (erasure_id, scope, kind, file_count, bytes, erased_at, audit_sequence, proposed_by, "
        "approved_by) VALUES (:erasure_id, :scope, :kind, :file_count, :bytes, :erased_at, 0, :proposed_by, "
        ":approved_by) RETURNING erasure_key",
        **values,
    )
    return int(rows[0][0])


def note_event(tx: WriteTransaction, erasure_key: int, sequence: int) -> None:
    """Note which event tells of an erasure."""
    sql = "UPDATE erasures SET audit_sequence = :sequence WHERE erasure_key = :key"
    tx.change(sql, sequence=sequence, key=erasure_key)


def add_tombstones(tx: WriteTransaction, erasure_key: int, file_ids: Iterable[FileId]) -> None:
    """Add tombstones; a file that has one keeps it."""
    tx.change(
        "INSERT OR IGNORE INTO tombstones (file_id, erasure_key) SELECT unhex(value), :key FROM json_each(:ids)",
        key=erasure_key, ids=_ids(file_ids),
    )  # fmt: skip


def add_ending(tx: WriteTransaction, erasure_key: int, associations: Iterable[AssociationId]) -> None:
    """Note that the sealed keys of associations have to go before an erasure is finished."""
    tx.change(
        "INSERT OR IGNORE INTO ending_associations (association_id, erasure_key) "
        "SELECT unhex(value), :key FROM json_each(:ids)",
        key=erasure_key, ids=json.dumps([str(one) for one in associations]),
    )  # fmt: skip


def ending_associations(tx: ReadTransaction, erasure_key: int) -> set[AssociationId]:
    """Give the associations whose sealed keys still have to go for an erasure."""
    sql = "SELECT association_id FROM ending_associations WHERE erasure_key = :key"
    return {AssociationId(row[0]) for row in tx.rows(sql, key=erasure_key)}


def end_associations(tx: WriteTransaction, erasure_key: int, associations: Iterable[AssociationId]) -> None:
    """Note that the sealed keys of these associations are gone."""
    tx.change(
        f"DELETE FROM ending_associations WHERE erasure_key = :key AND association_id IN {_IDS}",  # noqa: S608  a constant of this file
        key=erasure_key, ids=json.dumps([str(one) for one in associations]),
    )  # fmt: skip


def finish_erasure(tx: WriteTransaction, erasure_key: int, at: int) -> bool:
    """Note that nothing of an erasure is left to do; give whether that was not noted."""
    sql = (
        "UPDATE erasures SET files_gone_at = :at WHERE erasure_key = :key AND files_gone_at IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM ending_associations e WHERE e.erasure_key = erasures.erasure_key)"
    )
    return bool(tx.change(sql, at=at, key=erasure_key))


def reopen_erasure(tx: WriteTransaction, erasure_key: int) -> None:
    """Let an erasure be unfinished again: something of it came back."""
    sql = "UPDATE erasures SET files_gone_at = NULL, gone_sequence = NULL WHERE erasure_key = :key"
    tx.change(sql, key=erasure_key)


def reopen_all(tx: WriteTransaction) -> None:
    """Let every erasure be unfinished again, with the associations of its files: a whole older box came back."""
    tx.change(
        "INSERT OR IGNORE INTO ending_associations (association_id, erasure_key) "
        "SELECT a.association_id, t.erasure_key FROM tombstones t JOIN arrivals a USING (file_id)"
    )
    tx.change("UPDATE erasures SET files_gone_at = NULL, gone_sequence = NULL WHERE scope <> 'box'")
    tx.change("UPDATE erasure_proofs SET ended_at = NULL, ended_by = NULL WHERE ended_by <> 'declared destroyed'")
    tx.change(
        "INSERT INTO begun_copies (target_key, audit_sequence, taken_at) SELECT target_key, 0, 0 FROM backup_targets t "
        "WHERE destroyed_at IS NULL AND NOT EXISTS (SELECT 1 FROM begun_copies b WHERE b.target_key = t.target_key "
        "AND b.audit_sequence = 0)"
    )  # what the box began there that is lost now, nobody knows


def note_gone_event(tx: WriteTransaction, erasure_key: int, sequence: int) -> None:
    """Note which event tells that an erasure is finished."""
    sql = "UPDATE erasures SET gone_sequence = :sequence WHERE erasure_key = :key"
    tx.change(sql, sequence=sequence, key=erasure_key)


def find_erasure(tx: ReadTransaction, erasure_key: int) -> Erasure | None:
    """Give an erasure, if there is one."""
    rows = tx.rows(f"{_ERASURE} WHERE erasure_key = :key", key=erasure_key)
    return _erasure(rows[0]) if rows else None


def erasures(tx: ReadTransaction, before: int | None = None, limit: int = 100) -> list[Erasure]:
    """Give erasures, the newest first, below a key."""
    rows = tx.rows(
        f"{_ERASURE} WHERE (:before IS NULL OR erasure_key < :before) ORDER BY erasure_key DESC LIMIT :limit",
        before=before, limit=limit,
    )  # fmt: skip
    return [_erasure(row) for row in rows]


def unfinished(tx: ReadTransaction) -> list[Erasure]:
    """Give the erasures of which something is left to do."""
    return [_erasure(row) for row in tx.rows(f"{_ERASURE} WHERE files_gone_at IS NULL ORDER BY erasure_key")]


def tombstones_of(tx: ReadTransaction, erasure_key: int) -> list[FileId]:
    """Give the files of an erasure."""
    rows = tx.rows("SELECT file_id FROM tombstones WHERE erasure_key = :key ORDER BY file_id", key=erasure_key)
    return [FileId(row[0]) for row in rows]


def all_tombstones(tx: ReadTransaction) -> list[FileId]:
    """Give every file that was ever erased, in order."""
    return [FileId(row[0]) for row in tx.rows("SELECT file_id FROM tombstones ORDER BY file_id")]


def erased_among(tx: ReadTransaction, file_ids: Iterable[FileId]) -> dict[FileId, int]:
    """Give those of these files that were erased, each with its erasure."""
    rows = tx.rows(
        f"SELECT file_id, erasure_key FROM tombstones WHERE file_id IN {_IDS}",  # noqa: S608  a constant of this file
        ids=_ids(file_ids),
    )
    return {FileId(row[0]): int(row[1]) for row in rows}


def still_here(tx: ReadTransaction, file_ids: Iterable[FileId]) -> set[FileId]:
    """Give those of these files that have a row."""
    rows = tx.rows(f"SELECT file_id FROM files WHERE file_id IN {_IDS}", ids=_ids(file_ids))  # noqa: S608  a constant of this file
    return {FileId(row[0]) for row in rows}


def decided_since(tx: ReadTransaction, file_ids: Iterable[FileId]) -> set[FileId]:
    """Give those of these files of which something was decided after an older catalogue was last put to use.

    A hold was set since, or what they hold came again, in a file that nobody erased. Of a catalogue that nobody put to
    use every hold counts.
    """
    rows = tx.rows(
        "WITH named AS (SELECT unhex(value) AS file_id FROM json_each(:ids)), "
        "began AS (SELECT coalesce(max(sequence), 0) AS at FROM audit_events "
        "WHERE event IN ('box restored', 'catalogue rebuilt')) "
        "SELECT v.file_id FROM named JOIN versions v USING (file_id) JOIN instances i USING (instance_key) "
        "JOIN series e USING (series_key) JOIN studies s USING (study_key) "
        "WHERE EXISTS (SELECT 1 FROM arrivals a WHERE a.instance_key = i.instance_key "
        "AND a.file_id NOT IN (SELECT file_id FROM named) "
        "AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.file_id = a.file_id)) "
        "OR EXISTS (SELECT 1 FROM legal_holds h WHERE h.lifted_at IS NULL "
        "AND (h.study_key = s.study_key OR h.patient_key = s.patient_key) "
        "AND coalesce((SELECT max(n.sequence) FROM audit_events n WHERE n.event = 'hold set' AND n.subject_kind = "
        "'hold' AND n.subject_key = h.hold_key), (SELECT at FROM began)) >= (SELECT at FROM began))",
        ids=_ids(file_ids),
    )
    return {FileId(row[0]) for row in rows}


def places_of_erased(tx: ReadTransaction, erasure_key: int) -> list[tuple[AssociationId, FileId]]:
    """Give the files of an erasure that came over an association, with it: they may lie in the inbox still."""
    rows = tx.rows(
        "SELECT a.association_id, t.file_id FROM tombstones t JOIN arrivals a USING (file_id) "
        "WHERE t.erasure_key = :key ORDER BY a.association_id",
        key=erasure_key,
    )
    return [(AssociationId(row[0]), FileId(row[1])) for row in rows]


def holds_on(tx: ReadTransaction, patient_key: int | None, study_key: int | None) -> int:
    """Count the legal holds in force on a patient or any study of his, or on one study and its patient."""
    rows = tx.rows(
        "SELECT count(*) FROM legal_holds h WHERE h.lifted_at IS NULL AND (h.patient_key = :patient "
        "OR h.study_key = :study OR (:study IS NULL AND h.study_key IN "
        "(SELECT study_key FROM studies WHERE patient_key = :patient)))",
        patient=patient_key, study=study_key,
    )  # fmt: skip
    return int(rows[0][0])


def suspend_holds(tx: WriteTransaction, at: int) -> list[int]:
    """Let no hold stand for the moment; give those that stood."""
    rows = tx.rows("UPDATE legal_holds SET lifted_at = :at WHERE lifted_at IS NULL RETURNING hold_key", at=at)
    return [int(row[0]) for row in rows]


def resume_holds(tx: WriteTransaction, hold_keys: Sequence[int]) -> None:
    """Let these holds stand again, where what they hold is still there."""
    tx.change(
        f"UPDATE legal_holds SET lifted_at = NULL WHERE hold_key IN {_KEYS} AND "  # noqa: S608  a constant of this file
        "(study_key IN (SELECT study_key FROM studies) OR patient_key IN (SELECT patient_key FROM patients))",
        keys=json.dumps(list(hold_keys)),
    )


def forget_beside(
    tx: WriteTransaction, file_ids: Iterable[FileId], study_keys: Sequence[int], patient_keys: Sequence[int]
) -> None:
    """Remove what other tables keep of erased files, studies and patients: readings, copies, holds that were lifted."""
    ids = _ids(file_ids)
    for table in ("proved_files", "scrubbed_files"):
        tx.change(f"DELETE FROM {table} WHERE file_id IN {_IDS}", ids=ids)  # noqa: S608  a constant of this file
    studies, patients = json.dumps(list(study_keys)), json.dumps(list(patient_keys))
    tx.change(f"DELETE FROM study_copies WHERE study_key IN {_KEYS}", keys=studies)  # noqa: S608  a constant of this file
    tx.change(f"DELETE FROM legal_holds WHERE study_key IN {_KEYS}", keys=studies)  # noqa: S608  a constant of this file
    tx.change(f"DELETE FROM legal_holds WHERE patient_key IN {_KEYS}", keys=patients)  # noqa: S608  a constant of this file


def _ids(file_ids: Iterable[FileId]) -> str:
    return json.dumps([str(file_id) for file_id in file_ids])


def _erasure(row: Row) -> Erasure:
    return Erasure(*row)
