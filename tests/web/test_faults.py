"""Every fault says what happened and what to do: to people in their language, to machines in one form, and no more."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from litestar import get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from appliance import __version__
from appliance.accounts.errors import AlreadyAdmitted
from appliance.accounts.roles import Permission
from appliance.accounts.tokens import issue_token
from appliance.audit.events import OPERATOR
from appliance.errors import NotFound, NotPermitted, OutOfSpace, Tampered, Unavailable, Unsuitable
from appliance.web.dicomweb.callers import Callers
from appliance.web.dicomweb.metadata import Metadata
from appliance.web.dicomweb.routes import Dicomweb, in_front_of
from appliance.web.http.access import Door, access
from appliance.web.http.csrf import ForeignForm
from appliance.web.http.pace import TooManyRequests
from appliance.web.languages import languages
from appliance.web.staff.app import HANDLERS, create_app
from tests.web.a_client import client_of
from tests.web.a_clinic import AClinic, Browser

SECRET = "what only the log may say"  # noqa: S105  # of no account
FAULTS: dict[str, tuple[Exception, int, str]] = {
    "unreadable": (Unsuitable(SECRET), 400, "That did not arrive whole"),
    "foreign": (ForeignForm(SECRET), 403, "That page was too old"),
    "forbidden": (NotPermitted(SECRET), 403, "Not for your account"),
    "missing": (NotFound(SECRET), 404, "Not here"),
    "teapot": (HTTPException(SECRET, status_code=418), 418, "That did not arrive whole"),
    "done": (AlreadyAdmitted(SECRET), 409, "It was done already"),
    "large": (HTTPException(SECRET, status_code=413), 413, "Too large"),
    "busy": (TooManyRequests(7.2), 429, "A moment, please"),
    "bug": (ZeroDivisionError(SECRET), 500, "Something went wrong"),
    "damaged": (Tampered(SECRET), 500, "Something stored is damaged"),
    "later": (Unavailable(SECRET), 503, "Not right now"),
    "full": (OutOfSpace(SECRET), 507, "No space left"),
}
TELLING = re.compile(
    rf"litestar|uvicorn|python|starlette|caddy|jinja|traceback|{re.escape(__version__)}", re.IGNORECASE
)


@get("/raising/{name:str}", opt=access(Door.PUBLIC), sync_to_thread=False)
def raising(name: FromPath[str]) -> None:
    """Fail in one way."""
    raise FAULTS[name][0]


@post("/raising", opt=access(Door.PUBLIC), sync_to_thread=False)
def sending() -> None:
    """Take a form."""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> AClinic:
    clinic = AClinic(tmp_path_factory.mktemp("clinic"))
    clinic.app = create_app(clinic.context, [*HANDLERS, raising, sending])
    return clinic


@pytest.fixture(scope="module")
def browser(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person())


@pytest.mark.parametrize("name", FAULTS)
def test_a_person_is_told_what_happened_what_to_do_and_the_way_back_in_each_language(
    browser: Browser, name: str
) -> None:
    _, status, title = FAULTS[name]
    answers = [browser.get(f"/raising/{name}", **{"accept-language": each.code}) for each in languages()]
    assert {answer.status_code for answer in answers} == {status}
    titles = [re.findall(r"<h1>(.*?)</h1>", answer.text)[0] for answer in answers]
    assert (titles[0], len(set(titles))) == (title, len(languages()))
    for answer in answers:
        assert 'href="/"' in answer.text
        assert len(re.findall(r'class="notice calm".*?<strong>.+?</strong>.{20,}?</div>', answer.text)) == 1
        assert SECRET not in answer.text
        assert not TELLING.search(re.sub(r"<(link|img|script)[^>]*>", "", answer.text))
        assert not {"server", "via", "x-powered-by"} & set(answer.headers)


@pytest.mark.parametrize("name", FAULTS)
def test_a_machine_is_told_the_same_as_a_problem(browser: Browser, name: str) -> None:
    status = FAULTS[name][1]
    answer = browser.client.get(f"/raising/{name}", headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    told = answer.json()
    assert (told["type"], told["status"]) == ("about:blank", status)
    assert set(told) - {"instance"} == {"type", "title", "status", "detail"}
    assert not TELLING.search(answer.text)
    assert SECRET not in answer.text
    assert ("retry-after" in answer.headers) == (status in {429, 503})


def test_what_may_pass_is_offered_again_and_says_how_long_to_wait(browser: Browser) -> None:
    for name in FAULTS:
        offered = f'href="/raising/{name}"' in browser.get(f"/raising/{name}").text
        assert offered == (FAULTS[name][1] in {429, 500, 503}), name
    assert "Wait 8 seconds" in browser.get("/raising/busy").text


def test_a_bugs_page_and_its_problem_bear_the_number_under_which_it_is_logged(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        page = browser.get("/raising/bug").text
        problem = browser.client.get("/raising/bug", headers={"accept": "application/json"}).json()
    shown = re.findall(r'<code class="secret">([0-9a-f]{4}) ([0-9a-f]{4})</code>', page)
    logged = re.findall(r"number ([0-9a-f]{8})", caplog.text)
    assert ["".join(shown[0]), problem["instance"].rpartition(":")[2]] == logged
    assert "Number of this fault" not in browser.get("/raising/later").text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/people", 405), ("GET", "/raising", 405)]
)
def test_what_no_route_offers_is_told_alike(browser: Browser, method: str, path: str, status: int) -> None:
    page = browser.client.request(method, path, headers={"accept": "text/html"})
    problem = browser.client.request(method, path, headers={"accept": "application/json"})
    assert (page.status_code, problem.status_code) == (status, status)
    assert "What to do" in page.text
    assert problem.headers["content-type"] == "application/problem+json"


def test_a_form_of_an_old_page_is_told_so_and_the_language_can_be_changed_there(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person(user_name="another"))
    answer = browser.post_bare("/account/name", display_name="x", form_token="old")  # noqa: S106  # the token of no form
    assert (answer.status_code, "That page was too old" in answer.text) == (403, True)
    assert re.search(r'action="/language".*?value="[\w-]{43}"', answer.text, re.DOTALL)


def test_a_bug_in_dicomweb_is_answered_as_a_problem_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clinic = AClinic(tmp_path)
    token = issue_token(clinic.accounts, "pacs", [Permission.LIST_STUDIES, Permission.VIEW_IMAGES], OPERATOR)
    broken: Any = None
    app: Any = in_front_of(clinic.app, Dicomweb(broken, Callers(clinic.accounts), Metadata(broken, clinic.clock)))
    client = client_of(app, raise_server_exceptions=True)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/dicomweb/studies", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert (answer.json()["title"], "AttributeError" in caplog.text) == ("Internal Server Error", True)
    assert not TELLING.search(answer.text)


@pytest.mark.parametrize(
    ("path", "status"), [("/dicomweb/studies", 401), ("/dicomweb/nothing", 401), ("/series/1/stream", 401)]
)
def test_dicomweb_tells_strangers_in_the_same_form(clinic: AClinic, path: str, status: int) -> None:
    broken: Any = None
    app: Any = in_front_of(clinic.app, Dicomweb(broken, Callers(clinic.accounts), Metadata(broken, clinic.clock)))
    answer = client_of(app).get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert set(answer.json()) == {"type", "title", "status", "detail"}
    assert answer.headers["www-authenticate"].startswith("Bearer")
