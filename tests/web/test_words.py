"""What is put into words: names of several scripts, days and months, what a role without pages is told."""

import locale
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.web.staff.words import day, day_of_month, month_and_year, person_name
from tests.web.a_clinic import AClinic


@pytest.fixture
def another_locale() -> Iterator[None]:
    """The clinic's operating system speaks another language, where one is installed."""
    before = locale.setlocale(locale.LC_TIME)
    for name in ("de_DE.UTF-8", "es_ES.UTF-8", "C.UTF-8"):
        try:
            locale.setlocale(locale.LC_TIME, name)
        except locale.Error:
            continue
        break
    yield
    locale.setlocale(locale.LC_TIME, before)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Alarcón Núñez^María José", "Alarcón Núñez, María José"),
        ("قباني^لنزار", "قباني، لنزار"),
        ("کریمی^زهرا", "کریمی، زهرا"),
        ("כהן^דנה", "כהן, דנה"),
        ("Люксембург^Анна", "Люксембург, Анна"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田 太郎 (Yamada, Tarou)"),
        ("^^^^", "No name"),
    ],
)
def test_a_name_is_written_with_the_comma_of_its_own_script(stored: str, shown: str) -> None:
    assert person_name(stored) == shown


@pytest.mark.usefixtures("another_locale")
def test_days_and_months_are_in_the_pages_language_whatever_the_system_speaks() -> None:
    at = date(2026, 3, 5)
    assert (day(at), day_of_month(at), month_and_year(at)) == ("5 Mar 2026", "5 Mar", "March 2026")


def test_a_laboratory_comes_to_what_it_was_given(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    answer = clinic.signed_in(clinic.person(Role.LAB)).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/laboratory")


def test_an_auditor_comes_to_how_the_box_keeps_what_it_was_given(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    answer = clinic.signed_in(clinic.person(Role.AUDITOR)).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/keeping")


def test_a_new_person_has_no_role_until_one_is_chosen(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    first = browser.get("/people").text.partition("<select")[2].partition("</option>")[0]
    assert 'required><option value="">' in first
    answer = browser.post("/people", page="/people", display_name="Eva", user_name="eva", role="", code="000000")
    assert answer.status_code == 422


def test_without_script_the_lock_comes_back_to_the_page_and_says_why_it_comes(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    text = clinic.signed_in(clinic.person()).get("/studies").text
    assert '<noscript><meta http-equiv="refresh" content="301;url=/lock?back=/studies"></noscript>' in text
    assert "This browser runs no script" in text
