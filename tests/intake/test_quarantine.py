"""What waits in quarantine can be tried again and taken out; it is never lost by that, and each is recorded."""

import hashlib
import sys
from pathlib import Path

import pytest

from appliance.archive.arrivals import ArrivalOutcome, QuarantineReason
from appliance.archive.quarantine import get_entry
from appliance.archive.queries import held_in_quarantine
from appliance.audit.events import OPERATOR, Actor, ActorKind
from appliance.errors import NotFound, Refused, Tampered, Unsuitable
from appliance.identifiers import FileId
from appliance.intake.quarantine import Quarantine
from appliance.intake.service import Intake
from appliance.sandbox.birth import executed
from tests.intake.a_clinic import Clinic, Sent, ct_slice, sent

HOSTILE = str(Path(__file__).parents[1] / "sandbox" / "hostile.py")


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


@pytest.fixture
def quarantine(clinic: Clinic) -> Quarantine:
    parts = clinic.parts
    return Quarantine(parts.database, parts.keys, parts.vault, parts.audit, parts.clock)


def quarantined(clinic: Clinic, *objects: Sent) -> None:
    """Take objects in by children that die of each."""
    clinic.receive(list(objects))
    intake = Intake(clinic.parts, executed((sys.executable, HOSTILE, "dies")))
    intake.start()
    intake.step()
    intake.close()


def taken_in(clinic: Clinic, *objects: Sent) -> None:
    clinic.receive(list(objects))
    intake = clinic.intake()
    intake.step()
    intake.close()


def events(clinic: Clinic) -> list[tuple[object, ...]]:
    return clinic.rows(
        "SELECT event, outcome, actor_kind, subject_key FROM audit_events WHERE event LIKE 'quarantine%' "
        "ORDER BY sequence"
    )


def test_a_scan_whose_reader_died_is_listed_when_it_is_tried_again(clinic: Clinic, quarantine: Quarantine) -> None:
    quarantined(clinic, sent(ct_slice(1)))
    assert clinic.rows("SELECT reason, resolved_at FROM quarantine") == [("parser crashed", None)]
    retried = quarantine.retry(1, Actor(ActorKind.ACCOUNT, 7))
    assert retried.outcome is ArrivalOutcome.NEW
    assert retried.reason is None
    assert clinic.rows("SELECT sop_instance_uid, instance_count, completeness FROM instances JOIN series") == [
        ("1.2.3.4.5.1", 1, "single")
    ]
    assert clinic.rows("SELECT outcome, instance_key FROM arrivals") == [("new", 1)]
    assert clinic.rows("SELECT resolved_at IS NULL, resolved_by FROM quarantine") == [(0, 7)]
    assert events(clinic) == [
        ("quarantine retried", "success", "account", 1),
        ("quarantine resolved", "success", "account", 1),
    ]
    (row,) = clinic.rows("SELECT file_id, dataset_offset, dataset_sha256 FROM versions")
    stored = clinic.stored_dataset(bytes(row[0]), int(str(row[1])))  # type: ignore[call-overload]  # rows are untyped
    assert stored == sent(ct_slice(1)).dataset
    assert row[2] == hashlib.sha256(stored).digest()
    with pytest.raises(Refused):
        quarantine.retry(1, OPERATOR)
    assert clinic.intake().step() == 0


def test_what_cannot_be_listed_yet_stays_with_its_reason(clinic: Clinic, quarantine: Quarantine) -> None:
    taken_in(clinic, sent(ct_slice(1, StudyInstanceUID=None)))
    retried = quarantine.retry(1, OPERATOR)
    assert retried.reason is QuarantineReason.NO_STUDY_INSTANCE_UID
    assert retried.study_key is None
    assert clinic.rows("SELECT reason, resolved_at FROM quarantine") == [("no study instance uid", None)]
    assert clinic.rows("SELECT outcome FROM arrivals") == [("quarantined",)]
    assert events(clinic) == [("quarantine retried", "failure", "operator", 1)]


def test_a_scan_that_was_sent_again_meanwhile_is_no_second_one(clinic: Clinic, quarantine: Quarantine) -> None:
    quarantined(clinic, sent(ct_slice(1)), sent(ct_slice(2)))
    taken_in(clinic, sent(ct_slice(1)), sent(ct_slice(2, PatientName="Other^Person")))
    assert quarantine.retry(1, OPERATOR).outcome is ArrivalOutcome.DUPLICATE
    other = quarantine.retry(2, OPERATOR)
    assert other.outcome in {ArrivalOutcome.VERSION, ArrivalOutcome.NEW}
    assert clinic.rows("SELECT count(*) FROM quarantine WHERE resolved_at IS NULL") == [(0,)]
    assert clinic.rows("SELECT count(*) FROM files") == [(4,)]  # nothing was erased


def test_a_damaged_file_stays_and_is_told(clinic: Clinic, quarantine: Quarantine) -> None:
    quarantined(clinic, sent(ct_slice(1)))
    path = clinic.parts.vault.path_of(FileId(bytes(clinic.rows("SELECT file_id FROM files")[0][0])))  # type: ignore[call-overload]  # rows are untyped
    sealed = bytearray(path.read_bytes())
    sealed[-30] ^= 1
    path.write_bytes(sealed)
    assert quarantine.retry(1, OPERATOR).reason is QuarantineReason.DAMAGED
    with pytest.raises(Tampered):
        b"".join(quarantine.export(1, OPERATOR))
    path.unlink()
    assert quarantine.retry(1, OPERATOR).reason is QuarantineReason.DAMAGED


def test_its_bytes_come_out_as_a_file_and_as_they_came(clinic: Clinic, quarantine: Quarantine) -> None:
    came = sent(ct_slice(1, StudyInstanceUID=None))
    taken_in(clinic, came)
    whole = b"".join(quarantine.export(1, OPERATOR))
    assert whole[128:132] == b"DICM"
    assert whole.endswith(came.dataset)
    assert b"".join(quarantine.export(1, OPERATOR, dataset_only=True)) == came.dataset
    assert events(clinic) == [("quarantine exported", "success", "operator", 1)] * 2


def test_what_has_no_file_or_no_entry_is_refused(clinic: Clinic, quarantine: Quarantine) -> None:
    taken_in(clinic, sent(ct_slice(1, StudyInstanceUID=None)))
    with pytest.raises(NotFound):
        quarantine.retry(99, OPERATOR)
    with clinic.database.write() as tx:
        tx.change("UPDATE quarantine SET file_id = NULL")
    with pytest.raises(Refused):
        quarantine.retry(1, OPERATOR)
    with pytest.raises(Refused):
        b"".join(quarantine.export(1, OPERATOR))
    assert events(clinic) == []


def test_no_dataset_is_cut_out_of_what_is_no_file_of_ours(clinic: Clinic, quarantine: Quarantine) -> None:
    taken_in(clinic, sent(ct_slice(1, StudyInstanceUID=None)))
    association = bytes(16)
    with clinic.database.write() as tx:
        tx.change("UPDATE quarantine SET association_id = :id", id=association)
    assert quarantine.retry(1, OPERATOR).reason is QuarantineReason.NOT_A_FILE_OF_OURS
    assert b"".join(quarantine.export(1, OPERATOR))[128:132] == b"DICM"


def test_a_dismissed_file_waits_no_longer_and_keeps_its_bytes(clinic: Clinic, quarantine: Quarantine) -> None:
    came = sent(ct_slice(1, StudyInstanceUID=None))
    taken_in(clinic, came)
    quarantine.dismiss(1, "  sent again,\n and   listed ", Actor(ActorKind.ACCOUNT, 7))
    assert clinic.rows("SELECT resolved_at IS NULL, resolved_by, dismissal_reason FROM quarantine") == [
        (0, 7, "sent again, and listed")
    ]
    assert events(clinic) == [("quarantine dismissed", "success", "account", 1)]
    assert b"".join(quarantine.export(1, OPERATOR, dataset_only=True)) == came.dataset
    for refused in (quarantine.retry, lambda key, actor: quarantine.dismiss(key, "once more", actor)):
        with pytest.raises(Refused, match="left the quarantine"):
            refused(1, OPERATOR)
    with pytest.raises(NotFound):
        quarantine.dismiss(99, "no such file", OPERATOR)


@pytest.mark.parametrize("reason", ["", "  \n", " . - ", "x" * 201, "a\x00b", "a\u202eb"])
def test_a_dismissal_without_a_proper_reason_changes_nothing(
    clinic: Clinic, quarantine: Quarantine, reason: str
) -> None:
    taken_in(clinic, sent(ct_slice(1, StudyInstanceUID=None)))
    with pytest.raises(Unsuitable):
        quarantine.dismiss(1, reason, OPERATOR)
    assert clinic.rows("SELECT resolved_at, dismissal_reason FROM quarantine") == [(None, None)]
    assert events(clinic) == []


def test_why_a_file_was_dismissed_is_in_no_event_and_in_no_file_of_the_box(
    clinic: Clinic, quarantine: Quarantine, caplog: pytest.LogCaptureFixture
) -> None:
    words = "belongs to Zephyrine Quintrell"
    taken_in(clinic, sent(ct_slice(1, StudyInstanceUID=None)))
    with caplog.at_level("DEBUG"):
        quarantine.dismiss(1, words, OPERATOR)
    assert "Zephyrine" not in repr(clinic.rows("SELECT * FROM audit_events"))
    assert "Zephyrine" not in caplog.text
    with clinic.database.read() as tx:
        assert "Zephyrine" not in repr(get_entry(tx, 1))
        assert get_entry(tx, 1).dismissal_reason == words
    for file in (file for file in clinic.folder.rglob("*") if file.is_file()):
        assert b"Zephyrine" not in file.read_bytes(), file


def test_only_what_was_dismissed_is_put_back(clinic: Clinic, quarantine: Quarantine) -> None:
    quarantined(clinic, sent(ct_slice(1)), sent(ct_slice(2)))
    before = clinic.rows("SELECT * FROM quarantine")
    quarantine.dismiss(1, "of no use", OPERATOR)
    quarantine.reopen(1, OPERATOR)
    assert clinic.rows("SELECT * FROM quarantine") == before
    quarantine.retry(2, OPERATOR)
    for key, fault in ((1, Refused), (2, Refused), (99, NotFound)):
        with pytest.raises(fault):
            quarantine.reopen(key, OPERATOR)
    assert [event[0] for event in events(clinic)][:2] == ["quarantine dismissed", "quarantine reopened"]


def test_a_dismissed_file_that_is_sent_again_waits_again(clinic: Clinic, quarantine: Quarantine) -> None:
    came = sent(ct_slice(1, StudyInstanceUID=None))
    taken_in(clinic, came)
    quarantine.dismiss(1, "hopeless", OPERATOR)
    taken_in(clinic, came)
    assert clinic.rows("SELECT quarantine_key FROM quarantine WHERE resolved_at IS NULL") == [(2,)]
    assert clinic.rows("SELECT count(*) FROM files") == [(2,)]


def test_the_copy_of_a_file_that_was_dismissed_meanwhile_is_compared_with_it(
    clinic: Clinic, quarantine: Quarantine
) -> None:
    """A second copy goes only when the held one opens whole, and a dismissed one is held all the same."""
    came = sent(ct_slice(1, StudyInstanceUID=None))
    taken_in(clinic, came, came)
    assert clinic.rows("SELECT outcome FROM arrivals ORDER BY sequence") == [("quarantined",), ("duplicate",)]
    first, second = (bytes(row[0]) for row in clinic.rows("SELECT file_id FROM arrivals ORDER BY sequence"))  # type: ignore[call-overload]  # rows are untyped
    quarantine.dismiss(1, "hopeless", OPERATOR)
    names = ("sop_class_uid", "sop_instance_uid", "transfer_syntax_uid", "dataset_sha256")
    (row,) = clinic.rows(f"SELECT {', '.join(names)} FROM quarantine")  # noqa: S608  # the names are written above
    with clinic.database.read() as tx:
        held = held_in_quarantine(tx, file_id=second, **dict(zip(names, row, strict=True)))
    assert held == (first, None, None, 1)
