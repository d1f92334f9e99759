"""What is in the catalogue about scans can be made again: the vault's files and the wrapped keys are enough."""

import hashlib
from contextlib import closing
from pathlib import Path

import pytest

from appliance.archive.arrivals import Arrival, reason_of
from appliance.archive.cataloguing import Cataloguer
from appliance.clock import microseconds
from appliance.dicom.faults import Unparsable
from appliance.dicom.part10 import FileMeta, read_file_meta
from appliance.identifiers import FileId
from appliance.inbox.association import ASSOCIATION_NAME, decode_association
from appliance.intake import queries
from appliance.keys.secret import SecretKey
from appliance.keys.stream import SealedStream
from appliance.sandbox.parser import Parser
from appliance.store.database import Database
from appliance.store.stored_files import NewFile, SealedFile, unseal_row
from tests.intake.a_clinic import Clinic, ct_slice, sent
from tests.intake.test_corpus import as_sent

ROWS = {
    "patients": """SELECT patient_key, patient_id, issuer_of_patient_id, patient_name, patient_name_folded,
        patient_birth_date, patient_sex FROM patients""",
    "studies": "SELECT * FROM studies",
    "series": "SELECT * FROM series",
    "instances": "SELECT * FROM instances",
    "versions": "SELECT * FROM versions",
    "quarantine": "SELECT * FROM quarantine",
    "conflicts": "SELECT kind, patient_key, other_patient_key, study_key FROM identity_conflicts",
    "search": "SELECT * FROM study_search",
}


class Shown:
    """A stored file as the parser reads it."""

    def __init__(self, stream: SealedStream) -> None:
        self._stream = stream
        self.head = stream.read(0, 1 << 16)

    @property
    def total_bytes(self) -> int:
        return self._stream.plaintext_bytes

    def read(self, offset: int, length: int) -> bytes:
        return self._stream.read(offset, length)


def all_rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as tx:
        return {name: sorted(tx.rows(sql), key=repr) for name, sql in ROWS.items()}


def kept(clinic: Clinic) -> list[tuple[SealedFile, FileMeta]]:
    """Open every file that has a wrapped key, in the order in which they came."""
    with clinic.database.read() as tx:
        files = [unseal_row(tx, clinic.keys, FileId(row[0])) for row in tx.rows("SELECT file_id FROM files")]
    found = []
    for file in files:
        with file.open(clinic.parts.vault) as stream:
            found.append((file, read_file_meta(stream.read(0, 1 << 16))))
    return sorted(found, key=lambda one: came(one[1]))


def came(meta: FileMeta) -> tuple[int, int]:
    assert meta.origin is not None
    return microseconds(meta.origin.arrived_at), meta.origin.sequence


def rebuilt(clinic: Clinic) -> Database:
    """Catalogue all that is kept anew, in an empty catalogue, from files and wrapped keys alone."""
    new = Database(clinic.folder / "rebuilt.db", SecretKey.new(), clinic.clock)
    new.create_or_migrate()
    with new.write() as tx:
        clinic.keys.rotate_wrapping_key(tx)
    for record in (clinic.folder / "settled").glob(f"*/{ASSOCIATION_NAME}"):
        add_association(new, record)
    with closing(Parser(clinic.clock)) as parser:
        for file, meta in kept(clinic):
            add(clinic, new, parser, file, meta)
    return new


def add_association(new: Database, record: Path) -> None:
    facts = decode_association(record.read_bytes()).facts
    with new.write() as tx:
        queries.add_association(
            tx, association_id=facts.association_id.value, peer_key=None, calling_ae_title=facts.calling_ae_title.value,
            called_ae_title=facts.called_ae_title.value, address=facts.address, transport=facts.transport.value,
            certificate_sha256=None, implementation_class_uid="", implementation_version_name="",
            started_at=microseconds(facts.started_at),
        )  # fmt: skip


def add(clinic: Clinic, new: Database, parser: Parser, file: SealedFile, meta: FileMeta) -> None:
    assert meta.origin is not None
    with file.open(clinic.parts.vault) as stream:
        digest = hashlib.sha256(stream.read(meta.dataset_offset, stream.plaintext_bytes)).digest()
        stored = NewFile(file.row.file_id, file.data_key, stream.plaintext_bytes, None, 0)
        arrival = Arrival(
            stored, meta.origin.association_id, meta.origin.sequence, came(meta)[0], meta.sop_class_uid,
            meta.sop_instance_uid, meta.transfer_syntax_uid, meta.dataset_offset, digest,
        )  # fmt: skip
        with new.write() as tx:
            cataloguer = Cataloguer(tx, clinic.keys.current_wrapping_key(tx), clinic.parts.now())
            try:
                facts = parser.facts(Shown(stream), meta.dataset_offset, meta.transfer_syntax_uid)
                cataloguer.add(arrival, facts)
            except Unparsable as error:
                cataloguer.quarantine(arrival, reason_of(error.fault))
            cataloguer.finish()


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def test_versions_conflicts_gaps_and_quarantine_come_back_as_they_were(clinic: Clinic) -> None:
    clinic.take(*(ct_slice(number) for number in (1, 2, 3, 7)))
    clinic.take(ct_slice(1), ct_slice(2, SeriesDescription="changed"), ct_slice(9, StudyInstanceUID=None))
    clinic.take(ct_slice(20, PatientName="Other^One"), ct_slice(30, PatientSex="", StudyInstanceUID="1.2.9"))
    before = all_rows(clinic.database)
    assert all(before.values()), "each table has something to lose"
    assert all_rows(rebuilt(clinic)) == before


def test_the_public_files_come_back_as_they_were(clinic: Clinic, corpus_files: list[Path]) -> None:
    clinic.receive([as_sent(path) for path in corpus_files] + [sent(ct_slice(1))])
    with closing(clinic.intake()) as intake:
        intake.step()
    assert all_rows(rebuilt(clinic)) == all_rows(clinic.database)
