"""Every operation of the OpenAPI document, asked by everybody: nothing is answered that the one table does not allow.

For each role, with and without the right to images, and for a locked, an expired and a revoked session and for nobody.
Each is asked about what somebody else has and what is there, with a whole form and a code that is good: whoever may is
answered with the thing itself, or in the one other way that is stated here, and of whoever may not the record holds a
refusal and nothing else. What is a person's or a laboratory's own does not exist for another. No answer is a fault.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from httpx import Response
from litestar import get

from appliance.accounts.account import Account
from appliance.accounts.roles import IMAGE_RIGHT, Permission, Role, permissions_of
from appliance.accounts.sessions import Stage, end_session, find_session, lock_screen
from appliance.clock import microseconds
from appliance.errors import Unavailable
from appliance.web.http.access import Door, access, needs
from appliance.web.staff.app import HANDLERS
from tests.web.a_laboratory import ACanarysClinic
from tests.web.a_sweep import Operation, Sweep, Table, Visitor, application, may, operations, was_let_in
from tests.web.an_emergency import an_envelope, lent, with_app
from tests.web.test_permissions import WHO, without

TABLE = operations()
STATES = ("nobody", "locked", "expired", "revoked", "half in")
WELL = frozenset({200, 204, 303})
REFUSALS = {"not permitted", "login throttled", "requests throttled"}
# What is answered otherwise to somebody who may, and why.
OTHERWISE: Mapping[tuple[str, str], frozenset[int]] = {
    ("POST", "/account/passkeys"): frozenset({422}),  # no device answered
    ("POST", "/account/passkeys/{passkey_key}/remove"): frozenset({404}),  # it is somebody else's
    ("POST", "/account/pin"): frozenset({422}),  # nobody came in whole in this browser
    ("POST", "/account/second-factor"): frozenset({403}),  # there is one
    ("POST", "/account/sessions/end"): frozenset({404}),  # it is somebody else's
    ("POST", "/lock/passkey"): frozenset({403, 429}),  # no device answered, many times
    ("GET", "/laboratory/{reference}"): frozenset({404}),  # it was given to another laboratory
    ("POST", "/laboratory/{reference}/download"): frozenset({404}),
}
# What asks whoever opened an envelope for proofs that nobody has of them, or would change how they named themselves.
OF_AN_ENVELOPE: Mapping[tuple[str, str], frozenset[int]] = {
    ("POST", "/account/close"): frozenset({403}), ("POST", "/account/codes"): frozenset({403}),
    ("POST", "/account/name"): frozenset({403}), ("POST", "/account/passkeys"): frozenset({403}),
    ("POST", "/account/passkeys/{passkey_key}/remove"): frozenset({403}),
    ("POST", "/account/pin"): frozenset({403}), ("POST", "/lock"): frozenset({403}),
    ("POST", "/password"): frozenset({400}),
}  # fmt: skip
ENDS_HERE = {("POST", "/logout"), ("POST", "/account/close"), ("POST", "/lock/now"), ("POST", "/emergency/end")}


def swept(sweep: Sweep, table: Table, role: Role, *, right: bool) -> Iterator[tuple[str, str, str]]:
    """Ask for everything as one role; give what is answered otherwise than the table says."""

    def comes(name: str) -> str:
        return sweep.session(sweep.somebody(role, f"{role.value}{right}{name}", right=right))

    return swept_by(sweep, table, comes, (role, permissions_of(role, image_right=right)))


def swept_by(
    sweep: Sweep, table: Table, comes: Callable[[str], str], who: tuple[Role, frozenset[Permission]]
) -> Iterator[tuple[str, str, str]]:
    """Ask for everything in sessions of somebody new each time; give what the permissions do not allow."""
    role, held = who
    visitor, once = Visitor(sweep, comes(secrets.token_hex(8))), Visitor(sweep, "")
    for operation in table:
        asks = visitor
        if may_end_or_widen(operation):  # what its caller has: somebody else asks
            asks = once
            once.comes_with(comes(secrets.token_hex(8)))
        answer = asks.ask(operation, fresh=may(operation, held))
        for told in wrong(operation, answer, role, held):
            yield operation.method, operation.path, told
        if not may(operation, held) and (changed := sweep.new_events() - REFUSALS):
            yield operation.method, operation.path, f"recorded {sorted(changed)}"


def may_end_or_widen(operation: Operation) -> bool:
    """Say whether a session may be another one, or none, once this was asked in it."""
    only_shows = operation.door is None or (operation.door is Door.SIGNED_IN and operation.method == "GET")
    return not only_shows or operation.path == "/emergency"


def wrong(operation: Operation, answer: Response, role: Role, held: frozenset[Permission]) -> Iterator[str]:
    """Say what of an answer is not as the table has it."""
    status, allowed = answer.status_code, may(operation, held)
    if status >= 500:
        yield f"fault {status}"
    if str(status) not in operation.documented:
        yield f"undocumented {status}"
    if operation.door is Door.PUBLIC:
        return
    if not allowed and was_let_in(answer):
        yield f"{status}, not allowed"
    if allowed and status not in (stated := answers_to(operation, role, held)):
        yield f"{status}, allowed: {sorted(stated)}"
    if allowed and status in WELL and not was_let_in(answer) and (operation.method, operation.path) not in ENDS_HERE:
        yield f"allowed, sent to {answer.headers['location']}"


def answers_to(operation: Operation, role: Role, held: frozenset[Permission]) -> frozenset[int]:
    """Give the statuses of which one is answered to somebody who may."""
    asked = (operation.method, operation.path)
    if role is Role.EMERGENCY and asked in OF_AN_ENVELOPE:
        return OF_AN_ENVELOPE[asked]
    if asked == ("POST", "/emergency") and held >= IMAGE_RIGHT:
        return frozenset({422})  # whoever may look needs none
    if (
        operation.also is not None
        and operation.permission not in held
        and operation.permission is Permission.VIEW_IMAGES
    ):
        return frozenset({404})  # it was given to another laboratory
    return OTHERWISE.get(asked, WELL)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> ACanarysClinic:
    return ACanarysClinic(tmp_path_factory.mktemp("clinic"))


@pytest.fixture(scope="module")
def sweep(clinic: ACanarysClinic) -> Sweep:
    return Sweep(clinic, application(clinic))


def test_the_document_has_every_route_and_every_resource_of_dicomweb() -> None:
    described = {(one.method, one.path) for one in TABLE}
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
    assert all(one.permission or one.door for one in TABLE)


@pytest.mark.parametrize(("role", "right"), WHO)
def test_no_role_is_answered_otherwise_than_the_table_says(sweep: Sweep, role: Role, right: bool) -> None:
    assert list(swept(sweep, TABLE, role, right=right)) == []


@pytest.mark.parametrize("role", [Role.RECEPTION, Role.ADMINISTRATOR, Role.EMERGENCY])
def test_an_emergency_opens_what_may_be_looked_at_and_nothing_else(sweep: Sweep, role: Role) -> None:
    def comes(name: str) -> str:
        return lent(sweep.clinic, broke_in(sweep.clinic, role, name))

    held = permissions_of(role, image_right=False) | IMAGE_RIGHT
    assert list(swept_by(sweep, TABLE, comes, (role, held))) == []


@pytest.mark.parametrize("minutes", [60, -2, 90])
@pytest.mark.parametrize("role", [Role.RECEPTION, Role.EMERGENCY])
def test_when_it_is_over_or_the_clock_was_set_nothing_of_it_is_left(sweep: Sweep, role: Role, minutes: int) -> None:
    clinic, own = sweep.clinic, permissions_of(Role.RECEPTION, image_right=False)
    token = lent(clinic, broke_in(clinic, role, f"over {minutes}"))
    elsewhere = sweep.session(broke_in(clinic, Role.RECEPTION, f"elsewhere {minutes}{role}"))
    clinic.clock.step(minutes=minutes)
    with clinic.database.write() as tx:
        tx.change("UPDATE sessions SET last_active_at = :now, created_at = :now", now=microseconds(clinic.clock.now()))
    looking = [one for one in TABLE if one.permission in IMAGE_RIGHT]
    assert len(looking) > 15
    for operation in looking:
        answers = {each: sweep.ask(operation, each) for each in (token, elsewhere)}
        allowed = may(operation, own)
        assert was_let_in(answers[elsewhere]) == allowed, operation
        assert was_let_in(answers[token]) == (allowed and role is Role.RECEPTION), operation
    clinic.clock.step(minutes=-minutes)


def broke_in(clinic: ACanarysClinic, role: Role, name: str) -> Account:
    """Give somebody whom the right is lent to: a person, or an opened envelope."""
    return an_envelope(clinic, name) if role is Role.EMERGENCY else with_app(clinic, role, f"lent {role} {name}")


@pytest.mark.parametrize("state", STATES)
def test_whoever_is_not_in_gets_the_public_pages_alone(sweep: Sweep, state: str) -> None:
    person = sweep.somebody(Role.DENTIST, f"dentist {state}", right=True)
    doors = {Door.PUBLIC: True, Door.AT_LOCK: state == "locked", Door.SIGNING_IN: state == "half in"}
    visitor, found = Visitor(sweep, token_in(sweep, person, state)), []
    for operation in TABLE:
        allowed = doors.get(operation.door or Door.CLOSED, False)
        if allowed:  # it may end what its caller has
            visitor.comes_with(token_in(sweep, person, state))
        answer = visitor.ask(operation, fresh=allowed)
        if allowed:
            visitor.comes_with(token_in(sweep, person, state))
        elif changed := sweep.new_events() - REFUSALS:
            found.append((operation.method, operation.path, f"recorded {sorted(changed)}"))
        told = str(answer.status_code) in operation.documented and answer.status_code < 500
        if not told or (was_let_in(answer) and not allowed):
            found.append((operation.method, operation.path, str(answer.status_code)))
    assert found == []


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
    browser = sweep.clinic.signed_in(sweep.clinic.lab, sweep.app)
    there = sweep.clinic.signed_in(sweep.other, sweep.app)
    page = f"/laboratory/{sweep.reference}"
    study = f"/dicomweb/studies/{sweep.clinic.laboratory.names(sweep.other.account_key).uid(sweep.clinic.study_uid)}"
    sweep.clinic.give(sweep.other)
    assert there.get(page).status_code == there.get(study, accept="*/*").status_code == 200
    assert browser.get(page).status_code == browser.get("/laboratory/S-0000000000").status_code == 404
    assert browser.get(study, accept="*/*").status_code == 404
    assert browser.get("/dicomweb/studies", accept="*/*").json() == []
    assert len(there.get("/dicomweb/studies", accept="*/*").json()) == 1


def test_what_is_somebody_elses_own_stays_as_it_was(sweep: Sweep) -> None:
    own = {"/account/passkeys/{passkey_key}/remove", "/account/sessions/end"}
    visitor = Visitor(sweep, sweep.session(sweep.somebody(Role.ADMINISTRATOR, "meddler", right=True)))
    for operation in [one for one in TABLE if one.path in own]:
        assert visitor.ask(operation, fresh=True).status_code == 404
    owner = {"key": sweep.others.owner.account_key}
    with sweep.clinic.database.read() as tx:
        assert tx.rows("SELECT 1 FROM passkeys WHERE account_key = :key", **owner)
        assert not tx.rows("SELECT 1 FROM sessions WHERE account_key = :key AND revoked_at IS NOT NULL", **owner)


def test_a_route_that_states_nothing_is_found(clinic: ACanarysClinic) -> None:
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "open"

    handlers = [*HANDLERS, forgotten]
    sweep = Sweep(clinic, application(clinic, handlers))
    table = [one for one in operations(handlers) if one.path == "/forgotten"]
    assert list(swept(sweep, table, Role.ADMINISTRATOR, right=True)) != []


def test_an_answer_that_the_box_cannot_give_now_is_a_fault(clinic: ACanarysClinic) -> None:
    @get("/not-now", opt=needs(Permission.READ_KEEPING), sync_to_thread=False)
    def not_now() -> str:
        raise Unavailable("something is not ready")

    handlers = [*HANDLERS, not_now]
    sweep = Sweep(clinic, application(clinic, handlers))
    table = [one for one in operations(handlers) if one.path == "/not-now"]
    told = [found[2] for found in swept(sweep, table, Role.AUDITOR, right=False)]
    assert told == ["fault 503", "503, allowed: [200, 204, 303]"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/people"), ("GET", "/laboratory/{reference:str}"), ("POST", "/people")]
)
def test_a_permission_that_is_dropped_is_found(clinic: ACanarysClinic, method: str, path: str) -> None:
    left: Mapping[str, Any] = access(Door.SIGNED_IN)
    sweep = Sweep(clinic, application(clinic, without(method, path, dict(left))))
    plain = path.replace(":str", "")
    table = [one for one in TABLE if (one.method, one.path) == (method, plain)]
    assert {one[:2] for one in swept(sweep, table, Role.RECEPTION, right=False)} == {(method, plain)}
