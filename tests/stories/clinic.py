"""A running clinic, reached only as the outside world reaches it: ports, pages, and the command `enamel`."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import httpx
import pyotp
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, EncodedObject, Scan
from tests import warm
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0


@dataclass
class RunningClinic:
    """`enamel demo` in a process of its own; `facts` is the line that it printed."""

    data: Path
    first_port: int
    options: tuple[str, ...] = ("--no-samples", "--accept-any-peer")
    facts: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "appliance", "demo", "--json", "--data", str(self.data)]
        command += ["--give-up-after", str(60 * PATIENCE)]
        command += ["--ports-from", str(self.first_port), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the demonstration ended before it was ready"
        self.facts = json.loads(line)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to end, wait, and give its status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(240)
        finally:
            self.process.kill()

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.facts["web"]["ca_file"])

    def enamel(self, *words: str, given: str = "") -> Any:  # noqa: ANN401  whatever the JSON holds
        """Run a command on this clinic's data and give what its JSON says."""
        done = self.run(*words, given=given)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on this clinic's data, whatever becomes of it."""
        return warm.run(*words, "--data", str(self.data), "--json", given=given)

    def storescu(self, folder: Path, calling: str = "CONSOLE", *more: str) -> subprocess.CompletedProcess[str]:
        """Send a folder with DCMTK."""
        dicom = self.facts["dicom"]
        command = ["storescu", "-v", "-aet", calling, "-aec", dicom["ae_title"], *more, "+sd", dicom["host"]]
        return subprocess.run(
            [*command, str(dicom["port"]), str(folder)], capture_output=True, text=True, check=False,
            env={**os.environ, "TCP_NODELAY": "1"},
        )  # fmt: skip

    def dicomweb(self, path: str, accept: str = "application/dicom+json") -> httpx.Response:
        """Ask DICOMweb as a machine with the clinic's token."""
        headers = {"Authorization": f"Bearer {self.facts['dicomweb']['token']}", "Accept": accept}
        return httpx.get(self.facts["dicomweb"]["url"] + path, headers=headers, verify=self.trust, timeout=120)

    def keys(self) -> str:
        """Say whether the pages have keys: `open`, `sealed`, or '' while nobody answers."""
        try:
            answer = httpx.get(self.facts["web"]["url"] + "/healthz", verify=self.trust)
        except httpx.TransportError:
            return ""
        return str(answer.json()["keys"]) if answer.status_code == 200 else ""

    def browser(self) -> httpx.Client:
        """Give a browser that does not know anybody yet."""
        return httpx.Client(base_url=self.facts["web"]["url"], verify=self.trust, follow_redirects=True, timeout=120)

    def sign_in(self, who: str = "web") -> httpx.Client:
        """Sign in through the pages, with password and code, as one of the people told."""
        browser, person = self.browser(), self.facts[who]
        form = form_of(browser.get("/login"))
        asked = browser.post("/login", data={**form, "user_name": person["user"], "password": person["password"]})
        code = pyotp.TOTP(person["totp_secret"]).now()
        entered = browser.post("/login/code", data={**form_of(asked), "code": code})
        assert entered.url.path == "/studies", entered.text
        return browser


def form_of(page: httpx.Response) -> dict[str, str]:
    """Give the hidden fields of a page's forms."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))


def part_of(response: httpx.Response) -> bytes:
    """Give the one part of a multipart answer."""
    boundary = re.search(r'boundary="?([^";]+)', response.headers["content-type"])
    assert boundary
    _, part, end = response.content.split(b"--" + boundary[1].encode())
    assert end.startswith(b"--")
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def written(folder: Path, objects: Iterable[EncodedObject]) -> dict[str, EncodedObject]:
    """Write phantoms as a scanner's disk holds them, and give them by SOP Instance UID."""
    folder.mkdir()
    known = {}
    for number, one in enumerate(objects):
        (folder / f"{number:04}.dcm").write_bytes(one.part_10())
        known[one.sop_instance_uid] = one
    return known


def without_study(whole: EncodedObject) -> EncodedObject:
    """Give an object as a faulty console would send it: nobody can say to which study it belongs."""
    dataset = dcmread(BytesIO(whole.part_10()))
    del dataset.StudyInstanceUID
    bare = DicomBytesIO()
    bare.is_little_endian, bare.is_implicit_VR = True, False
    write_dataset(bare, dataset)
    return replace(whole, dataset=bare.getvalue())


def small_scan(patient: int = 0, slices: int = 20, seed: int = 5) -> Scan:
    """Give a scan of an invented patient that is quickly sent."""
    return Scan(PATIENTS[patient], Jaw(seed), shape=(slices, 64, 64), spacing_mm=(1.0, 1.5, 1.5))


def until(true: Callable[[], bool], seconds: float) -> float:
    """Wait until something is true and say how long that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds * PATIENCE, f"not within {seconds} s, however patient"
        time.sleep(0.05)
    return time.monotonic() - began
