"""The pages of an emergency: breaking the glass, the envelope, the banner, and reviewing what was seen."""

import re
from pathlib import Path

import pytest

from appliance.accounts import emergencies
from appliance.accounts.account import Account
from appliance.accounts.emergency_reviews import get_emergency, seen_in
from appliance.accounts.queries_emergencies import emergencies as emergencies_kept
from appliance.accounts.roles import Permission, Role
from appliance.audit.events import EventCode
from appliance.trail.days import DayParts, look_through
from appliance.web.http.cookies import SESSION_COOKIE
from tests.web.a_clinic import AClinic, Browser
from tests.web.a_laboratory import ACanarysClinic
from tests.web.a_proof import code_now
from tests.web.a_record import a_recorded_clinic
from tests.web.a_sweep import application
from tests.web.an_emergency import ADDRESS, SAID, broken, confirmed, drawn, lent, session_of, with_app
from tests.web.an_emergency import WHY as AGAIN
from tests.web.invented import PEOPLE
from tests.web.test_permissions import ROUTES

WHY = {"reason": "treatment", "words": SAID}
VERDICT = {"verdict": "right", "words": "I would have done the same"}


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return a_recorded_clinic(tmp_path)


@pytest.fixture
def reception(clinic: AClinic) -> Browser:
    return clinic.signed_in(with_app(clinic, display_name="Rita Recibe"))


@pytest.fixture
def administrator(clinic: AClinic) -> Account:
    return with_app(clinic, Role.ADMINISTRATOR, display_name="Ada Administra")


def browser_of(clinic: AClinic, token: str) -> Browser:
    browser = clinic.browser()
    browser.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
    return browser


def breaks(clinic: AClinic, browser: Browser, **more: str) -> str:
    """Fill the form in; give where it leads, or what the page says."""
    given = WHY | {"code": code_now(clinic)} | more
    answer = browser.post("/emergency", page="/emergency", **given)
    return answer.headers.get("location") or answer.text


def test_whoever_may_not_look_asks_says_why_and_looks(clinic: AClinic, reception: Browser) -> None:
    assert "may not look at the images" in reception.get("/studies/1").text
    assert 'href="/emergency">In an emergency' in reception.get("/studies/1").text
    assert "For 60 minutes you may look at every study" in reception.get("/emergency").text
    assert reception.get("/series/1/view").status_code == 403
    assert breaks(clinic, reception) == "/studies"
    assert "60 minutes left, until 15:" in reception.get("/studies").text
    assert "may not look at the images" not in reception.get("/studies/1").text
    assert "Export this study" not in reception.get("/studies/1").text
    assert reception.get("/studies/1/export").status_code == 403
    assert "You have it now" in reception.get("/emergency").text
    ended = reception.post("/emergency/end", page="/studies")
    assert ended.headers["location"] == "/emergency?told=over"
    after = reception.get("/emergency?told=over").text
    assert "The emergency access is over" in after
    assert 'class="emergency"' not in after
    assert 'action="/emergency"' not in after
    assert reception.get("/series/1/view").status_code == 403


def test_a_wrong_code_or_no_reason_lends_nothing_and_keeps_what_was_typed(clinic: AClinic, reception: Browser) -> None:
    wrong = breaks(clinic, reception, code="000000")
    assert "That code does not match" in wrong
    assert f">{SAID}</textarea>" in wrong
    assert re.search(r'value="treatment" required checked', wrong)
    assert "Choose a reason" in breaks(clinic, reception, reason="")
    assert "Choose a reason" in breaks(clinic, reception, words=" ")
    assert reception.get("/series/1/view").status_code == 403
    assert "emergency begun" not in dict(clinic.events())


def test_whoever_may_look_is_told_that_nothing_needs_breaking(clinic: AClinic) -> None:
    dentist = clinic.signed_in(with_app(clinic, Role.DENTIST, image_right=True))
    assert "Nothing needs breaking" in dentist.get("/emergency").text
    assert 'href="/emergency"' not in dentist.get("/studies").text
    form = {**WHY, "code": code_now(clinic)}
    assert dentist.post("/emergency", page="/studies", **form).status_code == 422


def test_the_banner_stands_on_every_page_that_may_be_opened(clinic: AClinic) -> None:
    browser = browser_of(clinic, lent(clinic, with_app(clinic, Role.ADMINISTRATOR)))
    shown, paths = 0, {path for method, path in ROUTES if method == "GET"}
    for path in sorted(path for path in paths if not path.startswith(("/lo", "/join"))):
        answer = browser.get(re.sub(r"\{\w+:(?:int|str)\}", "1", path)) if path != "/events" else None
        if answer is None or answer.status_code != 200:
            continue
        if "<html" in answer.text:
            assert answer.text.count('<aside class="emergency"') == 1, path
            assert answer.text.count('action="/emergency/end"') == 1, path
            shown += 1
    assert shown > 20
    assert '<aside class="emergency"' in browser.get("/series/1/view").text


@pytest.mark.parametrize(("language", "words"), [("es", "60 minutos"), ("pt", "60 minutos"), ("en", "60 minutes")])
def test_the_banner_speaks_the_persons_language(clinic: AClinic, language: str, words: str) -> None:
    person = clinic.person(Role.RECEPTION, language=language)
    banner = browser_of(clinic, lent(clinic, person)).get("/studies").text.split('<aside class="emergency"')[1]
    assert words in banner
    assert ("Everything you open" in banner) == (language == "en")


def test_the_lock_page_says_it_too_and_it_goes_on_after(clinic: AClinic) -> None:
    browser = browser_of(clinic, lent(clinic, clinic.person(Role.RECEPTION)))
    assert '<aside class="emergency"' in browser.get("/lock").text
    assert browser.post("/emergency/end", page="/lock").headers["location"] == "/emergency?told=over"
    assert '<aside class="emergency"' not in browser.get("/lock").text


def opened(clinic: AClinic, code: str, /, **more: str) -> tuple[Browser, str]:
    """Open the envelope at the sign-in page; give the browser and where it leads, or what the page says."""
    browser = clinic.browser()
    given = {"code": code, "name": "Nora Nocturna", **WHY} | more
    answer = browser.post("/login/emergency", page="/login/emergency", **given)
    return browser, answer.headers.get("location") or answer.text


def slip(clinic: AClinic, administrator: Browser) -> str:
    """Draw a code on the page, and read it off the slip."""
    answer = administrator.post("/trail/emergencies/code", page="/trail/emergencies", code=code_now(clinic))
    assert answer.status_code == 200
    found = re.search(r"(?:[A-Z2-9]{4}-){5}[A-Z2-9]{4}", answer.text)
    assert found, answer.text
    return found[0]


def test_a_code_is_drawn_shown_once_and_opened_once(clinic: AClinic, administrator: Account) -> None:
    at_desk = clinic.signed_in(administrator)
    assert "None yet" in at_desk.get("/trail/emergencies").text
    refused = at_desk.post("/trail/emergencies/code", page="/trail/emergencies", code="000000")
    assert "That code does not match" in refused.text
    code = slip(clinic, at_desk)
    listed = at_desk.get("/trail/emergencies").text
    assert code not in listed
    assert "Drawn by Ada Administra on 21 Nov 2026." in listed
    assert 'href="/login/emergency"' in clinic.browser().get("/login").text
    night, where = opened(clinic, code.lower())
    assert where == "/"
    assert night.get("/").headers["location"] == "/studies"
    page = night.get("/studies").text
    assert "Opened envelope" in page
    assert 'href="/account"' not in page
    assert night.get("/series/1/view").status_code == 200
    assert night.get("/people").status_code == 403
    assert "Type its code to go on" in night.get("/lock").text
    assert night.post("/lock", page="/lock", password=SAID).status_code == 403
    assert night.post("/lock", page="/lock", password=code, back="/studies").headers["location"] == "/studies"
    assert "opens nothing" in opened(clinic, code)[1]
    assert "Opened" in at_desk.get("/trail/emergencies").text
    assert 'aria-label="2 waiting"' in at_desk.get("/people").text, "to review it, and to draw the next one"
    assert night.post("/emergency/end", page="/studies").headers["location"] == "/login"
    assert night.get("/studies").headers["location"] == "/login"
    assert "Nora Nocturna" not in at_desk.get("/people").text
    assert at_desk.get("/people/2").status_code == 404


@pytest.mark.parametrize("more", [{"code": "AAAA-AAAA"}, {"name": " "}, {"words": ""}, {"reason": "none"}])
def test_a_slip_at_the_envelope_is_told_and_what_was_typed_stays(
    clinic: AClinic, administrator: Account, more: dict[str, str]
) -> None:
    code = drawn(clinic, administrator)
    said = opened(clinic, code, **more)[1]
    assert "compare each group of four" in said
    assert SAID in said or "words" in more
    assert opened(clinic, code)[1] == "/"


def test_the_door_looks_the_same_whether_a_code_lies_ready_or_not(clinic: AClinic, administrator: Account) -> None:
    def words() -> str:
        text = clinic.browser().get("/login/emergency").text
        return re.sub(r'value="[\w-]{20,}"', "", text)

    before, wrong = words(), opened(clinic, "AAAA-AAAA-AAAA-AAAA-AAAA-2Z3B")[1]
    drawn(clinic, administrator)
    assert words() == before
    assert re.sub(r'value="[\w-]{30,}"', "", opened(clinic, "AAAA-AAAA-AAAA-AAAA-AAAA-2Z3B")[1]) == re.sub(
        r'value="[\w-]{30,}"', "", wrong
    )


def test_what_is_looked_at_again_in_the_next_emergency_of_a_session_stands_in_its_review_too(tmp_path: Path) -> None:
    clinic = ACanarysClinic(tmp_path)
    somebody = with_app(clinic)
    token, first = broken(clinic, somebody)
    browser = Browser(application(clinic))
    browser.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")

    def looks(key: int) -> int:
        assert browser.get("/series/1/stream").status_code == 200
        with clinic.database.read() as tx:
            seen = seen_in(tx, get_emergency(tx, key))
        return sum(one.event == EventCode.INSTANCES_RETRIEVED for one in seen)

    assert [looks(first) for _ in range(2)] == [1, 1]
    clinic.clock.pass_time(minutes=3)
    assert emergencies.end(clinic.accounts, session_of(clinic, token), ADDRESS)
    second = emergencies.begin(clinic.accounts, session_of(clinic, token), confirmed(clinic, somebody), AGAIN)
    assert [looks(second) for _ in range(2)] == [1, 1]


def test_a_list_that_stood_open_before_the_emergency_stands_in_its_review_too(clinic: AClinic) -> None:
    somebody = with_app(clinic)
    browser = clinic.signed_in(somebody)
    assert browser.get("/studies").status_code == 200
    assert breaks(clinic, browser) == "/studies"
    for _ in range(2):
        assert browser.get("/studies/latest").status_code == 200
    with clinic.database.read() as tx:
        [one] = emergencies_kept(tx, 2)
        seen = seen_in(tx, one)
    assert [entry.event for entry in seen] == [EventCode.STUDIES_SEARCHED]


@pytest.fixture
def over(clinic: AClinic) -> int:
    """Break the glass, open a patient's study, and let the time run out; give the key."""
    token, key = broken(clinic, with_app(clinic, display_name="Rita Recibe"))
    browser = browser_of(clinic, token)
    assert browser.get("/studies").status_code == 200
    assert browser.get("/studies/1").status_code == 200
    assert browser.get("/series/1/view").status_code == 200
    clinic.clock.pass_time(hours=1)
    return key


def test_somebody_else_reviews_signs_and_adds_and_nothing_is_changed(clinic: AClinic, over: int) -> None:
    auditor = clinic.signed_in(with_app(clinic, Role.AUDITOR, display_name="Rosa Revisora"))
    page = f"/trail/emergencies/{over}"
    assert "Waits for review" in auditor.get("/trail/emergencies").text
    text = auditor.get(page).text
    for words in (
        "Rita Recibe",
        SAID,
        "A patient is being treated",
        "The list of studies was looked at once.",
    ):
        assert words in text, words
    wrong = auditor.post(f"{page}/review", page=page, **VERDICT, code="000000")
    assert wrong.status_code == 403
    assert f">{VERDICT['words']}</textarea>" in wrong.text
    empty = auditor.post(f"{page}/review", page=page, verdict="", words="x", code=code_now(clinic))
    assert empty.status_code == 422
    signed = auditor.post(f"{page}/review", page=page, **VERDICT, code=code_now(clinic))
    assert signed.headers["location"] == f"{page}?told=reviewed"
    after = auditor.get(f"{page}?told=reviewed").text
    for words in ("It was right", VERDICT["words"], "Signed by Rosa Revisora", "As it was signed", "Add to it"):
        assert words in after, words
    assert 'aria-label="1 waiting"' not in after
    more = {"verdict": "to be followed up", "words": "Asked her again"}
    auditor.post(f"{page}/review", page=page, **more, code=code_now(clinic))
    assert auditor.get(page).text.count("Signed by Rosa Revisora") == 2
    assert "It was right" in auditor.get("/trail/emergencies").text, "the first one decides"


def test_names_of_patients_stand_there_for_those_alone_who_may_know_them(clinic: AClinic, over: int) -> None:
    page, name = f"/trail/emergencies/{over}", PEOPLE[0].name.split("^")[0]
    blind = clinic.signed_in(with_app(clinic, Role.AUDITOR)).get(page).text
    knows = clinic.signed_in(with_app(clinic, Role.ADMINISTRATOR, image_right=True)).get(page).text
    assert ("Patient no. " in blind, name in blind) == (True, False)
    assert ("Patient no. " in knows, name in knows) == (False, True)


def test_nobody_reviews_their_own(clinic: AClinic, administrator: Account) -> None:
    token, key = broken(clinic, administrator)
    clinic.clock.pass_time(hours=1)
    own = clinic.signed_in(administrator)
    text = own.get(f"/trail/emergencies/{key}").text
    assert "This was you: somebody else reviews it." in text
    assert "Nobody else can yet" in text
    assert f'action="/trail/emergencies/{key}/review"' not in text
    refused = own.post(f"/trail/emergencies/{key}/review", page="/people", **VERDICT, code=code_now(clinic))
    assert refused.status_code == 403
    assert browser_of(clinic, token).get("/studies").status_code in {303, 403}


def test_who_drew_the_code_is_told_to_leave_the_review_to_others(clinic: AClinic, administrator: Account) -> None:
    night, _ = opened(clinic, drawn(clinic, administrator))
    assert night.post("/emergency/end", page="/studies").status_code == 303
    desk, page = clinic.signed_in(administrator), "/trail/emergencies/1"
    alone = desk.get(page).text
    assert "should not be the one who reviews" in alone
    assert "Nobody else can yet" in alone
    assert f'action="{page}/review"' in alone
    auditor = clinic.signed_in(with_app(clinic, Role.AUDITOR))
    text = desk.get(page).text
    assert "somebody else reviews what it opened" in text
    assert f'action="{page}/review"' not in text
    assert desk.post(f"{page}/review", page="/people", **VERDICT, code=code_now(clinic)).status_code == 403
    assert auditor.post(f"{page}/review", page=page, **VERDICT, code=code_now(clinic)).status_code == 303


def test_a_code_whose_drawer_left_is_told_on_every_page_that_counts(clinic: AClinic, administrator: Account) -> None:
    other = with_app(clinic, Role.ADMINISTRATOR, "other.admin")
    code, desk = drawn(clinic, administrator), clinic.signed_in(other)
    where = f"/people/{administrator.account_key}"
    assert "the sealed emergency code if they drew it" in desk.get(where).text
    assert desk.post(f"{where}/close", page=where, code=code_now(clinic)).status_code == 303
    assert 'aria-label="1 waiting"' in desk.get("/people").text
    listed = desk.get("/trail/emergencies").text
    assert ">Ended<" in listed
    assert "draw a new one, and destroy the paper" in listed
    front = desk.get("/keeping").text
    assert "Code ended" in front
    assert "The sealed emergency code opens nothing any more" in front
    assert "opens nothing" in opened(clinic, code)[1]
    slip(clinic, desk)
    assert 'aria-label="1 waiting"' not in desk.get("/people").text
    assert "a sealed code lies ready" in desk.get("/keeping").text
    assert "opens nothing any more, for whoever drew it" not in desk.get("/keeping").text


def test_a_reviewer_ends_one_that_goes_on(clinic: AClinic, administrator: Account) -> None:
    token, key = broken(clinic, with_app(clinic))
    desk, page = clinic.signed_in(administrator), f"/trail/emergencies/{key}"
    assert "Goes on" in desk.get("/trail/emergencies").text
    assert "End it now" in desk.get(page).text
    assert desk.post(f"{page}/end", page=page).headers["location"] == f"{page}?told=ended"
    assert "It is over" in desk.get(f"{page}?told=ended").text
    assert browser_of(clinic, token).get("/series/1/view").status_code == 403
    assert desk.post(f"{page}/end", page="/people").status_code == 404


def test_it_stays_in_sight_until_it_is_reviewed_and_is_a_fault_after_a_week(clinic: AClinic, over: int) -> None:
    desk = clinic.signed_in(with_app(clinic, Role.ADMINISTRATOR, display_name="Ada Administra"))
    look_through(DayParts(clinic.database, clinic.clock, clinic.context.zone))
    assert 'aria-label="1 waiting"' in desk.get("/people").text
    assert "1 time waits for somebody else" in desk.get("/keeping").text
    days = desk.get("/trail/days").text
    assert "1 time of access in an emergency waits for its review." in days
    assert "Looked at images in an emergency." in days
    clinic.clock.pass_time(days=7)
    desk = clinic.signed_in(with_app(clinic, Role.ADMINISTRATOR, "another.admin"))
    assert "has waited for its review for more than a week" in desk.get("/keeping").text
    assert "Review is late" in desk.get("/trail/emergencies").text
    page = f"/trail/emergencies/{over}"
    desk.post(f"{page}/review", page=page, **VERDICT, code=code_now(clinic))
    assert "No emergency code lies in a sealed envelope" in desk.get("/keeping").text
    assert "access in an emergency waits" not in desk.get("/trail/days").text


def test_a_quiet_clinic_with_a_code_is_ready(clinic: AClinic, administrator: Account) -> None:
    desk = clinic.signed_in(administrator)
    assert "Nobody has broken the glass" in desk.get("/trail/emergencies").text
    drawn(clinic, administrator)
    assert "Everything is reviewed, and a sealed code lies ready." in desk.get("/keeping").text
    dentist = clinic.signed_in(clinic.person(Role.DENTIST)).get("/keeping").text
    assert "Emergency access" in dentist
    assert 'href="/trail/emergencies"' not in dentist


def test_older_ones_are_on_further_pages(clinic: AClinic) -> None:
    somebody = clinic.person(Role.RECEPTION)
    for _ in range(31):
        lent(clinic, somebody)
    auditor = clinic.signed_in(clinic.person(Role.AUDITOR))
    assert 'href="/trail/emergencies?before=2"' in auditor.get("/trail/emergencies").text
    older = auditor.get("/trail/emergencies?before=2").text
    assert older.count('href="/trail/emergencies/') == 1


def test_an_administrator_without_the_right_lists_and_looks_while_it_lasts(
    clinic: AClinic, administrator: Account
) -> None:
    desk = clinic.signed_in(administrator)
    assert desk.get("/studies").status_code == 403
    assert breaks(clinic, desk) == "/studies"
    assert desk.get("/studies").status_code == 200
    assert Permission.LIST_STUDIES not in administrator.permissions
    clinic.clock.pass_time(minutes=4)
    desk.post("/emergency/end", page="/studies")
    assert desk.get("/studies").status_code == 403
