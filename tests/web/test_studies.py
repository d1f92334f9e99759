"""The list, the search and the study page, with invented people of several scripts."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from httpx import Response

from appliance.accounts.roles import Role
from appliance.archive.viewings import AGAIN_AFTER_SECONDS
from appliance.clock import microseconds
from tests.web.a_clinic import AClinic, Browser
from tests.web.invented import PEOPLE, Invented, put, put_all

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>^{{7919*7927}}'


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now())
    return clinic


def search(browser: Browser, typed: str) -> str:
    answer = browser.post("/studies/search", page="/studies", q=typed)
    assert answer.status_code == 303
    return browser.get(answer.headers["location"]).text


def test_todays_arrivals_come_first_under_their_own_heading(clinic: AClinic) -> None:
    text = clinic.signed_in(clinic.person()).get("/studies").text
    headings = re.findall(r"<h2>([^<]+) <small>", text)
    assert headings[0].strip() == "Today"
    names = re.findall(r'<a href="/studies/\d+"><bdi>([^<]+)</bdi>', text)
    assert names[0] == "Núñez Ibáñez, María José"
    assert len(names) == len(PEOPLE)
    assert "山田 太郎 (Yamada, Tarou)" in names
    assert "Кузнецова, Анна Сергеевна" in names


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nunez", "Núñez Ibáñez"),
        ("MARÍA jose", "Núñez Ibáñez"),
        ("olafs", "Ólafsdóttir"),
        ("куз", "Кузнецова"),
        ("山田", "山田 太郎"),
        ("ليلى", "ليلى"),
        ("cl-20417", "山田 太郎"),
        ("impacted canine", "ليلى"),
        ("a00003", "Кузнецова"),
        ("nguyen huong", "Nguyễn"),
    ],
)
def test_search_finds_words_and_their_beginnings_whatever_their_accents(
    clinic: AClinic, typed: str, found: str
) -> None:
    text = search(clinic.signed_in(clinic.person()), typed)
    names = re.findall(r'<a href="/studies/\d+"><bdi>([^<]+)</bdi>', text)
    assert len(names) == 1
    assert found in names[0]


@pytest.mark.parametrize(
    "typed", ['"', "* OR patient_name:a", "NEAR(a b)", "-", "a AND", "^x", "'; DROP TABLE studies"]
)
def test_nothing_that_is_typed_is_an_expression(clinic: AClinic, typed: str) -> None:
    assert "</html>" in search(clinic.signed_in(clinic.person()), typed)


def test_what_was_searched_for_stands_in_no_address_and_no_log(
    clinic: AClinic, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = clinic.signed_in(clinic.person(image_right=True))
    answer = browser.post("/studies/search", page="/studies", q="nunez")
    location = answer.headers["location"]
    assert "nunez" not in location.casefold()
    text = browser.get(location).text
    browser.get("/studies/1")
    browser.get("/series/1/view")
    browser.get("/studies/404404")
    for url in re.findall(r'(?:href|action|src)="([^"]+)"', text):
        assert not re.search(r"nunez|núñez|CL-20418|maxilla", url, re.IGNORECASE)
        assert urlsplit(url).netloc == ""
    assert not re.search(r"nunez|núñez|CL-20418|María", caplog.text, re.IGNORECASE)


def test_a_search_of_one_session_says_nothing_to_another(clinic: AClinic) -> None:
    location = clinic.signed_in(clinic.person()).post("/studies/search", page="/studies", q="nunez").headers["location"]
    other = clinic.signed_in(clinic.person(Role.RECEPTION))
    assert other.get(location).status_code == 404
    assert other.get("/studies?find=%F0%9F%98%80").status_code == 404
    assert other.get("/studies?after=1.x").status_code == 404


def test_names_are_text_and_never_markup(clinic: AClinic) -> None:
    who = Invented(HOSTILE, HOSTILE, "19990101", "F", HOSTILE, "CT", 1, timedelta(0), "single")
    with clinic.database.write() as tx:
        key = put(tx, who, clinic.clock.now(), 99)
    browser = clinic.signed_in(clinic.person(image_right=True))
    for path in ("/studies", f"/studies/{key}", "/series/11/view"):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;" in text
        assert "{{7919*7927}}" in text or "62773913" not in text


def test_paging_shows_every_study_once(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        for number in range(100, 225):
            put(
                tx,
                Invented(f"Page^{number}", str(number), "", "", "", "CT", 1, timedelta(hours=1)),
                clinic.clock.now(),
                number,
            )
    browser = clinic.signed_in(clinic.person())
    seen: list[str] = []
    path = "/studies"
    while path:
        text = browser.get(path).text
        seen += re.findall(r'<a href="/studies/(\d+)"><bdi>', text)
        following = re.search(r'<div class="more"><a class="button" href="([^"]+)"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == len(PEOPLE) + 125


def test_the_study_page_promises_nothing_that_is_not_known(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person(image_right=True))
    whole = browser.get("/studies/1").text
    assert "512 received, no gaps: compare with the console" in whole
    assert "1, on this box only" in whole
    assert "Do not clear it from the scanner" in whole
    assert "some are missing in between" in browser.get("/studies/4").text
    assert "Image numbers that did not come: 3" in browser.get("/studies/4").text
    assert "came again with other content" in browser.get("/studies/7").text


def test_conflicts_are_told_in_words(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        tx.change(
            """INSERT INTO identity_conflicts (kind, patient_key, other_patient_key, found_at)
               VALUES ('same id, other person', 5, 6, 0)"""
        )
    browser = clinic.signed_in(clinic.person())
    for key in (5, 6):
        assert "The same patient ID was sent with another name" in browser.get(f"/studies/{key}").text
    assert "Identity to check" not in browser.get("/studies/1").text
    assert browser.get("/studies").text.count("Identity to check") == 2


def test_looking_is_an_event_of_that_person_and_patient(clinic: AClinic) -> None:
    account = clinic.person(image_right=True)
    browser = clinic.signed_in(account)
    browser.get("/studies/2")
    browser.get("/series/2/view")
    with clinic.database.read() as tx:
        rows = tx.rows(
            "SELECT event, actor_key, patient_key, study_key, subject_key FROM audit_events ORDER BY sequence"
        )
    assert rows[-2:] == [
        ("study opened", account.account_key, 2, 2, None),
        ("series viewed", account.account_key, 2, 2, 2),
    ]


def test_a_live_refresh_of_an_opened_list_is_no_event(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    for query in ("", "sort=name", "when=today&state=check"):
        page = browser.get(f"/studies?{query}").text
        before = len(clinic.events())
        fresh = browser.get(f"/studies/latest?find=anything&after=1.1&{query}").text
        assert len(clinic.events()) == before
        assert fresh.split('id="list"')[1].split("</main>")[0] == page.split('id="list"')[1].split("</main>")[0]
    clinic.clock.pass_time(seconds=AGAIN_AFTER_SECONDS - 1)
    keep_alive(clinic)
    assert looked(clinic, lambda: browser.get("/studies/latest")) == []
    clinic.clock.pass_time(seconds=1)
    assert looked(clinic, lambda: browser.get("/studies/latest")) == ["studies searched"], "once an hour"
    assert looked(clinic, lambda: browser.get("/studies/latest")) == []


def test_a_list_that_this_session_did_not_open_is_a_search(clinic: AClinic) -> None:
    person = clinic.person()
    browser, other = clinic.signed_in(person), clinic.signed_in(person)
    assert browser.get("/studies").status_code == 200
    for which, query in ((browser, "sort=name"), (browser, "state=check"), (browser, "modality=CT"), (other, "")):
        assert looked(clinic, lambda: which.get(f"/studies/latest?{query}")) == ["studies searched"]  # noqa: B023  called at once
        assert looked(clinic, lambda: which.get(f"/studies/latest?{query}")) == []  # noqa: B023  called at once
    third = clinic.signed_in(person)
    for path in ("/studies?after=9.9", third.post("/studies/search", page="/account", q="nunez").headers["location"]):
        assert looked(clinic, lambda: third.get(path)) == ["studies searched"]  # noqa: B023  called at once
    assert looked(clinic, lambda: third.get("/studies/latest")) == ["studies searched"], "another part of it was seen"


def looked(clinic: AClinic, look: Callable[[], Response]) -> list[str]:
    """Look at something; give what that adds to the record."""
    before = len(clinic.events())
    assert look().status_code == 200
    return [code for code, _ in clinic.events()[before:]]


def keep_alive(clinic: AClinic) -> None:
    """Have everybody been active just now, so that no screen has locked."""
    with clinic.database.write() as tx:
        tx.change("UPDATE sessions SET last_active_at = :now", now=microseconds(clinic.clock.now()))


def test_no_header_of_a_client_keeps_a_search_out_of_the_record(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    answer = browser.post("/studies/search", page="/studies", q="nunez")
    for path in ("/studies", answer.headers["location"], "/studies?after=9.9"):
        before = len(clinic.events())
        assert browser.get(path, **{"x-enamel-background": "1"}).status_code == 200
        assert clinic.events()[before:] == [("studies searched", "success")]


def test_a_list_that_was_searched_does_not_renew_itself(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    assert 'data-live="/studies/latest"' in browser.get("/studies").text
    assert "data-live" not in search(browser, "nunez")


@pytest.mark.parametrize(
    "path", ["/studies/{}", "/series/{}/view", "/studies?after=1.{}", "/studies?after={}.1", "/series/{}/stream"]
)
@pytest.mark.parametrize("number", ["9" * 22, str(2**63), "-1", "9" * 5000, "0"])
def test_numbers_that_no_row_can_have_are_not_found(clinic: AClinic, path: str, number: str) -> None:
    browser = clinic.signed_in(clinic.person(image_right=True))
    answer = browser.get(path.format(number))
    assert answer.status_code == (200 if "after" in path and number == "0" else 404)


def test_an_empty_box_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    clinic = AClinic(tmp_path / "empty")
    assert "Ready for the first scan" in clinic.signed_in(clinic.person()).get("/studies").text


def test_the_viewer_page_names_its_stream_and_no_patient_in_any_attribute(clinic: AClinic) -> None:
    text = clinic.signed_in(clinic.person(image_right=True)).get("/series/1/view").text
    main = re.search(r"<main[^>]+>", text)
    assert main
    assert 'id="viewer"' in main[0]
    assert 'data-stream="/series/1/stream"' in main[0]
    assert "Núñez" not in main[0]


def test_only_those_who_may_see_images_are_told_where_small_pictures_come_from(clinic: AClinic) -> None:
    allowed, other = clinic.person(image_right=True), clinic.person(Role.RECEPTION)
    assert 'data-stream="/series/1/stream"' in clinic.signed_in(allowed).get("/studies/1").text
    assert "data-stream" not in clinic.signed_in(other).get("/studies/1").text


def test_the_viewers_page_links_to_every_series_of_its_study_that_can_be_looked_at(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person(image_right=True))
    text = browser.get("/series/1/view").text
    linked = re.findall(
        r'<a href="/series/(\d+)/view" data-stream="/series/(\d+)/stream" data-modality="\w+"( aria-current="page")?>',
        text,
    )
    assert linked, text
    assert all(link == stream for link, stream, _ in linked)
    assert [link for link, _, current in linked if current] == ["1"]
    study = re.search(r'href="/studies/(\d+)"', text)
    assert study is not None
    on_its_page = re.findall(r'href="/series/(\d+)/view"', browser.get(f"/studies/{study[1]}").text)
    assert sorted(link for link, _, _ in linked) == sorted(set(on_its_page))
