"""Asks for every operation of the OpenAPI document as a sweep does: whole forms about what is there, and another's.

A visitor is one browser with one session. Where the table lets a visitor do something, it is asked about a thing that
nobody used up before; a form is whole, its token right and its code the app's next one, so that what answers is whether
this person may, and not whether the form can be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httpx import Response
from litestar.types import ASGIApp, ControllerRouterHandler

from appliance.accounts.account import Account
from appliance.accounts.roles import Permission, Role
from appliance.accounts.service import all_accounts
from appliance.accounts.sessions import Stage, start_session
from appliance.identifiers import AETitle, BoxId
from appliance.inbox.public_key import InboxPublicKey
from appliance.inbox.writer import InboxWriter
from appliance.intake.storing import Reception
from appliance.keys.inbox_seal import new_inbox_key_pair
from appliance.sandbox.birth import Nursery
from appliance.store.files import RealFiles
from appliance.web.dicomweb.callers import Callers
from appliance.web.dicomweb.lent import LentStudies
from appliance.web.dicomweb.metadata import Metadata
from appliance.web.dicomweb.routes import Dicomweb, in_front_of
from appliance.web.dicomweb.store import Storing
from appliance.web.http.access import Door
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.http.csrf import HEADER
from appliance.web.staff.app import HANDLERS, create_app
from appliance.web.staff.description import document
from tests.web.a_clinic import Browser, form_token_of
from tests.web.a_laboratory import ACanarysClinic
from tests.web.a_proof import SECRET
from tests.web.a_store import RELATED, nothing, related
from tests.web.other_peoples import OtherPeoples

FORM = "application/x-www-form-urlencoded"
_OPEN = {"/login", "/lock", "/password"}
Table = Sequence["Operation"]


@dataclass(frozen=True)
class Operation:
    """One operation of the document, and what it asks for."""

    method: str
    path: str
    permission: Permission | None
    also: Permission | None
    door: Door | None
    documented: frozenset[str]
    fields: tuple[str, ...] = ()


def operations(handlers: Sequence[ControllerRouterHandler] = HANDLERS) -> Table:
    """Read the document."""
    return [
        _operation(method, path, described)
        for path, methods in document(handlers)["paths"].items()
        for method, described in methods.items()
    ]


def _operation(method: str, path: str, described: Mapping[str, Any]) -> Operation:
    permission, door = described.get("x-enamel-permission"), described.get("x-enamel-door")
    form = described.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {})
    return Operation(
        method.upper(), path, Permission(permission) if permission else None,
        Permission(described["x-enamel-or"]) if "x-enamel-or" in described else None,
        Door[door.upper()] if door else None, frozenset(described["responses"]), tuple(form.get("properties", {})),
    )  # fmt: skip


def was_let_in(answer: Response) -> bool:
    """Say whether an answer is one of the operation itself, not of who asked."""
    to_the_door = answer.status_code == 303 and answer.headers["location"].split("?")[0] in _OPEN
    return answer.status_code not in {401, 403} and not to_the_door


def may(operation: Operation, held: frozenset[Permission]) -> bool:
    """Say by the table alone whether somebody fully signed in with these permissions may have an answer."""
    if operation.permission is not None:
        return operation.permission in held or operation.also in held
    return operation.door is not Door.SIGNING_IN


class Sweep:
    """Asks for operations of one clinic; what it asks about is nobody's who asks."""

    def __init__(self, clinic: ACanarysClinic, app: ASGIApp) -> None:
        self.clinic, self.app = clinic, app
        self.other = clinic.person(Role.LAB, user_name=f"other{len(all_accounts(clinic.accounts))}")
        clinic.give(self.other)
        self.reference = clinic.laboratory.names(self.other.account_key).study(clinic.study_key)
        self.others = OtherPeoples(clinic, self.other, self.reference)
        self._seen = 0

    def session(self, person: Account, stage: Stage = Stage.FULL) -> str:
        with self.clinic.database.write() as tx:
            return start_session(tx, person.account_key, stage, "192.0.2.10", self.clinic.clock.now())

    def somebody(self, role: Role, name: str, *, right: bool = False) -> Account:
        """Add somebody with an app."""
        return self.clinic.person(role, image_right=right, user_name=name, totp_secret=SECRET)

    def url_of(self, path: str) -> str:
        """Give an address of an operation, with the keys of what somebody else has."""
        return self.others.url_of(path, fresh=False)

    def ask(self, operation: Operation, token: str) -> Response:
        """Ask once, in a browser of its own."""
        return Visitor(self, token).ask(operation)

    def new_events(self) -> set[str]:
        """Give what was recorded since this was last asked for."""
        with self.clinic.database.read() as tx:
            rows = tx.rows("SELECT sequence, event FROM audit_events WHERE sequence > :seen", seen=self._seen)
        self._seen = max([self._seen, *(int(row[0]) for row in rows)])
        return {str(row[1]) for row in rows}


class Visitor:
    """One browser with one session."""

    def __init__(self, sweep: Sweep, token: str) -> None:
        self._sweep = sweep
        self.browser = Browser(sweep.app)
        self.comes_with(token)

    @property
    def token(self) -> str:
        """What it shows now; another one once its person proved anew who they are."""
        return str(self.browser.client.cookies.get(SESSION_COOKIE, ""))

    def comes_with(self, token: str) -> None:
        """Put this session in place of whatever the browser had."""
        self._form_token = form_token_of(token)  # that of the session as it began, however often it is renewed
        self.browser.client.cookies.clear()
        if token:
            self.browser.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")

    def ask(self, operation: Operation, *, fresh: bool = False) -> Response:
        """Ask for an operation; `fresh` for somebody who may, so that what it uses up is there."""
        fresh = fresh and operation.method == "POST"
        url = self._sweep.others.url_of(operation.path, fresh=fresh)
        fields = self._sweep.others.form_of(operation.path, operation.fields, fresh=fresh)
        self._sweep.new_events()  # what was made to be asked about is no answer's doing
        if operation.path == "/events":
            return self.browser.client.head(url, follow_redirects=False)
        if operation.method == "GET":
            return self.browser.get(url, **({"accept": "*/*"} if url.startswith("/dicomweb/") else {}))
        if url.startswith("/dicomweb/"):
            return self._hand_in(url)
        return self.browser.post_bare(url, form_token=self._form_token, **fields)

    def _hand_in(self, url: str) -> Response:
        headers = {HEADER: self._form_token, "content-type": RELATED, "accept": "application/dicom+json"}
        body = related([self._sweep.others.an_object()])
        return self.browser.client.post(url, content=body, headers=headers, follow_redirects=False)


def application(clinic: ACanarysClinic, handlers: Sequence[ControllerRouterHandler] = HANDLERS) -> ASGIApp:
    """Give what the staff process serves: DICOMweb in front of pages."""
    copying = clinic.laboratory.copying
    lent = LentStudies(clinic.laboratory, clinic.clock)
    callers = Callers(clinic.accounts)
    dicomweb = Dicomweb(
        copying.source, callers, Metadata(copying.source, clinic.clock), an_inbox(clinic, callers), lent
    )
    return in_front_of(create_app(clinic.context, handlers), dicomweb)


def an_inbox(clinic: ACanarysClinic, callers: Callers) -> Storing:
    """Give a way in over DICOMweb, to an inbox that takes what is handed in."""
    public = InboxPublicKey(BoxId.new(), 1, new_inbox_key_pair().public_key)
    (clinic.folder / "inbox").mkdir(exist_ok=True)
    inbox = InboxWriter(clinic.folder / "inbox", lambda: public, RealFiles(), clinic.clock)
    nursery = Nursery("facts")
    reception = Reception(
        inbox, clinic.database, clinic.accounts.audit, clinic.clock, nursery.birth, nothing, AETitle("ENAMEL")
    )
    return Storing(reception, callers, on_close=nursery.close)
