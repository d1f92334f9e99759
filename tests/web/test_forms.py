"""No form of another site is taken for ours."""

import re
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.web.http.cookies import FORM_COOKIE
from tests.web.a_clinic import PASSWORD, AClinic, form_token_in
from tests.web.invented import put_sender
from tests.web.test_permissions import ROUTES


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


POSTS = sorted(path for method, path in ROUTES if method == "POST")


@pytest.mark.parametrize("path", POSTS)
def test_every_post_without_its_token_is_refused(clinic: AClinic, path: str) -> None:
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, image_right=True))
    url = re.sub(r"\{\w+:int\}", "1", path)
    for fields in ({}, {"form_token": "A" * 43}, {"form_token": ""}):
        answer = browser.post_bare(url, **fields)
        assert answer.status_code in {303, 403}
        assert answer.headers.get("location", "/login") == "/login"
    assert browser.get("/people").status_code == 200


def test_a_token_of_another_session_is_refused(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        key = put_sender(tx, clinic.clock.now())
    one = clinic.signed_in(clinic.person(Role.ADMINISTRATOR))
    other = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="second.admin"))
    token = form_token_in(other.get("/senders").text)
    assert one.post_bare(f"/senders/{key}/dismiss", form_token=token).status_code == 403
    assert one.post(f"/senders/{key}/dismiss", page="/senders").status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.test"}],
)
def test_a_request_that_says_it_comes_from_elsewhere_is_refused(clinic: AClinic, headers: dict[str, str]) -> None:
    browser = clinic.signed_in(clinic.person())
    token = form_token_in(browser.get("/studies").text)
    answer = browser.client.post("/lock/now", data={"form_token": token}, headers=headers, follow_redirects=False)
    assert answer.status_code == 403


def test_our_own_forms_pass_although_no_referrer_blanks_their_origin(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    token = form_token_in(browser.get("/studies").text)
    headers = {"sec-fetch-site": "same-origin", "origin": "null"}
    answer = browser.client.post("/lock/now", data={"form_token": token}, headers=headers, follow_redirects=False)
    assert answer.status_code == 303


def test_the_login_form_is_bound_to_its_own_cookie(clinic: AClinic) -> None:
    clinic.person()
    browser = clinic.browser()
    token = form_token_in(browser.get("/login").text)
    browser.client.cookies.delete(FORM_COOKIE)
    answer = browser.post_bare("/login", user_name="dentist.one", password=PASSWORD, form_token=token)
    assert answer.status_code == 403


def test_a_form_larger_than_any_of_ours_is_refused(clinic: AClinic) -> None:
    browser = clinic.browser()
    answer = browser.post_bare("/login", user_name="x" * 100_000)
    assert answer.status_code in {403, 413}
