"""The overview and the line above the study list: what is not known to be well is never called well."""

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.backup.faults import Fault
from appliance.backup.target import Target, location_of
from appliance.clock import microseconds
from appliance.health.queries_keeping import LastTest, TargetNow
from appliance.health.standing import Standing, copy_of, proof_of, worst
from tests.web.a_clinic import AClinic, Browser

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def dentist(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.DENTIST))


def put_target(clinic: AClinic, key: int, name: str, covered: timedelta | None, fault: str | None = None) -> None:
    now = clinic.clock.now()
    with clinic.database.write() as tx:
        tx.change(
            "INSERT INTO backup_targets (target_key, target_id, name, kind, location, append_only, schedule, "
            "warn_after_seconds, alarm_after_seconds, created_at, seen_at, covered_at, fault) VALUES (:key, :id, "
            ":name, 'folder', '{\"path\": \"/x\"}', 0, '{\"at\": \"01:30\"}', 86400, 604800, :created, :now, :covered, "
            ":fault)",
            now=microseconds(now), key=key, id=bytes([key]) * 16, name=name, created=microseconds(now - 30 * DAY),
            fault=fault,
            covered=None if covered is None else microseconds(now - covered),
        )  # fmt: skip


def put_test(clinic: AClinic, target: int, verdict: str, age: timedelta) -> None:
    with clinic.database.write() as tx:
        (run_key,) = tx.rows(
            "INSERT INTO runs (job, started_at, done_count, failed_count) VALUES ('t', 1, 0, 0) RETURNING run_key"
        )[0]
        tx.change(
            "INSERT INTO restore_tests (run_key, target_key, snapshot_id, is_full, started_at, verdict, audit_events, "
            "file_count, bytes, series_decoded, fault_count) VALUES (:run, :target, 's', 0, :at, :verdict, 9, 812, "
            "4100000000, 3, 0)",
            run=run_key, target=target, at=microseconds(clinic.clock.now() - age), verdict=verdict,
        )  # fmt: skip


def said(browser: Browser) -> tuple[str, str]:
    """Give the overview and the study list."""
    return browser.get("/keeping").text, browser.get("/studies").text


def test_a_box_without_copies_says_so_everywhere(dentist: Browser) -> None:
    for page in said(dentist):
        assert "Scans are not copied anywhere. If this box is lost, they are lost." in page


def test_a_backup_that_was_proved_is_told_with_what_was_read(clinic: AClinic, dentist: Browser) -> None:
    put_target(clinic, 1, "The USB disk", 10 * HOUR)
    put_test(clinic, 1, "proved", 8 * HOUR)
    overview, studies = said(dentist)
    words = "812 files, 4.1 GB, were restored, decrypted and compared."
    assert words in overview
    assert words in studies
    assert "is in 1 further place." in overview
    assert "Nothing is past the time" in overview


@pytest.mark.parametrize(
    ("covered", "fault", "tests", "words"),
    [
        (10 * HOUR, None, [("proved", DAY), ("failed", HOUR)], "The restore test of “Cellar” failed"),
        (10 * HOUR, None, [], "It is not proved yet that the copy on “Cellar” restores."),
        (10 * HOUR, None, [("could not run", HOUR)], "It is not proved yet"),
        (10 * HOUR, None, [("proved", 3 * DAY), ("could not run", HOUR)], "The copy on “Cellar” was last proved on"),
        (2 * DAY, None, [("proved", HOUR)], "“Cellar” has had no complete copy since"),
        (9 * DAY, None, [("failed", HOUR)], "“Cellar” has had no complete copy since"),
        (None, None, [("proved", HOUR)], "“Cellar” has had no complete copy since"),
        (10 * HOUR, "full", [("proved", HOUR)], "The last copy to “Cellar” failed."),
        (10 * HOUR, "unplugged", [("proved", HOUR)], "The last backup was proved on"),
        (29 * HOUR, None, [("proved", HOUR)], "The last backup was proved on"),
    ],
)
def test_the_gravest_is_said_above_the_studies(
    clinic: AClinic, covered: timedelta | None, fault: str | None, tests: list[tuple[str, timedelta]], words: str
) -> None:
    put_target(clinic, 1, "Cellar", covered, fault)
    for verdict, age in tests:
        put_test(clinic, 1, verdict, age)
    overview, studies = said(clinic.signed_in(clinic.person(Role.DENTIST)))
    assert words in studies
    assert words in overview


def test_damage_here_comes_before_everything_else(clinic: AClinic, dentist: Browser) -> None:
    with clinic.database.write() as tx:
        tx.change(
            "INSERT INTO integrity_faults (place, fault, file_id, found_by, found_at, last_found_at) "
            "VALUES ('vault', 'damaged', x'00', 'scrub', 1, 1)"
        )
    for page in said(dentist):
        assert "1 thing that is stored here is not what was stored." in page


def test_whoever_may_not_read_it_sees_no_line(clinic: AClinic) -> None:
    assistant = clinic.signed_in(clinic.person(Role.ASSISTANT))
    assert "not copied anywhere" not in assistant.get("/studies").text
    assert assistant.get("/keeping").status_code == 403


def test_what_waits_for_a_second_person_is_told(clinic: AClinic, dentist: Browser) -> None:
    with clinic.database.write() as tx:
        tx.change(
            "INSERT INTO erasure_proposals (kind, scope, subject_key, file_count, proposed_at, alone, not_before) "
            "VALUES ('request', 'study', 1, 1, 1, 0, 1)"
        )
    assert "1 proposal to erase waits for a second person." in dentist.get("/keeping").text


def test_every_place_is_judged_by_its_own_and_the_gravest_counts(clinic: AClinic) -> None:
    now = clinic.clock.now()
    proved = LastTest("proved", now - HOUR, 1, 1, 0)

    def place(covered: timedelta | None, last: LastTest | None, fault: Fault | None = None) -> TargetNow:
        at = None if covered is None else now - covered
        there = Target(1, bytes(16), "x", location_of("folder", {"path": "/x"}), None, False, time(1, 30), DAY, 7 * DAY,
                       now - HOUR, seen_at=now, covered_at=at, fault=fault)  # fmt: skip
        return TargetNow(there, last, None if last is None else last.at)

    assert (copy_of(place(HOUR, proved), now), proof_of(place(HOUR, proved), now)) == (Standing.WELL, Standing.WELL)
    assert copy_of(place(None, None), now) is Standing.FAULTY, "its first copy is still to come"
    assert copy_of(place(HOUR, proved, Fault.UNPLUGGED), now) is Standing.WELL, "it is told after its own limit"
    assert copy_of(place(HOUR, proved, Fault.FULL), now) is Standing.FAULTY
    assert copy_of(place(29 * HOUR, proved), now) is Standing.WELL, "a night takes its time"
    assert copy_of(place(31 * HOUR, proved), now) is Standing.LATE
    assert copy_of(place(8 * DAY, proved), now) is Standing.MISSING
    weekly = place(HOUR, LastTest("proved", now - 7 * DAY, 1, 1, 0))
    assert proof_of(weekly, now) is Standing.AGED
    weekly = replace(weekly, place=replace(weekly.place, warn_after=8 * DAY))
    assert proof_of(weekly, now) is Standing.WELL, "a disk that comes once a week has no proof of each night"
    assert copy_of(place(-2 * DAY, proved), now) is Standing.MISSING, "a clock that was set back proves nothing"
    assert proof_of(place(HOUR, LastTest("proved", now + 2 * DAY, 1, 1, 0)), now) is Standing.AGED
    assert worst([Standing.WELL, Standing.LATE, Standing.AGED]) is Standing.LATE
    assert worst([]) is Standing.NOWHERE
