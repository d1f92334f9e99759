"""The record's page: who did what is found and named, a patient is not, and reading it is itself recorded."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.accounts.tokens import SCOPES, issue_token
from appliance.audit.events import OPERATOR, PROCESS, Actor, ActorKind, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.trail.unusual import Kind
from appliance.web.staff import trail_words
from appliance.web.staff.trail import PAGE_SIZE
from appliance.web.staff.trail_days import _FAMILIES
from appliance.web.staff.words import person_name
from tests.web.a_clinic import AClinic, Browser
from tests.web.a_record import a_recorded_clinic, by, record
from tests.web.invented import PEOPLE


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return a_recorded_clinic(tmp_path)


@pytest.fixture
def auditor(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.AUDITOR, display_name="Rosa Revisora"))


@pytest.fixture
def luz(clinic: AClinic) -> Account:
    return clinic.person(Role.DENTIST, display_name="Luz Dentista", user_name="luz")


def rows(text: str) -> str:
    """Give what stands in the table, without the form above it."""
    return text.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0] if "<tbody>" in text else ""


def test_who_did_what_is_named_and_a_patient_is_a_number(clinic: AClinic, auditor: Browser, luz: Account) -> None:
    record(clinic, Event(EventCode.STUDY_OPENED, by(luz), patient_key=1, study_key=1))
    shown = rows(auditor.get("/trail").text)
    for words in ("Luz Dentista", "Opened a study&#39;s page", "Patient no. 1", "Study no. 1", "21 Nov 2026"):
        assert words in shown
    assert not [one.name for one in PEOPLE[:2] if person_name(one.name) in shown or one.patient_id in shown]


def test_reading_the_record_is_recorded_with_how_much_was_shown(clinic: AClinic, auditor: Browser) -> None:
    before = len(clinic.events())
    auditor.get("/trail")
    auditor.get("/trail?patient=1")
    with clinic.database.read() as tx:
        told = tx.rows("SELECT number, patient_key FROM audit_events WHERE event = 'audit read' ORDER BY sequence")
    assert [tuple(row) for row in told] == [(before, None), (0, 1)]


def test_each_filter_leaves_out_the_others(clinic: AClinic, auditor: Browser, luz: Account) -> None:
    yesterday = clinic.clock.now() - timedelta(days=1)
    record(
        clinic,
        Event(EventCode.STUDY_OPENED, by(luz), patient_key=2, at=yesterday),
        Event(EventCode.LOGIN_FAILED, Actor(ActorKind.NOBODY), Outcome.FAILURE),
        Event(EventCode.BACKUP_MADE, PROCESS),
    )
    opened, wrong, copied = "Opened a study&#39;s page", "Wrong password or code", "Nightly copy ended"
    for query, wanted in {
        f"who=account-{luz.account_key}": {opened},
        "who=nobody": {wrong},
        "what=keeping": {copied},
        "outcome=failure": {wrong},
        "until=2026-11-20": {opened},
        "since=2026-11-20&until=2026-11-20": {opened},
        "since=2026-11-21": {wrong, copied},
        "patient=2": {opened},
        "what=views&outcome=failure": set(),
    }.items():
        shown = rows(auditor.get(f"/trail?{query}").text)
        assert {words for words in (opened, wrong, copied) if words in shown} == wanted, query
    assert "Nothing like that was recorded" in auditor.get("/trail?what=views&outcome=failure").text


@pytest.mark.parametrize(
    "query",
    [
        "who=account-x", "who=cat-1", "what=x", "outcome=x", "patient=-1", f"patient={2**63}", "since=x", "before=x",
        "until=9999-12-31",
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_not_found(auditor: Browser, query: str) -> None:
    assert auditor.get(f"/trail?{query}").status_code == 404


def test_a_long_record_is_read_page_by_page_with_its_filters_kept(clinic: AClinic, auditor: Browser) -> None:
    record(clinic, *[Event(EventCode.BACKUP_MADE, PROCESS, number=n) for n in range(PAGE_SIZE + 5)])
    first = auditor.get("/trail?what=keeping&outcome=success").text
    assert rows(first).count("<tr>") == PAGE_SIZE
    link = first.split('<p class="more"><a class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    second = rows(auditor.get(link).text)
    assert link.startswith("/trail?what=keeping&outcome=success&before=")
    assert second.count("<tr>") == 5
    assert second.count("Nightly copy ended") == 5


def test_every_kind_of_actor_and_subject_has_words(clinic: AClinic, auditor: Browser, luz: Account) -> None:
    issue_token(clinic.accounts, "planning PC", [SCOPES["list-studies"]], OPERATOR)
    actors = [Actor(ActorKind.TOKEN, 1), Actor(ActorKind.TOKEN, 99), Actor(ActorKind.PEER, 98)]
    actors += [PROCESS, OPERATOR, Actor(ActorKind.NOBODY), Actor(ActorKind.ACCOUNT, 97)]
    subjects = [Subject(kind, 55) for kind in SubjectKind] + [Subject(SubjectKind.ACCOUNT, luz.account_key)]
    record(clinic, *[Event(EventCode.JOB_ASKED, actor) for actor in actors])
    record(clinic, *[Event(EventCode.JOB_ASKED, PROCESS, subject=subject) for subject in subjects])
    shown = rows(auditor.get("/trail").text)
    for words in ("planning PC", "Machine 99", "Device 98", "The box itself", "Somebody at the machine itself"):
        assert words in shown
    for words in ("Not known", "Account 97", "Kit 55", "Place for copies 55", "Account 55", "Luz Dentista"):
        assert words in shown


def test_every_event_family_and_subject_is_put_into_words() -> None:
    assert set(EventCode) - set(trail_words.EVENTS) == set()
    assert set(_FAMILIES) | {Kind.EXPORTED} == set(Kind)
    assert set(trail_words._SUBJECTS) | {SubjectKind.ACCOUNT} == set(SubjectKind)
    assert trail_words.event_words("an event of a later release") == "an event of a later release"


def test_who_has_seen_a_patient_is_told_by_name_once_each_then_look_by_look(clinic: AClinic, luz: Account) -> None:
    reader = clinic.signed_in(luz)
    token = issue_token(clinic.accounts, "planning PC", [SCOPES["view-images"]], OPERATOR)
    assert token
    record(
        clinic,
        Event(EventCode.SERIES_VIEWED, by(luz), patient_key=1, study_key=1),
        Event(EventCode.STUDIES_EXPORTED, by(luz), patient_key=1, study_key=1, number=3),
        Event(EventCode.INSTANCES_RETRIEVED, Actor(ActorKind.TOKEN, 1), patient_key=1, study_key=1),
        Event(EventCode.SERIES_VIEWED, by(luz), patient_key=2, study_key=2),
        Event(EventCode.HOLD_SET, by(luz), patient_key=1),
    )
    text = reader.get("/patients/1/seen").text
    each, looks = (part.split("</tbody>")[0] for part in text.split("<tbody>")[1:])
    assert person_name(PEOPLE[0].name) in text
    assert person_name(PEOPLE[1].name) not in text
    assert (each.count("<tr>"), looks.count("<tr>")) == (2, 3)
    assert "Looked at images · Took studies out" in each
    assert each.index("planning PC") < each.index("Luz Dentista")
    assert clinic.events()[-1] == ("audit read", "success")


def test_an_auditor_sees_who_looked_and_not_at_whom(clinic: AClinic, auditor: Browser, luz: Account) -> None:
    record(clinic, Event(EventCode.SERIES_VIEWED, by(luz), patient_key=1))
    text = auditor.get("/patients/1/seen").text
    assert "Luz Dentista" in text
    assert "Patient no. 1" in text
    assert person_name(PEOPLE[0].name) not in text
    assert PEOPLE[0].patient_id not in text


def test_a_patient_nobody_opened_or_who_was_erased_has_an_empty_page(clinic: AClinic, luz: Account) -> None:
    reader = clinic.signed_in(luz)
    assert "Nobody has opened anything" in reader.get("/patients/2/seen").text
    assert "Patient no. 77" in reader.get("/patients/77/seen").text


def test_the_patients_page_leads_to_it_for_those_who_may(clinic: AClinic, luz: Account) -> None:
    link = "/patients/1/seen"
    assert link in clinic.signed_in(luz).get("/patients/1").text
    assert link not in clinic.signed_in(clinic.person(Role.RECEPTION)).get("/patients/1").text


def test_what_a_person_did_to_themselves_and_a_fault_of_the_box_are_said_plainly(
    clinic: AClinic, auditor: Browser, luz: Account
) -> None:
    record(
        clinic,
        Event(EventCode.LOGGED_IN, by(luz), subject=Subject(SubjectKind.ACCOUNT, luz.account_key)),
        Event(EventCode.BACKUP_MADE, PROCESS, Outcome.FAILURE),
        Event(EventCode.STUDIES_SEARCHED, by(luz), patient_key=1, number=1),
        Event(EventCode.STUDIES_SEARCHED, by(luz), number=9),
    )
    shown = rows(auditor.get("/trail").text)
    assert shown.count("Luz Dentista") == 3 + 1  # and the account that was added
    assert "A fault" in shown
    assert "Not done" not in shown
    assert (shown.count("Opened a patient&#39;s page"), shown.count("Looked at the list of studies")) == (1, 1)
