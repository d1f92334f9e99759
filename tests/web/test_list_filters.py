"""The list's filters and order, and the patient page, as a browser without script uses them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.web.a_clinic import AClinic, Browser
from tests.web.invented import PEOPLE, Invented, put, put_all


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now())
        tx.change("UPDATE series SET manufacturer_model_name = 'Panorama 2' WHERE modality = 'PX'")
    return clinic


@pytest.fixture
def browser(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person())


def names(browser: Browser, path: str) -> list[str]:
    answer = browser.get(path)
    assert answer.status_code == 200
    return [name.split(",")[0] for name in re.findall(r'<a href="/studies/\d+"><bdi>([^<]+)</bdi>', answer.text)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("when=today", 4),
        ("when=week", 8),
        ("modality=PX", 1),
        ("modality=CT&when=today", 3),
        ("state=check", 3),
        ("state=unchecked", 2),
        ("state=whole", 5),
        ("sort=name", 10),
        ("sort=taken", 10),
        ("modality=MR", 0),
    ],
)
def test_a_filter_shows_what_it_says(browser: Browser, query: str, found: int) -> None:
    assert len(names(browser, f"/studies?{query}")) == found


def test_kinds_that_are_called_the_same_are_told_apart(clinic: AClinic, browser: Browser) -> None:
    with clinic.database.write() as tx:
        for number, modality in enumerate(("CR", "DX", "NM"), 1):
            sql = """UPDATE series SET modality = :modality WHERE series_key = (
                       SELECT max(series_key) - :number FROM series)"""
            tx.change(sql, modality=modality, number=number)
    field = re.search(r'<select name="modality">(.*?)</select>', browser.get("/studies").text)
    assert field
    named = re.findall(r">([^<>]+)</option>", field[1])
    assert {"X-ray (CR)", "X-ray (DX)", "Nuclear medicine"} <= set(named)
    assert named[1:] == sorted(set(named[1:]))


def test_a_scanner_is_chosen_by_what_it_calls_itself_and_named_in_no_address(browser: Browser) -> None:
    text = browser.get("/studies").text
    chosen = re.search(r'<option value="(\d+)">Invented Imaging Panorama 2<', text)
    assert chosen
    assert names(browser, f"/studies?device={chosen[1]}") == ["Кузнецова"]
    assert "selected" in browser.get(f"/studies?device={chosen[1]}").text


def test_names_stand_in_the_order_of_the_alphabet(browser: Browser) -> None:
    found = names(browser, "/studies?sort=name")
    assert found[0].startswith("Da Silva")
    assert found.index("Ferreira") < found.index("Müller-Lüdenscheidt") < found.index("Ólafsdóttir")


def test_paging_through_a_filtered_list_shows_every_study_once_and_no_name_in_an_address(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        for number in range(100, 225):
            who = Invented(f"Page^{number}", f"N{number}", "", "", "", "CT", 1, timedelta(hours=1))
            put(tx, who, clinic.clock.now(), number)
    browser = clinic.signed_in(clinic.person())
    seen: list[str] = []
    path = "/studies?modality=CT&sort=name"
    while path:
        assert "page" not in path.casefold()
        text = browser.get(path).text
        seen += re.findall(r'<a href="/studies/(\d+)"><bdi>', text)
        following = re.search(r'<div class="more"><a class="button" href="([^"]+)"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 125 + sum(who.modality == "CT" for who in PEOPLE)


def test_a_search_keeps_the_filters_and_the_filters_keep_the_search(browser: Browser) -> None:
    answer = browser.post("/studies/search", page="/studies", q="cbct", kept="modality=CT&state=check&sort=name")
    location = answer.headers["location"]
    assert len(names(browser, location)) == 3  # of them all it finds six
    text = browser.get(location).text
    assert 'value="cbct"' in text
    find = re.search(r'name="find" id="find" value="([^"]+)"', text)
    assert find
    assert find[1] in location


@pytest.mark.parametrize(
    "query", ["when=never", "state=x", "sort=x", "device=x", "device=999999", "modality=" + "x" * 17]
)
def test_a_filter_that_there_is_not_is_an_address_that_there_is_not(browser: Browser, query: str) -> None:
    assert browser.get(f"/studies?{query}").status_code == 404
    assert browser.get(f"/studies/latest?{query}").status_code == 404


def test_an_empty_answer_says_that_the_filters_are_why(browser: Browser) -> None:
    text = browser.get("/studies?modality=MR").text
    assert "No study like that" in text
    assert "Ready for the first scan" not in text
    assert '<option value="MR" selected>MR</option>' in text, "the form says what it asks for"


def test_the_filtered_list_stays_fresh_but_a_later_page_does_not(browser: Browser) -> None:
    assert 'data-live="/studies/latest?modality=CT"' in browser.get("/studies?modality=CT").text
    assert "data-live" not in browser.get("/studies?modality=CT&after=0.5").text


def test_a_patient_page_lists_every_study_and_looking_at_it_is_an_event(clinic: AClinic, browser: Browser) -> None:
    with clinic.database.write() as tx:
        key = put(tx, PEOPLE[0], clinic.clock.now(), 300)
        tx.change("UPDATE studies SET patient_key = 1, study_date = '20200229' WHERE study_key = :key", key=key)
        tx.change(
            """INSERT INTO identity_conflicts (kind, patient_key, other_patient_key, found_at)
               VALUES ('same id, other person', 1, 2, 0)"""
        )
    onward = re.search(r'href="(/patients/\d+)"', browser.get("/studies/1").text)
    assert onward
    text = browser.get(onward[1]).text
    assert re.findall(r'<a href="/studies/(\d+)">', text) == ["1", str(key)]
    assert "Núñez Ibáñez, María José" in text
    assert "sent with another name or birth date" in text
    assert 'href="/patients/2"' in text
    assert clinic.events()[-1] == ("studies searched", "success")
    assert browser.get("/patients/404404").status_code == 404
