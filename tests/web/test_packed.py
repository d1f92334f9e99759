"""Scripts go out as the build packed them to whoever reads that, and as they are to everybody else."""

import subprocess
from pathlib import Path

import pytest

from appliance.web.staff.app import STATIC
from tests.web.a_clinic import AClinic, Browser

UNPACKED = """
const { readFileSync } = require("node:fs"), { brotliDecompressSync } = require("node:zlib");
for (const file of process.argv.slice(1))
  if (!brotliDecompressSync(readFileSync(file + ".br")).equals(readFileSync(file))) throw new Error(file);
"""
SCRIPT = "/static/viewer/viewer.js"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    clinic = AClinic(tmp_path_factory.mktemp("clinic"))
    return Browser(clinic.app)


def sent(browser: Browser, path: str, accepts: str, method: str = "GET") -> tuple[dict[str, str], bytes]:
    """Give an answer's headers and its bytes as they travel."""
    with browser.client.stream(method, path, headers={"accept-encoding": accepts}) as answer:
        assert answer.status_code == 200
        return dict(answer.headers), b"".join(answer.iter_raw())


@pytest.mark.parametrize("accepts", ["gzip, deflate, br, zstd", "br", "gzip;q=0.5, BR ; q=0.9", "br;q=1.0"])
def test_who_reads_brotli_gets_what_the_build_packed(browser: Browser, accepts: str) -> None:
    headers, body = sent(browser, SCRIPT, accepts)
    assert body == (STATIC / "viewer" / "viewer.js.br").read_bytes()
    assert headers["content-encoding"] == "br"
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    assert headers["vary"] == "Accept-Encoding"
    assert headers["x-content-type-options"] == "nosniff"
    assert sent(browser, SCRIPT, accepts, "HEAD") == (headers, b"")


@pytest.mark.parametrize("accepts", ["gzip", "", "br;q=0", "br;q=0.", "brown, gzip", "br; q=0.000"])
def test_everybody_else_gets_the_script(browser: Browser, accepts: str) -> None:
    headers, body = sent(browser, SCRIPT, accepts)
    assert body == (STATIC / "viewer" / "viewer.js").read_bytes()
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding"


def test_other_files_are_as_they_were(browser: Browser) -> None:
    for path in ("/static/viewer/viewer.css", "/static/office.js"):
        headers, body = sent(browser, path, "br")
        assert body == (STATIC / path.removeprefix("/static/")).read_bytes()
        assert "content-encoding" not in headers


@pytest.mark.peer("node")
def test_each_script_lies_there_packed_and_unpacks_to_itself() -> None:
    scripts = sorted(str(file) for file in (STATIC / "viewer").glob("*.js"))
    packed = {Path(file).name for file in (STATIC / "viewer").glob("*.br")}
    assert packed == {f"{Path(file).name}.br" for file in scripts}
    subprocess.run(["node", "-e", UNPACKED, *scripts], check=True)
