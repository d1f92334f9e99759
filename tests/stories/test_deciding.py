"""A page that is kept fresh takes nothing from under the hands of whoever decides on it, in a real Chromium."""

from collections.abc import Mapping
from typing import Any

import pytest

from appliance.accounts.passkey_answers import Site
from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from appliance.backup.target import location_of
from appliance.backup.targets import NewTarget, register_target
from tests.stories.walks import faults_of, planned, talked_through
from tests.web.a_clinic import PASSWORD, AClinic
from tests.web.a_proof import code_now, device_for
from tests.web.a_server import serving
from tests.web.an_emergency import session_of, token_of, with_app
from tests.web.invented import put_sender

pytestmark = [pytest.mark.slow, pytest.mark.peer("chromium", "node", "npm")]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let an administrator decide, once."""
    folder = tmp_path_factory.mktemp("deciding")
    clinic = AClinic(folder)
    person, origin = with_app(clinic, Role.ADMINISTRATOR), f"http://localhost:{module_port_block}"
    device_for(clinic, session_of(clinic, token_of(clinic, person)), Site("localhost", origin))
    a_disk(clinic, "Blue disk")
    plan = {"origin": origin, "who": {"user": person.user_name, "password": PASSWORD}}
    with serving(clinic.app, port=module_port_block):
        return talked_through(
            planned("deciding.mjs", folder, plan), folder / "errors", lambda said: answered(clinic, said)
        )


def answered(clinic: AClinic, said: Mapping[str, Any]) -> dict[str, object]:
    """Give a code of the app, or add a disk, as the walk says."""
    return {"code": code_now(clinic)} if "code" in said else {"disk": a_disk(clinic, said["disk"])}


def a_disk(clinic: AClinic, name: str) -> int:
    """Add a place for copies, and a sender that waits: open pages are told that something changed."""
    place = location_of("folder", {"path": f"/media/{name.partition(' ')[0]}"})
    key = register_target(clinic.accounts, NewTarget(name, place), OPERATOR)
    with clinic.database.write() as tx:
        put_sender(tx, clinic.clock.now(), name.upper()[:16])
    return key


def test_what_is_typed_stays_while_the_clinic_goes_on(found: dict[str, Any]) -> None:
    assert found["whileDeciding"] == {"typed": "12", "listed": ["Blue disk"]}


def test_the_page_is_fresh_again_afterwards_and_still_offers_a_passkey(found: dict[str, Any]) -> None:
    assert found["after"] == {"listed": ["Blue disk", "Red disk", "White disk"], "offered": True}


def test_a_code_ends_the_copies(found: dict[str, Any]) -> None:
    assert found["told"].startswith("Nothing is copied there any more.")


def test_nothing_breaks_on_the_way(found: dict[str, Any]) -> None:
    assert faults_of(found) == {"errors": [], "policy": [], "foreign": []}
