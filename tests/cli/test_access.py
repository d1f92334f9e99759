"""An operator lets people, devices and machines in from the box's own keyboard."""

import json
import re
from pathlib import Path

import pytest

from appliance.inbox.admission import PeerEntry
from tests import warm
from tests.dicom_scp.receiver_process import running

ROOT = Path(__file__).parents[2]


def enamel(data: Path, *words: str, given: str = "", status: int = 0) -> dict[str, object] | list[dict[str, object]]:
    """Run a command on a data folder and give its one line of JSON."""
    done = warm.run(*words, "--data", str(data), "--json", given=given)
    assert done.returncode == status, done.stderr
    answer: dict[str, object] | list[dict[str, object]] = json.loads(done.stdout) if done.stdout else {}
    return answer


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clinic") / "data"
    enamel(folder, "keys", "init", "--sealing", "file")
    return folder


def test_a_person_is_let_in_with_a_first_password(data: Path) -> None:
    words = ("accounts", "add", "olivia", "--name", "Dra. Olivia", "--role", "dentist", "--images")
    enamel(data, *words, given="seven slow green turtles\n")
    assert [row["user"] for row in enamel(data, "accounts", "list") if isinstance(row, dict)] == ["olivia"]
    enamel(data, *words, given="seven slow green turtles\n", status=15)


def test_an_invitation_is_printed_for_somebody_new_and_anew_for_somebody_who_is_there(data: Path) -> None:
    new = ("accounts", "invite", "pau", "--name", "Pau Prueba", "--role", "reception")
    first = enamel(data, *new)
    assert isinstance(first, dict)
    assert first["link"] == f"https://localhost/join#{first['code']}"
    assert len(str(first["code"]).replace("-", "")) == 16
    again = enamel(data, "accounts", "invite", "pau")
    assert isinstance(again, dict)
    assert again["code"] != first["code"]
    enamel(data, *new, status=15)
    enamel(data, "accounts", "invite", "pau", "--name", "Pau", status=15)
    enamel(data, "accounts", "invite", "nobody", status=12)
    slip = warm.run("accounts", "invite", "pau", "--data", str(data)).stdout
    assert re.search(r"Invitation for Pau Prueba.*/join\n.*type  \S{16,19}\n.*until     20\d\d-", slip, re.DOTALL)


def test_a_device_may_send_until_it_is_removed(data: Path) -> None:
    added = enamel(data, "peers", "add", "CONSOLE", "--address", "127.0.0.1")
    assert isinstance(added, dict)
    admission = (data / "exchange" / "admission.json").read_text()
    assert "CONSOLE" in admission
    enamel(data, "peers", "remove", str(added["peer_key"]))
    assert "CONSOLE" not in (data / "exchange" / "admission.json").read_text()
    assert enamel(data, "peers", "list") == []
    enamel(data, "peers", "remove", str(added["peer_key"]), status=12)


def test_a_device_is_let_in_once_however_its_address_is_written(data: Path) -> None:
    added = enamel(data, "peers", "add", "SPELT", "--address", "2001:DB8:0::7/128")
    assert isinstance(added, dict)
    enamel(data, "peers", "add", "SPELT", "--address", "2001:db8::7", status=10)
    enamel(data, "peers", "add", "SPELT", "--address", "192.0.2.9/24")
    enamel(data, "peers", "add", "SPELT", "--address", "192.0.2.0/24", status=10)
    enamel(data, "peers", "add", "SPELT", "--address", "192.0.2.0/33", status=15)
    rows = enamel(data, "peers", "list")
    spelt = [row["address"] for row in rows if isinstance(row, dict) and row["ae_title"] == "SPELT"]
    assert spelt == ["2001:db8::7", "192.0.2.0/24"]
    for row in rows:
        if isinstance(row, dict) and row["ae_title"] == "SPELT":
            enamel(data, "peers", "remove", str(row["peer_key"]))


def test_a_device_with_no_such_title_is_refused(data: Path) -> None:
    enamel(data, "peers", "add", "A" * 17, status=15)


def test_a_device_is_asked_whether_it_is_there_and_that_is_recorded(data: Path, tmp_path: Path) -> None:
    enamel(data, "peers", "add", "BRIDGE", "--name", "Bridge room", "--address", "127.0.0.1")
    with running(tmp_path, 'ae_title = "BRIDGE"\n', [PeerEntry("Us", ("ENAMEL",), (), ())]) as device:
        words = ("peers", "test", "bridge ROOM", "--port", str(device.port))
        answer = enamel(data, *words)
        assert isinstance(answer, dict)
        assert (answer["finding"], answer["status"], answer["called_ae_title"]) == ("answered", 0, "BRIDGE")
        rejected = enamel(data, *words, "--called", "NOBODY", status=3)
        assert isinstance(rejected, dict)
        assert (rejected["finding"], rejected["rejection"]) == ("association rejected", [1, 1, 7])
    gone = enamel(data, "peers", "test", "BRIDGE", "--port", str(device.port), status=3)
    assert isinstance(gone, dict)
    assert (gone["finding"], gone["answered"]) == ("connection refused", False)
    recorded = [row["outcome"] for row in enamel(data, "audit", "list") if isinstance(row, dict) and told(row)]
    assert recorded == ["failure", "failure", "success"]


def told(row: dict[str, object]) -> bool:
    return (row["event"], row["subject_kind"]) == ("peer tested", "peer")


def test_a_device_that_cannot_be_asked_is_said_before_anything_is_sent(data: Path) -> None:
    enamel(data, "peers", "add", "ROAMING")
    enamel(data, "peers", "test", "ROAMING", status=15)
    enamel(data, "peers", "test", "ROAMING", "--address", "127.0.0.1", "--port", "70000", status=15)
    enamel(data, "peers", "test", "ROAMING", "--address", "127.0.0.1", "--timeout", "0", status=15)
    enamel(data, "peers", "test", "ROAMING", "--address", "127.0.0.1", "--tls", "/nowhere.pem", status=15)
    enamel(data, "peers", "test", "NOBODY", status=12)
    enamel(data, "peers", "add", "WARD", "--address", "127.0.0.0/30")
    enamel(data, "peers", "test", "WARD", status=15)
    enamel(data, "peers", "add", "ROAMING", "--address", "10.0.0.9")
    enamel(data, "peers", "test", "ROAMING", "--address", "127.0.0.1", status=15)


def test_a_machine_gets_a_token_once(data: Path) -> None:
    answer = enamel(data, "tokens", "issue", "planning station", "--scope", "view-images", "--days", "30")
    assert isinstance(answer, dict)
    assert str(answer["token"]).startswith("enamel_")


def test_a_token_has_the_scopes_that_were_asked_for_and_no_other(data: Path) -> None:
    enamel(data, "tokens", "add", "no scope", status=2)
    enamel(data, "tokens", "add", "both", "--scope", "list-studies", "--laboratory", "lilas", status=2)
    enamel(data, "tokens", "add", "all", "--scope", "everything", status=2)
    enamel(data, "tokens", "add", "never", "--scope", "list-studies", "--days", "0", status=15)
    words = ("--scope", "view-images", "--scope", "list-studies", "--scope", "list-studies")
    answer = enamel(data, "tokens", "add", "front desk", *words)
    assert isinstance(answer, dict)
    assert answer["scopes"] == ["list-studies", "view-images"]
    listed = [row for row in enamel(data, "tokens", "list") if isinstance(row, dict) and row["name"] == "front desk"]
    shown = [(row["scopes"], row["expires_at"], row["last_used_at"]) for row in listed]
    assert shown == [(["list-studies", "view-images"], None, None)]


def test_a_laboratory_gets_a_token_of_its_own(data: Path) -> None:
    words = ("accounts", "add", "lilas", "--name", "Laboratorio Lilas", "--role", "lab")
    enamel(data, *words, given="quiet amber tram 42\n")
    enamel(data, "tokens", "add", "nobody's", "--laboratory", "nobody", status=12)
    told = enamel(data, "tokens", "add", "planning", "--laboratory", "lilas")
    assert isinstance(told, dict)
    assert told["scopes"] == ["given"]
    assert [row["scopes"] for row in enamel(data, "tokens", "list") if isinstance(row, dict)][-1] == ["given"]
