"""A box that holds one large phantom, and that serves the other viewers' pages beside its own while it is measured.

The pages come from the box's own Caddy, by a route that is put into the running configuration and never written down:
so all viewers have one origin, one TLS and one HTTP/2 connection, and the product's own policy stays as it is.
"""

import json
import socket
import ssl
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.assembly.caddy import ADMIN_HOST
from appliance.assembly.demo import demo_folders
from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, Scan
from tests.stories.clinic import ROOT, RunningClinic, until, written

PEERS = ROOT / "benchmarks" / "viewer_peers"
LISTED_SECONDS = 240.0
PACKED_SECONDS = 240.0
HEIGHT_MM, WIDTH_MM = 56, 100  # of the phantom's field of view
Shape = tuple[int, int, int]


@contextmanager
def box_with_volume(folder: Path, shape: Shape, port: int, *, packed: bool = True) -> Iterator[RunningClinic]:
    """Run a box that has stored the phantom jaw as slices, rows and columns of this shape, and made its pack."""
    spacing = (HEIGHT_MM / shape[0], WIDTH_MM / shape[1], WIDTH_MM / shape[2])
    scan = Scan(PATIENTS[0], Jaw(11), "20260912", shape, spacing)
    say(f"making {shape[0]} slices of {shape[2]} x {shape[1]}")
    count = len(written(folder / "scan", scan.slices()))
    with RunningClinic(folder / "data", port) as clinic:
        say("sending them to a fresh box")
        sent = clinic.storescu(folder / "scan")
        if sent.returncode:
            raise RuntimeError(sent.stderr)
        until(lambda: kept(clinic) == count, LISTED_SECONDS)
        if packed:
            wait_for_pack(clinic)
        yield clinic


def facts_of(clinic: RunningClinic) -> dict[str, Any]:
    """Give what the box printed, and the digest of its key, by which a browser is told to trust its certificate."""
    web = clinic.facts["web"]
    address = urlsplit(web["url"])
    pem = ssl.get_server_certificate((address.hostname or "", address.port or 443), ca_certs=web["ca_file"])
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return clinic.facts | {"trusted": b64encode(sha256(public).digest()).decode()}


def wait_for_pack(clinic: RunningClinic) -> None:
    """Wait until the one series is prepared for quick opening."""
    say("waiting for its pack")
    until(lambda: len(clinic.enamel("packs", "list")["packs"]) == 1, PACKED_SECONDS)


def kept(clinic: RunningClinic) -> int:
    """Say how many instances are listed."""
    answer: list[Any] = clinic.dicomweb("/instances?limit=1000").json() if clinic.keys() == "open" else []
    return len(answer)


def built_peers(folder: Path) -> Path:
    """Give a folder with the other viewers' pages, built from npm's packages; they are fetched if they are not there.

    Raises:
        CalledProcessError: npm or the bundler failed.
    """
    if not (PEERS / "node_modules" / ".package-lock.json").exists():
        say("fetching the other viewers from npm")
        _run("npm", "ci", "--ignore-scripts", "--no-progress")
    say("bundling the other viewers")
    _run("node", "build.mjs", str(folder))
    return folder


def versions() -> dict[str, str]:
    """Give the other viewers' versions, as the lock file has them."""
    packages = json.loads((PEERS / "package-lock.json").read_bytes())["packages"]
    return {
        "cornerstone": f"Cornerstone3D {packages['node_modules/@cornerstonejs/core']['version']}",
        "vtk": f"vtk.js {packages['node_modules/@kitware/vtk.js']['version']}",
    }


def serve_peers(clinic: RunningClinic, pages: Path) -> str:
    """Have the running box's Caddy serve these pages, and give their address."""
    isolated = {"Cross-Origin-Opener-Policy": ["same-origin"], "Cross-Origin-Embedder-Policy": ["require-corp"]}
    prefix = "/viewer-peers"
    route = {
        "match": [{"path": [f"{prefix}/*"]}],
        "handle": [
            {"handler": "headers", "response": {"set": isolated}},
            {"handler": "rewrite", "strip_path_prefix": prefix},
            {"handler": "encode", "encodings": {"gzip": {}}},
            {"handler": "file_server", "root": str(pages)},
        ],
        "terminal": True,
    }
    _tell_caddy(clinic.data, "PUT", "/config/apps/http/servers/staff/routes/0", route)
    return str(clinic.facts["web"]["url"]) + prefix


def series_asked(clinic: RunningClinic) -> dict[str, str]:
    """Give what a viewer has to know to ask DICOMweb for the one series: its UIDs, and a token."""
    (found,) = clinic.dicomweb("/series").json()
    study, series = (found[tag]["Value"][0] for tag in ("0020000D", "0020000E"))
    return {"study": study, "series": series, "token": clinic.facts["dicomweb"]["token"]}


def driven(plan: Mapping[str, object], folder: Path) -> list[dict[str, Any]]:
    """Have Chromium do what a plan says; each run is a table of figures, or of one `failed`."""
    file = folder / "plan.json"
    file.write_text(json.dumps(plan))
    told = subprocess.run(
        ["node", "benchmarks/viewer.mjs", str(file)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return [json.loads(line) for line in told.stdout.splitlines()]


def say(words: str) -> None:
    """Tell who waits what is being done."""
    print(f"viewer: {words}", file=sys.stderr, flush=True)


def _run(*command: str) -> None:
    subprocess.run(command, cwd=PEERS, check=True, stdout=sys.stderr)


class _CaddyAdmin(HTTPConnection):
    """Caddy's own configuring address, on a socket in the box's folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(ADMIN_HOST)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a name."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def _tell_caddy(data: Path, method: str, path: str, body: object) -> None:
    connection = _CaddyAdmin(demo_folders(data).caddy_socket)
    headers = {"Content-Type": "application/json", "Origin": f"http://{ADMIN_HOST}"}
    connection.request(method, path, json.dumps(body), headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(answer.read().decode())
    connection.close()
