"""The process `jobs` as it runs on a box: alone on its folder, killed and started anew, asked for work by a command."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.assembly.box import create_box, open_box
from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_jobs
from appliance.assembly.jobs import all_jobs
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.clock import SystemClock
from appliance.config import read_settings
from appliance.errors import Unavailable
from appliance.jobs import queries
from appliance.jobs.asking import ask_run
from appliance.keys.hierarchy import Keyring
from appliance.store.runs import RunOutcome
from tests.assembly.test_embedded import settings
from tests.patience import PATIENCE

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    create_box(settings(tmp_path), None, SystemClock())
    keyring = Keyring.decode(open_box(settings(tmp_path), None, SystemClock())["jobs"])
    opened = open_rooms(read_settings(tmp_path / "settings.toml"), keyring, SystemClock())
    yield opened
    opened.database.close()


@contextmanager
def process(rooms: Rooms, *, keys: bool = True) -> Iterator["subprocess.Popen[str]"]:
    """Run the process with its keyring in a pipe, or as systemd does, with a credential."""
    command = [sys.executable, "-m", "appliance", "jobs", "work", "--settings", str(rooms.folders.settings)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    reading, writing = os.pipe()
    os.write(writing, rooms.keyring.encode())
    os.close(writing)
    if keys:
        command += ["--keys-fd", str(reading)]
    else:
        folder = rooms.folders.data / "credentials"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "keyring").write_bytes(rooms.keyring.encode())
        environment["CREDENTIALS_DIRECTORY"] = str(folder)
    with (
        told_by(rooms).open("a") as told,
        subprocess.Popen(
            command, env=environment, pass_fds=(reading,), cwd=REPOSITORY, stderr=told, text=True
        ) as running,
    ):
        os.close(reading)
        try:
            yield running
        finally:
            running.kill()
            sys.stderr.write(told_by(rooms).read_text())  # shown where a test fails


def told_by(rooms: Rooms) -> Path:
    """Give the file that takes what the processes say."""
    return rooms.folders.settings.parent / "told"


def until(there: Callable[[], list[RunOutcome | None]], awaited: list[RunOutcome | None]) -> None:
    end = time.monotonic() + 60 * PATIENCE
    while (found := there()) != awaited:
        assert time.monotonic() < end, f"not {awaited} but {found}"
        time.sleep(0.1)


def outcomes(rooms: Rooms, job: str) -> list[RunOutcome | None]:
    with rooms.database.read() as tx:
        return [run.outcome for run in queries.runs_of(tx, job, 50)][::-1]


def test_every_job_of_the_release_is_planned_and_what_is_asked_for_is_done(rooms: Rooms) -> None:
    with process(rooms) as running:
        until(lambda: outcomes(rooms, "forecast disk"), [RunOutcome.DONE])
        known = {job.name for job in all_jobs(rooms)}
        with rooms.database.write() as tx:
            assert {plan.job for plan in queries.plans(tx)} == known
            ask_run(tx, "forecast disk", rooms.clock.now())
        until(lambda: outcomes(rooms, "forecast disk"), [RunOutcome.DONE] * 2)
        running.send_signal(signal.SIGTERM)
        assert running.wait(240) == 0


def test_one_that_is_killed_in_the_middle_of_a_run_is_made_good_by_the_next(rooms: Rooms) -> None:
    with rooms.database.write() as tx:
        queries.begin(tx, "forecast disk", rooms.clock.now(), None)
    with process(rooms):
        until(lambda: outcomes(rooms, "forecast disk")[:1], [RunOutcome.INTERRUPTED])
    with rooms.database.write() as tx:  # a minute later
        tx.change("UPDATE runs SET started_at = started_at - 70000000 WHERE job = 'forecast disk'")
    with process(rooms):
        until(lambda: outcomes(rooms, "forecast disk")[1:], [RunOutcome.DONE])


def test_a_second_one_on_the_same_folder_is_refused_and_changes_nothing(rooms: Rooms) -> None:
    with held_by_jobs(rooms.folders), process(rooms, keys=False) as second:
        assert second.wait(480) == 20
        assert "runs on" in told_by(rooms).read_text()
    assert outcomes(rooms, "forecast disk") == []
    with held_by_jobs(rooms.folders), pytest.raises(Unavailable), held_by_jobs(Folders.of(rooms.settings)):
        raise AssertionError("two at once")


def test_without_a_keyring_it_says_that_the_box_is_locked(rooms: Rooms) -> None:
    command = [sys.executable, "-m", "appliance", "jobs", "work", "--settings", str(rooms.folders.settings)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=REPOSITORY)
    assert (done.returncode, "only while the box is unlocked" in done.stderr) == (22, True)
