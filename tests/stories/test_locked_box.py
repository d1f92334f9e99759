"""Story: a locked box still receives, and lists all of it, in order, once somebody unlocks it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.stories.clinic import RunningClinic, small_scan, until, written

pytestmark = [pytest.mark.peer("storescu"), pytest.mark.slow]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> Iterator[RunningClinic]:
    with RunningClinic(tmp_path_factory.mktemp("locked") / "data", module_port_block) as running:
        yield running


def test_a_locked_box_receives_and_lists_everything_in_order_after_unlocking(
    clinic: RunningClinic, tmp_path: Path
) -> None:
    holders = [clinic.enamel("status")["processes"][name] for name in ("intake", "staff")]
    locked = clinic.enamel("lock")
    assert locked["locked"]
    assert set(locked["processes"]) == {"receiver", "caddy", "staff"}
    assert not any(psutil.pid_exists(number) for number in holders)
    patients = (3, 1, 4)
    for patient in patients:
        written(tmp_path / str(patient), small_scan(patient, 5).slices())
        assert clinic.storescu(tmp_path / str(patient)).returncode == 0
    assert clinic.enamel("status")["waiting_count"] == 15
    os.kill(clinic.enamel("status")["processes"]["receiver"], signal.SIGKILL)
    with clinic.browser() as browser:
        page = browser.get("/studies")
        assert "EN-1004" not in page.text
        assert clinic.dicomweb("/studies").status_code != 200
    assert not clinic.enamel("unlock")["locked"]
    until(lambda: clinic.enamel("status")["waiting_count"] == 0, 15)
    newest_first = [study["patient_id"] for study in clinic.enamel("studies", "list")]
    assert newest_first == ["EN-1005", "EN-1002", "EN-1004"]
    assert [study["instance_count"] for study in clinic.enamel("studies", "list")] == [5, 5, 5]
    trail = [e for e in reversed(clinic.enamel("audit", "list", "--limit", "1000")) if e["event"].startswith("box ")]
    assert [(event["event"], event["actor_kind"]) for event in trail] == [
        ("box created", "operator"), ("box unlocked", "process"),
        ("box locked", "operator"), ("box unlocked", "operator"),
    ]  # fmt: skip
    assert [event["at"] for event in trail] == sorted(event["at"] for event in trail)
    assert clinic.enamel("check")["faults"] == []


def test_a_box_whose_catalogue_is_gone_stays_locked_receives_and_loses_nothing(
    clinic: RunningClinic, tmp_path: Path
) -> None:
    data, known = clinic.data, len(clinic.enamel("studies", "list"))
    key = (data / "exchange" / "inbox-key.json").read_bytes()
    clinic.enamel("lock")
    (data / "catalogue").rename(tmp_path / "away")
    try:
        told = clinic.run("unlock")
        assert told.returncode == 30
        assert "put catalogue/catalogue.db back" in told.stderr
        assert clinic.enamel("status")["locked"]
        written(tmp_path / "scan", small_scan(2, 5).slices())
        assert clinic.storescu(tmp_path / "scan").returncode == 0
        assert clinic.enamel("status")["waiting_count"] == 5
        assert not (data / "catalogue").exists(), "none was made in its place"
        assert (data / "exchange" / "inbox-key.json").read_bytes() == key
    finally:
        (tmp_path / "away").rename(data / "catalogue")
        clinic.enamel("unlock")
    until(lambda: clinic.enamel("status")["waiting_count"] == 0, 15)
    assert len(clinic.enamel("studies", "list")) == known + 1
    assert clinic.enamel("quarantine", "list") == []
    assert clinic.enamel("check")["faults"] == []


def test_while_locked_the_page_says_so_and_no_process_has_a_key(clinic: RunningClinic) -> None:
    clinic.enamel("lock")
    try:
        with clinic.browser() as browser:
            until(lambda: clinic.keys() == "sealed", 10)
            page = browser.get("/people", headers={"accept": "text/html"})
            assert page.url.path == "/unlock", "a bookmark leads to the one page there is"
            assert "This box is locked" in page.text
            assert 'type="password"' not in page.text, "no passphrase opens a demonstration"
    finally:
        clinic.enamel("unlock")
    until(lambda: clinic.keys() == "open", 10)
