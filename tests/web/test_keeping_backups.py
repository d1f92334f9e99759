"""The page Backups: what it says of each place, and what may be changed there; a study's page says how many copies."""

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
from appliance.web.http.csrf import HEADER
from tests.web.a_clinic import AClinic, Browser, form_token_in
from tests.web.a_proof import code_now, device_of

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


def a_target(clinic: AClinic, path: str = "/media/copies", name: str = "Blue disk") -> int:
    return register_target(clinic.accounts, NewTarget(name, location_of("folder", {"path": path})), OPERATOR)


def done(browser: Browser, path: str, **fields: str) -> str:
    """Send a form and give the page that it leads to."""
    answer = browser.post(path, page=PAGE, **fields)
    assert answer.status_code == 303
    return browser.get(answer.headers["location"]).text


def test_a_box_without_a_place_for_copies_says_what_that_means(browser: Browser) -> None:
    shown = browser.get(PAGE).text
    assert "Nothing is copied anywhere." in shown
    assert "Add a disk" in shown


def test_an_administrator_adds_a_disk_and_takes_it_away_again(clinic: AClinic, browser: Browser) -> None:
    told = done(browser, PAGE, name="Blue disk", place="/media/copies", at="22:15")
    assert "The first copy begins within minutes" in told
    with clinic.database.read() as tx:
        (target,) = queries.used_targets(tx)
    assert (target.name, target.location.shown, f"{target.at:%H:%M}") == ("Blue disk", "/media/copies", "22:15")
    assert "First copy to come" in told
    again = browser.post(PAGE, page=PAGE, name="Another", place="/media/copies", at="22:15")
    assert (again.status_code, "Something is copied there already." in again.text) == (422, True)
    removed = done(browser, f"{PAGE}/{target.target_key}/remove", code=code_now(clinic))
    assert "stays there until somebody destroys it" in removed
    destroyed = done(browser, f"{PAGE}/{target.target_key}/destroyed", code=code_now(clinic))
    assert "It is noted that nothing of it is left." in destroyed
    with clinic.database.read() as tx:
        events = [row[0] for row in tx.rows("SELECT event FROM audit_events WHERE subject_kind = 'backup target'")]
    assert events == ["backup target added", "backup target removed", "backup target destroyed"]


@pytest.mark.parametrize(
    "form", [{"name": ""}, {"place": "media"}, {"place": "/a/../b"}, {"at": "25:00"}, {"at": ""}, {"name": "x" * 61}]
)
def test_what_cannot_be_a_disk_is_told_and_changes_nothing(
    clinic: AClinic, browser: Browser, form: dict[str, str]
) -> None:
    answer = browser.post(PAGE, page=PAGE, **({"name": "Disk", "place": "/media/copies", "at": "01:30"} | form))
    assert answer.status_code == 422
    assert "That does not work" in answer.text
    with clinic.database.read() as tx:
        assert queries.targets(tx) == []


def test_what_is_not_there_to_be_removed_or_destroyed_is_told_and_costs_no_code(
    clinic: AClinic, browser: Browser
) -> None:
    key, code = a_target(clinic), code_now(clinic)
    for path in (f"{key}/destroyed", f"{key + 1}/destroyed", f"{key + 1}/remove"):
        assert browser.post(f"{PAGE}/{path}", page=PAGE, code=code).status_code == 404, path
    assert state_of(clinic, key) == (False, False)
    done(browser, f"{PAGE}/{key}/remove", code=code)
    code = code_now(clinic)
    assert browser.post(f"{PAGE}/{key}/remove", page=PAGE, code=code).status_code == 404
    done(browser, f"{PAGE}/{key}/destroyed", code=code)
    assert browser.post(f"{PAGE}/{key}/destroyed", page=PAGE, code=code_now(clinic)).status_code == 404


@pytest.mark.parametrize("deed", ["remove", "destroyed"])
def test_whoever_finds_an_administrators_open_screen_ends_no_place_for_copies(
    clinic: AClinic, browser: Browser, deed: str
) -> None:
    key, spent = a_target(clinic), code_now(clinic)
    other = a_target(clinic, "/media/others", "Red disk")
    done(browser, f"{PAGE}/{other}/remove", code=spent)
    if deed == "destroyed":
        remove_target(clinic.accounts, key, OPERATOR)
    before = state_of(clinic, key)
    for code in ("000000", "", spent, "{}"):
        refused = browser.post(f"{PAGE}/{key}/{deed}", page=PAGE, code=code)
        assert refused.status_code == 403, code
        assert "Blue disk" in refused.text
        assert 'role="alert"' in refused.text
    assert browser.post(f"{PAGE}/{key}/{deed}", page=PAGE).status_code == 400
    machine = {"accept": "application/json", HEADER: form_token_in(browser.get(PAGE).text)}
    assert browser.client.post(f"{PAGE}/{key}/{deed}", headers=machine).status_code == 400
    assert (state_of(clinic, key), clinic.events()[-1]) == (before, ("login failed", "failure"))
    done(browser, f"{PAGE}/{key}/{deed}", code=code_now(clinic))
    assert state_of(clinic, key) != before


def test_a_passkey_ends_one_too(clinic: AClinic, browser: Browser) -> None:
    key, device = a_target(clinic), device_of(clinic, browser)
    for deed in ("remove", "destroyed"):
        done(browser, f"{PAGE}/{key}/{deed}", code=device.show(browser.get("/account/passkey-question").text))
    assert state_of(clinic, key) == (True, True)


def test_whoever_has_no_second_factor_is_told_to_set_one_up(clinic: AClinic) -> None:
    bare = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="bare"))
    key = a_target(clinic)
    refused = bare.post(f"{PAGE}/{key}/remove", page=PAGE, code="000000")
    assert (refused.status_code, "Set up a second factor first" in refused.text) == (403, True)
    assert state_of(clinic, key) == (False, False)


def state_of(clinic: AClinic, key: int) -> tuple[bool, bool]:
    """Say whether a place is no longer used, and whether it was declared destroyed."""
    with clinic.database.read() as tx:
        target = queries.find_target(tx, key)
    assert target is not None
    return target.removed_at is not None, target.destroyed_at is not None


def test_each_place_says_how_it_stands_and_why(clinic: AClinic, browser: Browser) -> None:
    key = a_target(clinic)
    now = clinic.clock.now()
    with clinic.database.write() as tx:
        queries.note_seen(tx, key, now)
        queries.note_covered(tx, key, now, 0)
    assert "Up to date" in browser.get(PAGE).text
    with clinic.database.write() as tx:
        queries.note_fault(tx, key, Fault.UNPLUGGED)
    assert "The disk is not plugged in." in browser.get(PAGE).text
    clinic.clock.pass_time(days=2)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="later.one"))
    assert "Look at it" in browser.get(PAGE).text
    clinic.clock.pass_time(days=7)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="latest.one"))
    assert "Too old" in browser.get(PAGE).text


def test_that_nothing_is_cleared_is_said_while_a_file_is_missing(clinic: AClinic, browser: Browser) -> None:
    key = a_target(clinic)
    said = "No older copy of the scans is cleared for now."
    assert said not in browser.get(PAGE).text
    with clinic.database.write() as tx:
        queries.note_night_missed(tx, key, clinic.clock.now())
    assert said in browser.get(PAGE).text
    with clinic.database.write() as tx:
        queries.note_whole_night(tx, key, clinic.clock.now())
    assert said not in browser.get(PAGE).text


def test_a_copy_that_is_being_made_is_shown(clinic: AClinic, browser: Browser) -> None:
    a_target(clinic)
    with clinic.database.write() as tx:
        run = jobs.begin(tx, "backup", clinic.clock.now(), None)
        jobs.note_progress(tx, run, (3, 12), (250, 1000))
    shown = browser.get(PAGE).text
    assert "A copy is being made now." in shown
    assert 'value="25"' in shown
    with clinic.database.write() as tx:
        jobs.end(tx, run, clinic.clock.now(), RunOutcome.DONE, None, 0)
    assert "A copy is being made now." not in browser.get(PAGE).text


def test_a_person_has_everything_copied_now(clinic: AClinic, browser: Browser) -> None:
    a_target(clinic)
    with clinic.database.write() as tx:
        jobs.plan(tx, "backup", "daily 01:30", clinic.clock.now())
    assert "begins within seconds" in done(browser, f"{PAGE}/run")
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
