"""Keeping times as people meet them: rules, what is due, proposals, holds, one study."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.accounts import totp
from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.clock import microseconds
from appliance.jobs.clock_marks import believe_clock
from appliance.retention.ends import refresh_ends
from appliance.retention.presets import PRESETS, Caution
from appliance.retention.queries_decisions import Scope
from appliance.web.staff.retention_words import CAUTIONS, PLACES
from tests.retention.a_keeper import SECRET, AKeeper
from tests.web.a_clinic import Browser, form_token_in

HERE = "/keeping/retention"
WEEK = timedelta(days=7)


class AnOffice:
    """A Spanish clinic with three people: an administrator without the right to images, and two dentists."""

    def __init__(self, folder: Path) -> None:
        self.keeper = AKeeper(folder)
        self.clinic = self.keeper.clinic
        self.room = self.clinic.context.retention
        with self.clinic.database.write() as tx:
            believe_clock(tx, self.clinic.clock)
        self.admin = self.person("admin", Role.ADMINISTRATOR)
        self.ana, self.bea = self.person("ana"), self.person("bea")

    def person(self, name: str, role: Role = Role.DENTIST) -> Account:
        return self.clinic.person(role, user_name=name, display_name=f"Person {name}", totp_secret=SECRET)

    def browser(self, account: Account) -> Browser:
        return self.clinic.signed_in(account)

    def code(self) -> str:
        self.clinic.clock.pass_time(seconds=31)
        return totp.current_code(SECRET, self.clinic.clock.now())

    def in_spain(self) -> None:
        """Choose Spain's rules and let the month pass."""
        browser = self.browser(self.admin)
        assert browser.post(f"{HERE}/jurisdictions/es", page=HERE).headers["location"] == f"{HERE}?told=chosen"
        self.pass_days(32)
        refresh_ends(self.room)

    def pass_days(self, days: int) -> None:
        self.clinic.clock.pass_time(days=days)
        with self.clinic.database.write() as tx:
            believe_clock(tx, self.clinic.clock)


@pytest.fixture
def office(tmp_path: Path) -> AnOffice:
    return AnOffice(tmp_path)


def test_every_place_and_caution_has_words() -> None:
    assert set(PLACES) == set(PRESETS)
    assert set(CAUTIONS) == set(Caution)


def test_a_box_without_rules_says_that_nothing_goes(office: AnOffice) -> None:
    page = office.browser(office.admin).get(HERE).text
    assert "No rules are chosen" in page
    assert "Nothing is proposed." in page
    assert "Nothing is under a hold." in page


@pytest.mark.parametrize("code", PRESETS)
def test_a_place_shows_its_rules_with_source_date_and_that_it_is_no_advice(office: AnOffice, code: str) -> None:
    page = office.browser(office.admin).get(f"{HERE}/jurisdictions?code={code}").text
    assert "Not legal advice" in page
    assert ("Read in Nov 2026" if PRESETS[code].checked_on else "Known at second hand") in page
    assert PLACES[code] in page
    assert "Go by these rules" in page


def test_only_who_manages_sees_the_buttons(office: AnOffice) -> None:
    office.in_spain()
    auditor = office.browser(office.person("auditor", Role.AUDITOR))
    page = auditor.get(HERE).text
    assert "5 years from the patient&#39;s last study" in page
    for action in ("/rules/", "/cancel", "/lift", "/approve", "Go by these rules"):
        assert f'action="{HERE}{action}' not in page
    assert "Go by these rules" not in auditor.get(f"{HERE}/jurisdictions?code=cl").text


def test_a_study_is_proposed_by_one_and_approved_by_another(office: AnOffice) -> None:
    study = office.keeper.study()
    office.in_spain()
    ana, bea = office.browser(office.ana), office.browser(office.bea)
    assert "1 study whose time is over" in ana.get(HERE).text
    page = ana.get(f"{HERE}/due").text
    assert "Núñez Ibáñez, María José" in page
    assert "Dental images: 5 years from 1 Jun 2020." in page
    answer = ana.post(f"{HERE}/due", page=HERE, studies=str(study), code=office.code())
    assert answer.headers["location"] == f"{HERE}?told=proposed"
    assert "Proposed already" in ana.get(f"{HERE}/due").text
    assert "Approve what is ticked" not in ana.get(HERE).text  # their own
    page = bea.get(HERE).text
    assert "Waits for somebody else to approve it" in page
    assert "Person ana" in page
    assert "Núñez" not in page
    answer = bea.post(f"{HERE}/proposals/approve", page=HERE, proposals="1", code=office.code())
    assert answer.headers["location"] == f"{HERE}?told=approved"
    assert "Approved: erased tonight" in bea.get(HERE).text
    assert ana.post(f"{HERE}/proposals/1/cancel", page=HERE).headers["location"] == f"{HERE}?told=cancelled"
    assert "Nothing is proposed." in ana.get(HERE).text


def test_several_are_proposed_and_approved_at_once(office: AnOffice) -> None:
    studies = [office.keeper.study() for _each in range(3)]
    office.in_spain()
    ana, bea = office.browser(office.ana), office.browser(office.bea)
    token = {"form_token": token_of(ana)}
    data = {**token, "studies": [str(study) for study in studies], "code": office.code()}
    assert ana.client.post(f"{HERE}/due", data=data, follow_redirects=False).status_code == 303
    data = {"form_token": token_of(bea), "proposals": ["1", "2", "3"], "code": office.code()}
    answer = bea.client.post(f"{HERE}/proposals/approve", data=data, follow_redirects=False)
    assert answer.headers["location"] == f"{HERE}?told=approved"


def token_of(browser: Browser) -> str:
    return form_token_in(browser.get(HERE).text)


def test_a_wrong_code_decides_nothing(office: AnOffice) -> None:
    study = office.keeper.study()
    office.in_spain()
    ana = office.browser(office.ana)
    answer = ana.post(f"{HERE}/due", page=HERE, studies=str(study), code="000000")
    assert answer.status_code == 403
    assert "That code does not match" in answer.text
    assert "Nothing is proposed." in ana.get(HERE).text
    for path, fields in (
        (f"{HERE}/proposals/approve", {"proposals": "1"}),
        (f"{HERE}/holds/1/lift", {}),
        (f"/studies/{study}/erase", {"scope": "study", "kind": "request"}),
    ):
        answer = ana.post(path, page=HERE, code="000000", **fields)
        assert (answer.status_code, "That code does not match" in answer.text) == (403, True), path
    answer = office.browser(office.admin).post(f"{HERE}/dry-run/end", page=HERE, code="000000")
    assert answer.status_code == 403


def test_one_does_not_approve_ones_own(office: AnOffice) -> None:
    study = office.keeper.study()
    office.in_spain()
    ana = office.browser(office.ana)
    ana.post(f"{HERE}/due", page=HERE, studies=str(study), code=office.code())
    answer = ana.post(f"{HERE}/proposals/approve", page=HERE, proposals="1", code=office.code())
    assert answer.status_code == 422
    assert "it is your own proposal" in answer.text
    assert office.clinic.events()[-1] == ("not permitted", "failure")


def test_who_may_not_list_studies_sees_numbers_and_no_name(office: AnOffice) -> None:
    study = office.keeper.study()
    office.in_spain()
    admin = office.browser(office.admin)
    page = admin.get(f"{HERE}/due").text
    assert "Núñez" not in page
    assert f"Study {study}" in page
    assert "studies searched" not in office.keeper.events()
    office.browser(office.ana).get(f"{HERE}/due")
    assert office.keeper.events()[-1] == "studies searched"


def test_what_may_not_go_is_refused_in_words(office: AnOffice) -> None:
    held, young = office.keeper.study(), office.keeper.study(taken="20260101")
    office.in_spain()
    ana = office.browser(office.ana)
    hold = {"scope": "study", "reason": "complaint", "reference": "2026/8"}
    assert ana.post(f"/studies/{held}/hold", page=HERE, **hold).headers["location"] == f"{HERE}?told=held"
    assert "It is under a legal hold." in ana.get(f"{HERE}/due").text
    for study, words in ((held, "It is under a legal hold."), (young, "Its time is not over.")):
        answer = ana.post(f"{HERE}/due", page=HERE, studies=str(study), code=office.code())
        assert answer.status_code == 422
        assert words in answer.text


def test_a_hold_is_set_on_a_study_and_lifted_with_a_code(office: AnOffice) -> None:
    study = office.keeper.study()
    ana = office.browser(office.ana)
    wrong = ana.post(f"/studies/{study}/hold", page=HERE, scope="study", reason="complaint", reference=" ")
    assert wrong.status_code == 422
    wrong = ana.post(f"/studies/{study}/hold", page=HERE, scope="house", reason="complaint", reference="2026/8")
    assert wrong.status_code == 422
    ana.post(f"/studies/{study}/hold", page=HERE, scope="patient", reason="complaint", reference="2026/8")
    assert "Under a legal hold" in ana.get(f"/studies/{study}/keeping").text
    assert "under a legal hold, until it is lifted" in ana.get(f"/studies/{study}").text
    page = ana.get(HERE).text
    assert "A complaint" in page
    assert "2026/8" in page
    answer = ana.post(f"{HERE}/holds/1/lift", page=HERE, code=office.code())
    assert answer.headers["location"] == f"{HERE}?told=lifted"
    assert "Nothing is under a hold." in ana.get(HERE).text


def test_a_patients_wish_is_proposed_from_the_study(office: AnOffice) -> None:
    study = office.keeper.study(taken="20260101")
    office.in_spain()
    ana = office.browser(office.ana)
    page = ana.get(f"/studies/{study}/keeping").text
    assert "Until 1 Jan 2031" in page
    assert "may go before" in page
    assert "Núñez Ibáñez, María José" in page
    assert office.keeper.events()[-1] == "study opened"
    assert "Núñez" not in office.browser(office.admin).get(f"/studies/{study}/keeping").text
    wish = {"scope": "patient", "kind": "request"}
    answer = ana.post(f"/studies/{study}/erase", page=HERE, code=office.code(), **wish)
    assert answer.headers["location"] == f"{HERE}?told=proposed"
    assert "The patient asked for it" in ana.get(HERE).text
    again = ana.post(f"/studies/{study}/erase", page=HERE, code=office.code(), **wish)
    assert again.status_code == 422
    assert "it is proposed already" in again.text
    due = ana.post(f"/studies/{study}/erase", page=HERE, code=office.code(), scope="study", kind="due")
    assert "Its time is not over." in due.text


def test_one_series_that_was_sent_in_error_is_proposed_and_named_without_its_description(office: AnOffice) -> None:
    study, other = office.keeper.study(), office.keeper.study()
    ana = office.browser(office.ana)
    assert "Series" not in ana.get(f"/studies/{study}/keeping").text  # of one series the study is all
    with office.keeper.database.write() as tx:
        key, foreign = (
            tx.rows("SELECT series_key FROM series WHERE study_key = :key", key=one)[0][0] for one in (study, other)
        )
        tx.change(
            "UPDATE series SET study_key = :study, series_number = 7, modality = 'PX', "
            "series_description = 'of Mr. Invented' WHERE study_key = :other",
            study=study, other=other,
        )  # fmt: skip
    page = ana.get(f"/studies/{study}/keeping").text
    assert f'value="series {foreign}">Series 7 (PX) of study {study}<' in page
    wish = {"scope": f"series {foreign}", "kind": "error"}
    due = ana.post(f"/studies/{study}/erase", page=HERE, code=office.code(), **(wish | {"kind": "due"}))
    assert (due.status_code, "A series has no time of its own" in due.text) == (422, True)
    for wrong in ("series 999", f"series{key}", "series"):
        answer = ana.post(f"/studies/{study}/erase", page=HERE, code=office.code(), **(wish | {"scope": wrong}))
        assert answer.status_code == 422, wrong
    answer = ana.post(f"/studies/{study}/erase", page=HERE, code=office.code(), **wish)
    assert answer.headers["location"] == f"{HERE}?told=proposed"
    page = ana.get(HERE).text
    assert f'<a href="/studies/{study}">Series 7 (PX) of study {study}</a>' in page
    assert "Mr. Invented" not in page
    assert office.keeper.proposal(1).scope is Scope.SERIES
    assert office.keeper.proposal(1).subject_key == foreign


def test_no_night_ends_a_whole_box_and_the_page_does_not_say_so(office: AnOffice) -> None:
    with office.keeper.database.write() as tx:
        tx.change(
            "INSERT INTO erasure_proposals (kind, scope, subject_key, file_count, proposed_at, proposed_by, alone, "
            "not_before) VALUES ('decommissioning', 'box', 0, 0, 1, :by, 0, 1)",
            by=office.ana.account_key,
        )  # fmt: skip
    bea = office.browser(office.bea)
    approved = bea.post(f"{HERE}/proposals/approve", page=HERE, proposals="1", code=office.code())
    page = bea.get(approved.headers["location"]).text
    assert "Approved: somebody may end it at the machine" in page
    assert "tonight" not in page
    with office.keeper.database.write() as tx:
        tx.change("UPDATE erasure_proposals SET not_before = :at", at=microseconds(office.keeper.clock.now() + WEEK))
    page = bea.get(HERE).text
    assert "Somebody may end it at the machine after" in page
    assert "Erased after" not in page


def test_a_refused_proposal_says_why(office: AnOffice) -> None:
    study = office.keeper.study()
    office.in_spain()
    ana, bea = office.browser(office.ana), office.browser(office.bea)
    ana.post(f"{HERE}/due", page=HERE, studies=str(study), code=office.code())
    ana.post(f"/studies/{study}/hold", page=HERE, scope="study", reason="authority", reference="2026/8")
    assert "It is under a legal hold." in bea.get(HERE).text
    answer = bea.post(f"{HERE}/proposals/approve", page=HERE, proposals="1", code=office.code())
    assert answer.headers["location"] == f"{HERE}?told=refused"
    assert "Refused lately" in bea.get(HERE).text


def test_rules_are_added_changed_and_ended(office: AnOffice) -> None:
    office.in_spain()
    admin = office.browser(office.admin)
    own = {
        "name": "Implants", "adult_years": "30", "source": "our insurer", "modalities": "ct, px", "from_age": "18",
        "begins_with": "study", "minor_until_age": "", "below_age": "",
    }  # fmt: skip
    assert admin.post(f"{HERE}/rules/0", page=HERE, **own).headers["location"] == f"{HERE}?told=saved"
    page = admin.get(HERE).text
    assert "CT, PX of patients from 18 on" in page
    assert "30 years from the study" in page
    assert "Only listed until" in page
    assert 'value="Implants"' in admin.get(f"{HERE}/rules/2").text
    for wrong in (
        {"adult_years": "many"},
        {"adult_years": " "},
        {"source": " "},
        {"name": ""},
        {"from_age": "20", "below_age": "10"},
    ):
        answer = admin.post(f"{HERE}/rules/2", page=HERE, **(own | wrong))
        assert answer.status_code == 422, wrong
        assert "A rule has a name" in answer.text
    changed = own | {"below_age": "40", "minor_years_after_majority": "7", "age_of_majority": "21"}
    assert admin.post(f"{HERE}/rules/2", page=HERE, **changed).status_code == 303
    page = admin.get(HERE).text
    assert "CT, PX of patients from 18 to below 40" in page
    assert "Under 21 when scanned: until the age of 28, if that is later" in page
    assert admin.post(f"{HERE}/rules/3/end", page=HERE).headers["location"] == f"{HERE}?told=ended"
    assert "Implants" not in admin.get(HERE).text
    assert admin.get(f"{HERE}/rules/3").status_code == 404


def test_the_month_is_ended_with_a_code(office: AnOffice) -> None:
    admin = office.browser(office.admin)
    admin.post(f"{HERE}/jurisdictions/de", page=HERE)
    assert "Only listed until" in admin.get(HERE).text
    answer = admin.post(f"{HERE}/dry-run/end", page=HERE, code=office.code())
    assert answer.headers["location"] == f"{HERE}?told=erasing"
    assert "Only listed until" not in admin.get(HERE).text


def test_a_clock_in_doubt_is_told(office: AnOffice) -> None:
    office.in_spain()
    office.clinic.clock.pass_time(days=30)
    assert "clock was set, or may have been" in office.browser(office.ana).get(HERE).text


def test_a_childs_study_and_one_without_dates_say_why_they_stay(office: AnOffice) -> None:
    child = office.keeper.study(taken="", arrived_on=(office.clinic.clock.now() - timedelta(days=9)).date())
    with office.clinic.database.write() as tx:
        tx.change("UPDATE patients SET patient_birth_date = ''")
    office.browser(office.admin).post(f"{HERE}/jurisdictions/de", page=HERE)
    page = office.browser(office.ana).get(f"/studies/{child}/keeping").text
    assert "a child&#39;s, until the age of 28" in page
    assert "The birth date is not known" in page
    assert "its arrival counts" in page


@pytest.mark.parametrize("after", ["x", "2020-13-01.5", "2020-01-01.x", "2020-01-01." + "9" * 25, "2020-01-01"])
def test_a_place_that_is_none_is_not_found(office: AnOffice, after: str) -> None:
    assert office.browser(office.ana).get(f"{HERE}/due?after={after}").status_code == 404


def test_a_long_list_goes_on_on_further_pages(office: AnOffice) -> None:
    for _each in range(51):
        office.keeper.study()
    office.in_spain()
    ana = office.browser(office.ana)
    first = ana.get(f"{HERE}/due").text
    assert first.count('name="studies"') == 50
    assert ana.get(f"{HERE}/due?after=2025-06-01.50").text.count('name="studies"') == 1
    assert f"{HERE}/due?after=2025-06-01.50" in first


def test_keys_that_are_none_are_not_found(office: AnOffice) -> None:
    office.in_spain()
    ana = office.browser(office.ana)
    for keys in ("x", "-1", "9" * 19):
        assert ana.post(f"{HERE}/due", page=HERE, studies=keys, code="000000").status_code == 404
    assert ana.get("/studies/77/keeping").status_code == 404
    assert ana.get(f"{HERE}/jurisdictions?code=xx").status_code == 404
