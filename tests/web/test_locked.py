"""A locked box shows one page, and hands the passphrase to the locker."""

import re

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from appliance.errors import Refused, Tampered
from appliance.web.staff.locked import LockedStatus, create_locked_app
from tests.web.a_clinic import SetClock


class Locker:
    """Opens with one passphrase and remembers what it was asked."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    def unlock(self, passphrase: str) -> None:
        self.tried.append(passphrase)
        if passphrase == "right, in vain":  # noqa: S105  what a test says, not a secret
            raise Tampered("the catalogue is missing")
        if passphrase != "right":  # noqa: S105  what a test says, not a secret
            raise Refused("the passphrase is wrong")


@pytest.fixture
def locker() -> Locker:
    return Locker()


@pytest.fixture
def page(locker: Locker) -> TestClient[Litestar]:
    app = create_locked_app("The clinic", lambda: LockedStatus(3, 5 << 30, 10 << 30), locker.unlock, SetClock())
    return TestClient(app, base_url="https://box.test")


def submit(page: TestClient[Litestar], passphrase: str) -> int:
    fields = re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', page.get("/unlock").text)
    return page.post("/unlock", data={**dict(fields), "passphrase": passphrase}).status_code


def test_the_page_says_what_waits_and_asks_for_the_passphrase(page: TestClient[Litestar]) -> None:
    for address in ("/", "/login", "/studies", "/unlock"):
        answer = page.get(address)
        assert answer.status_code == 200
        assert "3 files" in answer.text
    assert page.get("/healthz").json() == {"status": "ok", "keys": "sealed"}


def test_a_bookmark_of_any_other_page_leads_to_the_one_there_is_and_machines_are_told_so(
    page: TestClient[Litestar],
) -> None:
    for address in ("/studies/7", "/people", "/series/1/view"):
        answer = page.get(address, headers={"accept": "text/html"}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/unlock")
    for method in ("GET", "POST"):
        told = page.request(method, "/dicomweb/studies", follow_redirects=False)
        assert (told.status_code, told.headers["retry-after"]) == (503, "30")
    assert page.get("/events", headers={"accept": "text/event-stream"}, follow_redirects=False).status_code == 404


def test_a_wrong_passphrase_is_said_and_the_right_one_goes_to_the_locker(
    page: TestClient[Litestar], locker: Locker
) -> None:
    assert submit(page, "wrong") == 403
    assert submit(page, "right") == 200
    assert locker.tried == ["wrong", "right"]


def test_a_right_passphrase_is_not_called_wrong_where_the_catalogue_is_missing(page: TestClient[Litestar]) -> None:
    fields = dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', page.get("/unlock").text))
    answer = page.post("/unlock", data={**fields, "passphrase": "right, in vain"})
    assert answer.status_code == 503
    assert "missing or damaged" in answer.text
    assert "does not open this box" not in answer.text


def test_a_form_from_elsewhere_never_reaches_the_locker(page: TestClient[Litestar], locker: Locker) -> None:
    assert page.post("/unlock", data={"passphrase": "right"}).status_code == 403
    assert locker.tried == []
