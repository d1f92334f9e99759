"""A box that is handed objects over DICOMweb: staff's half on a unix socket, intake's at hand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from litestar import Litestar
from litestar.types import ASGIApp

from appliance.accounts.context import Accounts
from appliance.accounts.roles import Permission
from appliance.accounts.tokens import MAY_BE_SCOPED, issue_token
from appliance.archive.source import ScopedSource
from appliance.identifiers import AETitle
from appliance.intake.storing import Reception
from appliance.keys.hierarchy import Subkey, derive
from appliance.sandbox.birth import Birth, Nursery
from appliance.web.dicomweb.callers import Callers
from appliance.web.dicomweb.metadata import Metadata
from appliance.web.dicomweb.routes import Dicomweb, in_front_of
from appliance.web.dicomweb.store import Bounds, Storing
from tests.intake.a_clinic import Clinic
from tests.web.a_dicomweb import TESTER, elsewhere
from tests.web.a_server import serving

BOUNDARY = "0a1b2c3d4e5f"
RELATED = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def nothing() -> None:
    """Find room enough."""


class AStore:
    """A clinic's inbox, catalogue and accounts, and a client whose token may do everything."""

    def __init__(
        self,
        folder: Path,
        bounds: Bounds | None = None,
        check_space: Callable[[], None] = nothing,
        largest_part_bytes: int = 1 << 30,
        birth: Birth | None = None,
    ) -> None:
        self.clinic = Clinic(folder)
        clinic = self.clinic
        key = derive(clinic.root, Subkey.ACCOUNTS)
        self.accounts = Accounts(clinic.database, clinic.audit, key, clinic.clock, "Clinic")
        self.nursery = Nursery("facts")
        self.reception = Reception(
            clinic.writer, clinic.database, clinic.audit, clinic.clock, birth or self.nursery.birth, check_space,
            AETitle("ENAMEL"), largest_part_bytes,
        )  # fmt: skip
        self.bounds = bounds
        self.socket = folder / "web.sock"

    def issue(self, *permissions: Permission) -> str:
        return issue_token(self.accounts, "test", permissions, TESTER)

    def client(self, token: str = "", **headers: str) -> httpx.Client:
        named = {"Authorization": f"Bearer {token}", **headers} if token else headers
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)), base_url="http://box.test", headers=named, timeout=240
        )

    def take_in(self) -> None:
        """Let intake catalogue what is there."""
        intake = self.clinic.intake()
        while intake.step():
            pass
        intake.close()

    def application(self, pages: ASGIApp | None = None) -> ASGIApp:
        """Give what the staff process serves: DICOMweb in front of pages."""
        clinic, callers = self.clinic, Callers(self.accounts)
        source = ScopedSource(clinic.database, clinic.parts.vault, clinic.keys, clinic.audit, clinic.clock)
        storing = Storing(self.reception, callers, self.bounds, self.nursery.close)
        dicomweb = Dicomweb(source, callers, Metadata(source, clinic.clock), storing)
        return in_front_of(pages or Litestar([elsewhere], openapi_config=None), dicomweb)

    @contextmanager
    def served(self) -> Iterator[httpx.Client]:
        """Serve it on a unix socket, and give a client whose token may do everything."""
        with serving(self.application(), uds=str(self.socket)), self.client(self.issue(*MAY_BE_SCOPED)) as client:
            yield client


def related(parts: Sequence[bytes], headers: bytes = b"Content-Type: application/dicom\r\n", end: bool = True) -> bytes:
    """Give a body of these parts."""
    line = b"--" + BOUNDARY.encode()
    body = b"".join(line + b"\r\n" + headers + b"\r\n" + part + b"\r\n" for part in parts)
    return body + (line + b"--\r\n" if end else b"")


def store(
    client: httpx.Client, parts: Sequence[bytes], study: str = "", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Hand objects in."""
    named = {"Content-Type": RELATED, "Accept": "application/dicom+json", **(headers or {})}
    return client.post(f"/dicomweb/studies{study and '/' + study}", content=related(parts), headers=named)


def stored(answer: httpx.Response) -> list[str]:
    """Give the SOP Instance UIDs that an answer calls stored."""
    items = answer.json().get("00081199", {}).get("Value", [])
    return [item["00081155"]["Value"][0] for item in items]


def failed(answer: httpx.Response) -> dict[str, str]:
    """Give the reasons, in hexadecimal, by SOP Instance UID; what has none stands under an empty one."""
    document = answer.json()
    found = {}
    for item in [*document.get("00081198", {}).get("Value", []), *document.get("0008119A", {}).get("Value", [])]:
        uid = item.get("00081155", {"Value": [""]})["Value"][0]
        found[uid] = f"{item['00081197']['Value'][0]:04X}"
    return found
