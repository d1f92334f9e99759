"""The place Safekeeping: its tabs, its front page, and jobs with their runs."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.health.forecast import Forecast
from appliance.health.queries import DiskReading, add_reading
from appliance.jobs import queries
from appliance.jobs.clock_marks import ClockWatch
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import raise_notice
from appliance.store.runs import RunOutcome
from appliance.web.staff.disk_words import days_words, range_words, span_words
from tests.web.a_clinic import AClinic, Browser

HOUR = timedelta(hours=1)


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def administrator(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.ADMINISTRATOR))


def plan_backup(clinic: AClinic, late: timedelta = -HOUR) -> None:
    with clinic.database.write() as tx:
        queries.plan(tx, "backup", "daily 02:00", clinic.clock.now())
        queries.plan_next(tx, "backup", clinic.clock.now() - late)
        queries.mark_clock(tx, clinic.clock.now() - max(late - HOUR, timedelta()))


def test_a_box_whose_jobs_never_ran_says_so(administrator: Browser) -> None:
    assert "Nothing is being done by itself" in administrator.get("/keeping").text
    assert "No job yet" in administrator.get("/keeping/jobs").text


def test_a_job_shows_its_last_and_next_run_and_why_it_failed(clinic: AClinic, administrator: Browser) -> None:
    plan_backup(clinic)
    with clinic.database.write() as tx:
        run_key = queries.begin(tx, "backup", clinic.clock.now() - 2 * HOUR, None)
        queries.end(tx, run_key, clinic.clock.now() - HOUR, RunOutcome.FAILED, "out of space", 1)
    page = administrator.get("/keeping/jobs").text
    for words in ("Nightly copy", "every day at 02:00", "Failed", "The disk is full.", "60 minutes"):
        assert words in page
    assert "The last run of one job failed." in administrator.get("/keeping").text


def test_a_running_job_shows_how_far_it_is_and_how_long_it_will_take(clinic: AClinic, administrator: Browser) -> None:
    plan_backup(clinic, HOUR)
    with clinic.database.write() as tx:
        run_key = queries.begin(tx, "backup", clinic.clock.now() - HOUR, None)
        queries.note_progress(tx, run_key, (5, None), (3_000_000, 4_000_000))
    page = administrator.get("/keeping/jobs").text
    assert '<progress max="100" value="75"' in page
    assert "3.0 MB of 4.0 MB, about 20 minutes left" in page
    assert "runs now" in page
    assert "1 job, all on time." in administrator.get("/keeping").text


def test_a_run_whose_whole_is_not_known_promises_no_time(clinic: AClinic, administrator: Browser) -> None:
    plan_backup(clinic)
    with clinic.database.write() as tx:
        run_key = queries.begin(tx, "backup", clinic.clock.now() - HOUR, None)
        queries.note_progress(tx, run_key, (5, None), (3_000_000, None))
    page = administrator.get("/keeping/jobs").text
    assert "3.0 MB" in page
    assert "left" not in page.split("<main")[1]
    assert "<progress" not in page


def test_jobs_that_are_long_overdue_are_told_on_the_front(clinic: AClinic, administrator: Browser) -> None:
    plan_backup(clinic, 2 * HOUR)
    assert "Nothing is being done by itself" in administrator.get("/keeping").text
    assert "overdue" in administrator.get("/keeping/jobs").text


def test_an_administrator_has_a_job_run_now_and_it_is_recorded(clinic: AClinic, administrator: Browser) -> None:
    plan_backup(clinic)
    with clinic.database.write() as tx:
        queries.plan(tx, "restore test", "daily 04:00", clinic.clock.now())
    answer = administrator.post("/keeping/jobs/restore-test/run", page="/keeping/jobs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/keeping/jobs?told=asked")
    assert "begins within seconds" in administrator.get("/keeping/jobs?told=asked").text
    with clinic.database.read() as tx:
        (row,) = queries.asked(tx)
    assert (row.job, row.asked_by is not None) == ("restore test", True)
    assert ("job asked", "success") in clinic.events()


def test_jobs_are_listed_copies_first_and_unknown_ones_last(clinic: AClinic, administrator: Browser) -> None:
    with clinic.database.write() as tx:
        for job in ("a job of tomorrow", "scrub", "forecast disk", "backup"):
            queries.plan(tx, job, "every 3600", clinic.clock.now())
    page = administrator.get("/keeping/jobs").text
    places = [page.index(name) for name in ("Nightly copy", "Read stored", "Disk space", "a job of tomorrow")]
    assert places == sorted(places)
    assert page.count("every hour") == 4


def test_an_unknown_job_is_not_found(clinic: AClinic, administrator: Browser) -> None:
    plan_backup(clinic)
    assert administrator.post("/keeping/jobs/rm-rf/run", page="/keeping/jobs").status_code == 404


def test_an_auditor_reads_and_may_start_nothing(clinic: AClinic) -> None:
    plan_backup(clinic)
    auditor = clinic.signed_in(clinic.person(Role.AUDITOR))
    page = auditor.get("/keeping/jobs").text
    assert "Nightly copy" in page
    assert "Run now" not in page
    assert auditor.post("/keeping/jobs/backup/run", page="/keeping/jobs").status_code == 403


def raise_alarm(clinic: AClinic) -> int:
    with clinic.database.write() as tx:
        raise_notice(tx, NoticeCode.DRILL_DUE, Severity.ADVICE, clinic.clock.now())
        return raise_notice(tx, NoticeCode.DISK_LOW, Severity.ALARM, clinic.clock.now(), number=4)


def test_what_the_box_tells_stands_on_the_front_the_gravest_first(clinic: AClinic, administrator: Browser) -> None:
    assert "What the box tells" not in administrator.get("/keeping").text
    raise_alarm(clinic)
    page = administrator.get("/keeping").text
    assert page.index("Only 4 % of the disk is free.") < page.index("It is time to practise restoring")


def test_somebody_says_that_they_know_and_it_stays_until_it_is_over(clinic: AClinic, administrator: Browser) -> None:
    key = raise_alarm(clinic)
    answer = administrator.post(f"/keeping/notices/{key}/acknowledge", page="/keeping")
    assert answer.headers["location"] == "/keeping?told=known"
    page = administrator.get("/keeping?told=known").text
    assert "Noted: it is mailed no more" in page
    assert page.count("I know") == 1, "of the other"
    assert "somebody knows" in page
    assert clinic.events().count(("notice acknowledged", "success")) == 1


def test_a_test_notice_is_asked_for_on_the_page(clinic: AClinic, administrator: Browser) -> None:
    with clinic.database.write() as tx:
        queries.plan(tx, "tell", "every 600", clinic.clock.now())
    assert administrator.post("/keeping/notices/test", page="/keeping").status_code == 303
    with clinic.database.read() as tx:
        assert [row.job for row in queries.asked(tx)] == ["tell"]
    assert "This is a test" in administrator.get("/keeping?told=test").text


def test_a_clock_in_doubt_is_told_until_somebody_says_it_is_right(clinic: AClinic) -> None:
    watch = ClockWatch(clinic.clock)
    with clinic.database.write() as tx:
        watch.look(tx)
    clinic.clock.step(hours=-3)
    with clinic.database.write() as tx:
        watch.look(tx)
    administrator = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    page = administrator.get("/keeping/jobs").text
    assert "the clock was set back by 3 hours." in page
    assert "nothing is erased by its date" in page
    assert administrator.post("/keeping/clock", page="/keeping/jobs").status_code == 303
    assert "nothing is erased by its date" not in administrator.get("/keeping/jobs?told=believed").text
    assert ("clock believed", "success") in clinic.events()


def test_what_is_done_all_day_long_fills_no_list_unless_it_fails(clinic: AClinic, administrator: Browser) -> None:
    with clinic.database.write() as tx:
        queries.plan(tx, "copy arrivals", "every 600", clinic.clock.now())
        for outcome, fault in ((RunOutcome.DONE, None), (RunOutcome.FAILED, "unavailable")):
            run_key = queries.begin(tx, "copy arrivals", clinic.clock.now(), None)
            queries.end(tx, run_key, clinic.clock.now(), outcome, fault, 0)
    assert administrator.get("/keeping/jobs").text.split("Latest runs")[1].count("Copy what arrived") == 1


def put_readings(clinic: AClinic, days: int) -> None:
    with clinic.database.write() as tx:
        for day in range(days):
            at, stored = clinic.clock.now() - timedelta(days=days - 1 - day), (100 + day) * 10**9
            add_reading(tx, DiskReading(at, 2000 * 10**9, 2000 * 10**9 - stored, stored))


def test_the_disk_says_for_how_long_it_lasts_and_that_nothing_is_deleted(
    clinic: AClinic, administrator: Browser
) -> None:
    assert "Not read yet" in administrator.get("/keeping/disk").text
    put_readings(clinic, 5)
    assert "Not enough is known yet" in administrator.get("/keeping/disk").text
    put_readings(clinic, 60)
    page = administrator.get("/keeping/disk").text
    for words in (
        "At the usual pace of 7.0 GB a week the disk lasts about 5 years.", "Nothing is ever deleted to make room.",
        "5 % free, or 14 days left", "Scans grew from 100 GB to 159 GB.", "by the last 8 weeks",
    ):  # fmt: skip
        assert words in page


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "two days or less"), (45, "45 days"), (100, "3 months"), (800, "2 years"), (20_000, "more than 20 years")],
)
def test_a_span_is_told_as_coarsely_as_it_is_known(days: int, words: str) -> None:
    assert span_words(days) == words


def test_a_disk_that_does_not_fill_and_one_of_quiet_weeks_are_told_as_such() -> None:
    assert days_words(Forecast(4, 0, None, None, None)) == "The disk does not fill at present."
    assert range_words(Forecast(4, 0, None, None, None)) == ""
    assert range_words(Forecast(4, 10, 300, 100, None)).startswith("At least 3 months")
