"""The viewer page of a package, opened from a folder by the browsers that it names: no server, no network.

WebKit is not among them: there a worker of a page from a folder cannot read what the page was given.
"""

import base64
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import generate_uid

from appliance.export.folder import FolderWriter
from appliance.export.zipping import zip_pieces
from appliance.store.files import RealFiles
from tests.export.a_package import AnExport
from tests.viewer.samples import grey_dataset, ramp
from tests.viewer.web_driver import BROWSERS, Wire

SLICES = 5
# A person's choice of files: browsers let no script name files, but one that is handed its bytes.
CHOOSE = """const [name, text] = arguments, hand = new DataTransfer();
hand.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name));
const field = document.querySelector("input.files");
field.files = hand.files; field.dispatchEvent(new Event("change"));"""
STORED = """return (async () => { const found = [], { enamelViewer } = window;
for (let slot = 0; slot < enamelViewer.state().images; slot++) found.push([...await enamelViewer.stored(slot)]);
return JSON.stringify(found); })();"""
pytestmark = pytest.mark.peer("chromium", "chromedriver", "firefox-esr", "dcmcjpls")


@dataclass(frozen=True)
class Given:
    """A package as the patient has it: unpacked in a folder, and the ZIP."""

    folder: Path
    archive: Path


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """A scan in plain coding, and the same again in JPEG-LS, which a codec of its own opens."""
    place = tmp_path_factory.mktemp("given")
    box = AnExport(tmp_path_factory.mktemp("box"))
    study = box.scan(slices=SLICES)
    facts = {"StudyInstanceUID": study, "SeriesInstanceUID": generate_uid(None), "SeriesNumber": 9}
    plain = BytesIO(next(iter(box.archive.stored.values())))
    model = pydicom.dcmread(plain, stop_before_pixels=True)
    kept = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "SpecificCharacterSet", "StudyDate")
    facts |= {name: model[name].value for name in kept}
    for number in range(SLICES):
        grey_dataset(ramp(number), **facts, InstanceNumber=number + 1).save_as(
            place / "a.dcm", enforce_file_format=True
        )
        subprocess.run(["dcmcjpls", "+el", "a.dcm", "b.dcm"], cwd=place, check=True)
        box.archive.store_file(place / "b.dcm")
    package = box.exporter.study(box.key_of(study))
    FolderWriter(place / "out", RealFiles()).write(package.entries, package.identity)
    (place / "p.zip").write_bytes(b"".join(zip_pieces(package.entries, package.made_at)))
    return Given(place / "out", place / "p.zip")


class Page:
    """The page in one browser."""

    def __init__(self, wire: Wire, url: str) -> None:
        self._wire = wire
        wire.ask("Navigate", {"url": url})

    def run(self, script: str, *arguments: str) -> Any:  # noqa: ANN401  whatever the script gives
        return self._wire.ask("ExecuteScript", {"script": script, "args": list(arguments)})

    def until(self, mark: str, state: str) -> None:
        """Wait until an element of the page says so in its `data-ready`."""
        script = f"return document.querySelector('{mark}')?.dataset.ready ?? ''"
        for _try in range(2400):
            if self.run(script) == state:
                return
            self.run("return new Promise((done) => setTimeout(done, 50))")
        pytest.fail(f"{mark} never said {state}: {self.run('return document.body.innerText')[:600]}")


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_package_shows_its_images_without_a_server(
    browser: str, given: Given, free_ports: Callable[[int], list[int]]
) -> None:
    with BROWSERS[browser](free_ports) as wire:
        page = Page(wire, (given.folder / "INDEX.HTM").as_uri())
        page.until("#files", "choose")
        page.run(CHOOSE, "p.zip", base64.b64encode(given.archive.read_bytes()).decode())
        page.until("#files", "found")
        expected = [[int(value) for value in ramp(number).ravel()] for number in range(SLICES)]
        for place in range(2):
            page.run(f"document.querySelectorAll('.found button.primary')[{place}].click()")
            page.until("#viewer", "all")
            assert json.loads(page.run(STORED)) == expected
            page.run("document.querySelector('.strip .back').click()")
        asked = page.run("return performance.getEntriesByType('resource').map((one) => one.name)")
        assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


def test_a_package_opens_from_the_folder_that_a_person_chooses(
    given: Given, free_ports: Callable[[int], list[int]]
) -> None:
    """As the page asks for it; Firefox's driver hands no folder to a page."""
    with BROWSERS["chromium"](free_ports) as wire:
        page = Page(wire, (given.folder / "INDEX.HTM").as_uri())
        page.until("#files", "choose")
        field = page.run("return document.querySelector('input.folder')")
        wire.ask("ElementSendKeys", {"id": next(iter(field.values())), "text": str(given.folder)})
        page.until("#files", "found")
        page.run("document.querySelector('.found button.primary').click()")
        page.until("#viewer", "all")
        assert json.loads(page.run(STORED)) == [[int(value) for value in ramp(one).ravel()] for one in range(SLICES)]


def test_the_page_may_ask_no_network(given: Given) -> None:
    text = (given.folder / "INDEX.HTM").read_text("utf-8")
    assert "connect-src data:;" in text
    assert "default-src 'none';" in text
    assert "http" not in text.replace("http-equiv", "")
