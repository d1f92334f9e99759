"""The page Backups: what it says of each place, and what may be changed there; a study's page says how many copies."""

from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from appliance.backup import queries, queries_copies
from appliance.backup.faults import Fault
from appliance.backup.target import location_of
from appliance.backup.targets import NewTarget, register_target, remove_target
from appliance.backup.telling import tell_of_targets
from appliance.jobs import queries as jobs
from appliance.notifications.queries import open_notices
from appliance.store.runs import RunOutcome
from appliance.store.transactions import WriteTransaction
from tests.web.a_clinic import AClinic, Browser

PAGE = "/keeping/backups"


def an_empty_study(tx: WriteTransaction) -> int:
    """Add one study without images."""
    tx.change(
        """INSERT INTO patients (patient_id, issuer_of_patient_id, patient_name, patient_name_folded,
           patient_birth_date, patient_sex, created_at) VALUES ('P', '', 'A^B', 'a b', '', '', 1)"""
    )
    rows = tx.rows(
        """INSERT INTO studies (patient_key, study_instance_uid, study_date, study_time, study_id, study_description,
           accession_number, referring_physician_name, modalities, series_count, instance_count, first_arrived_at,
           last_arrived_at) VALUES ((SELECT max(patient_key) FROM patients), '1.2', '20260101', '', '', '', '', '',
           'CT', 0, 0, 1, 1) RETURNING study_key"""
    )
    return int(rows[0][0])


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def administrator(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.ADMINISTRATOR))


def a_target(clinic: AClinic, path: str = "/media/copies", name: str = "Blue disk") -> int:
    return register_target(clinic.accounts, NewTarget(name, location_of("folder", {"path": path})), OPERATOR)


def done(browser: Browser, path: str, **fields: str) -> str:
    """Send a form and give the page that it leads to."""
    answer = browser.post(path, page=PAGE, **fields)
    assert answer.status_code == 303
    return browser.get(answer.headers["location"]).text


def test_a_box_without_a_place_for_copies_says_what_that_means(administrator: Browser) -> None:
    shown = administrator.get(PAGE).text
    assert "Nothing is copied anywhere." in shown
    assert "Add a disk" in shown


def test_an_administrator_adds_a_disk_and_takes_it_away_again(clinic: AClinic, administrator: Browser) -> None:
    told = done(administrator, PAGE, name="Blue disk", place="/media/copies", at="22:15")
    assert "The first copy begins within minutes" in told
    with clinic.database.read() as tx:
        (target,) = queries.used_targets(tx)
    assert (target.name, target.location.shown, f"{target.at:%H:%M}") == ("Blue disk", "/media/copies", "22:15")
    assert "First copy to come" in told
    again = administrator.post(PAGE, page=PAGE, name="Another", place="/media/copies", at="22:15")
    assert (again.status_code, "Something is copied there already." in again.text) == (422, True)
    assert "stays there until somebody destroys it" in done(administrator, f"{PAGE}/{target.target_key}/remove")
    assert "It is noted that nothing of it is left." in done(administrator, f"{PAGE}/{target.target_key}/destroyed")
    with clinic.database.read() as tx:
        events = [row[0] for row in tx.rows("SELECT event FROM audit_events WHERE subject_kind = 'backup target'")]
    assert events == ["backup target added", "backup target removed", "backup target destroyed"]


@pytest.mark.parametrize(
    "form", [{"name": ""}, {"place": "media"}, {"place": "/a/../b"}, {"at": "25:00"}, {"at": ""}, {"name": "x" * 61}]
)
def test_what_cannot_be_a_disk_is_told_and_changes_nothing(
    clinic: AClinic, administrator: Browser, form: dict[str, str]
) -> None:
    answer = administrator.post(PAGE, page=PAGE, **({"name": "Disk", "place": "/media/copies", "at": "01:30"} | form))
    assert answer.status_code == 422
    assert "That does not work" in answer.text
    with clinic.database.read() as tx:
        assert queries.targets(tx) == []


def test_one_that_is_still_used_cannot_be_called_destroyed(clinic: AClinic, administrator: Browser) -> None:
    key = a_target(clinic)
    assert administrator.post(f"{PAGE}/{key}/destroyed", page=PAGE).status_code == 404
    with clinic.database.read() as tx:
        (target,) = queries.used_targets(tx)
    assert target.destroyed_at is None


def test_each_place_says_how_it_stands_and_why(clinic: AClinic, administrator: Browser) -> None:
    key = a_target(clinic)
    now = clinic.clock.now()
    with clinic.database.write() as tx:
        queries.note_seen(tx, key, now)
        queries.note_covered(tx, key, now, 0)
    assert "Up to date" in administrator.get(PAGE).text
    with clinic.database.write() as tx:
        queries.note_fault(tx, key, Fault.UNPLUGGED)
    assert "The disk is not plugged in." in administrator.get(PAGE).text
    clinic.clock.pass_time(days=2)
    administrator = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="later.one"))
    assert "Look at it" in administrator.get(PAGE).text
    clinic.clock.pass_time(days=7)
    administrator = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="latest.one"))
    assert "Too old" in administrator.get(PAGE).text


def test_a_copy_that_is_being_made_is_shown(clinic: AClinic, administrator: Browser) -> None:
    a_target(clinic)
    with clinic.database.write() as tx:
        run = jobs.begin(tx, "backup", clinic.clock.now(), None)
        jobs.note_progress(tx, run, (3, 12), (250, 1000))
    shown = administrator.get(PAGE).text
    assert "A copy is being made now." in shown
    assert 'value="25"' in shown
    with clinic.database.write() as tx:
        jobs.end(tx, run, clinic.clock.now(), RunOutcome.DONE, None, 0)
    assert "A copy is being made now." not in administrator.get(PAGE).text


def test_a_person_has_everything_copied_now(clinic: AClinic, administrator: Browser) -> None:
    a_target(clinic)
    with clinic.database.write() as tx:
        jobs.plan(tx, "backup", "daily 01:30", clinic.clock.now())
    assert "begins within seconds" in done(administrator, f"{PAGE}/run")
    with clinic.database.read() as tx:
        assert [row.job for row in jobs.asked(tx)] == ["backup"]


def test_an_auditor_sees_it_and_changes_nothing(clinic: AClinic) -> None:
    a_target(clinic)
    auditor = clinic.signed_in(clinic.person(Role.AUDITOR))
    shown = auditor.get(PAGE).text
    assert "Blue disk" in shown
    assert "Add a disk" not in shown
    assert "Copy now" not in shown


def test_a_study_says_how_many_copies_there_are_and_how_many_were_compared(clinic: AClinic) -> None:
    dentist = clinic.signed_in(clinic.person(Role.DENTIST))
    with clinic.database.write() as tx:
        study = an_empty_study(tx)
    assert "1, on this box only" in dentist.get(f"/studies/{study}").text
    key = a_target(clinic)
    with clinic.database.write() as tx:
        there = queries_copies.copies_of_study(tx, study).file_count
        queries_copies.note_copies(tx, key, [(study, there)], clinic.clock.now())
    shown = dentist.get(f"/studies/{study}").text
    assert "2: this box and 1 place" in shown
    assert "It exists once" not in shown
    with clinic.database.write() as tx:
        tx.change("UPDATE study_copies SET proved_at = 1")
    assert "1 of them read back and compared" in dentist.get(f"/studies/{study}").text


def test_what_is_late_or_fails_is_told_and_ended_when_it_is_over(clinic: AClinic) -> None:
    def told() -> list[tuple[str, str]]:
        with clinic.database.write() as tx:
            tell_of_targets(tx, clinic.clock.now())
            return sorted((one.code.value, one.severity.value) for one in open_notices(tx))

    assert told() == [("backup missing", "warning")]
    key = a_target(clinic)
    assert told() == []
    with clinic.database.write() as tx:
        queries.note_seen(tx, key, clinic.clock.now())
        queries.note_covered(tx, key, clinic.clock.now(), 0)
        queries.note_fault(tx, key, Fault.FULL)
    assert told() == [("backup fails", "warning")]
    with clinic.database.write() as tx:
        queries.note_fault(tx, key, Fault.UNPLUGGED)
    assert told() == [], "a disk that is away is not told at once"
    clinic.clock.pass_time(days=1, hours=1)
    assert told() == [("backup late", "warning")]
    clinic.clock.pass_time(days=7)
    assert told() == [("backup late", "alarm")]
    with clinic.database.write() as tx:
        queries.note_covered(tx, key, clinic.clock.now(), 0)
        queries.note_seen(tx, key, clinic.clock.now())
    assert told() == []
    remove_target(clinic.accounts, key, OPERATOR)
    clinic.clock.pass_time(days=30)
    assert told() == [("backup missing", "warning")]
