"""Every page keeps WCAG 2.2 AA as far as axe-core can tell, light and dark, on desktop and tablet, in every language.

Source: WCAG 2.2; axe-core's rules tagged wcag2a to wcag22aa.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from appliance.accounts.roles import Role
from appliance.clock import SystemClock
from appliance.web.http.access import access_of
from appliance.web.staff.app import HANDLERS, create_app
from tests.stories.behind import rooms_of
from tests.stories.clinic import RunningClinic, small_scan, until, without_study, written
from tests.stories.sealed_box import running
from tests.stories.walks import walk
from tests.web.a_clinic import AClinic
from tests.web.a_server import serving
from tests.web.an_emergency import lent, token_of, with_app
from tests.web.invented import put_all, put_erasure
from tests.web.test_faults import FAULTS, raising

pytestmark = [pytest.mark.slow, pytest.mark.peer("storescu", "chromium", "node", "npm")]
FIRST, SECOND = "quiet amber tram 42", "morning tram quiet 42"
KEEPING = {
    "keeping": "/keeping", "backups": "/keeping/backups", "proofs": "/keeping/proofs",
    "retention": "/keeping/retention", "rule": "/keeping/retention/rules/0", "erasure": "/keeping/erasures/1",
    "rules of a place": "/keeping/retention/jurisdictions?code=cl", "due": "/keeping/retention/due",
    "erasures": "/keeping/erasures", "jobs": "/keeping/jobs", "disk": "/keeping/disk", "recovery": "/keeping/recovery",
    "keys": "/keeping/keys",
}  # fmt: skip
RECORD = {
    "record": "/trail", "unusual": "/trail/days", "emergencies": "/trail/emergencies", "anchors": "/trail/anchors",
    "seen": "/patients/1/seen", "break the glass": "/emergency",
}  # fmt: skip
GIVEN = {
    "export of a study": "/studies/1/export",
    "export of a patient": "/patients/1/export",
    "kept": "/studies/1/keeping",
    "laboratories": "/studies/1/laboratories",
}
LABORATORYS = {"given to a laboratory", "study given to a laboratory"}
# What is met in a state of its own; a fault that is final, one that may pass, and one with a number.
HAD = {
    "glass to break": "/emergency", "glass broken": "/emergency", "studies in an emergency": "/studies",
    "account without second factor": "/account",
}  # fmt: skip
RAISED = {f"fault {name}": (f"/raising/{name}", FAULTS[name][1]) for name in ("forbidden", "busy", "bug")}
# Addresses of which no page comes by itself.
NO_PAGE = {
    "/": "leads on",
    "/studies/uid/{study_instance_uid:str}": "leads on",
    "/studies/latest": "the rows of the list, for a page that is there",
    "/keeping/erasures/{erasure_key:int}/certificate": "a PDF",
}
PAGES = {
    "login", "envelope", "join", "code", "enrol", "codes", "password", "account", "person", "leaver", "invitation",
    "nothing", "lock", "fault", "unlock", "slip", "in an emergency", "emergency",
    "unlock refused", "unlocking", "studies", "studies by name", "studies filtered to none", "nothing found", "study 0",
    "study 1", "patient", "senders", "quarantine", "dismiss", "dismissed", "files", "people", "people with menus",
    "signed out by time", "planes", "planes with keys", "picture", "picture with keys",
    *KEEPING, *RECORD, *GIVEN, *LABORATORYS, *HAD, *RAISED,
}  # fmt: skip
LANGUAGES = ("en", "es", "pt")
# Those that an address leads to; the others come after a deed. `test_untranslated` reads every text of all.
TRANSLATED = {
    "login", "envelope", "join", "password", "account", "person", "leaver", "unlock", "studies by name",
    "studies filtered to none", "study 0", "study 1", "senders", "emergency",
    "quarantine", "dismissed", "files", "people", "planes", "picture", *KEEPING, *RECORD, *GIVEN, *LABORATORYS,
    *HAD, *RAISED,
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let axe look at every page, once."""
    folder = tmp_path_factory.mktemp("accessible")
    with (
        RunningClinic(folder / "data", module_port_block, ("--no-samples",)) as clinic,
        running(folder / "locked", module_port_block + 5, "--sealing", "passphrase", given=SECOND + "\n") as box,
    ):
        plan = filled(clinic, folder) | {"locked": box.url, "first": FIRST, "second": SECOND}
        with had(folder / "had", module_port_block + 9) as plan["had"]:
            return dict(walk("accessible.mjs", folder, clinic, plan))


@contextmanager
def had(folder: Path, port: int) -> Iterator[dict[str, Any]]:
    """Serve a clinic where a night passed, the glass was broken, codes are not compulsory and faults come."""
    folder.mkdir()
    clinic = AClinic(folder)
    policy = replace(clinic.accounts.passwords, second_factor_of_all=False)
    clinic.use(replace(clinic.accounts, passwords=policy))
    person = with_app(clinic)
    bare = clinic.person(Role.RECEPTION, user_name="without")
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now())
    night = token_of(clinic, person)
    clinic.clock.pass_time(hours=9)
    tokens = [token_of(clinic, person), lent(clinic, person), lent(clinic, person), token_of(clinic, bare)]
    sessions = {name: (token, path) for token, (name, path) in zip(tokens, HAD.items(), strict=True)}
    sessions["signed out by time"] = (night, "/login")
    with serving(create_app(clinic.context, [*HANDLERS, raising]), port=port):
        yield {"origin": f"http://127.0.0.1:{port}", "sessions": sessions, "faults": RAISED}


def filled(clinic: RunningClinic, folder: Path) -> dict[str, Any]:
    """Send a volume, one with a gap, a panoramic, a broken file, and knock as a stranger; say where they are shown."""
    whole, other = small_scan(0, 12), small_scan(1, 16)
    slices = list(other.slices())
    for name, objects in {
        "whole": [*whole.slices(), whole.panoramic(225, 450)],
        "gap": slices[:7] + slices[9:],
        "broken": [without_study(slices[0])],
    }.items():
        written(folder / name, objects)
        sent = clinic.storescu(folder / name, "PHANTOM")
        assert sent.returncode == 0, sent.stderr
    assert clinic.storescu(folder / "broken", "CBCT_ROOM2").returncode != 0
    put_an_erasure(clinic)
    leaver = put_certificates(clinic, folder)
    until(lambda: len(clinic.enamel("studies", "list")) == 2 and bool(clinic.enamel("quarantine", "list")), 30)
    return {
        "leaver": leaver,
        "studies": ["/studies/1", "/studies/2"],
        "keeping": [*KEEPING.items(), *RECORD.items()],
        "given": list(GIVEN.items()),
        "series": {"planes": "/series/1/view", "picture": "/series/2/view"},
    }


def put_an_erasure(clinic: RunningClinic) -> None:
    """Write an erasure into the catalogue, as if it had been decided and done weeks ago."""
    with rooms_of(clinic) as rooms, rooms.database.write() as tx:
        put_erasure(tx, SystemClock().now(), "A server far away")


def put_certificates(clinic: RunningClinic, folder: Path) -> str:
    """Give devices certificates, one of each kind that a page tells apart; give the page of who answers for one."""
    other = next(one for one in clinic.enamel("accounts", "list") if one["user"] != clinic.facts["web"]["user"])
    for device, more in (("Planmeca ProMax", ("--for", other["user"])), ("Ceph room 2", ()), ("Old scanner", ())):
        clinic.enamel("peers", "certificate", device, "--out", str(folder / f"for {device}"), *more)
    clinic.enamel("peers", "revoke", "3")
    clinic.enamel("tokens", "add", "planning PC", "--scope", "list-studies", "--for", other["user"])
    with rooms_of(clinic) as rooms, rooms.database.write() as tx:
        tx.change("UPDATE device_certificates SET held_at = 1 WHERE certificate_key = 2")  # as a restore does
    return f"/people/{other['account_key']}"


def pages_of_the_app() -> set[str]:
    """Give the address of every page that the app states, as its route writes it."""
    return {
        path
        for handler in HANDLERS
        if isinstance(handler, HTTPRouteHandler) and "GET" in handler.http_methods and access_of(handler).page
        for path in handler.paths
    }


def seen_at(route: str, addresses: Iterable[str]) -> bool:
    """Say whether one of some addresses is of a route."""
    pattern = re.sub(r"\{\w+:int\}", "[0-9]+", re.sub(r"\{\w+:str\}", "[^/]+", route))
    return any(re.fullmatch(pattern, address) for address in addresses)


def test_every_page_that_the_app_states_was_looked_at(found: dict[str, Any]) -> None:
    addresses = set(found["addresses"].values())
    assert sorted(route for route in pages_of_the_app() - NO_PAGE.keys() if not seen_at(route, addresses)) == []
    assert NO_PAGE.keys() < pages_of_the_app()
    assert seen_at("/studies/{study_key:int}", ["/studies/1"])
    assert not seen_at("/studies/{study_key:int}", ["/studies", "/studies/latest", "/studies/1/keeping"])


def test_axe_finds_a_fault_where_there_is_one(found: dict[str, Any]) -> None:
    assert {"image-alt", "color-contrast"} <= set(found["control"])


def test_what_was_looked_at_were_the_pages_and_not_that_there_is_none(found: dict[str, Any]) -> None:
    assert found["notThere"] == []


def test_no_page_breaks_a_rule(found: dict[str, Any]) -> None:
    assert {name: faults for name, faults in found["pages"].items() if faults} == {}


def test_the_sheet_of_keys_is_seen_whole_in_every_language(found: dict[str, Any]) -> None:
    assert found["cutKeys"] == {f"{room} {language}": [] for room in ("planes", "picture") for language in LANGUAGES}


def test_a_broken_policy_would_be_told(found: dict[str, Any]) -> None:
    assert any("script-src" in line for line in found["refused"])


def test_no_page_breaks_its_policy_or_asks_anything_of_another_origin(found: dict[str, Any]) -> None:
    assert {kind: found["faults"][kind] for kind in ("policy", "foreign")} == {"policy": [], "foreign": []}


def test_every_page_was_looked_at_on_both_screens(found: dict[str, Any]) -> None:
    english = {f"{name} {width}" for name in PAGES for width in (1280, 768)}
    others = {f"{name} {language}" for name in TRANSLATED for language in ("es", "pt")}
    assert set(found["pages"]) == english | others
