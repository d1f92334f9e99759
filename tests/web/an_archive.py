"""A catalogue and vault with real sealed files in them, written as intake writes them, for tests of reading."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.filereader import read_partial

from appliance.archive.scope import Scope
from appliance.archive.source import ScopedSource
from appliance.audit.events import Actor, ActorKind
from appliance.dicom.facts import InstanceFacts
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.instance import parse
from appliance.dicom.names import fold_name
from appliance.dicom.source import ByteSource
from appliance.identifiers import FileId
from appliance.keys.hierarchy import Subkey
from appliance.keys.secret import SecretKey
from appliance.keys.stream import StreamSealer
from appliance.store.database import Database
from appliance.store.stored_files import NewFile, add_file
from appliance.store.transactions import WriteTransaction
from tests.store.a_box import ABox

EVERYTHING = Scope(Actor(ActorKind.OPERATOR), "test", may_list=True, may_read=True, may_view=True)


def dataset_offset(part10: bytes) -> int:
    """Where the dataset begins, by pydicom."""
    file = BytesIO(part10)
    read_partial(file, stop_when=lambda tag, _vr, _length: tag.group > 2)
    return int(file.tell())


class AnArchive:
    """A box with stored instances; `stored` has the first version of each, which is the one shown."""

    def __init__(self, folder: Path) -> None:
        self.box = ABox(folder).create()
        self.source = ScopedSource(self.box.database, self.box.vault, self.box.keys, self.box.audit, self.box.clock)
        self.stored: dict[str, bytes] = {}

    def reader(self) -> Database:
        """Give the catalogue as another process opens it."""
        box = self.box
        return Database(box.folder / "catalogue.db", box.keyring.key(Subkey.CATALOGUE), box.clock)

    def store_file(self, path: Path) -> InstanceFacts:
        return self.store(path.read_bytes(), str(dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID))

    def store(self, part10: bytes, transfer_syntax_uid: str) -> InstanceFacts:
        """Seal a Part 10 file into the vault and add its rows."""
        offset = dataset_offset(part10)
        facts = parse(ByteSource(part10), offset, transfer_syntax_uid)
        if not (facts.sop_instance_uid and facts.series.series_instance_uid and facts.study.study_instance_uid):
            raise Unparsable(Fault.BAD_ELEMENT)  # intake puts such files into quarantine
        key, file_id = SecretKey.new(), FileId.new()
        path = self.box.vault.path_of(file_id)
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            sealer = StreamSealer(key, file_id, file.write)
            sealer.write(part10)
            length = sealer.finish()
        with self.box.database.write() as tx:
            add_file(tx, self.box.keys.current_wrapping_key(tx), NewFile(file_id, key, length, None, 0))
            self._rows(tx, facts, (file_id, offset, part10, transfer_syntax_uid))
        self.stored.setdefault(facts.sop_instance_uid or "", part10)
        return facts

    def _rows(self, tx: WriteTransaction, facts: InstanceFacts, stored: tuple[FileId, int, bytes, str]) -> None:
        patient = asdict(facts.patient)
        patient_key = _key(
            tx,
            "patients",
            "patient_key",
            {**patient, "patient_name_folded": fold_name(facts.patient.patient_name), "created_at": 0},
            ("patient_id", "patient_name"),
        )
        study_key = _key(
            tx,
            "studies",
            "study_key",
            {
                **asdict(facts.study), "patient_key": patient_key, "modalities": facts.series.modality,
                "series_count": 0, "instance_count": 0, "first_arrived_at": 0, "last_arrived_at": 0,
            },
            ("patient_key", "study_instance_uid"),
        )  # fmt: skip
        series = {
            **asdict(facts.series), "study_key": study_key, "instance_count": 0, "last_arrived_at": 0,
            "completeness": "unchecked", "findings": "[]",
        }  # fmt: skip
        series_key = _key(tx, "series", "series_key", series, ("study_key", "series_instance_uid"))
        instance = {
            "series_key": series_key, "sop_instance_uid": facts.sop_instance_uid,
            "sop_class_uid": facts.sop_class_uid, "instance_number": facts.instance_number, "version_count": 1,
        }  # fmt: skip
        instance_key = _key(tx, "instances", "instance_key", instance, ("series_key", "sop_instance_uid"))
        version = _version(instance_key, facts, stored)
        version["version_number"] = 1 + len(
            tx.rows("SELECT 1 FROM versions WHERE instance_key = :key", key=instance_key)
        )
        _key(tx, "versions", "version_key", version, ("file_id",))
        _count(tx, study_key, series_key)
        tx.change("DELETE FROM study_search WHERE rowid = :key", key=study_key)
        tx.change(
            "INSERT INTO study_search (rowid, patient_name, patient_id, study_description, accession_number, other) "
            "VALUES (:key, :name, '', '', '', '')",
            key=study_key, name=fold_name(facts.patient.patient_name),
        )  # fmt: skip


def _version(instance_key: int, facts: InstanceFacts, stored: tuple[FileId, int, bytes, str]) -> dict[str, object]:
    file_id, offset, part10, transfer_syntax_uid = stored
    pixels = facts.pixels
    return {
        "instance_key": instance_key, "version_number": 1, "file_id": file_id.value,
        "dataset_sha256": hashlib.sha256(part10[offset:]).digest(), "dataset_offset": offset,
        "dataset_bytes": len(part10) - offset, "transfer_syntax_uid": transfer_syntax_uid,
        "rows_": pixels and pixels.rows, "columns_": pixels and pixels.columns,
        "number_of_frames": pixels and pixels.number_of_frames, "bits_allocated": pixels and pixels.bits_allocated,
        "samples_per_pixel": pixels and pixels.samples_per_pixel, "viewable": int(facts.viewable),
        "pixel_offset": pixels and pixels.offset, "pixel_bytes": pixels and pixels.length,
        "frame_index": pixels and pixels.frame_index, "geometry": json.dumps(asdict(facts.geometry)), "arrived_at": 0,
    }  # fmt: skip


def _key(tx: WriteTransaction, table: str, key: str, row: Mapping[str, object], same: tuple[str, ...]) -> int:
    where = " AND ".join(f"{name} = :{name}" for name in same)
    found = tx.rows(f"SELECT {key} FROM {table} WHERE {where}", **{name: row[name] for name in same})  # noqa: S608  # the names are written in this file
    if found:
        return int(found[0][0])
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    return int(tx.rows(f"INSERT INTO {table} ({names}) VALUES ({values}) RETURNING {key}", **row)[0][0])  # noqa: S608  # the names are written in this file


def _count(tx: WriteTransaction, study_key: int, series_key: int) -> None:
    tx.change(
        "UPDATE series SET instance_count = (SELECT count(*) FROM instances i WHERE i.series_key = series.series_key) "
        "WHERE series_key = :key",
        key=series_key,
    )
    tx.change(
        "UPDATE studies SET series_count = (SELECT count(*) FROM series s WHERE s.study_key = studies.study_key), "
        "instance_count = (SELECT sum(instance_count) FROM series s WHERE s.study_key = studies.study_key), "
        "modalities = (SELECT replace(group_concat(DISTINCT modality), ',', '\\') "
        "FROM series s WHERE s.study_key = studies.study_key) "
        "WHERE study_key = :key",
        key=study_key,
    )
