"""The headers of every kind of answer, as exact lists."""

import pytest
from httpx import Response

from tests.web.a_clinic import Browser

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
VIEWER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
EXPECTED = {
    "content-security-policy": PAGE_POLICY,
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), browsing-topics=()",
    "cache-control": "no-store",
}
USUAL = {"content-type", "content-length", "set-cookie", "location"}


def asked(looker: Browser, path: str) -> Response:
    """Ask as somebody signed in; for the sign-in page as nobody."""
    return (Browser(looker.client.app) if path == "/login" else looker).get(path)


@pytest.mark.parametrize(
    "path", ["/", "/login", "/studies", "/studies/1", "/senders", "/quarantine", "/people", "/password", "/healthz",
             "/nothing-here", "/studies/999"]
)  # fmt: skip
def test_every_page_has_exactly_these_headers(looker: Browser, path: str) -> None:
    headers = dict(asked(looker, path).headers)
    assert {name: value for name, value in headers.items() if name not in USUAL} == EXPECTED


@pytest.mark.parametrize("path", ["/series/1/view", "/files"])
def test_the_viewer_may_also_compile_its_own_wasm_and_start_a_worker(looker: Browser, path: str) -> None:
    headers = dict(looker.get(path).headers)
    expected = EXPECTED | {"content-security-policy": VIEWER_POLICY}
    assert {name: value for name, value in headers.items() if name not in USUAL} == expected


def test_scripts_and_styles_are_looked_up_again_but_may_be_kept(looker: Browser) -> None:
    headers = looker.get("/static/office.js").headers
    assert headers["cache-control"] == "no-cache"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/login", "/studies", "/studies/1", "/series/1/view", "/files", "/senders", "/people"]
)
def test_no_page_has_inline_script_or_style_or_asks_anything_of_another_host(looker: Browser, path: str) -> None:
    answer = asked(looker, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = answer.text
    assert " style=" not in text
    assert "<style" not in text
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert not [part for part in text.split("<script")[1:] if not part.split(">", 1)[1].startswith("</script>")]
    assert " onclick" not in text
