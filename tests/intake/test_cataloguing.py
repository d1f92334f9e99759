"""The identity rules on real rows: copies, versions, conflicts, quarantine, and what the trail says."""

import json
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
    """One number for many people, studies of one UID, ids that say nothing: whoever is listed together agrees."""
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
        "SELECT i.instance_number, t.patient_key, t.study_instance_uid FROM instances i JOIN series s "
        "USING (series_key) JOIN studies t USING (study_key) ORDER BY i.instance_number"
    )
    assert [row[2] for row in rows] == studies
    members: dict[object, list[tuple[str, ...]]] = {}
    for who, row in zip(chosen, rows, strict=True):
        members.setdefault(row[1], []).append(who)
    assert not [joined for joined in members.values() if not agree(joined)]
    nameless = [who for who in chosen if not who[1] or who[0] in ("0", "")]
    assert all(members[row[1]] == [who] for who, row in zip(chosen, rows, strict=True) if who in nameless)
    conflicts = clinic.rows("SELECT kind, count(*) FROM identity_conflicts GROUP BY kind ORDER BY kind")
    assert [row[0] for row in conflicts] == ["same id, other person", "study of two patients"]
    told = clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'identity conflict found'")[0][0]
    assert told == clinic.rows("SELECT count(*) FROM identity_conflicts")[0][0]


def agree(people: list[tuple[str, ...]]) -> bool:
    """Say whether nobody among them says anything that another contradicts; an id and a name must be said alike."""
    alike = len({who[:2] for who in people}) == 1
    return alike and all(len({who[at] for who in people} - {""}) < 2 for at in (2, 3))


def test_nineteen_of_twenty_who_only_leave_something_out_are_recognised(clinic: Clinic) -> None:
    """A hundred people seen by two scanners, in any order: one leaves out sex or birth date, or writes otherwise."""
    chance = random.Random(11)  # noqa: S311  the same every time
    left_out = [("PatientSex",), ("PatientBirthDate",), ("PatientBirthDate", "PatientSex"), ()]
    everyone = []
    for at in range(100):
        name = f"{chance.choice(['Núñez', 'Smith', 'Öztürk', 'Ferrer'])}^{chance.choice(['Ana', 'Luis', 'Mara'])}"
        date = f"19{chance.randrange(30, 99)}0{chance.randrange(1, 9)}1{chance.randrange(9)}"
        who = {"PatientID": f"P-{at}", "PatientName": name, "PatientBirthDate": date, "PatientSex": chance.choice("MF")}
        written = {**who, "PatientName": name.upper() + "^^", "PatientID": f"p-{at}"} if at % 3 == 0 else who
        everyone += [who, {**written, **dict.fromkeys(left_out[at % 4], "")}]
    chance.shuffle(everyone)
    clinic.take(*[ct_slice(at + 1, StudyInstanceUID=f"1.2.3.{at}", **who) for at, who in enumerate(everyone)])
    patients = clinic.rows("SELECT patient_birth_date, patient_sex FROM patients")
    assert 100 <= len(patients) <= 105
    assert sum(1 for birth_date, sex in patients if birth_date and sex) >= 95


def test_instances_of_one_study_that_leave_something_out_stay_in_it(clinic: Clinic) -> None:
    clinic.take(ct_slice(1, PatientSex=""), ct_slice(2), ct_slice(3, PatientBirthDate="", PatientSex=""))
    assert clinic.rows("SELECT instance_count FROM studies") == [(3,)]
    assert clinic.rows("SELECT patient_birth_date, patient_sex FROM patients") == [("19700102", "M")]
    assert clinic.rows("SELECT count(*) FROM identity_conflicts") == [(0,)]
    clinic.take(ct_slice(4, PatientSex="F"))
    assert clinic.rows("SELECT instance_count FROM studies ORDER BY study_key") == [(3,), (1,)]
    assert {row[0] for row in clinic.rows("SELECT kind FROM identity_conflicts")} == {
        "same id, other person", "study of two patients",
    }  # fmt: skip


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


def test_a_quarantined_file_sent_again_waits_once_until_it_is_resolved(clinic: Clinic) -> None:
    clinic.take(ct_slice(1, StudyInstanceUID=None))
    clinic.take(ct_slice(1, StudyInstanceUID=None), ct_slice(1, StudyInstanceUID=None))
    outcomes = "SELECT outcome FROM arrivals ORDER BY arrived_at, sequence"
    assert clinic.rows(outcomes) == [("quarantined",), ("duplicate",), ("duplicate",)]
    assert clinic.rows("SELECT count(*) FROM quarantine") == [(1,)]
    assert len(list(clinic.parts.vault.stored_ids())) == clinic.rows("SELECT count(*) FROM files")[0][0] == 1
    assert not list((clinic.folder / "inbox").iterdir())
    clinic.take(ct_slice(1, StudyInstanceUID=None, SeriesDescription="other bytes"))
    assert clinic.rows("SELECT count(*) FROM quarantine") == [(2,)]
    with clinic.database.write() as tx:
        tx.change("UPDATE quarantine SET resolved_at = 1")
    clinic.take(ct_slice(1, StudyInstanceUID=None))
    assert clinic.rows("SELECT count(*) FROM quarantine WHERE resolved_at IS NULL") == [(1,)]


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


def test_a_wild_position_keeps_no_slice_of_its_series_out_of_the_list(clinic: Clinic) -> None:
    oblique = ["0.7", "0.7", "0", "0", "0.7", "0.7"]
    slices = [ct_slice(at, ImageOrientationPatient=oblique) for at in range(1, 9)]
    wild = ct_slice(9, ImageOrientationPatient=oblique, ImagePositionPatient=["1.7e308", "-1.7e308", "0"])
    clinic.receive([sent(wild), *map(sent, slices)])
    intake = clinic.intake()
    intake.step()
    intake.close()
    assert clinic.rows("SELECT outcome, count(*) FROM arrivals GROUP BY outcome") == [("new", 9)]
    findings = json.loads(str(clinic.rows("SELECT findings FROM series")[0][0]))
    assert {"code": "instances without position", "numbers": [1]} in findings


def test_a_judgement_that_fails_leaves_the_series_unchecked_and_listed(clinic: Clinic) -> None:
    clinic.receive([sent(ct_slice(1))])
    intake = clinic.intake()
    intake.step()
    with clinic.database.write() as tx:
        tx.change("UPDATE versions SET geometry = '{}'")
    clinic.receive([sent(ct_slice(2)), sent(ct_slice(3))])
    intake.step()
    intake.close()
    assert clinic.rows("SELECT outcome, count(*) FROM arrivals GROUP BY outcome") == [("new", 3)]
    expected = ("unchecked", '[{"code": "could not be judged", "numbers": []}]', 3)
    assert clinic.rows("SELECT completeness, findings, instance_count FROM series") == [expected]
