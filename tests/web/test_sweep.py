"""Every operation of the OpenAPI document, asked by everybody: nothing is answered that the one table does not allow.

For each role, with and without the right to images, and for a locked, an expired and a revoked session and for nobody;
with the keys of somebody's study that is there. A laboratory is asked with a study that was given to another one.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from httpx import Response
from litestar import get
from litestar.types import ASGIApp, ControllerRouterHandler

from appliance.accounts.account import Account
from appliance.accounts.roles import IMAGE_RIGHT, Permission, Role, permissions_of
from appliance.accounts.service import all_accounts
from appliance.accounts.sessions import Stage, end_session, find_session, lock_screen, start_session
from appliance.clock import microseconds
from appliance.errors import OutOfSpace
from appliance.identifiers import AETitle
from appliance.inbox.public_key import read_public_key
from appliance.inbox.writer import InboxWriter
from appliance.intake.storing import Reception
from appliance.sandbox.birth import Nursery
from appliance.store.files import RealFiles
from appliance.web.dicomweb.callers import Callers
from appliance.web.dicomweb.lent import LentStudies
from appliance.web.dicomweb.metadata import Metadata
from appliance.web.dicomweb.routes import Dicomweb, in_front_of
from appliance.web.dicomweb.store import Storing
from appliance.web.http.access import Door, access
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.http.csrf import HEADER
from appliance.web.staff.app import HANDLERS, create_app
from appliance.web.staff.description import document
from tests.web.a_clinic import Browser, form_token_of
from tests.web.a_laboratory import ACanarysClinic
from tests.web.an_emergency import an_envelope, lent
from tests.web.test_permissions import WHO, without

STATES = ("nobody", "locked", "expired", "revoked", "half in")
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


def operations(handlers: Sequence[ControllerRouterHandler] = HANDLERS) -> Table:
    """Read the document."""
    found = []
    for path, methods in document(handlers)["paths"].items():
        for method, described in methods.items():
            permission, door = described.get("x-enamel-permission"), described.get("x-enamel-door")
            found.append(
                Operation(
                    method.upper(), path, Permission(permission) if permission else None,
                    Permission(described["x-enamel-or"]) if "x-enamel-or" in described else None,
                    Door[door.upper()] if door else None, frozenset(described["responses"]),
                )
            )  # fmt: skip
    return found


class Sweep:
    """Asks for operations of one clinic."""

    def __init__(self, clinic: ACanarysClinic, app: ASGIApp) -> None:
        self.clinic, self.app = clinic, app
        self.other = clinic.person(Role.LAB, user_name=f"other{len(all_accounts(clinic.accounts))}")
        clinic.give(self.other)
        self.reference = clinic.laboratory.names(self.other.account_key).study(clinic.study_key)

    def session(self, person: Account, stage: Stage = Stage.FULL) -> str:
        with self.clinic.database.write() as tx:
            return start_session(tx, person.account_key, stage, "192.0.2.10", self.clinic.clock.now())

    def ask(self, operation: Operation, token: str) -> Response:
        browser = Browser(self.app)
        if token:
            browser.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
        url = self.url_of(operation.path)
        if operation.path == "/events":
            return browser.client.head(url, follow_redirects=False)
        if operation.method == "GET":
            return browser.get(url, **({"accept": "*/*"} if url.startswith("/dicomweb/") else {}))
        if url.startswith("/dicomweb/"):
            return browser.client.post(url, headers={HEADER: form_token_of(token)}, follow_redirects=False)
        return browser.post_bare(url, form_token=form_token_of(token))

    def url_of(self, path: str) -> str:
        """Give an address of an operation, with the keys of somebody's study that is there."""
        url = re.sub(r"\{(study|patient)_key\}", str(self.clinic.study_key), path)
        url = url.replace("{series_key}", "1").replace("{study_instance_uid}", self.clinic.study_uid)
        url = url.replace("{study}", self.clinic.study_uid).replace("{reference}", self.reference)
        url = url.replace("{series}", "1.2.3").replace("{instance}", "1.2.3.4").replace("{which}", "1")
        filled = re.sub(r"\{(\w+_key|sequence)\}", "999", url).replace("{job}", "none").replace("{code}", "XX")
        assert "{" not in filled, "an address that no route has is refused to nobody"
        return filled


def was_let_in(answer: Response) -> bool:
    """Say whether an answer is one of the operation itself, not of who asked."""
    to_the_door = answer.status_code == 303 and answer.headers["location"].split("?")[0] in _OPEN
    return answer.status_code not in {401, 403} and not to_the_door


def may(operation: Operation, held: frozenset[Permission]) -> bool:
    """Say by the table alone whether somebody fully signed in with these permissions may have an answer."""
    if operation.permission is not None:
        return operation.permission in held or operation.also in held
    return operation.door is not Door.SIGNING_IN


def swept(sweep: Sweep, table: Table, role: Role, *, right: bool) -> Iterator[tuple[str, str, str]]:
    """Ask for everything as one role; give what is answered otherwise than the table says."""

    def comes(name: str) -> str:
        return sweep.session(sweep.clinic.person(role, image_right=right, user_name=f"{role.value}{right}{name}"))

    return swept_by(sweep, table, comes, permissions_of(role, image_right=right))


def swept_by(
    sweep: Sweep, table: Table, comes: Callable[[str], str], held: frozenset[Permission]
) -> Iterator[tuple[str, str, str]]:
    """Ask for everything in sessions of somebody new each time; give what the permissions do not allow."""
    token = comes(secrets.token_hex(8))
    for operation in table:
        # Where it may end what its caller has, somebody else asks.
        answer = sweep.ask(operation, token if operation.door is None else comes(secrets.token_hex(8)))
        if answer.status_code >= 500 and answer.status_code != 503:
            yield operation.method, operation.path, f"fault {answer.status_code}"
        if operation.door is not Door.PUBLIC and _is_wrong(operation, answer, may(operation, held)):
            yield operation.method, operation.path, f"{answer.status_code}, allowed: {may(operation, held)}"
        if str(answer.status_code) not in operation.documented:
            yield operation.method, operation.path, f"undocumented {answer.status_code}"


def _is_wrong(operation: Operation, answer: Response, allowed: bool) -> bool:
    return was_let_in(answer) != allowed and operation.path not in {
        "/logout", "/lock", "/lock/now", "/password", "/emergency/end",
    }  # fmt: skip


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> ACanarysClinic:
    return ACanarysClinic(tmp_path_factory.mktemp("clinic"))


def application(clinic: ACanarysClinic, handlers: Sequence[ControllerRouterHandler] = HANDLERS) -> ASGIApp:
    """Give what the staff process serves: DICOMweb in front of pages."""
    copying = clinic.laboratory.copying
    lent = LentStudies(clinic.laboratory, clinic.clock)
    callers = Callers(clinic.accounts)
    dicomweb = Dicomweb(
        copying.source, callers, Metadata(copying.source, clinic.clock), a_full_inbox(clinic, callers), lent
    )
    return in_front_of(create_app(clinic.context, handlers), dicomweb)


def a_full_inbox(clinic: ACanarysClinic, callers: Callers) -> Storing:
    """Give a way in over DICOMweb that asks who comes, and has no room for anything."""

    def check_space() -> None:
        raise OutOfSpace("there is no room")

    key_file = partial(read_public_key, clinic.folder / "no-key")
    inbox = InboxWriter(clinic.folder / "inbox", key_file, RealFiles(), clinic.clock)
    nursery = Nursery("facts")
    reception = Reception(
        inbox, clinic.database, clinic.accounts.audit, clinic.clock, nursery.birth, check_space, AETitle("ENAMEL")
    )
    return Storing(reception, callers, on_close=nursery.close)


@pytest.fixture(scope="module")
def sweep(clinic: ACanarysClinic) -> Sweep:
    return Sweep(clinic, application(clinic))


def test_the_document_has_every_route_and_every_resource_of_dicomweb() -> None:
    described = {(one.method, one.path) for one in operations()}
    routes = set()
    for handler in HANDLERS:
        for path in handler.paths:
            routes |= {(str(getattr(m, "value", m)), re.sub(r":\w+\}", "}", path)) for m in handler.http_methods}
    assert routes <= described
    besides = described - routes
    assert len({one for one in besides if one[0] == "GET" and one[1].startswith("/dicomweb/")}) == 14
    assert {one for one in besides if not one[1].startswith("/dicomweb/") or one[0] != "GET"} == {
        ("GET", "/series/{series_key}/stream"), ("POST", "/dicomweb/studies"), ("POST", "/dicomweb/studies/{study}"),
    }  # fmt: skip
    assert all(one.permission or one.door for one in operations())


@pytest.mark.parametrize(("role", "right"), WHO)
def test_no_role_is_answered_otherwise_than_the_table_says(sweep: Sweep, role: Role, right: bool) -> None:
    assert list(swept(sweep, operations(), role, right=right)) == []


@pytest.mark.parametrize("role", [Role.RECEPTION, Role.ADMINISTRATOR, Role.EMERGENCY])
def test_an_emergency_opens_what_may_be_looked_at_and_nothing_else(sweep: Sweep, role: Role) -> None:
    def comes(name: str) -> str:
        return lent(sweep.clinic, broke_in(sweep.clinic, role, name))

    held = permissions_of(role, image_right=False) | IMAGE_RIGHT
    assert list(swept_by(sweep, operations(), comes, held)) == []


@pytest.mark.parametrize("minutes", [60, -2, 90])
@pytest.mark.parametrize("role", [Role.RECEPTION, Role.EMERGENCY])
def test_when_it_is_over_or_the_clock_was_set_nothing_of_it_is_left(sweep: Sweep, role: Role, minutes: int) -> None:
    clinic, own = sweep.clinic, permissions_of(Role.RECEPTION, image_right=False)
    token = lent(clinic, broke_in(clinic, role, f"over {minutes}"))
    elsewhere = sweep.session(broke_in(clinic, Role.RECEPTION, f"elsewhere {minutes}{role}"))
    clinic.clock.step(minutes=minutes)
    with clinic.database.write() as tx:
        tx.change("UPDATE sessions SET last_active_at = :now, created_at = :now", now=microseconds(clinic.clock.now()))
    looking = [one for one in operations() if one.permission in IMAGE_RIGHT]
    assert len(looking) > 15
    for operation in looking:
        answers = {each: sweep.ask(operation, each) for each in (token, elsewhere)}
        allowed = may(operation, own)
        assert was_let_in(answers[elsewhere]) == allowed, operation
        assert was_let_in(answers[token]) == (allowed and role is Role.RECEPTION), operation
    clinic.clock.step(minutes=-minutes)


def broke_in(clinic: ACanarysClinic, role: Role, name: str) -> Account:
    """Give somebody whom the right is lent to: a person, or an opened envelope."""
    return an_envelope(clinic, name) if role is Role.EMERGENCY else clinic.person(role, user_name=f"lent {role} {name}")


@pytest.mark.parametrize("state", STATES)
def test_whoever_is_not_in_gets_the_public_pages_alone(sweep: Sweep, state: str) -> None:
    clinic = sweep.clinic
    person = clinic.person(Role.DENTIST, image_right=True, user_name=f"dentist {state}")
    wrong = []
    for operation in operations():
        answer = sweep.ask(operation, token_in(sweep, person, state))
        allowed = {Door.PUBLIC: True, Door.AT_LOCK: state == "locked", Door.SIGNING_IN: state == "half in"}
        told = str(answer.status_code) in operation.documented and answer.status_code < 500
        if not told or (was_let_in(answer) and not allowed.get(operation.door or Door.CLOSED, False)):
            wrong.append((operation.method, operation.path, answer.status_code))
    assert [one for one in wrong if one[1] not in {"/logout", "/lock/now"}] == []


def token_in(sweep: Sweep, person: Account, state: str) -> str:
    """Give a session in this state."""
    clinic = sweep.clinic
    if state == "nobody":
        return ""
    token = sweep.session(person, Stage.PASSWORD if state == "half in" else Stage.FULL)
    session = find_session(clinic.accounts, token)
    assert session is not None
    if state == "locked":
        lock_screen(clinic.accounts, session, "192.0.2.10")
    if state == "revoked":
        end_session(clinic.accounts, session, "192.0.2.10")
    if state == "expired":
        clinic.clock.pass_time(days=8)
    return token


def test_another_laboratorys_study_does_not_exist_for_this_one(sweep: Sweep) -> None:
    browser = sweep.clinic.signed_in(sweep.clinic.lab)
    there = sweep.clinic.signed_in(sweep.other)
    page = f"/laboratory/{sweep.reference}"
    sweep.clinic.give(sweep.other)
    assert there.get(page).status_code == 200
    assert browser.get(page).status_code == browser.get("/laboratory/S-0000000000").status_code == 404


def test_a_route_that_states_nothing_is_found(clinic: ACanarysClinic) -> None:
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "open"

    handlers = [*HANDLERS, forgotten]
    sweep = Sweep(clinic, application(clinic, handlers))
    table = [one for one in operations(handlers) if one.path == "/forgotten"]
    assert list(swept(sweep, table, Role.ADMINISTRATOR, right=True)) != []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/people"), ("GET", "/laboratory/{reference:str}"), ("POST", "/people")]
)
def test_a_permission_that_is_dropped_is_found(clinic: ACanarysClinic, method: str, path: str) -> None:
    left: Mapping[str, Any] = access(Door.SIGNED_IN)
    sweep = Sweep(clinic, application(clinic, without(method, path, dict(left))))
    plain = path.replace(":str", "")
    table = [one for one in operations() if (one.method, one.path) == (method, plain)]
    assert [one[:2] for one in swept(sweep, table, Role.RECEPTION, right=False)] == [(method, plain)]
