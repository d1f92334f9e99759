"""A second start on the same data, or on ports that are taken: it says so, and the box that runs goes on as it was."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.assembly.box import unseal_root
from appliance.assembly.folders import Folders
from appliance.keys.hierarchy import Keyring
from tests.conftest import claimed_ports
from tests.stories.clinic import ROOT, RunningClinic, until


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> Iterator[RunningClinic]:
    folder = tmp_path_factory.mktemp("clinic")
    with RunningClinic(folder / "data", module_port_block) as running:
        yield running


def second_start(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "appliance", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=300)


def everything(data: Path) -> dict[str, tuple[int, int]]:
    """Give what a second start could have replaced: each file's and socket's identity and time of change."""
    kept = [*data.glob("*"), *data.glob("run/*"), *data.glob("keys/*"), *data.glob("exchange/*")]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in kept if not path.is_dir()}


@pytest.mark.parametrize("command", ["demo", "run"])
def test_a_second_start_on_the_same_data_is_refused_and_changes_nothing(clinic: RunningClinic, command: str) -> None:
    before, processes = everything(clinic.data), clinic.enamel("status")["processes"]
    with claimed_ports() as free:
        more = ("--no-samples", "--ports-from", str(free)) if command == "demo" else ()
        done = second_start(command, "--data", str(clinic.data), *more)
    assert done.returncode == 20
    assert f"enamel: a box runs on {clinic.data} already" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert everything(clinic.data) == before
    assert clinic.enamel("status")["processes"] == processes
    assert clinic.keys() == "open"


def test_an_intake_that_systemd_would_start_is_refused_where_a_supervisor_runs_one(
    clinic: RunningClinic, tmp_path: Path
) -> None:
    root = unseal_root(Folders(clinic.data, clinic.data / "run"), None)
    (tmp_path / "keyring").write_bytes(Keyring.for_process("intake", root).encode())
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "intake", "--data", str(clinic.data)], capture_output=True, text=True,
        cwd=ROOT, check=False, timeout=300, env={**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 20
    assert f"a box runs on {clinic.data} already" in done.stderr


def test_ports_that_are_taken_are_told_before_anything_is_made(clinic: RunningClinic, tmp_path: Path) -> None:
    first = clinic.first_port
    done = second_start("demo", "--no-samples", "--data", str(tmp_path / "data"), "--ports-from", str(first))
    assert done.returncode == 20
    for port, what in ((first, "DICOM"), (first + 1, "DICOM over TLS"), (first + 2, "HTTPS")):
        assert f"port {port} ({what}) is taken by another program" in done.stderr
    assert "make run DEMO='--ports-from 20000'" in done.stderr
    assert not (tmp_path / "data" / "settings.toml").exists()
    assert not (tmp_path / "data" / "keys" / "root.sealed").exists()


def test_a_box_whose_supervisor_was_killed_starts_again_at_once(clinic: RunningClinic) -> None:
    os.kill(clinic.process.pid, signal.SIGKILL)
    clinic.process.wait()

    def is_free(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    until(lambda: all(is_free(clinic.first_port + number) for number in range(3)), 5)
    with RunningClinic(clinic.data, clinic.first_port) as again:
        assert again.keys() == "open"
