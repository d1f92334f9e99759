"""Story: the unlock page of a whole box. A passphrase opens it; where none is asked, nobody on the network does."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from appliance.config import ReceiverSettings, Settings, StaffSettings, settings_text
from tests.stories.clinic import form_of, until

ROOT = Path(__file__).parents[2]
PORTS = 22610
PASSPHRASE = "winter harbour seventeen"  # noqa: S105  # of an invented box

pytestmark = pytest.mark.slow


class Box:
    """`enamel run` on a data folder of its own, reached by its pages and by the command."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.url = f"https://127.0.0.1:{PORTS + 2}"

    def enamel(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "appliance", *words, "--data", str(self.data), "--json"]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, input=given, check=False)

    def locked(self) -> bool:
        return bool(json.loads(self.enamel("status").stdout)["locked"])

    def keys(self) -> str:
        try:
            answer = self.browser().get("/healthz")
        except httpx.TransportError:
            return ""
        return str(answer.json()["keys"]) if answer.status_code == 200 else ""

    def browser(self) -> httpx.Client:
        trust = ssl.create_default_context(cafile=self.data / "tls" / "web-ca.pem")
        return httpx.Client(base_url=self.url, verify=trust, timeout=30)


@contextmanager
def running(data: Path, *sealing: str, given: str = "") -> Iterator[Box]:
    data.mkdir()
    settings = Settings(
        receiver=ReceiverSettings(listen="127.0.0.1", port=PORTS, tls_port=0),
        staff=StaffSettings(listen="127.0.0.1", port=PORTS + 2),
    )
    (data / "settings.toml").write_text(settings_text(settings))
    box = Box(data)
    made = box.enamel("keys", "init", *sealing, given=given)
    assert made.returncode == 0, made.stderr
    with (data.parent / "run.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance", "run", "--data", str(data)], stdout=log, stderr=log, cwd=ROOT
        )
        try:
            until(lambda: box.keys() != "", 30)
            yield box
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def test_the_right_passphrase_on_the_page_unlocks_and_the_page_waits_in_words(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--sealing", "passphrase", given=PASSPHRASE + "\n") as box:
        browser = box.browser()
        wrong = browser.post("/unlock", data={**form_of(browser.get("/unlock")), "passphrase": "not this one"})
        assert wrong.status_code == 403
        began = time.monotonic()
        done = browser.post("/unlock", data={**form_of(browser.get("/unlock")), "passphrase": PASSPHRASE})
        assert time.monotonic() - began < 3
        assert done.status_code == 200
        assert "by itself" in done.text
        while box.keys() != "open":
            page = browser.get("/login")
            assert page.status_code in (200, 503)
            assert "by itself" in page.text or "password" in page.text
            assert time.monotonic() - began < 20
        assert "was killed" not in (tmp_path / "run.log").read_text()


@pytest.mark.parametrize(
    "sealing",
    [
        pytest.param(("--sealing", "file"), id="file"),
        pytest.param(
            ("--sealing", "machine", "--host-key", "host"), id="machine", marks=pytest.mark.peer("systemd-creds")
        ),
    ],
)
def test_without_a_passphrase_only_the_operator_at_the_machine_unlocks(
    tmp_path: Path, sealing: tuple[str, ...]
) -> None:
    with running(tmp_path / "data", *sealing) as box:
        until(lambda: box.keys() == "open", 30)
        assert box.enamel("lock").returncode == 0
        until(lambda: box.keys() == "sealed", 15)
        browser = box.browser()
        shown = browser.get("/unlock")
        assert "enamel unlock" in shown.text
        assert not re.search('type="password"', shown.text)
        token = re.search(r'name="form_token" value="([^"]+)"', shown.text)
        fields = {"form_token": token[1] if token else "", "passphrase": "any words"}
        assert browser.post("/unlock", data=fields).status_code == 403
        assert box.locked()
        assert box.keys() == "sealed"
        assert box.enamel("unlock").returncode == 0
        until(lambda: box.keys() == "open", 15)


def test_the_locker_refuses_a_passphrase_where_none_is_asked(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--sealing", "file") as box:
        until(lambda: box.keys() == "open", 30)
        box.enamel("lock")
        ask = (
            "import sys; from pathlib import Path; from appliance.assembly.locker import ask\n"
            "ask(Path(sys.argv[1]), 'unlock', 'any words')"
        )
        command = [sys.executable, "-c", ask, str(box.data / "run" / "locker.sock")]
        told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=dict(os.environ))
        assert "asks for no passphrase" in told.stderr
        assert box.locked()
