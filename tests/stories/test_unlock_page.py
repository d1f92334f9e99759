"""Story: the unlock page of a whole box. A passphrase opens it; where none is asked, nobody on the network does."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.stories.clinic import ROOT, form_of, until
from tests.stories.sealed_box import running
from tests.stories.walks import faults_of, planned, talked_through

PASSPHRASE = "winter harbour seventeen"  # noqa: S105  # of an invented box

pytestmark = pytest.mark.slow


def test_the_right_passphrase_on_the_page_unlocks_and_the_page_waits_in_words(
    tmp_path: Path, free_port_block: int
) -> None:
    with running(tmp_path / "data", free_port_block, "--sealing", "passphrase", given=PASSPHRASE + "\n") as box:
        browser = box.browser()
        wrong = browser.post("/unlock", data={**form_of(browser.get("/unlock")), "passphrase": "not this one"})
        assert wrong.status_code == 403
        began = time.monotonic()
        done = browser.post("/unlock", data={**form_of(browser.get("/unlock")), "passphrase": PASSPHRASE})
        assert time.monotonic() - began < 3 * PATIENCE
        assert done.status_code == 200
        assert "by itself" in done.text
        while box.keys() != "open":
            page = browser.get("/login")
            assert page.status_code in (200, 503)
            assert "by itself" in page.text or "password" in page.text
            assert time.monotonic() - began < 20 * PATIENCE
        assert "was killed" not in (tmp_path / "run.log").read_text()


@pytest.mark.peer("chromium", "node", "npm")
def test_the_page_goes_on_by_itself_also_for_somebody_who_is_still_signed_in(
    tmp_path: Path, free_port_block: int
) -> None:
    who = {"user": "ana", "first": "quiet amber tram 42", "second": "morning tram quiet 42"}
    with running(tmp_path / "data", free_port_block, "--sealing", "passphrase", given=PASSPHRASE + "\n") as box:
        assert box.enamel("unlock", given=PASSPHRASE + "\n").returncode == 0
        until(lambda: box.keys() == "open", 30)
        words = ("accounts", "add", who["user"], "--name", "Ana Prueba", "--role", "dentist")
        assert box.enamel(*words, given=f"{PASSPHRASE}\n{who['first']}\n").returncode == 0
        plan = {"origin": f"https://localhost:{free_port_block + 2}", "who": who, "passphrase": PASSPHRASE}
        command = planned("unlocking.mjs", tmp_path, plan)
        found = talked_through(command, tmp_path / "errors", lambda _: {"status": box.enamel("lock").returncode})
    assert found["signedIn"] == {"told": "Unlocked", "led": "/studies"}
    assert found["stranger"] == {"told": "Unlocked", "led": "/login"}
    faults = faults_of(found)
    broken = [line for line in faults["errors"] if "/static/" in line or not line.startswith("Failed to load resource")]
    assert broken == [], "while the box starts, a page that came has all its parts"
    assert (faults["policy"], faults["foreign"]) == ([], [])


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
    tmp_path: Path, free_port_block: int, sealing: tuple[str, ...]
) -> None:
    with running(tmp_path / "data", free_port_block, *sealing) as box:
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


def test_the_locker_refuses_a_passphrase_where_none_is_asked(tmp_path: Path, free_port_block: int) -> None:
    with running(tmp_path / "data", free_port_block, "--sealing", "file") as box:
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
