"""The pages speak English, Spanish and Portuguese: whose wish counts, that every word is there, dates and numbers."""

import ast
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts import service
from appliance.accounts.roles import Role
from appliance.store.migrations import known_migrations, statements
from appliance.web.http.cookies import LANGUAGE_COOKIE
from appliance.web.http.speaking import chosen
from appliance.web.languages import decimal, languages, speaking
from appliance.web.staff.findings import finding_words
from appliance.web.staff.words import day, day_and_time, day_of_month, month_and_year, size
from tests.web.a_clinic import PASSWORD, AClinic
from tools import catalogues

CODES = tuple(each.code for each in languages())
STAFF = Path(catalogues.WEB) / "staff"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> AClinic:
    return AClinic(tmp_path_factory.mktemp("clinic"))


@pytest.mark.parametrize(
    ("own", "accepted", "spoken"),
    [
        ("", "", "en"),
        ("", "es-CL,es;q=0.9,en;q=0.8", "es"),
        ("", "pt-BR,pt;q=0.9,en-US;q=0.8", "pt"),
        ("", "de-CH,pt;q=0.2,es;q=0.3", "es"),
        ("", "ES", "es"),
        ("", "es;q=0,en", "en"),
        ("", "es;q=nan, pt;q=", "en"),
        ("", "fr, de;q=0.9, *", "en"),
        ("pt", "es-CL", "pt"),
        ("xx", "es-CL", "es"),
    ],
)
def test_the_persons_choice_goes_before_the_browsers_and_that_before_english(
    own: str, accepted: str, spoken: str
) -> None:
    assert chosen(own, accepted, languages()).code == spoken


@given(st.text(), st.text())
def test_whatever_a_browser_asks_for_a_language_is_spoken(own: str, accepted: str) -> None:
    assert chosen(own, accepted, languages()) in languages()


@pytest.mark.parametrize(("code", "heading"), [("en", "Sign in"), ("es", "Iniciar sesión"), ("pt", "Entrar")])
def test_the_sign_in_page_says_its_language_and_speaks_it(clinic: AClinic, code: str, heading: str) -> None:
    page = clinic.browser().get("/login", **{"accept-language": code})
    assert f'<html lang="{code}">' in page.text
    assert f"<h1>{heading}</h1>" in page.text


def test_a_choice_is_kept_before_and_after_signing_in(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person(Role.RECEPTION, user_name="keeps.choice"))
    before = browser.get("/studies", **{"accept-language": "pt"})
    assert "<h1>Exames</h1>" in before.text
    answer = browser.post("/language", page="/studies", language="es", back="/studies")
    assert (answer.status_code, answer.headers["location"]) == (303, "/studies")
    assert browser.client.cookies[LANGUAGE_COOKIE] == "es"
    assert "<h1>Estudios</h1>" in browser.get("/studies", **{"accept-language": "pt"}).text


def test_the_choice_goes_with_the_account_to_another_browser(clinic: AClinic) -> None:
    person = clinic.person(Role.RECEPTION, user_name="moves.about")
    browser = clinic.signed_in(person)
    browser.post("/language", page="/studies", language="es", back="/studies")
    other = clinic.signed_in(person)
    assert LANGUAGE_COOKIE not in other.client.cookies
    assert "<h1>Estudios</h1>" in other.get("/studies", **{"accept-language": "pt"}).text
    assert ("account changed", "success") in clinic.events()
    other.post("/logout", page="/studies")
    assert "<h1>Entrar</h1>" in other.get("/login", **{"accept-language": "pt"}).text, "before anybody is known"


def test_a_locked_screen_speaks_the_accounts_language_and_changes_nothing_of_it(clinic: AClinic) -> None:
    person = clinic.person(Role.RECEPTION, user_name="steps.away")
    browser = clinic.signed_in(person)
    browser.post("/language", page="/studies", language="es", back="/studies")
    locked = browser.get("/lock", **{"accept-language": "pt"})
    assert '<html lang="es">' in locked.text
    assert 'action="/language"' not in locked.text
    browser.post("/language", page="/lock", language="pt", back="/lock")
    assert '<html lang="es">' in browser.get("/lock").text


def test_english_that_nobody_chose_is_no_choice_after_an_upgrade(clinic: AClinic) -> None:
    migration = next(one for one in known_migrations() if one.number == 13)
    old = clinic.person(Role.RECEPTION, user_name="was.here", language="en")
    spanish = clinic.person(Role.RECEPTION, user_name="said.so", language="es")
    with clinic.database.write() as tx:
        for statement in statements(migration.sql):
            tx.change(statement)
    assert [service.get_account(clinic.accounts, one.account_key).language for one in (old, spanish)] == ["", "es"]


def test_a_stranger_may_choose_too(clinic: AClinic) -> None:
    browser = clinic.browser()
    assert browser.post("/language", page="/login", language="pt", back="/login").headers["location"] == "/login"
    refused = browser.post("/login", page="/login", user_name="nobody", password=PASSWORD)
    assert "O nome de usuário ou a senha estão incorretos." in refused.text


def test_a_language_that_no_page_is_written_in_is_refused(clinic: AClinic) -> None:
    answer = clinic.browser().post("/language", page="/login", language="../../etc", back="/login")
    assert answer.status_code == 400
    assert LANGUAGE_COOKIE not in answer.headers.get("set-cookie", "")


def test_the_choice_never_leads_to_another_site(clinic: AClinic) -> None:
    answer = clinic.browser().post("/language", page="/login", language="es", back="//elsewhere.test/")
    assert answer.headers["location"] == "/"


def test_two_people_at_once_are_each_answered_in_their_own_language(clinic: AClinic) -> None:
    one, other = clinic.browser(), clinic.browser()
    for _again in range(3):
        assert 'lang="es"' in one.get("/login", **{"accept-language": "es"}).text
        assert 'lang="pt"' in other.get("/login", **{"accept-language": "pt"}).text


@pytest.mark.parametrize("code", catalogues.CODES)
def test_every_text_of_the_pages_is_translated_and_nothing_else_is_kept(code: str) -> None:
    """`python -m tools.catalogues` takes new texts in; then they wait for a translator."""
    catalogue = catalogues.read(code)
    known = {_key(message) for message in catalogue if message.id}
    wanted = {_key(message) for message in catalogues.extracted() if message.id}
    assert sorted(wanted - known) == [], "not in the catalogue"
    assert sorted(known - wanted) == [], "said by no page any more"
    assert catalogues.waiting(catalogue) == []
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


@pytest.mark.parametrize("code", catalogues.CODES)
def test_what_the_box_reads_is_made_of_what_is_written(code: str) -> None:
    path = catalogues.po_path(code)
    assert path.with_suffix(".mo").read_bytes() == catalogues.compiled(catalogues.read(code))


@pytest.mark.parametrize("code", catalogues.CODES)
def test_a_translation_takes_what_the_english_takes(code: str) -> None:
    for message in catalogues.read(code):
        for english, translated in _pairs(message):
            assert _fields(translated) <= _fields(english), translated
            assert not list(message.check()), message.id


def _key(message: Message) -> tuple[str, str]:
    return (message.context or "", message.id if isinstance(message.id, str) else message.id[0])


def _pairs(message: Message) -> Iterator[tuple[str, str]]:
    if not message.id:
        return
    if isinstance(message.id, str):
        yield message.id, str(message.string)
    else:
        yield from ((message.id[1], str(each)) for each in message.string or ())


def _fields(text: str) -> set[str]:
    return {name for _before, name, _spec, _kind in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("path", sorted(STAFF.glob("*.py")), ids=lambda path: path.stem)
def test_no_page_speaks_past_the_language_of_its_reader(path: Path) -> None:
    """Python's own `gettext` answers in the language of the process; `appliance.web.languages` in the reader's."""
    taken = {node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)}
    assert "gettext" not in taken


EVENING = datetime(2026, 9, 5, 18, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "whole", "short", "heading", "amount"),
    [
        ("en", "5 Sep 2026", "5 Sep", "September 2026", "1.5 GB"),
        ("es", "5 sept 2026", "5 sept", "Septiembre de 2026", "1,5 GB"),
        ("pt", "5 de set. de 2026", "5 de set.", "Setembro de 2026", "1,5 GB"),
    ],
)
def test_dates_and_numbers_have_the_languages_form(
    code: str, whole: str, short: str, heading: str, amount: str
) -> None:
    value = date(2026, 9, 5)
    with speaking(next(each for each in languages() if each.code == code)):
        assert (day(value), day_of_month(value), month_and_year(value)) == (whole, short, heading)
        assert day_and_time(EVENING).startswith(f"{whole}, ")
        assert (size(1_500_000_000), decimal(0.25, 2)) == (amount, amount[0].replace("1", "0") + amount[1] + "25")
        assert amount[1] + "3 " in finding_words('[{"code": "uneven spacing", "numbers": [0.3, 0.5]}]')[0]


def test_amounts_grow_by_thousands() -> None:
    assert [size(count) for count in (0, 1, 999, 1000, 15_400, 999_999, 10**7, 10**12, 5 * 10**15)] == [
        "0 bytes", "1 byte", "999 bytes", "1.0 KB", "15 KB", "1000 KB", "10 MB", "1.0 TB", "5000 TB",
    ]  # fmt: skip
