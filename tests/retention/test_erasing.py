"""What is erased is gone at raw bytes, what stays is whole, and a pulled plug at any step changes neither."""

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.errors import NotFound, Refused, Unavailable
from appliance.identifiers import FileId
from appliance.inbox.association import Outcome
from appliance.inbox.reader import InboxReader
from appliance.intake.service import Intake
from appliance.keys.inbox_seal import instance_key
from appliance.retention.erasing import erase, finish_all, get_erasure
from appliance.retention.queries_erasing import unfinished
from appliance.store.database import Database
from tests.intake.a_clinic import ct_slice, sent, store
from tests.intake.test_crashes import Crash, CrashingDatabase, CrashingFiles
from tests.retention.an_archive import ERASED_NAME, KEPT_NAME, Archive, make
from tests.retention.raw_bytes import decrypted, everything_in
from tests.store.failing_files import FailingFiles

NAMES = [word.encode() for word in ("Zylberstein", "zylberstein", "QX-7071", "ACC-8811", "vorkaiser")]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return make(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def archive(filled: Archive, tmp_path: Path) -> Archive:
    return filled.copied_to(tmp_path / "box")


def erase_study(archive: Archive, key: int = 1) -> None:
    erase(archive.erasing(), "study", key, "request", OPERATOR)


def data_key_of(archive: Archive, file_id: bytes) -> bytes:
    """Open the association's key as intake does, and derive the file's data key."""
    reader = InboxReader(archive.parts.settled, archive.box_id, archive.files)
    record = reader.record_of(archive.association_of(file_id))
    if record is None:
        raise LookupError("no record of the association is left")
    with archive.database.read() as tx:
        opened = reader.open(record, archive.keys.inbox_private_keys(tx))
    return instance_key(opened.key, FileId(file_id)).reveal()


def test_an_erased_patient_is_in_no_byte_of_catalogue_log_or_data_folder(archive: Archive) -> None:
    files = archive.files_of_study(1) + archive.files_of_study(2)
    wrapped = archive.wrapped_keys(files)
    assert len(wrapped) == 4
    before = decrypted(archive.folder / "catalogue.db", archive.catalogue_key)
    assert all(key in before for key in wrapped)
    assert all(name in before for name in NAMES)
    erasure = erase(archive.erasing(), "patient", 1, "request", OPERATOR)
    after = decrypted(archive.folder / "catalogue.db", archive.catalogue_key)
    assert [key for key in wrapped if key in after] == []
    assert [name for name in NAMES if name in after] == []
    assert KEPT_NAME.encode() in after
    assert (erasure.file_count, erasure.scope, erasure.files_gone_at is not None) == (4, "patient", True)
    raw = everything_in(archive.folder)
    assert [one for one in files if str(one).encode() in raw] == []
    assert [len([*archive.folder.rglob("association")]), len([*archive.folder.rglob("end")])] == [1, 1]  # the other's
    assert archive.open_all() == 1


def test_an_erased_key_cannot_be_derived_from_its_association_any_more(archive: Archive) -> None:
    file_id = archive.files_of_study(1)[0]
    assert len(data_key_of(archive, file_id.value)) == 32  # as long as its settled record lies there
    erase_study(archive)
    with pytest.raises(LookupError):
        data_key_of(archive, file_id.value)


def test_erasing_one_study_keeps_the_others_counts_search_and_patient(archive: Archive) -> None:
    erase_study(archive)
    patients = archive.rows("SELECT patient_key, patient_name FROM patients ORDER BY 1")
    assert patients == [(1, ERASED_NAME), (2, KEPT_NAME)]
    assert archive.rows("SELECT study_key FROM studies ORDER BY 1") == [(2,), (3,)]
    assert archive.rows("SELECT rowid FROM study_search WHERE study_search MATCH 'vorkaiser'") == []
    assert archive.rows("SELECT rowid FROM study_search WHERE study_search MATCH 'zylberstein'") == [(2,)]
    assert archive.open_all() == 2


def test_erasing_an_instance_counts_and_judges_its_series_anew(archive: Archive) -> None:
    erase(archive.erasing(), "instance", 2, "error", OPERATOR)
    series = archive.rows("SELECT instance_count, judged_count, completeness FROM series WHERE series_key = 1")
    assert series == [(1, 1, "single")]
    study = archive.rows("SELECT series_count, instance_count, modalities FROM studies WHERE study_key = 1")
    assert study == [(2, 2, "CT\\PX")]
    assert archive.open_all() == 4


def test_erasing_the_last_instance_of_a_series_takes_the_series_and_its_modality(archive: Archive) -> None:
    erase(archive.erasing(), "instance", 3, "error", OPERATOR)
    assert archive.rows("SELECT modalities, series_count FROM studies WHERE study_key = 1") == [("CT", 1)]
    erase(archive.erasing(), "series", 1, "error", OPERATOR)
    assert archive.rows("SELECT study_key FROM studies ORDER BY 1") == [(2,), (3,)]
    erase(archive.erasing(), "study", 2, "error", OPERATOR)
    assert archive.rows("SELECT patient_key FROM patients") == [(2,)]


def test_every_further_version_and_second_copy_goes_with_its_instance(archive: Archive) -> None:
    same = {"PatientName": ERASED_NAME, "PatientID": "QX-7071", "AccessionNumber": "ACC-8811"}
    archive.take(ct_slice(1, **same, StudyDescription="Vorkaiser"))  # the same bytes again
    archive.take(ct_slice(1, **same, StudyDescription="Vorkaiser", PixelData=b"\x07" * 128))  # other bytes
    erasure = erase(archive.erasing(), "instance", 1, "request", OPERATOR)
    assert erasure.file_count == 3
    assert archive.rows("SELECT count(*) FROM arrivals WHERE instance_key = 1") == [(0,)]
    assert archive.rows("SELECT count(*) FROM ending_associations") == [(0,)]


def test_what_waits_in_quarantine_under_the_same_uid_goes_too(archive: Archive) -> None:
    twin = sent(ct_slice(1, PatientName=ERASED_NAME), sop_class_uid="1.2.840.10008.5.1.4.1.1.1")
    archive.receive([twin])
    intake = archive.intake()
    intake.step()
    intake.close()
    assert archive.rows("SELECT outcome FROM arrivals ORDER BY catalogued_at DESC LIMIT 1") == [("quarantined",)]
    erasure = erase(archive.erasing(), "study", 1, "request", OPERATOR)
    assert erasure.file_count == 4
    assert archive.rows("SELECT count(*) FROM quarantine") == [(0,)]


def test_a_scan_sent_again_after_its_erasure_is_kept_as_a_new_one(archive: Archive) -> None:
    erase(archive.erasing(), "patient", 1, "error", OPERATOR)
    archive.take(ct_slice(1, PatientName=ERASED_NAME, PatientID="QX-7071"))
    assert archive.rows("SELECT count(*) FROM instances") == [(2,)]
    assert archive.open_all() == 2


def test_the_key_of_an_erased_row_is_never_given_to_another(archive: Archive) -> None:
    erase(archive.erasing(), "patient", 2, "request", OPERATOR)
    other = {"StudyInstanceUID": "1.2.7", "SeriesInstanceUID": "1.2.7.1"}
    archive.take(ct_slice(6, PatientName="Another^One", PatientID="AN-1", **other))
    assert archive.rows("SELECT patient_key FROM patients ORDER BY 1") == [(1,), (3,)]
    assert archive.rows("SELECT max(study_key) FROM studies") == [(4,)]
    keys = archive.rows("SELECT max(series_key), max(instance_key) FROM series JOIN instances USING (series_key)")
    assert keys == [(5, 6)]


def test_a_file_that_was_erased_is_never_taken_in_from_an_older_inbox(archive: Archive) -> None:
    association = archive.receive([sent(ct_slice(11, PatientName=ERASED_NAME)), sent(ct_slice(12))])
    kept = {path.name: path.read_bytes() for path in association.folder.iterdir()}
    intake = archive.intake()
    intake.step()
    intake.close()
    key = archive.key("SELECT instance_key FROM instances WHERE sop_instance_uid = '1.2.3.4.5.11'")
    erased = erase(archive.erasing(), "instance", key, "request", OPERATOR).erasure_key
    association.folder.mkdir()
    for name, content in kept.items():  # a copy of the inbox as it was comes back
        (association.folder / name).write_bytes(content)
    with archive.database.write() as tx:  # and a catalogue that knows neither file, only the tombstone
        tx.change("DELETE FROM arrivals WHERE association_id = :id", id=bytes.fromhex(association.folder.name))
    intake = Intake(archive.parts)
    intake.start()
    intake.step()
    intake.step()
    intake.close()
    assert archive.rows("SELECT count(*) FROM instances WHERE sop_instance_uid = '1.2.3.4.5.11'") == [(0,)]
    finish_all(archive.erasing())
    assert archive.rows("SELECT count(*) FROM ending_associations") == [(0,)]
    told = archive.rows("SELECT subject_key FROM audit_events WHERE event = 'erasure finished'")
    assert told == [(erased,), (erased,)]  # and once more, for the association's key came back
    assert archive.records_of(association.folder.name) == []


def test_an_erasure_waits_for_an_association_that_is_still_open(archive: Archive) -> None:
    association = archive.association()
    store(association, sent(ct_slice(21, StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1")))
    intake = archive.intake()
    intake.step()
    key = archive.key("SELECT study_key FROM studies WHERE study_instance_uid = '1.2.9'")
    erasure = erase(archive.erasing(), "study", key, "error", OPERATOR)
    assert erasure.files_gone_at is None
    store(association, sent(ct_slice(22, StudyInstanceUID="1.2.10", SeriesInstanceUID="1.2.10.1")))
    association.end(Outcome.RELEASED)
    association.let_go()
    intake.step()
    intake.step()
    intake.close()
    assert finish_all(archive.erasing()) == 1
    assert archive.records_of(association.folder.name) == []
    assert archive.rows("SELECT count(*) FROM studies WHERE study_instance_uid = '1.2.10'") == [(1,)]


def test_what_is_under_a_legal_hold_is_not_erased(archive: Archive) -> None:
    with archive.database.write() as tx:
        tx.change("INSERT INTO legal_holds VALUES (1, NULL, 2, 'litigation', 'AZ-1', 0, NULL, NULL, NULL)")
    for scope, key in (("study", 2), ("patient", 1), ("instance", 4)):
        with pytest.raises(Refused):
            erase(archive.erasing(), scope, key, "due", OPERATOR)
    assert archive.open_all() == 5
    erase_study(archive)


def test_what_is_not_there_is_told_as_such(archive: Archive) -> None:
    erase_study(archive)
    with pytest.raises(NotFound):
        erase_study(archive)


@pytest.mark.parametrize("scope", ["instance", "series", "study", "patient"])
def test_no_erasure_is_made_of_what_no_row_has(archive: Archive, scope: str) -> None:
    with pytest.raises(NotFound):
        erase(archive.erasing(), scope, 999, "due", OPERATOR)


def check_done(archive: Archive, files: list[str]) -> None:
    """What was erased is gone, whoever looks; what stays opens."""
    assert finish_all(archive.erasing()) in {0, 1}
    with archive.database.read() as tx:
        assert unfinished(tx) == []
    assert archive.rows("SELECT study_key FROM studies ORDER BY 1") == [(2,), (3,)]
    assert not archive.stored_names() & set(files)
    assert archive.open_all() == 2
    raw = decrypted(archive.folder / "catalogue.db", archive.catalogue_key)
    assert b"vorkaiser" not in raw
    assert archive.rows("SELECT count(*) FROM audit_events WHERE event = 'erasure finished'") == [(1,)]


def test_a_disk_that_refuses_any_one_step_leaves_the_rest_for_later(archive: Archive, tmp_path: Path) -> None:
    files = [str(one) for one in archive.files_of_study(1)]
    for number in count(1):
        box = archive.copied_to(tmp_path / str(number))
        failing = FailingFiles(number)
        erase(box.erasing(failing), "study", 1, "request", OPERATOR)
        check_done(box, files)
        if len(failing.done) < number:
            break
    assert number > 12


def was_cut(archive: Archive, work: Callable[[], object]) -> bool:
    """Do it until the plug is pulled; give whether it was, with the box started again."""
    try:
        work()
    except (Crash, Unavailable):
        archive.database.close()
        archive.use(archive.opened(Database))
        return True
    return False


@pytest.mark.parametrize("after", [False, True])
def test_a_plug_pulled_at_any_commit_brings_no_key_back(archive: Archive, tmp_path: Path, after: bool) -> None:
    files = [str(one) for one in archive.files_of_study(1)]
    for number in count(1):
        box = archive.copied_to(tmp_path / str(number))
        crashing = box.crashing(CrashingDatabase)
        crashing.left, crashing.after = number, after
        cut = was_cut(box, partial(erase_study, box))
        if box.rows("SELECT 1 FROM studies WHERE study_key = 1"):
            assert box.open_all() == 5
            assert box.rows("SELECT count(*) FROM tombstones") == [(0,)]
            erase_study(box)
        check_done(box, files)
        if not cut:
            break
    assert number == 3


@pytest.mark.parametrize("after", [False, True])
def test_a_plug_pulled_at_any_change_of_the_disk_brings_nothing_back(
    archive: Archive, tmp_path: Path, after: bool
) -> None:
    files = [str(one) for one in archive.files_of_study(1)]
    for number in count(1):
        box = archive.copied_to(tmp_path / str(number))
        crashing = CrashingFiles(number, after=after)
        cut = was_cut(box, partial(erase, box.erasing(crashing), "study", 1, "request", OPERATOR))
        assert cut == (after and crashing.left <= 0)
        intake = box.intake()
        intake.step()
        intake.close()
        check_done(box, files)
        if crashing.left > 0:
            break
    assert number > 8


def test_the_pack_of_an_erased_series_goes_with_it(archive: Archive) -> None:
    pack = FileId.new()
    path = archive.erasing().vault.pack_path_of(pack)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sealed")
    with archive.database.write() as tx:
        tx.change(
            "INSERT INTO files (file_id, wrapped_key, wrapping_key_number, plaintext_bytes, place, created_at) "
            "VALUES (:id, x'00', 1, 1, 'vault', 0)",
            id=pack.value,
        )
        tx.change("INSERT INTO packs VALUES (1, :id, 0, 0)", id=pack.value)
    erase(archive.erasing(), "study", 1, "request", OPERATOR)
    assert not path.exists()
    assert archive.rows("SELECT count(*) FROM pack_leftovers") == [(0,)]


def test_an_erasure_that_never_was_is_not_found(archive: Archive) -> None:
    with pytest.raises(NotFound):
        get_erasure(archive.erasing(), 99)
