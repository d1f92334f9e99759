"""The page of papers and drills."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from appliance.identifiers import BoxId
from appliance.jobs.job import Run
from appliance.jobs.queries import begin
from appliance.notifications.codes import NoticeCode
from appliance.notifications.queries import open_notices
from appliance.recovery.jobs import recovery_jobs, remind_of_drill
from appliance.recovery.kits import CODE, record_made, record_read_back
from appliance.recovery.queries import add_kit, end_kits
from appliance.store.box import BoxRow, name_box
from appliance.store.roots import Ending, end_root, note_root
from tests.web.a_clinic import AClinic, Browser

PAGE = "/keeping/recovery"
REPLACED = "A kit that was replaced opens this box as well"
HALF_A_YEAR = timedelta(days=190)


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    made = AClinic(tmp_path)
    with made.database.write() as tx:
        name_box(tx, BoxRow(BoxId.new(), "Clínica Las Lilas", made.clock.now()))
    return made


@pytest.fixture
def administrator(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.ADMINISTRATOR))


def test_a_box_without_papers_and_drills_says_what_to_do(administrator: Browser) -> None:
    page = administrator.get(PAGE).text
    assert "There is no kit." in page
    assert "enamel kit make" in page
    assert "never read back" in page


def test_a_kit_shows_who_keeps_it_and_whether_anybody_tried(clinic: AClinic, administrator: Browser) -> None:
    audit = clinic.accounts.audit
    with clinic.database.write() as tx:
        record_made(tx, audit, 4711, ("Ana", "Bank <safe>", "Notary"), clinic.clock.now(), OPERATOR)
    page = administrator.get(PAGE).text
    assert "4711" in page
    assert "2. Bank &lt;safe&gt;" in page
    assert "Never read back" in page
    with clinic.database.write() as tx:
        record_read_back(tx, audit, 4711, clinic.clock.now(), OPERATOR)
    page = administrator.get(PAGE).text
    assert "Never read back" not in page
    assert "enamel kit check" not in page


def test_every_kit_that_still_opens_the_box_is_shown_until_the_root_secret_is_rotated(
    clinic: AClinic, administrator: Browser
) -> None:
    audit, now = clinic.accounts.audit, clinic.clock.now()
    with clinic.database.write() as tx:
        record_made(tx, audit, 4711, ("Ana", "Bank", "Notary"), now - timedelta(days=500), OPERATOR)
        record_read_back(tx, audit, 4711, now - timedelta(days=490), OPERATOR)
    assert REPLACED not in administrator.get(PAGE).text
    with clinic.database.write() as tx:
        record_made(tx, audit, 815, (), now - timedelta(days=3), OPERATOR)
    page = administrator.get(PAGE).text
    assert page.index("815") < page.index("4711")
    for words in ("9 Jul 2025", "19 Jul 2025", "replaced on 18 Nov 2026", "Read back long ago", "Never read back"):
        assert words in page
    assert REPLACED in page
    with clinic.database.write() as tx:  # as a rotation leaves it: every kit ends, and the new code is one
        first = note_root(tx, b"1" * 32, now - timedelta(days=600))
        end_root(tx, first, Ending(now, "rotated", 1, bytes(32), bytes(32)))
        end_kits(tx, now)
        add_kit(tx, CODE, None, (), now)
        note_root(tx, b"2" * 32, now)
    page = administrator.get(PAGE).text
    assert "4711" not in page
    assert "There is no kit." in page
    assert "was never read back" in page, "the old code's day is not the new one's"


def test_a_drill_is_entered_on_the_page_and_the_next_is_due_in_six_months(
    clinic: AClinic, administrator: Browser
) -> None:
    today = clinic.clock.now().date().isoformat()
    form = {"done_on": today, "outcome": "restored", "target": "", "minutes": "75"}
    answer = administrator.post("/keeping/recovery/drills", page=PAGE, **form)
    assert answer.headers["location"] == "/keeping/recovery?told=entered"
    page = administrator.get(f"{PAGE}?told=entered").text
    for words in ("The drill is entered.", "75 minutes", "Came back", "The next drill is due by"):
        assert words in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"done_on": "2999-01-01"},
        {"done_on": "soon"},
        {"minutes": "-1"},
        {"minutes": "x"},
        {"outcome": ""},
        {"target": "9"},
    ],
)
def test_a_drill_that_cannot_have_been_is_told_and_not_entered(
    clinic: AClinic, administrator: Browser, wrong: dict[str, str]
) -> None:
    form = {
        "done_on": clinic.clock.now().date().isoformat(),
        "outcome": "restored",
        "target": "",
        "minutes": "",
    } | wrong
    answer = administrator.post("/keeping/recovery/drills", page=PAGE, **form)
    assert answer.status_code == 422
    assert "That does not work" in answer.text
    with clinic.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM drills") == [(0,)]


def test_the_reminder_comes_after_six_months_and_goes_with_a_drill(clinic: AClinic) -> None:
    assert [job.name for job in recovery_jobs(clinic.database)] == ["remind of drill"]
    assert reminded(clinic) == []
    clinic.clock.at += HALF_A_YEAR
    assert reminded(clinic) == [NoticeCode.DRILL_DUE]
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    assert "practise restoring" in browser.get("/keeping").text
    form = {"done_on": clinic.clock.now().date().isoformat(), "outcome": "restored", "target": "", "minutes": ""}
    browser.post("/keeping/recovery/drills", page=PAGE, **form)
    assert reminded(clinic) == []


def reminded(clinic: AClinic) -> list[NoticeCode]:
    with clinic.database.write() as tx:
        run_key = begin(tx, "remind of drill", clinic.clock.now(), None)
    remind_of_drill(clinic.database, Run(run_key, clinic.clock, clinic.database, lambda: False))
    with clinic.database.read() as tx:
        return [notice.code for notice in open_notices(tx)]
