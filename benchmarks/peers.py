"""Orthanc as Debian ships it, on loopback, for reading."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
START_SECONDS = 20.0


@contextmanager
def orthanc(folder: Path, http_port: int, dicom_port: int, **more: object) -> Iterator[str]:
    """Run Orthanc with its DICOMweb plugin on what its folder holds; `more` settings win; give its base URL."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {
        "Name": "bench", "StorageDirectory": str(folder / "store"), "IndexDirectory": str(folder / "store"),
        "HttpPort": http_port, "DicomPort": dicom_port, "RemoteAccessAllowed": False, "Plugins": [PLUGIN],
        "AuthenticationEnabled": False, "DicomWeb": {"Enable": True}, **more,
    }  # fmt: skip
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen(["Orthanc", str(path)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{http_port}"
    try:
        _wait_for(url + "/system")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def upload(url: str, files: Sequence[bytes]) -> list[str]:
    """Store files by Orthanc's own API; give its ids."""
    ids = []
    for data in files:
        request = urllib.request.Request(url + "/instances", data=data, method="POST")  # noqa: S310  # only ever loopback http
        with urllib.request.urlopen(request) as answer:  # noqa: S310  # only ever loopback http
            ids.append(json.load(answer)["ID"])
    return ids


def _wait_for(url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with suppress(URLError, ConnectionError):
            urllib.request.urlopen(url).close()  # noqa: S310  # only ever loopback http
            return
        time.sleep(0.1)
    raise TimeoutError("Orthanc did not start")
