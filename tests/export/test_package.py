"""A patient's package holds what was received, byte for byte, and real programs read all of it."""

import hashlib
import io
import os
import re
import subprocess
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pydicom
import pytest
from pydicom.fileset import FileSet

from appliance.audit.events import OPERATOR
from appliance.errors import NotFound, Tampered
from appliance.export.package import Package
from appliance.export.sealed_zip import new_passphrase, sealed_zip_pieces
from appliance.export.zipping import zip_bytes, zip_pieces
from appliance.identifiers import FileId
from appliance.integrity.findings import FaultCode, Finding, FoundBy, Place
from appliance.integrity.queries import add_fault, end_faults_of_file
from tests.export.a_package import NAME, AnExport, asked
from tests.jobs.a_timetable import StepClock

KNOWN = {"catalogue.db", "catalogue.db-wal", "catalogue.db-shm", "inbox", "vault"}
KEYS = (
    "PatientID", "StudyInstanceUID", "StudyDate", "StudyID", "SeriesInstanceUID", "Modality", "InstanceNumber",
    "ReferencedSOPClassUIDInFile", "ReferencedSOPInstanceUIDInFile", "ReferencedTransferSyntaxUIDInFile",
)  # fmt: skip


@pytest.fixture
def box(tmp_path: Path) -> AnExport:
    folder = tmp_path / "box"
    folder.mkdir()
    return AnExport(folder)


def zipped(package: Package) -> bytes:
    return b"".join(zip_pieces(package.entries, package.made_at))


def unpacked(package: Package, folder: Path) -> Path:
    """Unpack a package by 7-Zip, which complains of whatever is not as it should be."""
    folder.mkdir()
    (folder / "p.zip").write_bytes(zipped(package))
    said = asked(["7z", "x", "-y", "p.zip"], folder)
    assert "Everything is Ok" in said
    assert "Warning" not in said
    (folder / "p.zip").unlink()
    return folder


@pytest.mark.peer("7z")
def test_what_comes_out_is_what_was_received(box: AnExport, tmp_path: Path) -> None:
    study = box.scan(slices=5)
    package = box.exporter.study(box.key_of(study))
    folder = unpacked(package, tmp_path / "out")
    found = sorted(path.read_bytes() for path in (folder / "DICOM").rglob("*") if path.is_file())
    assert found == sorted(box.archive.stored.values())
    asked(["sha256sum", "--check", "--strict", "SHA256SUMS"], folder)
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == listed | {"SHA256SUMS"}


def test_the_length_is_known_before_the_first_byte(box: AnExport) -> None:
    package = box.exporter.study(box.key_of(box.scan()))
    archive = zipped(package)
    assert len(archive) == zip_bytes(package.entries)
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert read.testzip() is None
        assert [one.filename for one in read.infolist()] == [entry.name for entry in package.entries]


def test_names_are_as_discs_ask(box: AnExport) -> None:
    package = box.exporter.study(box.key_of(box.scan()))
    parts = [part for entry in package.entries if entry.name.startswith("DICOM") for part in entry.name.split("/")]
    assert [part for part in parts if not re.fullmatch(r"[A-Z0-9_]{1,8}", part)] == []  # PS3.10 8.2


@pytest.mark.peer("7z", "dcmdump")
def test_dcmtk_reads_the_directory(box: AnExport, tmp_path: Path) -> None:
    package = box.exporter.study(box.key_of(box.scan(slices=3, PatientName=NAME)))
    folder = unpacked(package, tmp_path / "out")
    said = asked(["dcmdump", "+U8", "DICOMDIR"], folder)
    assert not re.search(r"^[WEF]:", said, re.MULTILINE)
    assert said.count("DirectoryRecordType") == 1 + 1 + 1 + 3
    assert NAME in said


@pytest.mark.peer("7z", "dcmgpdir", "dcmdump")
def test_the_directory_says_what_dcmtk_would_write(box: AnExport, tmp_path: Path) -> None:
    box.scan(slices=3)
    study = box.scan(slices=2, description="Upper jaw")
    with box.database.read() as tx:
        [[patient]] = tx.rows("SELECT patient_key FROM studies WHERE study_instance_uid = :u", u=study)
    folder = unpacked(box.exporter.patient(patient), tmp_path / "out")
    ours = pydicom.dcmread(folder / "DICOMDIR")
    (folder / "DICOMDIR").rename(tmp_path / "ours")
    asked(["dcmgpdir", "+r", "+id", ".", "DICOM"], folder)
    theirs = pydicom.dcmread(folder / "DICOMDIR")
    assert tree(ours) == tree(theirs)


def tree(directory: pydicom.Dataset) -> list[tuple[str, ...]]:
    """What both write of each record: those above it, its kind, its file, its required keys."""
    records = {one.seq_item_tell: one for one in directory.DirectoryRecordSequence}
    found: list[tuple[str, ...]] = []

    def follow(offset: int, above: tuple[str, ...]) -> None:
        while offset:
            one = records[offset]
            file = "/".join(one.get("ReferencedFileID", []))
            told = (*above, one.DirectoryRecordType, file, *[str(one.get(key, "")) for key in KEYS])
            found.append(told)
            follow(one.OffsetOfReferencedLowerLevelDirectoryEntity, told)
            offset = one.OffsetOfTheNextDirectoryRecord

    follow(directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, ())
    return sorted(found)


@pytest.mark.peer("7z")
def test_pydicom_finds_every_file_by_the_directory(box: AnExport, tmp_path: Path) -> None:
    study = box.scan(slices=4)
    folder = unpacked(box.exporter.study(box.key_of(study)), tmp_path / "out")
    files = FileSet(folder / "DICOMDIR")
    assert len(files) == 4
    assert {one.load().SOPInstanceUID for one in files} == set(box.archive.stored)


@pytest.mark.peer("7z", "pdftotext")
def test_the_index_names_the_patient_and_the_note_does_not(box: AnExport, tmp_path: Path) -> None:
    folder = unpacked(box.exporter.study(box.key_of(box.scan(PatientName="Yamada^Tarou"))), tmp_path / "out")
    text = asked(["pdftotext", "-layout", "INDEX.PDF", "-"], folder)
    assert "Tarou Yamada" in text
    assert "CBCT lower jaw" in text
    assert "1964-07-20" in text
    assert "Tarou Yamada" in (folder / "INDEX.HTM").read_text("utf-8")
    readme = (folder / "README.TXT").read_text("utf-8-sig")
    assert "Clínica Las Lilas" in readme
    assert "Yamada" not in readme


def test_a_name_is_never_markup(box: AnExport) -> None:
    study = box.scan(description="<script>alert(1)</script>")
    page = next(one for one in box.exporter.study(box.key_of(study)).entries if one.name == "INDEX.HTM")
    assert b"<script>alert" not in b"".join(page.pieces())


def test_who_took_it_is_recorded_before_the_first_byte(box: AnExport) -> None:
    key = box.key_of(box.scan(slices=3))
    package = box.exporter.study(key)
    with package.giving(OPERATOR, "zip"):
        assert box.events() == [("studies exported", "success", 1, key, 3)]
        zipped(package)
    assert box.events() == [("studies exported", "success", 1, key, 3)]
    with box.database.read() as tx:
        [row] = tx.rows("SELECT scope, subject_key, form, file_count, bytes, finished_at IS NOT NULL FROM exports")
    assert row == ("study", key, "zip", 3, package.total_bytes, 1)


def test_a_file_that_rotted_ends_the_package_and_the_next_goes_without_it(box: AnExport) -> None:
    study = box.scan(slices=3)
    with box.database.read() as tx:
        [[name]] = tx.rows("SELECT lower(hex(file_id)) FROM versions ORDER BY version_key LIMIT 1")
    path = box.archive.box.folder / "vault" / name[:2] / name
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    package = box.exporter.study(box.key_of(study))
    with pytest.raises(Tampered), package.giving(OPERATOR, "zip"):
        zipped(package)
    assert [event[:2] for event in box.events()] == [("studies exported", "success"), ("export cut off", "failure")]
    second = box.exporter.study(box.key_of(study))
    assert second.contents.damaged == 1
    with zipfile.ZipFile(io.BytesIO(zipped(second))) as read:
        assert sum(name.startswith("DICOM/") for name in read.namelist()) == 2
        assert b"1 files are not in this package" in read.read("README.TXT")


def test_a_file_that_the_disk_does_not_give_is_left_out_once_that_is_known(box: AnExport) -> None:
    study = box.scan(slices=3)
    with box.database.read() as tx:
        [[file_id]] = tx.rows("SELECT file_id FROM versions ORDER BY version_key LIMIT 1")
    with box.database.write() as tx:
        unreadable = Finding(Place.VAULT, FaultCode.UNREADABLE, "", FileId(file_id))
        add_fault(tx, unreadable, FoundBy.VERIFY, None, 1)
    package = box.exporter.study(box.key_of(study))
    assert (package.contents.damaged, sum(1 for _one in package.contents.instances())) == (1, 2)
    with box.database.write() as tx:
        end_faults_of_file(tx, FileId(file_id), 2)
    assert box.exporter.study(box.key_of(study)).contents.damaged == 0


def test_a_package_bears_the_day_that_the_clinic_has(box: AnExport) -> None:
    clock = StepClock(datetime(2026, 11, 22, 1, 30, tzinfo=UTC))
    exporter = replace(box.exporter, clock=clock, zone=ZoneInfo("America/Bogota"))
    package = exporter.study(box.key_of(box.scan()))
    with zipfile.ZipFile(io.BytesIO(zipped(package))) as read:
        for name in ("README.TXT", "INDEX.HTM"):
            assert b"2026-11-21" in read.read(name)
            assert b"2026-11-22" not in read.read(name)
        assert read.infolist()[0].date_time[:5] == (2026, 11, 21, 20, 30)


def test_nothing_to_export_is_told(box: AnExport) -> None:
    with pytest.raises(NotFound):
        box.exporter.study(999)
    with pytest.raises(NotFound):
        box.exporter.patient(999)


@pytest.mark.peer("7z")
def test_an_encrypted_package_opens_by_its_passphrase_alone(box: AnExport, tmp_path: Path) -> None:
    package = box.exporter.study(box.key_of(box.scan(slices=2)))
    passphrase = new_passphrase()
    archive = b"".join(sealed_zip_pieces(package.entries, package.made_at, passphrase))
    (tmp_path / "p.zip").write_bytes(archive)
    said = asked(["7z", "l", "-slt", "p.zip"], tmp_path)
    assert said.count("Method = AES-256 Store") == len(package.entries)
    assert "Prüfung".encode() not in archive
    wrong = subprocess.run(["7z", "t", "-pwrong", "p.zip"], cwd=tmp_path, capture_output=True, check=False)
    assert wrong.returncode != 0
    asked(["7z", "x", "-y", f"-p{passphrase}", "-oout", "p.zip"], tmp_path)
    found = sorted(path.read_bytes() for path in (tmp_path / "out" / "DICOM").rglob("*") if path.is_file())
    assert found == sorted(box.archive.stored.values())
    asked(["sha256sum", "--check", "--strict", "SHA256SUMS"], tmp_path / "out")


def test_no_file_but_sealed_ones_is_open_while_a_package_is_made(box: AnExport) -> None:
    package = box.exporter.study(box.key_of(box.scan()))
    here, before = str(box.archive.box.folder), opened()
    for _piece in zip_pieces(package.entries, package.made_at):
        assert [path for path in opened() - before if not path.startswith(here)] == []
    assert {path.name for path in box.archive.box.folder.iterdir()} <= KNOWN


def opened() -> set[str]:
    """What this process has open; a file without a name is told as deleted."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(one.readlink()))
    return found - {f"/proc/{os.getpid()}/fd"}


def test_checksums_are_those_of_the_files(box: AnExport) -> None:
    package = box.exporter.study(box.key_of(box.scan(slices=2)))
    with zipfile.ZipFile(io.BytesIO(zipped(package))) as read:
        for line in read.read("SHA256SUMS").decode().splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(read.read(name)).hexdigest() == digest
