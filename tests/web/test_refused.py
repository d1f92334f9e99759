"""Whatever is refused is in the record: who asked, for whose study, patient or account, and how often, and no more."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from litestar.types import ASGIApp

from appliance.accounts.account import Account
from appliance.accounts.refusals import MINUTE_SECONDS, MOST_THINGS
from appliance.accounts.roles import Permission, Role
from appliance.accounts.tokens import find_token_key, issue_token, revoke_token
from appliance.accounts.trail import nobody
from appliance.audit.events import OPERATOR
from appliance.errors import OutOfSpace
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.transactions import WriteTransaction
from appliance.web.dicomweb.paths import templates
from appliance.web.http.csrf import HEADER
from appliance.web.http.refusals import record_refusals
from appliance.web.http.turned_away import keep_recorded
from tests.web.a_clinic import AClinic, Browser, form_token_in, form_token_of
from tests.web.a_laboratory import ACanarysClinic
from tests.web.a_proof import code_now
from tests.web.a_sweep import application
from tests.web.an_emergency import broken, with_app
from tests.web.test_permissions import GUARDED, ROUTES

COLUMNS = "event, outcome, actor_kind, actor_key, subject_kind, subject_key, patient_key, study_key, number"
NOTHING = (None, None, None, None)  # subject, patient, study
About = tuple[str | None, int | None, int | None, int | None]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> ACanarysClinic:
    return ACanarysClinic(tmp_path_factory.mktemp("clinic"))


@pytest.fixture(scope="module")
def app(clinic: ACanarysClinic) -> ASGIApp:
    return application(clinic)


def recorded(clinic: AClinic) -> list[tuple[object, ...]]:
    """Give every event of a refusal, the first first."""
    sql = f"SELECT {COLUMNS} FROM audit_events WHERE event IN ('not permitted', 'token refused') ORDER BY sequence"  # noqa: S608  a constant of this file
    with clinic.database.read() as tx:
        return tx.rows(sql)


def told_of(clinic: AClinic, ask: Callable[[], object]) -> list[tuple[object, ...]]:
    """Ask for something, in a minute of its own; give what that adds to the record."""
    clinic.clock.pass_time(seconds=MINUTE_SECONDS + 1)
    before = len(recorded(clinic))
    ask()
    return recorded(clinic)[before:]


def by_account(account: Account, about: About = NOTHING, number: int = 1) -> list[tuple[object, ...]]:
    return [("not permitted", "failure", "account", account.account_key, *about, number)]


def study_of(clinic: ACanarysClinic) -> About:
    with clinic.database.read() as tx:
        patient_key = tx.rows("SELECT patient_key FROM studies WHERE study_key = :key", key=clinic.study_key)[0][0]
    return (None, None, patient_key, clinic.study_key)


def about_of(path: str, clinic: ACanarysClinic, account: Account, emergency_key: int) -> tuple[str, About]:
    """Give an address of a route, and what the record has to say of it."""
    _, _, patient_key, study_key = study = study_of(clinic)
    named: Mapping[str, tuple[object, About]] = {
        "study_key:int": (study_key, study),
        "study_instance_uid:str": (clinic.study_uid, study),
        "series_key:int": (1, ("series", 1, patient_key, study_key)),
        "patient_key:int": (patient_key, (None, None, patient_key, None)),
        "account_key:int": (account.account_key, ("account", account.account_key, None, None)),
        "emergency_key:int": (emergency_key, ("emergency", emergency_key, None, None)),
    }
    about = next((named[each][1] for each in re.findall(r"\{([^}]+)\}", path) if each in named), NOTHING)
    return re.sub(r"\{([^}]+)\}", lambda found: str(named.get(found[1], (999,))[0]), path), about


def test_every_guarded_route_that_is_refused_is_recorded_with_what_its_address_names(
    clinic: ACanarysClinic, app: ASGIApp
) -> None:
    other, key = clinic.person(user_name="refused.other"), broken(clinic, with_app(clinic, name="refused.broke"))[1]
    laboratory, dentist = clinic.person(Role.LAB, user_name="refused.lab"), clinic.person(user_name="refused.dentist")
    wrong = {}
    for method, path in GUARDED:
        person = dentist if ROUTES[method, path] is Permission.READ_GIVEN else laboratory
        address, about = about_of(path, clinic, other, key)
        browser = clinic.signed_in(person, app)

        def ask(method: str = method, address: str = address, browser: Browser = browser) -> None:
            answer = browser.get(address) if method == "GET" else browser.post_bare(address)
            assert answer.status_code == 403

        told = told_of(clinic, ask)
        if told != by_account(person, about):
            wrong[method, path] = told
    assert wrong == {}
    assert {about_of(path, clinic, other, key)[1] for _, path in GUARDED} >= {NOTHING, study_of(clinic)}


def test_a_key_of_nothing_names_nothing_that_may_come_later(clinic: ACanarysClinic, app: ASGIApp) -> None:
    person = clinic.person(Role.LAB, user_name="refused.nothing")
    paths = ("/studies/999", "/series/999/view", "/patients/999", "/people/999", "/trail/emergencies/999")
    for path in (*paths, f"/studies/{'9' * 22}", "/studies/uid/1.2.999", "/studies/uid/none", "/series/999/stream"):
        browser = clinic.signed_in(person, app)
        assert told_of(clinic, lambda browser=browser, path=path: browser.get(path)) == by_account(person), path  # type: ignore[misc]  # each its own


def test_every_resource_of_dicomweb_that_is_refused_is_recorded(clinic: ACanarysClinic, app: ASGIApp) -> None:
    person, study = clinic.person(Role.AUDITOR, user_name="refused.auditor"), study_of(clinic)
    for template in [*templates(), "/series/1/stream"]:
        address = template.replace("{study}", clinic.study_uid).replace("{series}", "1.2.3")
        address = address.replace("{instance}", "1.2.3.4").replace("{which}", "1")
        browser = clinic.signed_in(person, app)
        answers = []
        told = told_of(clinic, lambda: answers.append(browser.get(address, accept="*/*").status_code))  # noqa: B023  called at once
        about = ("series", 1, *study[2:]) if "stream" in address else study if "{study}" in template else NOTHING
        assert (answers, told) == ([403], by_account(person, about)), template


def test_whatever_a_page_refuses_behind_its_guard_is_recorded(clinic: ACanarysClinic, app: ASGIApp) -> None:
    admin = with_app(clinic, Role.ADMINISTRATOR, "refused.admin")
    bare = clinic.person(Role.ADMINISTRATOR, user_name="refused.bare")
    key = broken(clinic, admin)[1]
    clinic.clock.pass_time(hours=2)

    def posts(person: Account, path: str, **fields: str) -> list[tuple[object, ...]]:
        browser = clinic.signed_in(person, app)
        token = form_token_in(browser.get("/password").text)
        return told_of(clinic, lambda: browser.post_bare(path, form_token=token, code=code_now(clinic), **fields))

    signed = {"verdict": "right", "words": "fine"}
    assert posts(admin, f"/trail/emergencies/{key}/review", **signed) == by_account(
        admin, ("emergency", key, None, None)
    )
    own: About = ("account", admin.account_key, None, None)
    assert posts(admin, f"/people/{admin.account_key}/close") == by_account(admin, own)
    assert posts(bare, "/trail/emergencies/code") == by_account(bare), "there is no second factor to decide with"


def test_a_form_of_another_site_is_recorded_whoever_sends_it(clinic: ACanarysClinic, app: ASGIApp) -> None:
    dentist = clinic.person(user_name="refused.foreign")
    browser, stranger, theirs = clinic.signed_in(dentist, app), Browser(app), {"form_token": "theirs"}
    assert told_of(clinic, lambda: browser.post_bare("/account/name", **theirs)) == by_account(dentist)
    told = told_of(clinic, lambda: stranger.post_bare("/login", user_name="x", password="y", **theirs))  # noqa: S106  a word that was invented for a test
    assert told == [("not permitted", "failure", "nobody", None, *NOTHING, 1)]
    headers = {HEADER: form_token_of("none"), "content-type": "multipart/related; boundary=b"}
    for role in (Role.ASSISTANT, Role.RECEPTION):  # who might hand in, and who might not
        person = clinic.person(role, image_right=role is Role.ASSISTANT, user_name=f"refused.storing.{role}")
        client = clinic.signed_in(person, app).client
        told = told_of(clinic, lambda: client.post("/dicomweb/studies", headers=headers, content=b""))  # noqa: B023  called at once
        assert told == by_account(person)


def test_machines_are_recorded_with_what_they_may_not_have_and_tokens_that_are_not_good(
    clinic: ACanarysClinic, app: ASGIApp
) -> None:
    listing = issue_token(clinic.accounts, "listing", [Permission.LIST_STUDIES], OPERATOR)
    leaver = issue_token(clinic.accounts, "leaver", [Permission.VIEW_IMAGES], OPERATOR)
    key, left, study = (
        find_token_key(clinic.accounts, listing),
        find_token_key(clinic.accounts, leaver),
        study_of(clinic),
    )
    assert left is not None
    revoke_token(clinic.accounts, left, OPERATOR)

    def bears(bearer: str) -> list[tuple[object, ...]]:
        address, header = f"/dicomweb/studies/{clinic.study_uid}", f"Bearer {bearer}"
        return told_of(clinic, lambda: Browser(app).get(address, authorization=header, accept="*/*"))

    assert bears(listing) == [("not permitted", "failure", "token", key, *study, 1)]
    assert bears("enamel_guessed") == [("token refused", "failure", "nobody", None, *NOTHING, 1)]
    assert bears(leaver) == [("token refused", "failure", "nobody", None, "token", left, None, None, 1)]
    series: About = ("series", 1, *study[2:])
    lab = clinic.signed_in(clinic.lab, app)
    assert told_of(clinic, lambda: lab.get("/series/1/stream")) == by_account(clinic.lab, series)


def test_whoever_has_to_sign_in_first_or_typed_a_wrong_code_was_not_refused(clinic: AClinic, app: ASGIApp) -> None:
    admin = with_app(clinic, Role.ADMINISTRATOR, "not.refused")
    assert told_of(clinic, lambda: Browser(app).get("/people")) == []
    assert told_of(clinic, lambda: Browser(app).get("/dicomweb/studies")) == []
    browser = clinic.signed_in(admin, app)
    wrong = {"page": "/trail/emergencies", "code": "000000"}
    assert told_of(clinic, lambda: browser.post("/trail/emergencies/code", **wrong)) == []
    assert ("login failed", "failure") in clinic.events()[-3:]
    clinic.clock.pass_time(hours=1)
    assert told_of(clinic, lambda: browser.get("/people")) == [], "the screen has locked"


def test_a_loop_of_refusals_is_one_event_at_once_and_one_a_minute(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    person = clinic.person(Role.RECEPTION)
    browser = clinic.signed_in(person)
    for number in range(20):
        assert browser.get("/people" if number % 2 else f"/people/{person.account_key}").status_code == 403
    own: About = ("account", person.account_key, None, None)
    first = [*by_account(person, own), *by_account(person)]
    assert recorded(clinic) == first
    record_refusals(clinic.accounts, clinic.clock.monotonic())
    assert recorded(clinic) == first, "the minute is not over"
    clinic.clock.pass_time(seconds=MINUTE_SECONDS)
    record_refusals(clinic.accounts, clinic.clock.monotonic())
    assert recorded(clinic) == [*first, *by_account(person, own, 9), *by_account(person, number=9)]


def test_whoever_asks_for_one_study_after_the_other_adds_few_events(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    person = clinic.person(Role.LAB)
    browser = clinic.signed_in(person)
    for study_key in range(1, 101):
        assert browser.get(f"/studies/{study_key}").status_code == 403
    assert recorded(clinic) == by_account(person) * (MOST_THINGS + 1)
    clinic.clock.pass_time(seconds=MINUTE_SECONDS)
    record_refusals(clinic.accounts, clinic.clock.monotonic())
    assert recorded(clinic)[-1:] == by_account(person, number=100 - MOST_THINGS - 1)


class Failing(Database):
    """A catalogue whose writes fail as often as is said, by a fault of ours and by one that nobody thought of."""

    faults: Sequence[Exception] = ()

    def fail(self, *faults: Exception) -> None:
        self.faults = faults

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        if self.faults:
            fault, *self.faults = self.faults
            raise fault
        with super().write() as tx:
            yield tx


def test_what_cannot_be_recorded_stays_refused_and_is_recorded_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root, stop = SecretKey.new(), threading.Event()
    clinic = AClinic(tmp_path, root=root)
    person = clinic.person(Role.RECEPTION)
    key = Keyring.for_process("staff", root).key(Subkey.CATALOGUE)
    database = Failing(tmp_path / "catalogue.db", key, clinic.clock)
    clinic.use(replace(clinic.accounts, database=database))
    browser = clinic.signed_in(person)
    database.fail(OutOfSpace("the disk is full"), OSError("a name that nobody may read"))
    with caplog.at_level(logging.WARNING):
        assert [browser.get("/people").status_code for _ in range(2)] == [403, 403]
        assert recorded(clinic) == []
        database.fail(OutOfSpace("the disk is full"), RuntimeError("a name that nobody may read"))
        thread = threading.Thread(target=keep_recorded, args=(clinic.accounts, stop, 0.01))
        thread.start()
        while not recorded(clinic):
            time.sleep(0.01)
        stop.set()
        thread.join()
    assert not database.faults
    assert recorded(clinic) == by_account(person, number=2)
    assert "RuntimeError" in caplog.text
    assert "that nobody may read" not in caplog.text


def test_what_is_left_when_the_process_ends_is_recorded_by_then(tmp_path: Path) -> None:
    stop, clinic = threading.Event(), AClinic(tmp_path)
    person, accounts = clinic.person(Role.RECEPTION), clinic.accounts
    browser = clinic.signed_in(person)
    assert [browser.get("/people").status_code for _ in range(3)] == [403] * 3
    for _ in range(2):
        accounts.turned_away.refused(nobody("192.0.2.7"), clinic.clock.monotonic(), shared=False)
    accounts.knocks.refused("192.0.2.8", clinic.clock.monotonic())
    assert recorded(clinic) == by_account(person), "the first at once, further ones wait"
    thread = threading.Thread(target=keep_recorded, args=(accounts, stop, 3600))
    thread.start()
    stop.set()
    thread.join()
    assert recorded(clinic) == [*by_account(person), *by_account(person, number=2)]
    with clinic.database.read() as tx:
        sql = "SELECT event, number FROM audit_events WHERE event IN ('requests throttled', 'login throttled')"
        assert sorted(tx.rows(sql)) == [("login throttled", 1), ("requests throttled", 2)]
