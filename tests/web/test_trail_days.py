"""The record's other pages: what was unusual and who looked, anchors and the walk through them, the record in files."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.audit.events import PROCESS, Event, EventCode
from appliance.audit.queries import head
from appliance.trail.anchors import anchor_text
from appliance.trail.days import DayParts, look_through
from appliance.trail.unusual import Kind
from appliance.web.staff.trail_words import finding_state
from appliance.web.staff.words import person_name
from tests.web.a_clinic import AClinic, Browser
from tests.web.a_record import a_recorded_clinic, by, record
from tests.web.invented import PEOPLE, put_erasure


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return a_recorded_clinic(tmp_path)


@pytest.fixture
def auditor(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.AUDITOR, display_name="Rosa Revisora"))


@pytest.fixture
def luz(clinic: AClinic) -> Account:
    return clinic.person(Role.DENTIST, display_name="=Luz+Dentista", user_name="luz")


def look(clinic: AClinic) -> None:
    look_through(DayParts(clinic.database, clinic.clock, clinic.context.zone))


def test_a_box_without_a_morning_says_so(auditor: Browser) -> None:
    assert "No morning has come yet" in auditor.get("/trail/days").text


def test_a_days_unusual_things_wait_until_somebody_says_that_they_looked(
    clinic: AClinic, auditor: Browser, luz: Account
) -> None:
    record(clinic, *[Event(EventCode.STUDIES_EXPORTED, by(luz), patient_key=1)] * 2)
    look(clinic)
    text = auditor.get("/trail/days").text
    for words in ("Taken out", "Took something out, 2 times.", "=Luz+Dentista", "I have looked at this"):
        assert words in text
    shown = auditor.get(text.split('<td class="act"><a class="button" href="')[1].split('"')[0].replace("&amp;", "&"))
    assert shown.text.count("<b><bdi>=Luz+Dentista</bdi></b>") == 2
    assert "Took studies out" in shown.text
    assert auditor.post("/trail/days/1/reviewed", page="/trail/days").headers["location"] == "/trail/days?told=reviewed"
    after = auditor.get("/trail/days?told=reviewed").text
    assert "Rosa Revisora</bdi>, 21 Nov 2026" in after
    assert "I have looked at this" not in after
    assert ("trail reviewed", "success") in clinic.events()


def test_a_quiet_day_says_so_and_a_day_that_is_none_is_not_found(clinic: AClinic, auditor: Browser) -> None:
    record(clinic, Event(EventCode.BACKUP_MADE, PROCESS))
    look(clinic)
    assert "Nothing unusual" in auditor.get("/trail/days").text
    assert auditor.post("/trail/days/9/reviewed", page="/trail/days").status_code == 404


def test_older_days_are_on_further_pages(clinic: AClinic, auditor: Browser) -> None:
    for number in range(32):
        record(clinic, Event(EventCode.BACKUP_MADE, PROCESS, number=number))
        look(clinic)
    for path in ("/trail/days", "/trail/anchors"):
        first = auditor.get(path).text
        assert f'href="{path}?before=3"' in first
        assert auditor.get(f"{path}?before=3").status_code == 200


def test_every_kind_of_finding_has_its_own_words() -> None:
    assert len({finding_state(kind).words for kind in Kind}) == len(Kind)


def test_the_page_of_anchors_shows_the_end_and_each_days_anchor(clinic: AClinic, auditor: Browser) -> None:
    record(clinic, Event(EventCode.BACKUP_MADE, PROCESS))
    look(clinic)
    with clinic.database.read() as tx:
        day = anchor_text(head(tx))
    text = auditor.get("/trail/anchors").text
    with clinic.database.read() as tx:
        assert anchor_text(head(tx)) in text.split("The anchor of each day")[0]
    assert day in text.split("The anchor of each day")[1]
    assert "As it was" in text
    with clinic.database.write() as tx:
        tx.change(
            "UPDATE audit_events SET chain = zeroblob(32) WHERE sequence = (SELECT last_sequence FROM trail_days)"
        )
    assert "Not as it was" in auditor.get("/trail/anchors").text


def check(auditor: Browser, **typed: str) -> str:
    return auditor.post("/trail/anchors", page="/trail/anchors", **typed).text


def test_a_record_that_holds_is_said_to_and_the_walk_is_recorded(clinic: AClinic, auditor: Browser) -> None:
    record(clinic, Event(EventCode.BACKUP_MADE, PROCESS))
    look(clinic)
    with clinic.database.read() as tx:
        end = head(tx)
    assert "The record holds from event 1 to" in check(auditor)
    typed = anchor_text(end).upper().replace(" ", "-")
    assert "The record holds from event 1 to" in check(auditor, sequence=f" {end.sequence}", code=typed)
    assert clinic.events()[-1] == ("audit verified", "success")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit_events SET number = 5 WHERE sequence = 2", "Event 2 is not what was recorded"),
        ("DELETE FROM audit_events WHERE sequence = 2", "Event 2 is missing"),
        ("DELETE FROM audit_events WHERE sequence > 2", "The record ends before event 3"),
    ],
)
def test_a_changed_record_is_said_to_be_and_where(
    clinic: AClinic, auditor: Browser, statement: str, words: str
) -> None:
    record(clinic, *[Event(EventCode.BACKUP_MADE, PROCESS, number=n) for n in range(40)])
    look(clinic)
    token = {"form_token": auditor.get("/password").text.split('name="form_token" value="')[1].split('"')[0]}
    with clinic.database.write() as tx:
        tx.change(statement)
    assert words in auditor.post_bare("/trail/anchors", **token).text
    assert ("audit verified", "failure") in clinic.events()


def test_another_record_than_the_papers_is_told(clinic: AClinic, auditor: Browser) -> None:
    record(clinic, Event(EventCode.BACKUP_MADE, PROCESS))
    assert "this is not the record of the anchor" in check(auditor, sequence="1", code="0" * 64)


def test_an_anchor_that_was_carried_to_a_place_for_copies_counts_as_well(clinic: AClinic, auditor: Browser) -> None:
    record(clinic, Event(EventCode.BACKUP_MADE, PROCESS))
    with clinic.database.write() as tx:
        put_erasure(tx, clinic.clock.now(), "Blue disk")
    assert "The record holds from event 1 to" in check(auditor)
    with clinic.database.write() as tx:
        tx.change("UPDATE backup_snapshots SET audit_chain = zeroblob(32) WHERE repository = 'keys'")
    assert "this is not the record of the anchor" in check(auditor)


@pytest.mark.parametrize(
    ("sequence", "code"), [("", "ab" * 32), ("1", ""), ("1", "ab" * 31), ("x", "ab" * 32), ("0", "ab" * 32)]
)
def test_what_is_no_anchor_is_sent_back(auditor: Browser, sequence: str, code: str) -> None:
    answer = auditor.post("/trail/anchors", page="/trail/anchors", sequence=sequence, code=code)
    assert answer.status_code == 422
    assert "That is not an anchor" in answer.text


def test_the_record_as_a_table_has_what_was_asked_for_and_no_formula(
    clinic: AClinic, auditor: Browser, luz: Account
) -> None:
    record(
        clinic,
        Event(EventCode.STUDY_OPENED, by(luz), patient_key=1, study_key=1),
        Event(EventCode.BACKUP_MADE, PROCESS),
    )
    answer = auditor.post("/trail/export", page="/trail", form="csv", what="views")
    assert answer.headers["content-disposition"] == 'attachment; filename="record.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""))
    assert (row["event"], row["actor_name"], row["patient_key"]) == ("study opened", "'=Luz+Dentista", "1")
    with clinic.database.read() as tx:
        told = tx.rows("SELECT event, number FROM audit_events ORDER BY sequence DESC LIMIT 1")
    assert [tuple(one) for one in told] == [("audit exported", 1)]


def test_the_record_as_json_and_as_audit_messages_has_every_event_until_it_was_asked_for(
    clinic: AClinic, auditor: Browser, luz: Account
) -> None:
    record(clinic, *[Event(EventCode.STUDY_OPENED, by(luz), patient_key=1, study_key=1)] * 2100)
    count = len(clinic.events())
    lines = auditor.post("/trail/export", page="/password", form="json").text.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == list(range(1, count + 1))
    messages = auditor.post("/trail/export", page="/password", form="dicom").text.splitlines()
    assert len(messages) == count + 1  # and that it was taken out before
    opened = ET.fromstring(messages[count - 1])  # noqa: S314  this test wrote what it reads
    assert [each.attrib["ParticipantObjectID"] for each in opened.iter("ParticipantObjectIdentification")] == [
        "2.25.1", "1", str(count),
    ]  # fmt: skip
    told = "\n".join([*lines, *messages])
    assert not [
        one.name
        for one in PEOPLE
        if one.name in told or person_name(one.name) in told or (one.patient_id and one.patient_id in told)
    ]


def test_nothing_else_is_given_as_a_file_and_nothing_to_who_may_not(clinic: AClinic, auditor: Browser) -> None:
    assert auditor.post("/trail/export", page="/password", form="xlsx").status_code == 404
    assert auditor.post("/trail/export", page="/password", form="csv", what="x").status_code == 404
    dentist = clinic.signed_in(clinic.person(Role.DENTIST))
    assert dentist.post("/trail/export", page="/password", form="csv").status_code == 403
