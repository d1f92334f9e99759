"""A clinic whose browsers run no script: everything but pictures and passkeys is done by plain pages and forms."""

from typing import Any

import pytest

from tests.stories.clinic import RunningClinic, small_scan, until, written
from tests.stories.walks import faults_of, walk

pytestmark = [pytest.mark.slow, pytest.mark.peer("storescu", "chromium", "node", "npm")]

PERSON = {
    "name": "Rosa Recepcion", "corrected": "Rosa Recepción", "user": "rosa", "password": "seven slow green turtles",
    "pin": "40718",
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let an administrator and a receptionist work for a while, once."""
    folder = tmp_path_factory.mktemp("scriptless")
    with RunningClinic(folder / "data", module_port_block) as clinic:
        for number in (0, 1):
            written(folder / f"disk{number}", small_scan(number, 8).slices())
            assert clinic.storescu(folder / f"disk{number}").returncode == 0
        until(lambda: len(clinic.enamel("studies", "list")) == 2, 30)
        return dict(walk("scriptless.mjs", folder, clinic, {"person": PERSON, "patient": "alarcon"}))


def test_somebody_is_invited_and_comes_in_with_an_app(found: dict[str, Any]) -> None:
    assert found["picture"] > 0, "the code to scan is a picture and no script's"
    assert found["codes"] == 10


def test_the_lists_are_searched_and_filtered_and_a_patient_opened(found: dict[str, Any]) -> None:
    assert [name.strip() for name in found["searched"]] == ["Alarcón Núñez, María José"]
    assert found["filtered"].count("=") > 1
    assert "locks five minutes after" in found["told"]
    assert found["patient"]
    assert found["images"] == 0, "a receptionist sees no images"


def test_ones_own_account_is_kept_in_order(found: dict[str, Any]) -> None:
    assert found["corrected"]
    assert found["pin"]
    assert found["language"] == "es"


def test_the_screen_is_locked_and_a_pin_leads_back(found: dict[str, Any]) -> None:
    assert found["locked"] == ["/lock", "Screen locked"]
    assert found["shut"] == "/lock"


def test_the_glass_is_broken_and_the_emergency_ended(found: dict[str, Any]) -> None:
    assert "minutes left" in found["banner"]
    assert found["bannerAfter"] == 0


def test_an_administrator_decides_and_reads_the_record(found: dict[str, Any]) -> None:
    assert found["changed"].startswith("The role is changed")
    assert found["outAfterChange"] == "/login"
    assert found["record"]
    assert found["closed"].startswith("The account is closed")


def test_no_page_broke_its_policy(found: dict[str, Any]) -> None:
    assert faults_of(found) == {"errors": [], "policy": [], "foreign": []}
