"""The catalogue of an exported archive: JSON lines, one file a table, as of one moment.

Guards: all files come of one view of the catalogue. `instances.jsonl` says which file each stored version gets: it is
the plan that the copying goes by, so what arrives later belongs to a later export.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.export import queries_archive
from appliance.export.queries_archive import TABLES, VERSION_NAMES, Table
from appliance.store.files import FileLayer
from appliance.store.transactions import ReadTransaction, Row

INSTANCES = "instances.jsonl"
QUARANTINED = "quarantined-files.jsonl"
PATIENTS_FOLDER, QUARANTINE_FOLDER = "patients", "quarantine"
_BUFFER_BYTES = 256 * 1024


def write_listing(tx: ReadTransaction, folder: Path, files: FileLayer) -> tuple[int, int]:
    """Write every file of the catalogue into a folder that has none of them; give how many files and bytes are planned.

    Raises:
        OSError: The disk refused.
    """
    for table in TABLES:
        _write(files, folder / f"{table.name}.jsonl", _table_lines(tx, table))
    count, total = 0, 0

    def counted(planned: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
        nonlocal count, total
        for one in planned:
            count, total = count + 1, total + int(str(one["bytes"]))
            yield one

    _write(files, folder / INSTANCES, counted(_versions(tx)))
    _write(files, folder / QUARANTINED, counted(_quarantined(tx)))
    files.fsync_folder(folder)
    return count, total


def read_lines(path: Path) -> Iterator[dict[str, object]]:
    """Give the objects of a file of JSON lines, one at a time."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _table_lines(tx: ReadTransaction, table: Table) -> Iterator[dict[str, object]]:
    for row in queries_archive.rows_of(tx, table):
        yield dict(zip(table.columns, row, strict=True))


def _versions(tx: ReadTransaction) -> Iterator[dict[str, object]]:
    for study_key, patient_key, study_instance_uid in queries_archive.all_studies(tx):
        folder = f"{PATIENTS_FOLDER}/{patient_key}/{study_instance_uid}"
        for row in queries_archive.versions_of(tx, study_key):
            yield {"folder": folder, "name": _name(row), "study_key": study_key} | dict(
                zip(VERSION_NAMES, row, strict=True)
            )


def _name(row: Row) -> str:
    """Give a version's place in its study's folder: by row keys, which fit every file system."""
    series_key, instance_key, version_number = row[:3]
    further = "" if version_number == 1 else f".version{version_number}"
    return f"{series_key}/{instance_key}{further}.dcm"


def _quarantined(tx: ReadTransaction) -> Iterator[dict[str, object]]:
    for quarantine_key, file_id, size in queries_archive.quarantined(tx):
        yield {
            "folder": QUARANTINE_FOLDER, "name": f"{quarantine_key}.dcm", "quarantine_key": quarantine_key,
            "file_id": file_id, "bytes": size,
        }  # fmt: skip


def _write(files: FileLayer, path: Path, rows: Iterable[dict[str, object]]) -> None:
    descriptor = files.create_exclusive(path)
    try:
        held = bytearray()
        for row in rows:
            held += json.dumps(row, ensure_ascii=False, default=bytes.hex).encode() + b"\n"
            if len(held) >= _BUFFER_BYTES:
                files.write(descriptor, held)
                held = bytearray()
        files.write(descriptor, held)
        files.fsync(descriptor)
    finally:
        files.close(descriptor)


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
