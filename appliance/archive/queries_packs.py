"""SQL of packs: which there are, which series want one, and which files are left over.

That a pack is dropped by whatever changes its series, with its key, is the
schema's own doing: migration 0012.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.archive.located import Packed
from appliance.identifiers import AssociationId, FileId
from appliance.store.stored_files import StoredFile
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction


@dataclass(frozen=True)
class Wanted:
    """A series that wants a pack, as it was when it was looked at."""

    series_key: int
    changes: int


@dataclass(frozen=True)
class PackRow:
    """What lists tell of one pack."""

    series_key: int
    study_key: int
    file_id: FileId
    plaintext_bytes: int
    made_at: int
    last_used_at: int


_PACK = (
    "SELECT st.patient_key, st.study_key, se.series_key, st.study_instance_uid, p.last_used_at, f.file_id, "
    "f.wrapped_key, f.wrapping_key_number, f.plaintext_bytes, f.association_id, f.place "
    "FROM packs p JOIN files f USING (file_id) JOIN series se USING (series_key) JOIN studies st USING (study_key)"
)


def find_pack(tx: ReadTransaction, series_key: int) -> Packed | None:
    """Find a series' pack."""
    return _packed(tx.rows(f"{_PACK} WHERE p.series_key = :series_key", series_key=series_key))


def find_pack_in(tx: ReadTransaction, file_id: FileId) -> Packed | None:
    """Find the pack that a file is."""
    return _packed(tx.rows(f"{_PACK} WHERE p.file_id = :file_id", file_id=file_id.value))


def _packed(rows: Sequence[Row]) -> Packed | None:
    """Name the columns of `_PACK`."""
    if not rows:
        return None
    file_id, wrapped_key, number, plaintext_bytes, association_id, place = rows[0][5:]
    association = None if association_id is None else AssociationId(association_id)
    file = StoredFile(FileId(file_id), wrapped_key, number, plaintext_bytes, association, place == "vault")
    return Packed(*rows[0][:5], file)  # type: ignore[call-arg]  # mypy cannot count a row's slice


def note_use(tx: WriteTransaction, file_id: FileId, at: int) -> None:
    """Note that a pack was used."""
    tx.change("UPDATE packs SET last_used_at = :at WHERE file_id = :file_id", at=at, file_id=file_id.value)


def asked_at(tx: ReadTransaction, series_key: int) -> int | None:
    """Say when somebody last opened this series without a pack, None where nobody did since one was made."""
    rows = tx.rows("SELECT asked_at FROM packs_wanted WHERE series_key = :series_key", series_key=series_key)
    return rows[0][0] if rows else None


def ask_for(tx: WriteTransaction, series_key: int, at: int) -> None:
    """Put a series first among those that want a pack."""
    tx.change(
        "INSERT INTO packs_wanted (series_key, changes, asked_at) VALUES (:series_key, 0, :at) "
        "ON CONFLICT (series_key) DO UPDATE SET asked_at = excluded.asked_at",
        series_key=series_key, at=at,
    )  # fmt: skip


def next_wanted(tx: ReadTransaction, now: int, rest: int, put_off: Sequence[int] = ()) -> Wanted | None:
    """Find the series to make a pack of: judged, and nothing came for a while; first those that were opened.

    One that was opened just now waits as well: making its pack would take from whoever waits for its images.

    Args:
        tx: The transaction.
        now: This instant, in microseconds.
        rest: How long nothing has come, in microseconds; what came ahead of the clock has rested.
        put_off: Keys of series whose turn is not now.
    """
    rows = tx.rows(
        "SELECT w.series_key, w.changes FROM packs_wanted w JOIN series se USING (series_key) "
        "WHERE se.judged_count = se.instance_count AND se.last_arrived_at NOT BETWEEN :now - :rest AND :now + :rest "
        "AND coalesce(w.asked_at, 0) NOT BETWEEN :now - :rest AND :now + :rest "
        "AND w.series_key NOT IN (SELECT value FROM json_each(:put_off)) "
        "ORDER BY w.asked_at IS NULL, w.asked_at DESC, w.series_key DESC LIMIT 1",
        now=now, rest=rest, put_off=json.dumps(list(put_off)),
    )  # fmt: skip
    return Wanted(*rows[0]) if rows else None


def take_wanted(tx: WriteTransaction, wanted: Wanted) -> bool:
    """End a series' wait, unless it changed since it was looked at; give whether it was ended."""
    sql = "DELETE FROM packs_wanted WHERE series_key = :series_key AND changes = :changes"
    return bool(tx.change(sql, series_key=wanted.series_key, changes=wanted.changes))


def has_damage(tx: ReadTransaction, series_key: int) -> bool:
    """Say whether a file of the series is marked as damaged."""
    sql = "SELECT 1 FROM damaged_files JOIN instances USING (instance_key) WHERE series_key = :series_key LIMIT 1"
    return bool(tx.rows(sql, series_key=series_key))


def add_pack(tx: WriteTransaction, series_key: int, file_id: FileId, at: int) -> None:
    """Add a pack in place of any other of the series; its row of `files` is there, and it is no leftover any more."""
    tx.change("DELETE FROM packs WHERE series_key = :series_key", series_key=series_key)
    tx.change(
        "INSERT INTO packs (series_key, file_id, made_at, last_used_at) VALUES (:series_key, :file_id, :at, :at)",
        series_key=series_key, file_id=file_id.value, at=at,
    )  # fmt: skip
    forget_leftover(tx, file_id)


def drop_pack(tx: WriteTransaction, file_id: FileId) -> bool:
    """Drop a pack and its key; its file is a leftover from then on. Give whether there was one."""
    return bool(tx.change("DELETE FROM packs WHERE file_id = :file_id", file_id=file_id.value))


def drop_all(tx: WriteTransaction) -> int:
    """Drop every pack; give how many there were."""
    return tx.change("DELETE FROM packs")


def least_used(tx: ReadTransaction) -> FileId | None:
    """Give the pack that was used longest ago."""
    rows = tx.rows("SELECT file_id FROM packs ORDER BY last_used_at, series_key LIMIT 1")
    return FileId(rows[0][0]) if rows else None


def packed_bytes(tx: ReadTransaction) -> int:
    """Give what all packs take, in bytes."""
    return int(tx.rows("SELECT coalesce(sum(plaintext_bytes), 0) FROM packs JOIN files USING (file_id)")[0][0])


def all_packs(tx: ReadTransaction) -> list[PackRow]:
    """Give every pack, the last used first."""
    rows = tx.rows(
        "SELECT p.series_key, se.study_key, p.file_id, f.plaintext_bytes, p.made_at, p.last_used_at FROM packs p "
        "JOIN files f USING (file_id) JOIN series se USING (series_key) ORDER BY p.last_used_at DESC, p.series_key"
    )
    return [PackRow(series, study, FileId(file_id), *rest) for series, study, file_id, *rest in rows]


def waiting_count(tx: ReadTransaction) -> int:
    """Say how many series wait to be looked at."""
    return int(tx.rows("SELECT count(*) FROM packs_wanted")[0][0])


def add_leftover(tx: WriteTransaction, file_id: FileId) -> None:
    """Note that a pack's file is being made, so that a crash leaves none that nobody knows of."""
    tx.change("INSERT INTO pack_leftovers VALUES (:file_id)", file_id=file_id.value)


def forget_leftover(tx: WriteTransaction, file_id: FileId) -> None:
    """Note that a leftover file is gone, or has its row."""
    tx.change("DELETE FROM pack_leftovers WHERE file_id = :file_id", file_id=file_id.value)


def leftovers(tx: ReadTransaction) -> list[FileId]:
    """Give the files that are to be removed, or are being made."""
    return [FileId(row[0]) for row in tx.rows("SELECT file_id FROM pack_leftovers")]
