"""The page Proofs, the front page's card of it, and the metrics: all say what the last tests found."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.clock import microseconds
from appliance.health.queries_keeping import targets_now
from appliance.identifiers import FileId
from appliance.integrity import queries, queries_tests
from appliance.integrity.findings import FaultCode, Finding, FoundBy, Place
from appliance.integrity.queries_tests import Ending
from appliance.integrity.telling import metrics
from appliance.web.staff.keeping_front import proof_card
from tests.web.a_clinic import AClinic, Browser

HOUR = timedelta(hours=1)
DAMAGED = FileId(bytes(range(16)))


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    made = AClinic(tmp_path)
    with made.database.write() as tx:
        tx.change(
            """INSERT INTO backup_targets (target_key, target_id, name, kind, location, append_only, schedule,
                 warn_after_seconds, alarm_after_seconds, created_at)
               VALUES (1, zeroblob(16), 'Blue disk', 'folder', '{"path": "/mnt"}', 0, '{"at": "01:30"}', 1, 2, 0)"""
        )
    return made


@pytest.fixture
def administrator(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.ADMINISTRATOR))


def has_tested(clinic: AClinic, verdict: str, fault: str | None = None, faults: int = 0) -> None:
    begun = microseconds(clinic.clock.now() - 2 * HOUR)
    with clinic.database.write() as tx:
        tx.change(
            "INSERT OR IGNORE INTO runs (run_key, job, started_at, done_count, failed_count) VALUES (7, 'x', 0, 0, 0)"
        )
        key = queries_tests.begin_test(tx, 7, 1, ("abc", begun), begun, is_full=True)
        ending = Ending(verdict, 41, 400, 5_000_000, 2, faults, fault)
        queries_tests.end_test(tx, key, ending, microseconds(clinic.clock.now() - HOUR))


def test_before_the_first_test_the_page_promises_nothing(administrator: Browser) -> None:
    page = administrator.get("/keeping/proofs").text
    assert "No restore test yet" in page
    assert "Nothing was restored from here yet." in page
    assert "It is not proved yet that the copy on “Blue disk” restores." in administrator.get("/keeping").text


def test_a_proof_says_how_much_was_compared_and_how_long_it_took(clinic: AClinic, administrator: Browser) -> None:
    has_tested(clinic, "proved")
    page = administrator.get("/keeping/proofs").text
    for words in ("Blue disk", "Proved", "5.0 MB (all of it)", "400", "41", "60 minutes", "Nothing is stored yet."):
        assert words in page
    assert "400 files, 5.0 MB, were restored, decrypted and compared." in administrator.get("/keeping").text


def test_a_failed_one_names_what_is_wrong_and_a_repair_where_it_came_from(
    clinic: AClinic, administrator: Browser
) -> None:
    has_tested(clinic, "failed", faults=1)
    with clinic.database.write() as tx:
        broken = Finding(Place.FILES_REPOSITORY, FaultCode.ALTERED, "", target_key=1, thing="pack 1234abcd")
        queries.add_fault(tx, broken, FoundBy.RESTORE_TEST, 7, 0)
        queries.add_fault(tx, Finding(Place.VAULT, FaultCode.SHORTENED, "", DAMAGED), FoundBy.SCRUB, 7, 0)
    page = administrator.get("/keeping/proofs").text
    for words in ("Not whole", "1 fault was found.", "pack 1234abcd", str(DAMAGED), "Its end is missing."):
        assert words in page
    overview = administrator.get("/keeping").text
    assert "The restore test of “Blue disk” failed" in overview
    assert "1 thing that is stored here is not what was stored." in overview
    with clinic.database.write() as tx:
        queries.end_faults_of_file(tx, DAMAGED, microseconds(clinic.clock.now()), 1)
    assert "repaired from Blue disk" in administrator.get("/keeping/proofs").text


def test_a_disk_in_a_drawer_is_neither_proved_nor_failed(clinic: AClinic, administrator: Browser) -> None:
    has_tested(clinic, "could not run", "unplugged")
    page = administrator.get("/keeping/proofs").text
    assert "Not tested" in page
    assert "It was not plugged in." in page
    assert "Not whole" not in page


def test_a_proof_of_days_ago_is_told_as_one_to_look_at(clinic: AClinic) -> None:
    has_tested(clinic, "proved")
    with clinic.database.read() as tx:
        targets = targets_now(tx)
    assert proof_card(targets, clinic.clock.now()).state.words == "Proved"
    assert proof_card(targets, clinic.clock.now() + timedelta(days=2)).state.words == "Not proved lately"


def test_who_only_reads_gets_no_buttons(clinic: AClinic, administrator: Browser) -> None:
    assert "Test all of it now" in administrator.get("/keeping/proofs").text
    assert "Test all of it now" not in clinic.signed_in(clinic.person(Role.DENTIST)).get("/keeping/proofs").text
    assert clinic.signed_in(clinic.person(Role.RECEPTION)).get("/keeping/proofs").status_code == 403


def test_the_metrics_are_numbers_under_row_keys(clinic: AClinic) -> None:
    has_tested(clinic, "failed", faults=3)
    with clinic.database.read() as tx:
        lines = list(metrics(tx, clinic.clock.now()))
    assert 'enamel_restore_test_verdict{target="1"} 0' in lines
    assert 'enamel_restore_test_duration_seconds{target="1"} 3600' in lines
    assert 'enamel_integrity_faults{place="vault"} 0' in lines
    assert not any("Blue" in line for line in lines)
