"""A browser asks for each file of a release once, and never goes on with an older one."""

import re
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.web.http.released import release_of
from appliance.web.staff.app import STATIC, static_address
from tests.web.a_clinic import AClinic, Browser
from tests.web.invented import PEOPLE, put_all
from tests.web.test_headers import EXPECTED, VIEWER_POLICY

KEPT = "public, max-age=31536000, immutable"
OTHER = "0123456789abcdef"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    clinic = AClinic(tmp_path_factory.mktemp("clinic"))
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now(), PEOPLE[:1])
    return clinic.signed_in(clinic.person(Role.ADMINISTRATOR, image_right=True))


def test_a_file_under_its_releases_address_is_kept_for_a_year(browser: Browser) -> None:
    answer = browser.get(f"{static_address()}/viewer/viewer.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, KEPT)
    assert answer.content == (STATIC / "viewer" / "viewer.js").read_bytes()
    answer = browser.get(f"{static_address()}/base.css")
    assert answer.headers["cache-control"] == KEPT
    assert answer.content == (STATIC / "base.css").read_bytes()


def test_its_other_headers_are_those_of_the_file_itself(browser: Browser) -> None:
    headers = dict(browser.get(f"{static_address()}/viewer/worker.js").headers)
    asked = {name: headers[name] for name in EXPECTED}
    assert asked == EXPECTED | {"content-security-policy": VIEWER_POLICY, "cache-control": KEPT}
    assert headers["vary"] == "Accept-Encoding"


def test_a_packed_script_is_kept_as_well_and_a_head_says_so(browser: Browser) -> None:
    address = f"{static_address()}/viewer/viewer.js"
    for method in ("GET", "HEAD"):
        with browser.client.stream(method, address, headers={"accept-encoding": "br"}) as answer:
            assert (answer.headers["content-encoding"], answer.headers["cache-control"]) == ("br", KEPT)


@pytest.mark.parametrize("path", [f"/static/{OTHER}/base.css", "/static/base.css"])
def test_a_file_under_another_address_is_this_releases_and_not_kept(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert (answer.content, answer.headers["cache-control"]) == ((STATIC / "base.css").read_bytes(), "no-cache")


@pytest.mark.parametrize("path", ["nothing.js", "%2e%2e/staff/app.py", "viewer/%2e%2e/%2e%2e/staff/app.py", ""])
def test_what_is_not_there_is_not_kept(browser: Browser, path: str) -> None:
    answer = browser.get(f"{static_address()}/{path}")
    assert answer.status_code in {400, 404}
    assert answer.headers["cache-control"] != KEPT


@pytest.mark.parametrize(
    "path", ["/login", "/studies", "/studies/1", "/series/1/view", "/files", "/people", "/nothing"]
)
def test_every_page_names_only_files_of_its_release_and_each_is_there(browser: Browser, path: str) -> None:
    page = Browser(browser.client.app) if path == "/login" else browser
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.get(path).text)
    assert named
    for each in named:
        assert each.startswith(f"{static_address()}/")
        assert browser.get(each).status_code == 200


def test_any_change_of_any_file_makes_another_release(tmp_path: Path) -> None:
    (tmp_path / "viewer").mkdir()
    (tmp_path / "a.js").write_text("one")
    (tmp_path / "viewer" / "b.js").write_text("two")
    releases = [release_of(tmp_path, ["policy"]), release_of(tmp_path, ["policy"])]
    assert len(set(releases)) == 1
    (tmp_path / "viewer" / "b.js").write_text("three")
    releases.append(release_of(tmp_path, ["policy"]))
    (tmp_path / "viewer" / "b.js").rename(tmp_path / "viewer" / "c.js")
    releases.append(release_of(tmp_path, ["policy"]))
    (tmp_path / "viewer" / "c.js").rename(tmp_path / "c.js")
    releases.append(release_of(tmp_path, ["policy"]))
    releases.append(release_of(tmp_path, ["a stricter policy"]))
    assert len(set(releases)) == 5
