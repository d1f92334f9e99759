"""The identity rules on real rows: copies, versions, conflicts, quarantine, and what the trail says."""

import random
from itertools import product
from pathlib import Path

import pytest

from appliance.archive.arrivals import QuarantineReason
from appliance.dicom.faults import Fault
from tests.intake.a_clinic import Clinic, ct_slice, sent

NAMES = ["Núñez^José", "Núñez^María", "Smith^John", "Smith^Joan", "山田^太郎", ""]
DATES = ["19700102", "19700201", ""]
SEXES = ["M", "F", ""]


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def test_two_hundred_mix_ups_make_no_silent_merge(clinic: Clinic) -> None:
    """Each study belongs to who it says: one number for many people, studies of one UID, ids that say nothing."""
    people = list(product(["P-1", "P-2", "0", ""], NAMES, DATES, SEXES))
    chosen = random.Random(7).sample(people, 200)  # noqa: S311  the same every time
    studies = [f"1.2.3.{at % 120}" for at in range(200)]
    datasets = [
        ct_slice(
            at + 1, PatientID=who[0], PatientName=who[1], PatientBirthDate=who[2], PatientSex=who[3],
            StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.{at}",
        )
        for at, (who, uid) in enumerate(zip(chosen, studies, strict=True))
    ]  # fmt: skip
    clinic.take(*datasets)
    rows = clinic.rows(
        "SELECT i.instance_number, p.patient_id, p.patient_name, p.patient_birth_date, p.patient_sex, "
        "t.study_instance_uid FROM instances i JOIN series s USING (series_key) JOIN studies t USING (study_key) "
        "JOIN patients p USING (patient_key) ORDER BY i.instance_number"
    )
    assert [(row[1:5], row[5]) for row in rows] == list(zip(chosen, studies, strict=True))
    conflicts = clinic.rows("SELECT kind, count(*) FROM identity_conflicts GROUP BY kind ORDER BY kind")
    assert [row[0] for row in conflicts] == ["same id, other person", "study of two patients"]
    told = clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'identity conflict found'")[0][0]
    assert told == clinic.rows("SELECT count(*) FROM identity_conflicts")[0][0]


def test_one_patient_of_two_studies_is_one_patient(clinic: Clinic) -> None:
    clinic.take(ct_slice(1), ct_slice(2, StudyInstanceUID="1.2.9", PatientName="NANDU^JOSE^^"))
    assert clinic.rows("SELECT count(*) FROM patients") == [(1,)]
    assert clinic.rows("SELECT count(*) FROM identity_conflicts") == [(0,)]
    assert clinic.rows("SELECT series_count, instance_count, modalities FROM studies") == [(1, 1, "CT")] * 2


def test_the_same_bytes_again_are_one_copy(clinic: Clinic) -> None:
    clinic.take(ct_slice(1))
    clinic.take(ct_slice(1))
    assert clinic.rows("SELECT outcome FROM arrivals ORDER BY arrived_at") == [("new",), ("duplicate",)]
    assert len(list(clinic.parts.vault.stored_ids())) == 1
    assert not list((clinic.folder / "inbox").iterdir())


def test_other_bytes_under_one_uid_are_a_further_version_and_the_first_stays(clinic: Clinic) -> None:
    clinic.take(ct_slice(1), ct_slice(1, SeriesDescription="changed"))
    assert clinic.rows("SELECT version_count FROM instances") == [(2,)]
    first = clinic.rows("SELECT file_id, dataset_offset FROM versions WHERE version_number = 1")[0]
    assert clinic.stored_dataset(bytes(first[0]), int(first[1])) == sent(ct_slice(1)).dataset  # type: ignore[call-overload]  # rows are untyped
    assert clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'instance version added'") == [(1,)]


def test_one_instance_uid_in_two_studies_is_told(clinic: Clinic) -> None:
    clinic.take(ct_slice(1), ct_slice(1, StudyInstanceUID="1.2.8", PatientID="P-9", PatientName="Other^One"))
    assert clinic.rows("SELECT count(*) FROM instances") == [(2,)]
    assert clinic.rows("SELECT kind FROM identity_conflicts") == [("instance of two studies",)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"StudyInstanceUID": None}, QuarantineReason.NO_STUDY_INSTANCE_UID),
        ({"SeriesInstanceUID": None}, QuarantineReason.NO_SERIES_INSTANCE_UID),
        ({"SOPInstanceUID": ""}, QuarantineReason.NO_SOP_INSTANCE_UID),
        ({"SOPClassUID": ""}, QuarantineReason.NO_SOP_CLASS_UID),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, QuarantineReason.SOP_CLASS_DIFFERS),
    ],
)
def test_what_cannot_be_listed_waits_with_its_reason(
    clinic: Clinic, changes: dict[str, object], reason: QuarantineReason
) -> None:
    named = {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2", "sop_instance_uid": "1.2.3.4.5.1"}
    clinic.receive([sent(ct_slice(1, **changes), **named), sent(ct_slice(2))])
    intake = clinic.intake()
    intake.step()
    intake.close()
    assert clinic.rows("SELECT reason, dataset_bytes > 0 FROM quarantine") == [(reason.value, 1)]
    assert clinic.rows("SELECT outcome FROM arrivals ORDER BY sequence") == [("quarantined",), ("new",)]
    assert clinic.rows("SELECT count(*) FROM files WHERE place = 'vault'") == [(2,)]


def test_an_instance_announced_under_another_uid_is_listed_under_its_own(clinic: Clinic) -> None:
    clinic.receive([sent(ct_slice(1), sop_instance_uid="1.2.3.99")])
    intake = clinic.intake()
    intake.step()
    intake.close()
    assert clinic.rows("SELECT sop_instance_uid FROM instances") == [("1.2.3.4.5.1",)]
    assert clinic.rows("SELECT findings FROM series") == [
        ('[{"code": "announced under another uid", "numbers": [1]}]',)
    ]


def test_a_gap_and_a_repeat_are_told_when_they_appear_and_go_when_they_are_filled(clinic: Clinic) -> None:
    clinic.take(ct_slice(1), ct_slice(2), ct_slice(4))
    assert clinic.rows("SELECT completeness FROM series") == [("gaps",)]
    clinic.take(ct_slice(3))
    assert clinic.rows("SELECT completeness, findings FROM series") == [("no gaps", "[]")]


def test_every_fault_of_the_parser_has_its_reason() -> None:
    assert {fault.value for fault in Fault} <= {reason.value for reason in QuarantineReason}


def test_a_study_is_found_by_its_folded_words(clinic: Clinic) -> None:
    clinic.take(ct_slice(1))
    found = "SELECT rowid FROM study_search WHERE study_search MATCH :words"
    assert clinic.rows(found, words="nandu jose") == [(1,)]
    assert clinic.rows(found, words="cbct") == [(1,)]


def test_the_trail_holds_no_word_of_a_scan(clinic: Clinic) -> None:
    clinic.take(ct_slice(1), ct_slice(2, StudyInstanceUID=None), ct_slice(3, PatientName="Canary^Name"))
    rows = clinic.rows("SELECT * FROM audit_events")
    words = " ".join(str(value) for row in rows for value in row if isinstance(value, str)).casefold()
    assert not [name for name in ("ñandú", "canary", "p-1", "1.2.3", "cbct") if name in words]
    assert clinic.rows("SELECT number FROM audit_events WHERE event = 'study received'") == [(1,), (1,)]
