"""Whoever sends too much waits, and nobody else; strangers together are bounded, and so is each body."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.handlers import HTTPRouteHandler

from appliance.accounts import trail
from appliance.accounts.account import Account
from appliance.accounts.knocks import INTERVAL_SECONDS, MOST_COUNTED
from appliance.accounts.roles import Permission
from appliance.accounts.sessions import Stage, start_session
from appliance.accounts.tokens import issue_token
from appliance.accounts.turned_away import TurnedAway
from appliance.audit.events import Actor, ActorKind
from appliance.errors import OutOfSpace
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.transactions import WriteTransaction
from appliance.web.dicomweb.callers import Callers, credential_of
from appliance.web.dicomweb.faults import NotSignedIn
from appliance.web.http.access import Door, access_of
from appliance.web.http.actor import form_token
from appliance.web.http.cookies import FORM_COOKIE, SESSION_COOKIE
from appliance.web.http.pace import MOST_REMEMBERED, FewThreads, Gate, Pace, Paces, TooManyRequests
from appliance.web.http.turned_away import keep_recorded, record_all
from appliance.web.staff.app import HANDLERS, LARGEST_FORM_BYTES, create_app, routes_of
from appliance.web.staff.description import document
from appliance.web.staff.locked import LockedStatus, create_locked_app
from tests.web.a_client import from_address
from tests.web.a_clinic import AClinic, Browser, SetClock, form_token_of

NARROW = Paces(
    session=Pace(5, 1.0), account=Pace(8, 1.0), machine=Pace(5, 1.0), address=Pace(4, 1.0), strangers=Pace(6, 1.0)
)
PROBLEM = "application/problem+json"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return narrow(AClinic(tmp_path))


def narrow(clinic: AClinic) -> AClinic:
    """Let each send little."""
    clinic.context = replace(clinic.context, gate=Gate(NARROW))
    clinic.app = create_app(clinic.context)
    return clinic


@pytest.fixture
def person(clinic: AClinic) -> Account:
    return clinic.person()


def statuses(browser: Browser, count: int, path: str = "/account") -> Counter[int]:
    return Counter(browser.get(path).status_code for _ in range(count))


def test_a_session_that_sends_too_much_is_told_to_wait_and_for_how_long(clinic: AClinic, person: Account) -> None:
    busy, other = clinic.signed_in(person), clinic.signed_in(clinic.person(user_name="other"))
    assert statuses(busy, 7) == {200: 5, 429: 2}
    refused = busy.get("/account")
    assert refused.headers["retry-after"] == "1"
    assert "<h1>" in refused.text
    machine = busy.client.get("/account", headers={"accept": "application/json"})
    assert (machine.status_code, machine.headers["content-type"], machine.headers["retry-after"]) == (429, PROBLEM, "1")
    assert other.get("/account").status_code == 200
    clinic.clock.pass_time(seconds=2)
    assert statuses(busy, 3) == {200: 2, 429: 1}, "what was refused made nobody wait longer"


def test_an_account_is_bounded_in_all_its_sessions_together(clinic: AClinic, person: Account) -> None:
    first, second = clinic.signed_in(person), clinic.signed_in(person)
    assert statuses(first, 5) == {200: 5}
    assert statuses(second, 5) == {200: 3, 429: 2}


def test_whoever_sends_too_much_can_still_lock_the_screen_and_sign_out(clinic: AClinic, person: Account) -> None:
    browser = clinic.signed_in(person)
    token = form_token_of(str(browser.client.cookies[SESSION_COOKIE]))
    assert statuses(browser, 6)[429] == 1
    assert browser.post_bare("/lock/now", form_token=token).status_code == 303
    assert statuses(browser, 20, "/lock") == {200: 20}
    assert browser.post_bare("/logout", form_token=token).headers["location"] == "/login"
    assert clinic.events()[-1] == ("logged out", "success")


def test_strangers_are_bounded_by_address_and_together_and_cost_nobody_who_is_in_anything(
    clinic: AClinic, person: Account
) -> None:
    stranger, inside = clinic.browser(), clinic.signed_in(person)
    assert statuses(stranger, 6, "/login") == {200: 4, 429: 2}
    stranger.client.cookies.set(SESSION_COOKIE, "no session of anybody")
    assert stranger.get("/healthz").status_code == 429, "a made-up cookie makes nobody known"
    gate, now = clinic.context.gate, clinic.clock.monotonic()
    for address in ("192.0.2.7", "192.0.2.8"):
        gate.admit_stranger(address, now)
    with pytest.raises(TooManyRequests):
        gate.admit_stranger("192.0.2.9", now)
    assert inside.get("/account").status_code == 200


def test_dicomweb_counts_the_same_session_and_machines_and_strangers(clinic: AClinic, person: Account) -> None:
    callers, now = Callers(clinic.accounts, clinic.context.gate), clinic.clock.now()
    with clinic.database.write() as tx:
        token = start_session(tx, person.account_key, Stage.FULL, "192.0.2.10", now)
    known = credential_of([(b"cookie", f"{SESSION_COOKIE}={token}".encode())])
    pages = clinic.browser()
    pages.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
    assert statuses(pages, 3) == {200: 3}
    for _ in range(2):
        callers.admit(known, "192.0.2.10")
    with pytest.raises(TooManyRequests):
        callers.admit(known, "192.0.2.10")
    nobody = credential_of([(b"authorization", b"Bearer nothing")])
    for _ in range(4):
        with pytest.raises(NotSignedIn):
            callers.admit(nobody, "192.0.2.66")
    with pytest.raises(TooManyRequests):
        callers.admit(nobody, "192.0.2.66")


class FullAtFirst(Database):
    """A catalogue on a disk that has room again at the fourth try."""

    FULL = 3
    tries = 0

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        self.tries += 1
        if self.tries <= self.FULL:
            raise OutOfSpace("the disk is full")
        with super().write() as tx:
            yield tx


def turned_away(clinic: AClinic) -> list[tuple[object, ...]]:
    with clinic.database.read() as tx:
        sql = """SELECT actor_kind, actor_key, address, number, outcome FROM audit_events
            WHERE event = 'requests throttled' ORDER BY sequence"""
        return tx.rows(sql)


def test_who_was_turned_away_is_recorded_by_nobody_else_s_request_and_cannot_fill_the_trail(
    clinic: AClinic, person: Account
) -> None:
    busy, stranger = clinic.signed_in(person), Browser(from_address(clinic.app, "192.0.2.66"))
    assert statuses(busy, 25)[429] == 20
    assert statuses(stranger, 7, "/login")[429] == 3
    assert clinic.signed_in(clinic.person(user_name="other")).get("/account").status_code == 200
    assert turned_away(clinic) == [], "what is refused costs no write, and nobody waits for one"
    record_all(clinic.accounts, clinic.clock.monotonic())
    first = [("account", person.account_key, None, 20, "failure"), ("nobody", None, "192.0.2.66", 3, "failure")]
    assert turned_away(clinic) == first
    clinic.clock.pass_time(seconds=INTERVAL_SECONDS - 1)
    assert statuses(stranger, 9, "/login")[429] == 5
    record_all(clinic.accounts, clinic.clock.monotonic())
    assert turned_away(clinic) == first, "once in five minutes"
    clinic.clock.pass_time(seconds=2)
    record_all(clinic.accounts, clinic.clock.monotonic())
    assert turned_away(clinic) == [*first, ("nobody", None, "192.0.2.66", 5, "failure")]


def test_who_was_turned_away_is_recorded_later_when_the_disk_is_full_now(tmp_path: Path) -> None:
    root, stop = SecretKey.new(), threading.Event()
    clinic = narrow(AClinic(tmp_path, root=root))
    key = Keyring.for_process("staff", root).key(Subkey.CATALOGUE)
    database = FullAtFirst(tmp_path / "catalogue.db", key, clinic.clock)
    accounts = replace(clinic.accounts, database=database)
    assert statuses(clinic.browser(), 7, "/login")[429] == 3
    with pytest.raises(OutOfSpace):
        record_all(accounts, accounts.clock.monotonic())
    thread = threading.Thread(target=keep_recorded, args=(accounts, stop, 0.01))
    thread.start()
    while not turned_away(clinic):
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert database.tries == FullAtFirst.FULL + 1
    assert turned_away(clinic) == [("nobody", None, None, 3, "failure")]


def test_a_machine_that_was_turned_away_is_recorded_with_where_it_called_from(clinic: AClinic, person: Account) -> None:
    callers = Callers(clinic.accounts, clinic.context.gate)
    token = issue_token(clinic.accounts, "planning", [Permission.READ_STUDY], trail.person(person, "192.0.2.10"))
    machine = credential_of([(b"authorization", f"Bearer {token}".encode())])
    for _ in range(5):
        callers.admit(machine, "192.0.2.20")
    for _ in range(3):
        with pytest.raises(TooManyRequests):
            callers.admit(machine, "192.0.2.20")
    for _ in range(4):
        with pytest.raises(NotSignedIn):
            callers.admit(credential_of([]), "192.0.2.30")
    with pytest.raises(TooManyRequests):
        callers.admit(credential_of([]), "192.0.2.30")
    record_all(clinic.accounts, clinic.clock.monotonic())
    assert [(row[0], row[2], row[3]) for row in turned_away(clinic)] == [
        ("token", "192.0.2.20", 3), ("nobody", "192.0.2.30", 1)
    ]  # fmt: skip


def test_whoever_meets_a_bound_that_others_used_up_is_not_named(clinic: AClinic, person: Account) -> None:
    for number in range(1, 7):
        clinic.context.gate.admit_stranger(f"192.0.2.{number}", clinic.clock.monotonic())
    assert Browser(from_address(clinic.app, "192.0.2.66")).get("/login").status_code == 429
    context = replace(clinic.context, gate=Gate(), few=FewThreads(1, -1))
    browser = Browser(from_address(create_app(context), "192.0.2.67"))
    browser.client.cookies.set(FORM_COOKIE, "a form")
    fields = {"user_name": person.user_name, "password": "wrong", "form_token": form_token("a form")}
    assert browser.post_bare("/login", **fields).status_code == 429
    record_all(clinic.accounts, clinic.clock.monotonic())
    assert turned_away(clinic) == [("nobody", None, None, 2, "failure")]


def test_strangers_with_many_addresses_fill_nothing_and_hide_nobody_who_is_known() -> None:
    turned, account = TurnedAway(), Actor(ActorKind.ACCOUNT, 7, ip_address("192.0.2.10"))
    for number in range(200):
        turned.refused(trail.nobody(f"2001:db8::{number:x}"), 1.0, shared=False)
        turned.refused(trail.nobody(f"198.51.100.{number}"), 1.0, shared=False)
    turned.refused(account, 1.0, shared=False)
    turned.refused(replace(account, address=ip_address("192.0.2.11")), 1.0, shared=False)
    with turned.taken(2.0) as due:
        assert due[:2] == [(account, 2), (trail.nobody("2001:db8::"), 200)], "one machine has any address of its /64"
        assert len(due) == 1 + MOST_COUNTED + 1
        assert due[-1] == (Actor(ActorKind.NOBODY), 200 - (MOST_COUNTED - 1))
    with turned.taken(3.0) as due:
        assert due == []


def test_a_locked_box_bounds_strangers_too() -> None:
    app = create_locked_app("Clinic", lambda: LockedStatus(0, 1, 2), lambda _passphrase: None, SetClock())
    found = statuses(Browser(app), Paces().address.at_once + 5, "/healthz")
    assert found == {200: Paces().address.at_once, 429: 5}


def test_a_viewer_that_asks_for_a_thousand_slices_at_once_is_not_slowed() -> None:
    gate = Gate()
    for second in range(10):
        for _ in range(300 if second else 3_000):
            gate.admit_person("session", 1, float(second))
    with pytest.raises(TooManyRequests):
        gate.admit_person("session", 1, 9.0)


@given(st.lists(st.floats(0, 3), max_size=200), st.integers(1, 20), st.floats(0.5, 50))
def test_no_more_ever_pass_than_at_once_and_by_the_second_and_the_wait_told_is_enough(
    pauses: list[float], at_once: int, per_second: float
) -> None:
    gate, now = Gate(Paces(machine=Pace(at_once, per_second))), 0.0
    for passed, pause in enumerate(pauses, start=1):
        now += pause
        wait = wait_of(gate, now)
        assert wait <= 1.0 / per_second + 1e-5
        now += wait
        assert wait == 0.0 or wait_of(gate, now) == 0.0
        assert passed <= at_once + now * per_second + 1e-3


def wait_of(gate: Gate, now: float) -> float:
    """Send one request; give how long it has to wait, 0 when it passed."""
    try:
        gate.admit_machine("one", now)
    except TooManyRequests as refused:
        return refused.wait_seconds
    return 0.0


def test_however_many_addresses_come_memory_is_bounded() -> None:
    gate = Gate(replace(Paces(), strangers=Pace(10**9, 1.0)))
    for number in range(3 * MOST_REMEMBERED):
        gate.admit_stranger(f"192.0.2.{number}", 0.0)
    assert sum(len(each) for each in gate._busy_until.values()) <= MOST_REMEMBERED + 2


def test_whatever_a_stranger_may_send_a_form_to_runs_in_few_threads(clinic: AClinic) -> None:
    context = replace(clinic.context, gate=Gate(), few=FewThreads(1, -1))
    browser = Browser(create_app(context))
    secret = "a secret of a form"  # noqa: S105  # what the form is bound to, invented here
    browser.client.cookies.set(FORM_COOKIE, secret)
    told = document(HANDLERS)["paths"]
    posts = [
        path for handler in HANDLERS if isinstance(handler, HTTPRouteHandler) and "POST" in handler.http_methods
        for path in handler.paths if access_of(handler).door is Door.PUBLIC and path != "/language"
    ]  # fmt: skip
    found = {}
    for path in posts:
        schema = told[path]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        fields = dict.fromkeys(schema["properties"], "1") | {"form_token": form_token(secret)}
        found[path] = browser.post_bare(path, **fields).status_code
    assert found == dict.fromkeys(posts, 429)
    assert {"/login", "/login/passkey", "/login/pin", "/join"} <= set(posts)


def test_every_route_has_a_bound_for_its_body() -> None:
    bounds = {
        handler.resolve_request_max_body_size()
        for route in routes_of(HANDLERS, ()).routes for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler)
    }  # fmt: skip
    assert bounds == {LARGEST_FORM_BYTES}


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
@pytest.mark.parametrize("told", [True, False], ids=["told by its length", "found while it comes"])
def test_a_body_larger_than_any_form_of_ours_is_refused_whatever_it_says_it_is(
    clinic: AClinic, person: Account, kind: str, *, told: bool
) -> None:
    browser = clinic.signed_in(person)
    body = b"form_token=" + b"x" * LARGEST_FORM_BYTES
    answer = browser.client.post(
        "/account/name",
        content=body if told else iter([body[:1000], body[1000:]]),
        headers={"content-type": kind, "accept": "text/html"},
    )
    assert answer.status_code == 413
    assert "<h1>" in answer.text
