"""A browser asks for each file of a release once, and never goes on with an older one."""

import re
from pathlib import Path

import pytest

from appliance.web.http.released import release_of
from appliance.web.staff.app import STATIC, static_address
from tests.web.a_clinic import Browser
from tests.web.test_headers import EXPECTED, VIEWER_POLICY

KEPT = "public, max-age=31536000, immutable"
OTHER = "0123456789abcdef"


def test_a_file_under_its_releases_address_is_kept_for_a_year(looker: Browser) -> None:
    answer = looker.get(f"{static_address()}/viewer/viewer.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, KEPT)
    assert answer.content == (STATIC / "viewer" / "viewer.js").read_bytes()
    answer = looker.get(f"{static_address()}/base.css")
    assert answer.headers["cache-control"] == KEPT
    assert answer.content == (STATIC / "base.css").read_bytes()


def test_its_other_headers_are_those_of_the_file_itself(looker: Browser) -> None:
    headers = dict(looker.get(f"{static_address()}/viewer/worker.js").headers)
    asked = {name: headers[name] for name in EXPECTED}
    assert asked == EXPECTED | {"content-security-policy": VIEWER_POLICY, "cache-control": KEPT}
    assert headers["vary"] == "Accept-Encoding"


def test_a_packed_script_is_kept_as_well_and_a_head_says_so(looker: Browser) -> None:
    address = f"{static_address()}/viewer/viewer.js"
    for method in ("GET", "HEAD"):
        with looker.client.stream(method, address, headers={"accept-encoding": "br"}) as answer:
            assert (answer.headers["content-encoding"], answer.headers["cache-control"]) == ("br", KEPT)


@pytest.mark.parametrize("path", [f"/static/{OTHER}/base.css", "/static/base.css"])
def test_a_file_under_another_address_is_this_releases_and_not_kept(looker: Browser, path: str) -> None:
    answer = looker.get(path)
    assert (answer.content, answer.headers["cache-control"]) == ((STATIC / "base.css").read_bytes(), "no-cache")


@pytest.mark.parametrize("path", ["nothing.js", "%2e%2e/staff/app.py", "viewer/%2e%2e/%2e%2e/staff/app.py", ""])
def test_what_is_not_there_is_not_kept(looker: Browser, path: str) -> None:
    answer = looker.get(f"{static_address()}/{path}")
    assert answer.status_code in {400, 404}
    assert answer.headers["cache-control"] != KEPT


@pytest.mark.parametrize(
    "path", ["/login", "/studies", "/studies/1", "/series/1/view", "/files", "/people", "/nothing"]
)
def test_every_page_names_only_files_of_its_release_and_each_is_there(looker: Browser, path: str) -> None:
    page = Browser(looker.client.app) if path == "/login" else looker
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.get(path).text)
    assert named
    for each in named:
        assert each.startswith(f"{static_address()}/")
        assert looker.get(each).status_code == 200


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
