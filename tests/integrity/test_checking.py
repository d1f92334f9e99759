"""Checking the box: what is damaged is marked, what is whole again is not, and each is recorded once."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from appliance.archive import queries_packs
from appliance.archive.damage import Damage
from appliance.archive.reading.queries import count_damaged
from appliance.archive.studies import get_study
from appliance.audit.events import OPERATOR, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, Scan
from appliance.errors import OutOfSpace, Tampered
from appliance.identifiers import FileId
from appliance.integrity.checking import Report, check_box
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.scrubbing import Slice, scrub
from appliance.keys.hierarchy import Subkey
from appliance.keys.secret import SecretKey
from appliance.keys.stream import StreamSealer
from appliance.store.files import RealFiles
from appliance.store.stored_files import NewFile, add_file
from appliance.store.vault import Vault
from tests.store.failing_files import FailingFiles
from tests.web.an_archive import EVERYTHING, AnArchive

SLICES = 3


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[AnArchive]:
    made = AnArchive(tmp_path)
    for one in Scan(PATIENTS[0], Jaw(11), "20260912", (SLICES, 40, 40), (0.35, 0.25, 0.25)).slices():
        made.store(one.part_10(), one.transfer_syntax_uid)
    yield made
    made.source.close()


def parts_of(archive: AnArchive) -> IntegrityParts:
    box = archive.box
    audit_key = box.keyring.key(Subkey.AUDIT)
    return IntegrityParts(box.folder, box.database, box.keys, box.vault, RealFiles(), box.audit, audit_key, box.clock)


def checked(archive: AnArchive) -> Report:
    return check_box(parts_of(archive))


def a_file(archive: AnArchive) -> Path:
    with archive.box.database.read() as tx:
        rows = tx.rows("SELECT file_id FROM versions ORDER BY version_key")
    return archive.box.vault.path_of(FileId(rows[1][0]))


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-100] ^= 4
    file.write_bytes(content)


def events(archive: AnArchive) -> list[tuple[object, ...]]:
    with archive.box.database.read() as tx:
        return tx.rows(
            "SELECT event, outcome, actor_kind, subject_kind, subject_key, patient_key, study_key FROM audit_events "
            "ORDER BY sequence"
        )


def damaged(archive: AnArchive) -> tuple[int, tuple[int, ...]]:
    """Give how many files the bar counts, and the instances that the study's page names."""
    with archive.box.database.read() as tx:
        return count_damaged(tx), get_study(tx, 1).damaged_instances


def test_a_damaged_file_is_marked_once_and_the_mark_goes_when_the_file_is_put_back(archive: AnArchive) -> None:
    file = a_file(archive)
    sound = file.read_bytes()
    assert checked(archive).faults == ()
    flip_a_bit(file)
    first, second = checked(archive), checked(archive)
    assert [(report.newly_damaged, report.sound_again, len(report.faults)) for report in (first, second)] == [
        (1, 0, 1),
        (0, 0, 1),
    ]
    assert damaged(archive) == (1, (2,))
    file.write_bytes(sound)
    mended, after = checked(archive), checked(archive)
    assert [(report.newly_damaged, report.sound_again, report.faults) for report in (mended, after)] == [
        (0, 1, ()),
        (0, 0, ()),
    ]
    assert damaged(archive) == (0, ())
    assert events(archive) == [
        ("file damaged", "failure", "operator", "instance", 2, 1, 1),
        ("file sound again", "success", "operator", "instance", 2, 1, 1),
    ]


def test_a_file_that_rots_again_is_told_again_by_a_process_that_told_it_before(archive: AnArchive) -> None:
    """The staff process goes on running while the operator checks from another one."""
    file = a_file(archive)
    sound = file.read_bytes()
    with archive.box.database.read() as tx:
        uid = str(tx.rows("SELECT study_instance_uid FROM studies")[0][0])
    found = next(
        one for one in archive.source.instances(EVERYTHING, uid) if archive.box.vault.path_of(one.file.file_id) == file
    )
    for _ in range(2):
        flip_a_bit(file)
        for _ in range(2):
            with pytest.raises(Tampered):
                archive.source.read(EVERYTHING, found, 0, found.file.plaintext_bytes)
        assert damaged(archive) == (1, (2,))
        archive.source.close()
        file.write_bytes(sound)
        assert checked(archive).sound_again == 1
    assert [row[:3] for row in events(archive)] == [
        ("file damaged", "failure", "process"),
        ("file sound again", "success", "operator"),
    ] * 2


def test_a_missing_file_is_damage_and_a_disk_that_refuses_is_none(archive: AnArchive) -> None:
    parts = parts_of(archive)
    refusing = replace(parts, vault=Vault(archive.box.folder, FailingFiles(("open_read", 2))))
    report = check_box(refusing)
    assert len(report.faults) == 1
    assert (report.newly_damaged, damaged(archive), events(archive)) == (0, (0, ()), [])
    a_file(archive).unlink()
    assert checked(archive).newly_damaged == 1
    assert damaged(archive) == (1, (2,))
    refusing = replace(parts, vault=Vault(archive.box.folder, FailingFiles(("open_read", 2))))
    assert check_box(refusing).sound_again == 0
    assert damaged(archive) == (1, (2,))


class Unreadable(RealFiles):
    """Files that open and then give the reader an error, as on a disk whose cable is loose."""

    def open_read(self, path: Path) -> BinaryIO:
        return path.open("ab")


def test_a_disk_that_fails_while_it_is_read_is_told_and_is_no_damage(archive: AnArchive) -> None:
    report = check_box(replace(parts_of(archive), vault=Vault(archive.box.folder, Unreadable())))
    assert (report.files, len(report.faults), report.newly_damaged) == (SLICES, SLICES, 0)
    assert (damaged(archive), events(archive)) == ((0, ()), [])


def test_a_mark_stays_on_a_file_that_could_not_be_read_or_was_marked_anew(archive: AnArchive) -> None:
    file = a_file(archive)
    flip_a_bit(file)
    checked(archive)
    flip_a_bit(file)
    with archive.box.database.write() as tx:
        (identifier, since) = tx.rows("SELECT file_id, found_at FROM damaged_files")[0]
        tx.change("UPDATE files SET wrapping_key_number = wrapping_key_number + 90 WHERE file_id = :id", id=identifier)
    report = checked(archive)
    assert (report.sound_again, len(report.faults)) == (0, 1)
    assert "is not there" in report.faults[0]
    damage = Damage(archive.box.database, archive.box.audit, archive.box.clock)
    assert not damage.found_sound(FileId(identifier), since - 1, OPERATOR)
    assert damaged(archive) == (1, (2,))
    assert damage.found_sound(FileId(identifier), since, OPERATOR)
    assert not damage.found_sound(FileId(identifier), since, OPERATOR)


def test_a_file_with_another_dataset_than_arrived_is_damage_though_every_tag_verifies(archive: AnArchive) -> None:
    with archive.box.database.write() as tx:
        tx.change("UPDATE versions SET dataset_sha256 = zeroblob(32) WHERE version_key = 3")
    report = checked(archive)
    assert report.newly_damaged == 1
    assert "not the one that arrived" in report.faults[0]
    assert damaged(archive) == (1, (3,))


def a_pack(archive: AnArchive) -> Path:
    """Keep some bytes as the pack of the only series."""
    box, file_id, key = archive.box, FileId.new(), SecretKey.new()
    path = box.vault.pack_path_of(file_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        sealer = StreamSealer(key, file_id, file.write)
        sealer.write(b"a pack" * 100)
        length = sealer.finish()
    with box.database.write() as tx:
        add_file(tx, box.keys.current_wrapping_key(tx), NewFile(file_id, key, length, None, 0))
        queries_packs.add_pack(tx, 1, file_id, 0)
    return path


def test_a_bad_pack_is_told_and_dropped_and_no_scan_is_marked(archive: AnArchive) -> None:
    file = a_pack(archive)
    assert (checked(archive).files, checked(archive).faults) == (SLICES + 1, ())
    flip_a_bit(file)
    report = checked(archive)
    assert (report.newly_damaged, len(report.faults), damaged(archive)) == (0, 1, (0, ()))
    assert events(archive) == [("pack damaged", "failure", "process", "series", 1, 1, 1)]
    report = checked(archive)
    assert (report.files, report.faults) == (SLICES, ()), "its file is known, and intake removes it"
    assert open_faults(archive) == [], "a cache that was dropped is nothing to be told of every day"


def open_faults(archive: AnArchive) -> list[tuple[object, ...]]:
    with archive.box.database.read() as tx:
        return tx.rows("SELECT place, fault FROM integrity_faults WHERE repaired_at IS NULL")


def test_what_was_wrong_with_a_file_ends_with_the_file(archive: AnArchive) -> None:
    flip_a_bit(a_file(archive))
    checked(archive)
    assert open_faults(archive) == [("vault", "altered")]
    with archive.box.database.write() as tx:
        tx.change("PRAGMA defer_foreign_keys = ON")
        tx.change("DELETE FROM damaged_files")
        tx.change("DELETE FROM versions WHERE version_key = 2")
        tx.change("DELETE FROM files WHERE file_id NOT IN (SELECT file_id FROM versions)")
    a_file(archive)
    scrub(parts_of(archive), Slice(lambda: True, lambda _files, _bytes: None, lambda _: None))
    assert open_faults(archive) == []


def test_a_stray_file_is_told_until_it_is_removed(archive: AnArchive) -> None:
    stray = archive.box.vault.path_of(FileId.new())
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of another box")
    checked(archive)
    assert open_faults(archive) == [("vault", "no row")]
    checked(archive)
    assert open_faults(archive) == [("vault", "no row")]
    stray.unlink()
    assert checked(archive).faults == ()
    assert open_faults(archive) == []


def test_a_record_that_is_whole_again_is_told_no_more_and_a_broken_one_stays(archive: AnArchive) -> None:
    event = Event(EventCode.AUDIT_READ, OPERATOR)
    with archive.box.database.write() as tx:
        archive.box.audit.record(tx, event)
        tx.change("UPDATE audit_events SET number = 99 WHERE sequence = 1")
    for _ in range(2):
        checked(archive)
        assert open_faults(archive) == [("audit", "altered")]
    with archive.box.database.write() as tx:
        tx.change("UPDATE audit_events SET number = NULL WHERE sequence = 1")
    assert checked(archive).faults == ()
    assert open_faults(archive) == []


class Vanishing(RealFiles):
    """Files the third of which goes, with its row, while it is being opened."""

    def __init__(self, archive: AnArchive) -> None:
        self._archive = archive

    def open_read(self, path: Path) -> BinaryIO:
        with self._archive.box.database.write() as tx:
            queries_packs.drop_all(tx)
        if not path.exists():
            raise FileNotFoundError
        return super().open_read(path)


def test_a_pack_that_goes_while_the_box_is_read_is_no_fault(archive: AnArchive) -> None:
    a_pack(archive).unlink()
    with archive.box.database.write() as tx:
        tx.change("UPDATE files SET created_at = created_at - 9 WHERE file_id = (SELECT file_id FROM packs)")
    assert len(checked(archive).faults) == 1
    a_pack(archive).unlink()
    rooms = replace(parts_of(archive), vault=Vault(archive.box.folder, Vanishing(archive)))
    assert check_box(rooms).faults == ()


def fill_up(archive: AnArchive) -> None:
    """Let the catalogue take not one page more, and use up what its pages have left for events."""
    event = Event(EventCode.FILE_DAMAGED, OPERATOR, Outcome.FAILURE, Subject(SubjectKind.INSTANCE, 2), 1, 1)
    with archive.box.database.write() as tx:
        tx.rows("PRAGMA max_page_count = 1")  # of this thread's connection; never below what there is
    with suppress(OutOfSpace):
        while True:  # ends by nothing else
            with archive.box.database.write() as tx:
                archive.box.audit.record(tx, event)


def test_a_full_disk_keeps_marks_from_being_made_and_the_check_goes_on(archive: AnArchive) -> None:
    flip_a_bit(a_file(archive))
    fill_up(archive)
    report = checked(archive)
    assert (report.files, report.newly_damaged, len(report.faults)) == (SLICES, 0, 2)
    assert "its mark could not be changed: the disk is full" in report.faults[1]
    assert damaged(archive) == (0, ())
    with archive.box.database.write() as tx:
        tx.rows("PRAGMA max_page_count = 1000000")
    assert checked(archive).newly_damaged == 1
