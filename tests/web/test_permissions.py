"""Every route against every role, from the one permission table; what is not stated is closed."""

import re
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import pytest
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler

from appliance.accounts.account import Account
from appliance.accounts.roles import ASSIGNABLE, IMAGE_RIGHT, Permission, Role, permissions_of
from appliance.accounts.tokens import issue_token
from appliance.audit.events import OPERATOR
from appliance.web.http.access import Door, access, access_of
from appliance.web.staff.app import HANDLERS, create_app
from tests.web.a_client import client_of
from tests.web.a_clinic import AClinic, Browser, form_token_in
from tests.web.invented import PEOPLE, put_all, put_quarantined, put_sender

# The whole of it, written out: whoever drops or adds a permission meets this table.
ROUTES: dict[tuple[str, str], Permission | Door] = {
    ("GET", "/.well-known/security.txt"): Door.PUBLIC,
    ("GET", "/"): Door.SIGNED_IN,
    ("GET", "/account"): Door.SIGNED_IN,
    ("GET", "/account/passkey-question"): Door.SIGNED_IN,
    ("GET", "/emergency"): Permission.BREAK_GLASS,
    ("GET", "/events"): Door.SIGNED_IN,
    ("GET", "/files"): Permission.VIEW_IMAGES,
    ("GET", "/healthz"): Door.PUBLIC,
    ("GET", "/join"): Door.PUBLIC,
    ("GET", "/keeping"): Permission.READ_KEEPING,
    ("GET", "/keeping/backups"): Permission.READ_KEEPING,
    ("GET", "/keeping/disk"): Permission.READ_KEEPING,
    ("GET", "/keeping/erasures"): Permission.READ_KEEPING,
    ("GET", "/keeping/erasures/{erasure_key:int}"): Permission.READ_KEEPING,
    ("GET", "/keeping/erasures/{erasure_key:int}/certificate"): Permission.READ_KEEPING,
    ("GET", "/keeping/jobs"): Permission.READ_KEEPING,
    ("GET", "/keeping/recovery"): Permission.READ_KEEPING,
    ("GET", "/keeping/proofs"): Permission.READ_KEEPING,
    ("GET", "/keeping/retention"): Permission.READ_KEEPING,
    ("GET", "/keeping/retention/due"): Permission.PROPOSE_ERASURE,
    ("GET", "/keeping/retention/jurisdictions"): Permission.READ_KEEPING,
    ("GET", "/keeping/retention/rules/{rule_key:int}"): Permission.MANAGE_KEEPING,
    ("GET", "/keeping/keys"): Permission.READ_KEEPING,
    ("GET", "/laboratory"): Permission.READ_GIVEN,
    ("GET", "/laboratory/{reference:str}"): Permission.READ_GIVEN,
    ("GET", "/lock"): Door.AT_LOCK,
    ("GET", "/login"): Door.PUBLIC,
    ("GET", "/login/code"): Door.SIGNING_IN,
    ("GET", "/login/emergency"): Door.PUBLIC,
    ("GET", "/login/enrol"): Door.SIGNING_IN,
    ("GET", "/login/enrol/qr.svg"): Door.SIGNING_IN,
    ("GET", "/openapi.json"): Door.SIGNED_IN,
    ("GET", "/password"): Door.CHANGING_PASSWORD,
    ("GET", "/patients/{patient_key:int}"): Permission.READ_STUDY,
    ("GET", "/patients/{patient_key:int}/export"): Permission.EXPORT_STUDIES,
    ("GET", "/patients/{patient_key:int}/seen"): Permission.SEE_VIEWERS,
    ("GET", "/people"): Permission.MANAGE_ACCOUNTS,
    ("GET", "/people/{account_key:int}"): Permission.MANAGE_ACCOUNTS,
    ("GET", "/quarantine"): Permission.READ_QUARANTINE,
    ("GET", "/quarantine/dismissed"): Permission.READ_QUARANTINE,
    ("GET", "/quarantine/{quarantine_key:int}/dismiss"): Permission.RETRY_QUARANTINE,
    ("GET", "/senders"): Permission.APPROVE_SENDERS,
    ("GET", "/series/{series_key:int}/view"): Permission.VIEW_IMAGES,
    ("GET", "/studies"): Permission.LIST_STUDIES,
    ("GET", "/studies/latest"): Permission.LIST_STUDIES,
    ("GET", "/studies/{study_key:int}"): Permission.READ_STUDY,
    ("GET", "/studies/{study_key:int}/export"): Permission.EXPORT_STUDIES,
    ("GET", "/studies/{study_key:int}/keeping"): Permission.PROPOSE_ERASURE,
    ("GET", "/studies/{study_key:int}/laboratories"): Permission.GIVE_TO_LABORATORIES,
    ("GET", "/studies/uid/{study_instance_uid:str}"): Permission.READ_STUDY,
    ("POST", "/account/close"): Door.SIGNED_IN,
    ("POST", "/account/codes"): Door.SIGNED_IN,
    ("POST", "/account/export"): Door.SIGNED_IN,
    ("POST", "/account/name"): Door.SIGNED_IN,
    ("POST", "/account/passkeys"): Door.SIGNED_IN,
    ("POST", "/account/passkeys/{passkey_key:int}/remove"): Door.SIGNED_IN,
    ("POST", "/account/pin"): Door.SIGNED_IN,
    ("POST", "/account/pin/drop"): Door.SIGNED_IN,
    ("POST", "/account/second-factor"): Door.SIGNED_IN,
    ("POST", "/account/sessions/end"): Door.SIGNED_IN,
    ("POST", "/account/sessions/end-others"): Door.SIGNED_IN,
    ("POST", "/join"): Door.PUBLIC,
    ("GET", "/trail"): Permission.READ_AUDIT,
    ("GET", "/trail/anchors"): Permission.READ_AUDIT,
    ("GET", "/trail/days"): Permission.READ_AUDIT,
    ("GET", "/trail/emergencies"): Permission.REVIEW_EMERGENCIES,
    ("GET", "/trail/emergencies/{emergency_key:int}"): Permission.REVIEW_EMERGENCIES,
    ("POST", "/emergency"): Permission.BREAK_GLASS,
    ("POST", "/emergency/end"): Door.AT_LOCK,
    ("POST", "/keeping/erasures/{erasure_key:int}/certificate"): Permission.READ_KEEPING,
    ("POST", "/keeping/jobs/{job:str}/run"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/backups"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/backups/run"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/backups/{target_key:int}/remove"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/backups/{target_key:int}/destroyed"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/clock"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/notices/test"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/notices/{notice_key:int}/acknowledge"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/recovery/drills"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/recovery/restorations/{sequence:int}/compared"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/retention/dry-run/end"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/retention/due"): Permission.PROPOSE_ERASURE,
    ("POST", "/keeping/retention/holds/{hold_key:int}/lift"): Permission.APPROVE_ERASURE,
    ("POST", "/keeping/retention/jurisdictions/{code:str}"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/retention/proposals/approve"): Permission.APPROVE_ERASURE,
    ("POST", "/keeping/retention/proposals/{proposal_key:int}/cancel"): Permission.APPROVE_ERASURE,
    ("POST", "/keeping/retention/rules/{rule_key:int}"): Permission.MANAGE_KEEPING,
    ("POST", "/keeping/retention/rules/{rule_key:int}/end"): Permission.MANAGE_KEEPING,
    ("POST", "/laboratory/{reference:str}/download"): Permission.READ_GIVEN,
    ("POST", "/language"): Door.PUBLIC,
    ("POST", "/lock"): Door.AT_LOCK,
    ("POST", "/lock/passkey"): Door.AT_LOCK,
    ("POST", "/lock/now"): Door.AT_LOCK,
    ("POST", "/login"): Door.PUBLIC,
    ("POST", "/login/code"): Door.SIGNING_IN,
    ("POST", "/login/code/passkey"): Door.SIGNING_IN,
    ("POST", "/login/emergency"): Door.PUBLIC,
    ("POST", "/login/enrol"): Door.SIGNING_IN,
    ("POST", "/login/enrol/passkey"): Door.SIGNING_IN,
    ("POST", "/login/passkey"): Door.PUBLIC,
    ("POST", "/login/without"): Door.SIGNING_IN,
    ("POST", "/login/pin"): Door.PUBLIC,
    ("POST", "/logout"): Door.AT_LOCK,
    ("POST", "/password"): Door.CHANGING_PASSWORD,
    ("POST", "/patients/{patient_key:int}/export"): Permission.EXPORT_STUDIES,
    ("POST", "/peers/{peer_key:int}/remove"): Permission.APPROVE_SENDERS,
    ("POST", "/people"): Permission.MANAGE_ACCOUNTS,
    ("POST", "/people/{account_key:int}/close"): Permission.MANAGE_ACCOUNTS,
    ("POST", "/people/{account_key:int}/invite"): Permission.MANAGE_ACCOUNTS,
    ("POST", "/people/{account_key:int}/role"): Permission.MANAGE_ACCOUNTS,
    ("POST", "/people/{account_key:int}/sessions/end"): Permission.MANAGE_ACCOUNTS,
    ("POST", "/quarantine/{quarantine_key:int}/dismiss"): Permission.RETRY_QUARANTINE,
    ("POST", "/quarantine/{quarantine_key:int}/reopen"): Permission.RETRY_QUARANTINE,
    ("POST", "/quarantine/{quarantine_key:int}/retry"): Permission.RETRY_QUARANTINE,
    ("POST", "/senders/{sender_key:int}/approve"): Permission.APPROVE_SENDERS,
    ("POST", "/senders/{sender_key:int}/dismiss"): Permission.APPROVE_SENDERS,
    ("POST", "/certificates/{certificate_key:int}/revoke"): Permission.APPROVE_SENDERS,
    ("POST", "/certificates/{certificate_key:int}/confirm"): Permission.APPROVE_SENDERS,
    ("POST", "/session/active"): Door.SIGNED_IN,
    ("POST", "/printed"): Door.SIGNED_IN,
    ("POST", "/studies/search"): Permission.LIST_STUDIES,
    ("POST", "/studies/{study_key:int}/export"): Permission.EXPORT_STUDIES,
    ("POST", "/studies/{study_key:int}/erase"): Permission.PROPOSE_ERASURE,
    ("POST", "/studies/{study_key:int}/laboratories"): Permission.GIVE_TO_LABORATORIES,
    ("POST", "/studies/{study_key:int}/laboratories/{grant_key:int}/end"): Permission.GIVE_TO_LABORATORIES,
    ("POST", "/studies/{study_key:int}/hold"): Permission.PROPOSE_ERASURE,
    ("POST", "/trail/anchors"): Permission.READ_AUDIT,
    ("POST", "/trail/export"): Permission.READ_AUDIT,
    ("POST", "/trail/days/{day_key:int}/reviewed"): Permission.READ_AUDIT,
    ("POST", "/trail/emergencies/code"): Permission.MANAGE_ACCOUNTS,
    ("POST", "/trail/emergencies/{emergency_key:int}/end"): Permission.REVIEW_EMERGENCIES,
    ("POST", "/trail/emergencies/{emergency_key:int}/review"): Permission.REVIEW_EMERGENCIES,
}
HOLDERS: dict[Permission, set[tuple[Role, bool]]] = {
    Permission.LIST_STUDIES: {
        (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True), (Role.ASSISTANT, False),
        (Role.ASSISTANT, True), (Role.RECEPTION, False),
    },
    Permission.READ_STUDY: {
        (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True), (Role.ASSISTANT, False),
        (Role.ASSISTANT, True), (Role.RECEPTION, False),
    },
    Permission.VIEW_IMAGES: {(Role.ADMINISTRATOR, True), (Role.DENTIST, True), (Role.ASSISTANT, True)},
    Permission.STORE_IMAGES: {(Role.ADMINISTRATOR, True), (Role.DENTIST, True), (Role.ASSISTANT, True)},
    Permission.APPROVE_SENDERS: {(Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True)},
    Permission.READ_QUARANTINE: {
        (Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True),
    },
    Permission.RETRY_QUARANTINE: {
        (Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True),
    },
    Permission.MANAGE_ACCOUNTS: {(Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True)},
    Permission.READ_KEEPING: {
        (Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True),
        (Role.AUDITOR, False),
    },
    Permission.MANAGE_KEEPING: {(Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True)},
    Permission.PROPOSE_ERASURE: {
        (Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True),
    },
    Permission.APPROVE_ERASURE: {
        (Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True),
    },
    Permission.EXPORT_STUDIES: {(Role.ADMINISTRATOR, True), (Role.DENTIST, True), (Role.ASSISTANT, True)},
    Permission.GIVE_TO_LABORATORIES: {(Role.ADMINISTRATOR, True), (Role.DENTIST, True), (Role.ASSISTANT, True)},
    Permission.READ_GIVEN: {(Role.LAB, False)},
    Permission.READ_AUDIT: {(Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.AUDITOR, False)},
    Permission.SEE_VIEWERS: {
        (Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True),
        (Role.AUDITOR, False),
    },
    Permission.BREAK_GLASS: {
        (Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.DENTIST, False), (Role.DENTIST, True),
        (Role.ASSISTANT, False), (Role.ASSISTANT, True), (Role.RECEPTION, False),
    },
    Permission.REVIEW_EMERGENCIES: {(Role.ADMINISTRATOR, False), (Role.ADMINISTRATOR, True), (Role.AUDITOR, False)},
}  # fmt: skip
WHO = [(role, False) for role in ASSIGNABLE] + [
    (role, True) for role in (Role.ADMINISTRATOR, Role.DENTIST, Role.ASSISTANT)
]
GUARDED = sorted((method, path) for (method, path), wanted in ROUTES.items() if isinstance(wanted, Permission))


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> AClinic:
    clinic = AClinic(tmp_path_factory.mktemp("clinic"))
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now(), PEOPLE[:2])
        put_quarantined(tx, clinic.clock.now(), "truncated")
    return clinic


@pytest.fixture(scope="module")
def all_and_nothing(clinic: AClinic) -> list[Account]:
    """Give somebody who holds every permission, and somebody who holds none."""
    every = clinic.person(Role.ADMINISTRATOR, image_right=True, user_name="every.permission")
    return [every, clinic.person(Role.LAB, user_name="no.permission")]


def stated_by(handlers: Iterable[object]) -> dict[tuple[str, str], Permission | Door]:
    """Give what each route asks for."""
    stated = {}
    for handler in handlers:
        assert isinstance(handler, HTTPRouteHandler)
        access = access_of(handler)
        for path in handler.paths:
            for method in handler.http_methods:
                stated[str(getattr(method, "value", method)), path] = access.permission or access.door
    return stated


def test_every_route_states_its_door_and_no_other_route_exists() -> None:
    assert stated_by(HANDLERS) == ROUTES


def test_the_permission_table_is_as_it_was_agreed() -> None:
    for permission in Permission:
        holders = {(role, right) for role, right in WHO if permission in permissions_of(role, image_right=right)}
        assert holders == HOLDERS[permission], permission


def test_the_role_of_an_opened_envelope_looks_and_does_nothing_else() -> None:
    assert set(Role) - set(ASSIGNABLE) == {Role.EMERGENCY}
    assert permissions_of(Role.EMERGENCY, image_right=True) == IMAGE_RIGHT
    assert {Permission.LIST_STUDIES, Permission.READ_STUDY, Permission.VIEW_IMAGES} == IMAGE_RIGHT


@pytest.mark.parametrize("role", Role)
def test_the_image_right_gives_nothing_to_roles_that_may_not_hold_it(role: Role) -> None:
    if role not in {Role.ADMINISTRATOR, Role.DENTIST, Role.ASSISTANT}:
        assert permissions_of(role, image_right=True) == permissions_of(role, image_right=False)


def wrongly_answered(
    browser: Browser, role: Role, *, right: bool, asked: Sequence[tuple[str, str]] = GUARDED
) -> list[tuple[str, str]]:
    """Ask for guarded routes as somebody of this role; give those that answer otherwise than was agreed."""
    token = {"form_token": form_token_in(browser.get("/password").text)}
    wrong = []
    for method, path in asked:
        url = re.sub(r"\{(study|series|patient)_key:int\}", "1", path)
        url = re.sub(r"\{\w+:int\}", "999", url)
        answer = browser.get(url) if method == "GET" else browser.post_bare(url, **token)
        wanted = ROUTES[method, path]
        assert isinstance(wanted, Permission)
        allowed = (role, right) in HOLDERS[wanted]
        refused = answer.status_code == 403 and "Not for your account" in answer.text
        if refused == allowed or (allowed and answer.status_code == 403):
            wrong.append((method, path))
    return wrong


@pytest.mark.parametrize(("role", "right"), WHO)
def test_each_role_reaches_what_it_may_and_nothing_else(clinic: AClinic, role: Role, right: bool) -> None:
    name = f"{role.value}.{'with' if right else 'without'}"
    browser = clinic.signed_in(clinic.person(role, image_right=right, user_name=name, display_name="Ana Prueba"))
    assert wrongly_answered(browser, role, right=right) == []


def paths_of(handler: ControllerRouterHandler) -> Iterable[str]:
    assert isinstance(handler, HTTPRouteHandler)
    return handler.paths


def without(method: str, path: str, opt: dict[str, Any]) -> list[ControllerRouterHandler]:
    """Give every route as it is, but for one whose `needs()` was taken out and `opt` put in its place."""
    changed: list[ControllerRouterHandler] = []
    for handler in HANDLERS:
        one = handler
        if (method, path) in stated_by([handler]):
            one = copy(handler)
            one.opt = opt
        changed.append(one)
    return changed


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("left", [{}, access(Door.SIGNED_IN)], ids=["nothing", "signed in"])
def test_with_one_routes_permission_dropped_the_tests_above_are_red(
    clinic: AClinic, all_and_nothing: list[Account], method: str, path: str, left: dict[str, Any]
) -> None:
    routes = without(method, path, left)
    assert stated_by(routes) != ROUTES
    asked = GUARDED if path == GUARDED[0][1] else [(method, path)]  # of one, that it changes no other's answer
    beside = [one for one in routes if asked is GUARDED or {path, "/password"} & set(paths_of(one))]
    app = create_app(clinic.context, beside)
    wrong = set()
    for person in all_and_nothing:
        browser = clinic.signed_in(person, app)
        wrong |= set(wrongly_answered(browser, person.role, right=person.image_right, asked=asked))
    assert wrong == {(method, path)}
    assert access_of(next(h for h in HANDLERS if (method, path) in stated_by([h]))).permission is ROUTES[method, path]


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_nobody_reaches_anything_but_the_public_pages_without_signing_in(
    clinic: AClinic, method: str, path: str
) -> None:
    browser = clinic.browser()
    url = re.sub(r"\{\w+:(?:int|str)\}", "1", path)
    answer = browser.get(url) if method == "GET" else browser.post_bare(url)
    if ROUTES[method, path] is Door.PUBLIC:
        assert answer.status_code == (200 if method == "GET" else 403)
    else:
        assert answer.status_code in {303, 401}
        assert answer.headers.get("location", "/login") == "/login"


def url_of(path: str) -> str:
    """Give an address of this route."""
    return re.sub(r"\{\w+:int\}", "1", path)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_no_route_offers_options_or_trace_and_each_says_what_it_does(clinic: AClinic, path: str, method: str) -> None:
    before = len(clinic.events())
    answer = clinic.browser().client.request(method, url_of(path))
    methods = {method for method, each in ROUTES if each == path} | ({"HEAD"} if ("GET", path) in ROUTES else set())
    assert answer.status_code == 405
    assert answer.headers["allow"] == ", ".join(sorted(methods))
    assert len(clinic.events()) == before


@pytest.mark.parametrize("path", sorted(path for method, path in ROUTES if method == "GET"))
def test_head_is_answered_as_get_is_without_a_body(clinic: AClinic, path: str) -> None:
    name = "head" + re.sub(r"\W", "", path)
    person = clinic.person(Role.ADMINISTRATOR, image_right=True, user_name=name, display_name="Ana Prueba")
    for browser in (clinic.browser(), clinic.signed_in(person)):
        head = browser.client.head(url_of(path), follow_redirects=False)
        assert head.content == b""
        if path == "/events" and head.status_code == 200:
            continue  # its GET does not end
        got = browser.client.get(url_of(path), follow_redirects=False)
        assert head.status_code == got.status_code
        assert head.headers["content-type"] == got.headers["content-type"]


def test_a_key_that_no_row_can_have_is_not_found_on_any_route(clinic: AClinic) -> None:
    person = clinic.person(Role.ADMINISTRATOR, image_right=True, user_name="keys", display_name="Ana Prueba")
    browser = clinic.signed_in(person)
    token = {"form_token": form_token_in(browser.get("/password").text)}
    for method, path in (route for route in ROUTES if ":int" in route[1]):
        url = re.sub(r"\{\w+:int\}", "9" * 22, path)
        answer = browser.get(url) if method == "GET" else browser.post_bare(url, **token)
        assert answer.status_code == 404, (method, path)


def test_a_route_that_does_not_say_who_may_come_is_closed(clinic: AClinic) -> None:
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "open"

    client = client_of(create_app(clinic.context, [*HANDLERS, forgotten]))
    assert client.get("/forgotten").status_code == 403


def test_a_refused_look_is_refused_the_same_whether_the_study_exists_or_not(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person(Role.AUDITOR, user_name="auditor.same", display_name="Ana Prueba"))
    assert browser.get("/studies/1").status_code == browser.get("/studies/99999").status_code == 403


def test_a_token_of_a_machine_opens_no_page(clinic: AClinic) -> None:
    token = issue_token(clinic.accounts, "worklist", [Permission.LIST_STUDIES], OPERATOR)
    answer = clinic.browser().get("/studies", authorization=f"Bearer {token}")
    assert answer.status_code == 303


def test_sender_cards_of_the_seed_are_there_for_an_administrator(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        put_sender(tx, clinic.clock.now())
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, user_name="admin.cards", display_name="Ana Prueba"))
    assert "ORTHOPHOS_2" in browser.get("/senders").text
