"""An assistant leaves the clinic: one button, and every screen, cookie, passkey, token and password of hers is over."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from appliance.accounts.roles import Permission
from appliance.accounts.service import all_accounts
from appliance.accounts.tokens import issue_token
from appliance.accounts.trail import person
from tests.patience import PATIENCE
from tests.stories.behind import rooms_of
from tests.stories.clinic import RunningClinic, small_scan, until, written
from tests.stories.walks import faults_of, walk

pytestmark = [pytest.mark.slow, pytest.mark.peer("storescu", "echoscu", "chromium", "node", "npm")]

LEAVER = {"user": "lea", "name": "Lea Asistente", "first": "quiet amber tram 42", "second": "morning tram quiet 42"}
NAME = "Alarcón Núñez"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let her leave, once."""
    folder = tmp_path_factory.mktemp("leaver")
    with RunningClinic(folder / "data", module_port_block) as clinic:
        written(folder / "disk", small_scan(0, 12).slices())
        assert clinic.storescu(folder / "disk").returncode == 0
        until(lambda: len(clinic.enamel("studies", "list")) == 1, 30)
        words = ("accounts", "add", LEAVER["user"], "--name", LEAVER["name"], "--role", "assistant", "--images")
        clinic.enamel(*words, given=LEAVER["first"] + "\n")
        devices = [
            given_to(clinic, folder / "her laptop", "--for", LEAVER["user"]),
            given_to(clinic, folder / "ProMax"),
        ]
        heard = [[is_heard(clinic, device) for device in devices]]
        answer = walk("leaver.mjs", folder, clinic, {"leaver": LEAVER, "token": token_of_hers(clinic)})
        heard.append([is_heard(clinic, device) for device in devices])
        keys = {one["user"]: one["account_key"] for one in clinic.enamel("accounts", "list")}
        events = clinic.enamel("audit", "list", "--limit", "40")
    return dict(answer) | {"heard": heard, "keys": keys, "events": events, "administrator": clinic.facts["web"]["user"]}


def given_to(clinic: RunningClinic, out: Path, *more: str) -> Path:
    """Have a certificate made for a device; give the folder that it lies in."""
    clinic.enamel("peers", "certificate", out.name, "--out", str(out), *more)
    return out


def is_heard(clinic: RunningClinic, device: Path) -> bool:
    """Ask by DCMTK's echoscu over TLS as a device; say whether it was answered."""
    dicom = clinic.facts["dicom"]
    shown = ["+tls", str(device / "device-key.pem"), str(device / "device.pem"), "+cf", str(device / "box-ca.pem")]
    there = ["-aet", "CONSOLE", "-aec", dicom["ae_title"], dicom["host"], str(dicom["tls_port"])]
    return subprocess.run(["echoscu", *shown, *there], check=False, capture_output=True, timeout=60).returncode == 0


def token_of_hers(clinic: RunningClinic) -> str:
    """Give a machine's token that she gave out."""
    with rooms_of(clinic) as rooms:
        [her] = [one for one in all_accounts(rooms.accounts) if one.user_name == LEAVER["user"]]
        return issue_token(rooms.accounts, "her phone", [Permission.LIST_STUDIES], person(her, "192.0.2.7"))


def test_both_her_screens_go_dark_without_a_click_and_keep_nothing_of_a_patient(found: dict[str, Any]) -> None:
    assert (found["live"], NAME in found["listed"]) == (200, True), "the list with its live line was open"
    assert found["images"] > 0, "so was the viewer"
    assert len(found["screens"]) == 2
    for screen in found["screens"]:
        assert screen["seconds"] < 2 * PATIENCE
        for moment in ("seen", "still"):
            assert screen[moment]["canvases"] == 0
            assert NAME not in screen[moment]["words"]
        assert "Sign in" in screen["still"]["words"]
    assert NAME not in found["backwards"], "nor does the way back show it"


def test_her_cookies_and_her_machine_open_nothing_any_more(found: dict[str, Any]) -> None:
    assert found["before"] == {"sessions": [200, 200], "machine": 200}
    assert found["after"] == {"sessions": [303, 303], "machine": 401}


def test_the_device_that_she_answered_for_is_refused_and_the_others_go_on(found: dict[str, Any]) -> None:
    assert found["heard"] == [[True, True], [False, True]]
    assert "Certificate of 1 device: her laptop" in found["ending"]
    assert "Certificate of 1 device: her laptop" in found["ended"]


def test_neither_passkey_nor_password_lets_her_in(found: dict[str, Any]) -> None:
    assert found["passkeys"] == 1
    assert found["byPasskey"][0] == "/login/passkey"
    assert "does not open this account" in found["byPasskey"][1]
    assert found["byPassword"] == ["/login", "User name or password is wrong."]


def test_the_record_says_who_did_it(found: dict[str, Any]) -> None:
    by = {"actor_kind": "account", "actor_key": found["keys"][found["administrator"]]}
    for code in ("account disabled", "token revoked", "certificate revoked"):
        [event] = [one for one in found["events"] if one["event"] == code]
        assert {name: event[name] for name in by} == by
    assert found["closed"].startswith("The account is closed")
    assert any("Lea Asistente" in row and "Ada Administradora" in row for row in found["record"])


def test_the_record_says_what_she_printed(found: dict[str, Any]) -> None:
    [event] = [one for one in found["events"] if one["event"] == "page printed"]
    told = {name: event[name] for name in ("actor_key", "patient_key", "study_key", "subject_kind", "subject_key")}
    assert told == {
        "actor_key": found["keys"][LEAVER["user"]], "patient_key": 1, "study_key": 1, "subject_kind": "series",
        "subject_key": 1,
    }  # fmt: skip


def test_no_page_broke_its_policy_or_its_script(found: dict[str, Any]) -> None:
    assert faults_of(found) == {"errors": [], "policy": [], "foreign": []}
