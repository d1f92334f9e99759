"""What a clinic does to a box from its network: a scanner sends, an operator types, a browser looks."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from tests.box.machine import BOX_ADDRESS, Machine
from tests.patience import PATIENCE

SCANNER = "SCANNER"
SETTINGS = ("--settings", "/etc/enamel/settings.toml")
KEYRING = ("--keyring", "/run/enamel/keys/open/staff")
PASSPHRASE = "correct horse battery staple"  # noqa: S105  a box that lives for one test run


@dataclass(frozen=True)
class Series:
    """Files of one study, by SOP instance UID."""

    study: str
    files: dict[str, Path]


def make_series(folder: Path, count: int) -> Series:
    """Write a CT series of so many slices: pydicom's own, with UIDs of its own."""
    folder.mkdir()
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    files = {}
    for number in range(count):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.InstanceNumber = number + 1
        files[str(dataset.SOPInstanceUID)] = folder / f"{number:04}.dcm"
        dataset.save_as(files[str(dataset.SOPInstanceUID)])
    return Series(str(dataset.StudyInstanceUID), files)


def send(machine: Machine, series: Series, after: int = -1, then: Callable[[], None] = lambda: None) -> set[str]:
    """Send with DCMTK; gives the UIDs that the box acknowledged.

    Args:
        machine: The box.
        series: What to send, one association.
        after: So many acknowledgements after which `then` is done, in the middle of the transfer.
        then: What is done to the box.
    """
    uids = {str(path): uid for uid, path in series.files.items()}
    command = ["storescu", "-v", "-aet", SCANNER, "-aec", "ENAMEL", BOX_ADDRESS, "11112", *uids]
    acknowledged: list[str] = []
    sent = ""
    with subprocess.Popen(
        machine.lan_command(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as storescu:
        assert storescu.stdout is not None
        for line in storescu.stdout:
            sent = line.split("Sending file:")[1].strip() if "Sending file:" in line else sent
            if "Received Store Response (Success)" in line:
                acknowledged.append(uids[sent])
                if len(acknowledged) == after:
                    then()
    return set(acknowledged)


def enamel(machine: Machine, *words: str, given: str = "") -> Any:  # noqa: ANN401  JSON of each command's own shape
    """Run an operator's command on the box."""
    said = machine.run("enamel", *words, *SETTINGS, "--json", given=given).stdout
    return json.loads(said)


def unlock(machine: Machine) -> None:
    """Type the passphrase and wait until the pages are there."""
    enamel(machine, "unlock", given=PASSPHRASE + "\n")
    until(lambda: look(machine, "/healthz").get("keys") == "open")


def until(holds: Callable[[], bool], seconds: float = 40) -> None:
    """Wait until something holds, or fail."""
    deadline = time.monotonic() + seconds * PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.3)


def look(machine: Machine, path: str, token: str = "") -> Any:  # noqa: ANN401  JSON of each address's own shape
    """Ask the box for a JSON document over TLS, trusting its own authority only; {} while it gives none."""
    done = machine.from_the_lan(*_curl(machine, path, token), "--fail", check=False)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout else {}


def page(machine: Machine, path: str) -> str:
    """Get a page over TLS."""
    return machine.from_the_lan(*_curl(machine, path, "")).stdout


def listed(machine: Machine, token: str, study: str) -> set[str]:
    """Give the instances of a study that the box lists."""
    rows = look(machine, f"/dicomweb/studies/{study}/instances?limit=5000", token)
    return {row["00080018"]["Value"][0] for row in rows}


def retrieved(machine: Machine, token: str, study: str, scratch: Path) -> dict[str, pydicom.Dataset]:
    """Fetch a whole study over TLS."""
    out, head = scratch / "study.multipart", scratch / "study.head"
    accept = 'Accept: multipart/related; type="application/dicom"; transfer-syntax=*'
    extra = ("--fail", "-H", accept, "--output", str(out), "--dump-header", str(head))
    machine.from_the_lan(*_curl(machine, f"/dicomweb/studies/{study}", token), *extra)
    boundary = re.search(r'boundary="?([^";\s]+)', head.read_text())
    assert boundary is not None
    parts = (b"\r\n" + out.read_bytes()).split(b"\r\n--" + boundary[1].encode())
    files = (BytesIO(part.split(b"\r\n\r\n", 1)[1]) for part in parts[1:-1])
    return {str(dataset.SOPInstanceUID): dataset for dataset in map(pydicom.dcmread, files)}


def same_scans(series: Series, got: Mapping[str, pydicom.Dataset], uids: Iterable[str]) -> bool:
    """Whether each of these instances came back as it was sent; DCMTK leaves trailing padding off."""
    return all(uid in got and _bare(got[uid]) == _bare(pydicom.dcmread(series.files[uid])) for uid in uids)


def _bare(dataset: pydicom.Dataset) -> pydicom.Dataset:
    dataset.pop("DataSetTrailingPadding", None)
    return pydicom.Dataset(dataset)


def _curl(machine: Machine, path: str, token: str) -> list[str]:
    authority = machine.disk / "var" / "lib" / "enamel" / "tls" / "web-ca.pem"
    bearer = ["-H", f"Authorization: Bearer {token}"] if token else []
    return ["curl", "--silent", "--cacert", str(authority), *bearer, f"https://{BOX_ADDRESS}{path}"]
