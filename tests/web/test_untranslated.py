"""No text reaches a reader past the catalogues: templates, modules, and every page in a language that marks each word.

In that language each letter of a translation stands in a circle, so whatever still has plain letters on a page
is data, or a text that nobody can translate.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import astuple
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from litestar.handlers import HTTPRouteHandler

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.accounts.sessions import Stage, start_session
from appliance.errors import Refused
from appliance.retention.presets import Confidence
from appliance.retention.queries import KeptRule, insert_rule
from appliance.retention.rules import Rule
from appliance.web.http.access import Door, access_of
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.languages import Language, gettext, speaking
from appliance.web.staff import fault_words, people, quarantine, senders, words
from appliance.web.staff.app import HANDLERS, create_app
from appliance.web.staff.findings import FINDINGS, REASONS, finding_words, reason_words
from appliance.web.staff.locked import LockedStatus, create_locked_app
from tests.web.a_clinic import CLINIC, AClinic, Browser, SetClock
from tests.web.a_laboratory import ACanarysClinic
from tests.web.an_emergency import WHY, lent
from tests.web.invented import PEOPLE, put_all, put_erasure, put_quarantined, put_sender

WRONG = "not the one"
OF_LABORATORIES = {"/laboratory", "/laboratory/{reference:str}"}  # nobody of the clinic may see these
FOR_PROGRAMS = {"description", "schemas"}  # the OpenAPI document is read by programs and their authors
STAFF = Path(words.__file__).parent
SAID = ("alt", "title", "placeholder", "aria-label", "content-label")
FIELD = re.compile(r"%(?:\(\w+\))?[sd]|\{\d\}")
WORD = re.compile(r"[A-Za-zÀ-ɏ]{2,}")
CIRCLED = {ord(letter): 0x24D0 + ord(letter) - ord("a") for letter in "abcdefghijklmnopqrstuvwxyz"} | {
    ord(letter): 0x24B6 + ord(letter) - ord("A") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
}
# What is the same in every language: the product, commands, units, codes of the standard.
ALIKE = {"Enamel", "enamel", "unlock", "bytes", "KB", "MB", "GB", "TB", "DICOM", "ENAMEL"}
# What the clinic's scanners and people wrote.
DATA = {
    CLINIC,
    "Ana Prueba",
    "AP",
    "ORTHOPHOS",
    "SIDEXIS",
    "INVENTED_367",
    "Invented Imaging",
    "Orthovolume 3D",
    "Rojas, Camila",
    "CL",
    "JAW",
}


class Circled(NullTranslations):
    """Puts each letter into a circle; what is filled in later keeps its place."""

    def gettext(self, message: str) -> str:
        fields = FIELD.findall(message)
        parts = [part.translate(CIRCLED) for part in FIELD.split(message)]
        return "".join(part + field for part, field in zip(parts, [*fields, ""], strict=True))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message) if context else message


MARKED = Language("en", "Marked", Circled())


class Read(HTMLParser):
    """Collects what a page says: its texts, and the attributes that are read out; languages' own names apart."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style", "code"} or (tag == "button" and "lang" in dict(attrs))
        self.said += [value for name, value in attrs if name in SAID and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= bool(self._silent) and tag in {"script", "style", "code", "button"}

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.said.append(data.strip())


def left_over(text: str, data: set[str]) -> list[str]:
    """Give what stands on a page in plain letters and is not data."""
    page = Read()
    page.feed(text)
    found = []
    for said in page.said:
        rest = said
        for known in sorted(data, key=len, reverse=True):
            rest = rest.replace(known, " ")
        if set(WORD.findall(rest)) - ALIKE:
            found.append(said)
    return found


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> AClinic:
    """A clinic with something of everything, whose pages speak the marked language."""
    clinic = AClinic(tmp_path_factory.mktemp("clinic"))
    clinic.app = create_app(clinic.context, speaks=(MARKED,))
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now())
        put_sender(tx, clinic.clock.now())
        for reason in REASONS:
            put_quarantined(tx, clinic.clock.now(), reason)
        own = KeptRule(0, Rule("Ana Prueba", 5), "", "CL", Confidence.OWN, "")
        insert_rule(tx, own, clinic.clock.now(), None)
        put_erasure(tx, clinic.clock.now(), "zz")
    lent(clinic, clinic.person(Role.RECEPTION, user_name="b7g"))
    return clinic


@pytest.fixture(scope="module")
def data() -> set[str]:
    """Give every text that stands on a page because somebody wrote it into a scan or an account."""
    people = {
        part for person in PEOPLE for part in (words.person_name(person.name), person.description, person.modality)
    }
    return (DATA | people | {"https://enamel.test", WHY.words} | {f"{each.modality} 0.16 mm" for each in PEOPLE}) - {""}


def paths(*doors: Door) -> list[str]:
    """Give the address of every page behind these doors; a key is that of the first row."""
    found = []
    for handler in HANDLERS:
        assert isinstance(handler, HTTPRouteHandler)
        access = access_of(handler)
        if access.door in doors and access.page and "GET" in handler.http_methods:
            found += [re.sub(r"\{\w+:int\}", "1", path) for path in handler.paths if path not in OF_LABORATORIES]
    return sorted(found)


@pytest.fixture(scope="module")
def administrator(clinic: AClinic) -> Account:
    """Give somebody who may do all."""
    return clinic.person(Role.ADMINISTRATOR, image_right=True, user_name="zz")


@pytest.fixture
def everybody(clinic: AClinic, administrator: Account) -> Browser:
    """Give them a session of their own for each test: an invitation's page ends it."""
    return clinic.signed_in(administrator)


@pytest.mark.parametrize("path", paths(Door.SIGNED_IN, Door.PUBLIC, Door.CHANGING_PASSWORD))
def test_every_page_says_only_what_can_be_translated(
    clinic: AClinic, everybody: Browser, data: set[str], path: str
) -> None:
    reader = clinic.browser() if path == "/login" else everybody  # which is for whoever is not signed in
    page = reader.get(path)
    if page.status_code == 303:
        assert not page.headers["location"].startswith("/login")
        page = reader.get(page.headers["location"])
    assert page.status_code == 200
    assert left_over(page.text, data | {"zz", "enamel.test"}) == []


@pytest.mark.parametrize(
    "path",
    [*(f"/people?told={each}" for each in people._TOLD), *(f"/quarantine?told={each}" for each in quarantine._TOLD)]
    + [*(f"/senders?told={each}" for each in senders._TOLD), "/studies?sort=name", "/studies?sort=taken"]
    + ["/studies?when=today&state=check", "/nothing/here", "/studies/999"]
    + [f"/studies/{number}" for number in range(2, len(PEOPLE) + 1)],
)
def test_what_pages_say_after_a_deed_or_in_trouble_can_be_translated(
    everybody: Browser, data: set[str], path: str
) -> None:
    assert left_over(everybody.get(path).text, data | {"zz", "enamel.test"}) == []


def test_a_laboratorys_pages_say_only_what_can_be_translated(tmp_path: Path, data: set[str]) -> None:
    clinic = ACanarysClinic(tmp_path)
    clinic.app = create_app(clinic.context, speaks=(MARKED,))
    clinic.give()
    browser = clinic.at_laboratory()
    page = browser.get("/laboratory")
    [reference] = re.findall(r'href="/laboratory/(S-\w{10})"', page.text)
    study = browser.get(f"/laboratory/{reference}")
    assert (page.status_code, study.status_code) == (200, 200)
    shown = data | {reference, *re.findall(r"P-\w{10}", page.text), "Laboratorio Lilas", "LL", "CBCT"}
    assert left_over(page.text, shown) == left_over(study.text, shown) == []


def test_a_form_sent_back_says_only_what_can_be_translated(everybody: Browser, data: set[str]) -> None:
    sent = [
        everybody.post("/password", page="/password", old="x", new="aaaaaaaa", again="b"),
        everybody.post("/password", page="/password", old="x", new="aaaaaaaaaa", again="aaaaaaaaaa"),
        everybody.post("/people", page="/people", display_name="zz", user_name="z z", role="dentist", code="000000"),
        everybody.post("/quarantine/1/dismiss", page="/quarantine/1/dismiss", reason=""),
    ]
    assert [answer.status_code for answer in sent] == [422, 403, 422, 422]
    assert [left_over(answer.text, data | {"zz", "enamel.test"}) for answer in sent] == [[], [], [], []]


def test_signing_in_says_only_what_can_be_translated(clinic: AClinic, data: set[str]) -> None:
    account = clinic.person(Role.RECEPTION, user_name="yy")
    with clinic.database.write() as tx:
        token = start_session(tx, account.account_key, Stage.PASSWORD, "192.0.2.10", clinic.clock.now())
    browser = clinic.browser()
    browser.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
    page = browser.get("/login/enrol").text
    secret = re.findall(r'class="secret">([^<]+)<', page)
    assert secret
    assert left_over(page, data) == []
    assert left_over(browser.post("/login/enrol", page="/login/enrol", code="000000").text, data) == []


def test_a_locked_screen_says_only_what_can_be_translated(clinic: AClinic, data: set[str]) -> None:
    browser = clinic.signed_in(clinic.person(Role.AUDITOR, user_name="xx"))
    assert left_over(browser.get("/").text, data) == []
    assert left_over(browser.get("/lock").text, data) == []
    assert left_over(browser.post("/lock", page="/lock", password=WRONG).text, data) == []


@pytest.mark.parametrize("asks", [True, False])
def test_a_locked_box_says_only_what_can_be_translated(asks: bool, data: set[str]) -> None:
    def unlock(_passphrase: str) -> None:
        raise Refused("wrong")

    status = LockedStatus(3, 5 << 30, 10 << 30, asks_passphrase=asks)
    browser = Browser(create_locked_app(CLINIC, lambda: status, unlock, SetClock(), speaks=(MARKED,)))
    assert left_over(browser.get("/").text, data) == []
    if asks:
        assert left_over(browser.post("/unlock", page="/", passphrase=WRONG).text, data) == []


def test_whatever_intake_finds_is_said_in_the_readers_language() -> None:
    with speaking(MARKED):
        told = [part for code in [*REASONS, "unheard of"] for part in reason_words(code)]
        told += [finding_words(f'[{{"code": "{code}", "numbers": [1, 2]}}]')[0] for code in FINDINGS]
        told += [words.modality_words(code) for code in words._MODALITIES]
        told += [words.role_words(role) for role in Role]
        said = [*fault_words.BY_STATUS.values(), *(each for _, each in fault_words.BY_KIND)]
        told += [gettext(text).replace("%d", "") for each in said for text in astuple(each)]
    assert [text for text in told if set(WORD.findall(text)) - {"mm"}] == []


@pytest.mark.parametrize("path", sorted((STAFF / "templates").glob("*.html")), ids=lambda path: path.stem)
def test_no_template_has_a_text_of_its_own(path: Path) -> None:
    translated = r"\{%-?\s*trans.*?endtrans\s*-?%\}|\{% block width %\}.*?\{% endblock %\}"
    text = re.sub(translated, " ", path.read_text(), flags=re.DOTALL)
    assert left_over(re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", " ", text, flags=re.DOTALL), set()) == []


SENTENCE = re.compile(r"[A-Z][a-z]+(,? [\w%(){}'-]+)+.*")
TRANSLATES = {"_", "gettext", "ngettext", "pgettext", "later"}


@pytest.mark.parametrize(
    "path", sorted(path for path in STAFF.glob("*.py") if path.stem not in FOR_PROGRAMS), ids=lambda path: path.stem
)
def test_no_module_has_a_sentence_outside_gettext(path: Path) -> None:
    assert sorted(sentences(ast.parse(path.read_text()))) == []


def test_a_sentence_outside_gettext_is_found() -> None:
    assert list(sentences(ast.parse('"""Says."""\nx = "Nobody translates this."\ny = _("But this.")'))) == [
        "Nobody translates this."
    ]
    assert left_over('<p>Ⓕⓘⓝⓔ</p><img alt="Not fine"><p>Not fine either</p>', set()) == ["Not fine", "Not fine either"]


def sentences(node: ast.AST) -> Iterator[str]:
    """Give every sentence that is neither documentation nor handed to gettext, a log or an error."""
    if isinstance(node, ast.Call) and _name(node.func) in TRANSLATES:
        return
    if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and SENTENCE.fullmatch(node.value):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from sentences(child)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""
