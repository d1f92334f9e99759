"""An older catalogue that is put back is told from today's, by what was seen beside it."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.integrity.anchors import look_back, remember
from appliance.integrity.checking import check_box
from appliance.integrity.jobs import scrub_slice
from appliance.jobs.job import Run
from tests.intake.a_clinic import Clinic, ct_slice


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    made = Clinic(tmp_path)
    made.take(ct_slice(1))
    return made


def something_happens(clinic: Clinic) -> None:
    with clinic.database.write() as tx:
        clinic.audit.record(tx, Event(EventCode.AUDIT_READ, OPERATOR))


def test_a_catalogue_that_goes_on_is_the_one_that_was_seen(clinic: Clinic) -> None:
    assert look_back(clinic.integrity) is None
    for _ in range(2):
        remember(clinic.integrity)
        something_happens(clinic)
        assert look_back(clinic.integrity) is None


def test_an_older_one_and_one_that_went_another_way_are_named_by_check_and_scrub(clinic: Clinic) -> None:
    clinic.database.close()
    older = shutil.copy(clinic.folder / "catalogue.db", clinic.folder / "older.db")
    something_happens(clinic)
    run = Run(1, clinic.clock, clinic.database, lambda: False)
    scrub_slice(clinic.integrity, run)
    assert run.fault is None
    clinic.database.close()
    shutil.copy(older, clinic.folder / "catalogue.db")
    assert [one.code.value for one in check_box(clinic.integrity).findings] == ["older"]
    run = Run(2, clinic.clock, clinic.database, lambda: False)
    scrub_slice(clinic.integrity, run)
    assert run.fault == "older catalogue"
    clinic.clock.ahead = timedelta(seconds=5)
    something_happens(clinic)
    assert [one.code.value for one in check_box(clinic.integrity).findings] == ["exchanged"]


def test_a_note_that_was_altered_is_told(clinic: Clinic) -> None:
    remember(clinic.integrity)
    note = clinic.folder / "backup" / "trail-seen.json"
    note.write_bytes(note.read_bytes().replace(b'"sequence": ', b'"sequence": 1'))
    found = look_back(clinic.integrity)
    assert found is not None
    assert found.told().startswith("catalogue, trail seen: altered")


def test_a_note_that_alone_was_altered_is_told_until_somebody_had_all_of_the_box_read(clinic: Clinic) -> None:
    remember(clinic.integrity)
    note = clinic.folder / "backup" / "trail-seen.json"
    note.write_bytes(b"{}")
    for number in (1, 2):
        run = Run(number, clinic.clock, clinic.database, lambda: False)
        scrub_slice(clinic.integrity, run)
        assert run.fault == "older catalogue", "the scrub believes nothing and mends nothing"
    assert len(check_box(clinic.integrity).findings) == 1
    run = Run(3, clinic.clock, clinic.database, lambda: False)
    scrub_slice(clinic.integrity, run)
    assert run.fault is None
    assert clinic.rows("SELECT thing, repaired_at IS NULL FROM integrity_faults") == [("trail seen", 0)]


def test_a_note_is_not_written_anew_beside_a_record_that_is_not_whole(clinic: Clinic) -> None:
    something_happens(clinic)
    remember(clinic.integrity)
    note = clinic.folder / "backup" / "trail-seen.json"
    note.write_bytes(b"{}")
    with clinic.database.write() as tx:
        tx.change("UPDATE audit_events SET number = 99 WHERE sequence = 1")
    check_box(clinic.integrity)
    assert note.read_bytes() == b"{}"
