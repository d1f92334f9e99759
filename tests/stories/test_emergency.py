"""A night with an emergency in a real Chromium: an envelope is opened, the glass is broken, and both are reviewed."""

from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.stories.clinic import RunningClinic, small_scan, until, written
from tests.stories.walks import faults_of, walk

pytestmark = [pytest.mark.slow, pytest.mark.peer("storescu", "chromium", "node", "npm")]

RECEPTION = {"user": "rita", "first": "quiet amber tram 42", "second": "morning tram quiet 42"}
NAME = "Alarcón Núñez"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let the night pass, once."""
    folder = tmp_path_factory.mktemp("emergency")
    with RunningClinic(folder / "data", module_port_block) as clinic:
        written(folder / "disk", small_scan(0, 12).slices())
        assert clinic.storescu(folder / "disk").returncode == 0
        until(lambda: len(clinic.enamel("studies", "list")) == 1, 30)
        words = ("accounts", "add", "rita", "--name", "Rita Recibe", "--role", "reception")
        clinic.enamel(*words, given=RECEPTION["first"] + "\n")
        answer = walk("emergency.mjs", folder, clinic, {"reception": RECEPTION})
        listed = clinic.enamel("emergencies", "--all")
        verified = clinic.enamel("audit", "verify")
    return dict(answer) | {"listed": listed, "verified": verified}


def test_the_slip_has_a_code_that_opens_once_and_unlocks_its_own_screen(found: dict[str, Any]) -> None:
    assert found["night"]["banner"].startswith("Emergency access")
    assert found["night"]["inViewer"].startswith("Emergency access")
    assert found["night"]["locked"] == "Code of the envelope"
    assert found["night"]["unlockedAt"].startswith("/series/")
    assert found["night"]["outAt"] == "/login"
    assert "opens nothing" in found["night"]["again"]


def test_the_glass_lends_the_pictures_and_the_end_takes_them_from_every_tab_within_seconds(
    found: dict[str, Any],
) -> None:
    day = found["glass"]
    assert day["before"] == 403
    assert day["presses"] == 1, "whoever clicks twice sends once"
    assert day["images"] > 0
    assert day["banner"].startswith("Emergency access")
    assert day["other"]["at"] == "/emergency"
    assert day["other"]["seconds"] < 2 * PATIENCE
    assert day["other"]["canvases"] == 0
    assert NAME not in day["other"]["words"]
    assert [each["at"] for each in day["lists"]] == ["/emergency", "/emergency"], "though their list was on its way"
    assert not any(NAME in each["words"] for each in day["lists"])
    assert day["after"] == 403


def test_somebody_else_sees_what_was_opened_and_signs(found: dict[str, Any]) -> None:
    review = found["review"]
    assert review["waiting"] == "3", "two to review, and a code to draw"
    assert any(NAME in line for line in review["seen"])
    assert review["signed"].startswith("Signed by Ada Administradora")
    assert review["genuine"] == "As it was signed"
    assert [(one["by_envelope"], one["reviews"]) for one in found["listed"]] == [(False, 1), (True, 0)]
    assert found["verified"]["fault"] is None


def test_no_page_broke_its_policy_or_its_script(found: dict[str, Any]) -> None:
    assert faults_of(found) == {"errors": [], "policy": [], "foreign": []}
