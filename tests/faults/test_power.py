"""The power-loss model itself: it loses what may be lost, and only that."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.power import Recording, copy_baseline, read_log
from tests.faults.preload import recorder

pytestmark = pytest.mark.peer("cc")
CAREFUL = """
import os, sys
root = sys.argv[1]
fd = os.open(root + "/kept", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
os.write(fd, b"safe" * 1000)
os.fsync(fd)
folder = os.open(root, os.O_RDONLY)
os.fsync(folder)
os.mkdir(root + "/sub")
os.rename(root + "/kept", root + "/sub/kept")
"""


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    root = tmp_path / "root"
    root.mkdir()
    copy_baseline(root, tmp_path / "baseline")
    log = tmp_path / "log"
    environment = os.environ | {"LD_PRELOAD": str(recorder()), "FAULTS_ROOT": str(root), "FAULTS_LOG": str(log)}
    subprocess.run([sys.executable, "-c", CAREFUL, str(root)], check=True, env=environment)
    return Recording(root, tmp_path / "baseline", read_log(log.read_bytes()))


def states(recording: Recording, position: int, scratch: Path) -> set[str]:
    found = set()
    for seed in range(200):
        target = scratch / str(seed)
        recording.materialise(position, seed, target)
        files = [p for p in target.rglob("*") if p.is_file()]
        found.add(",".join(f"{p.relative_to(target)}:{p.read_bytes() == b'safe' * 1000}" for p in files))
        shutil.rmtree(target)
    return found


def test_before_its_folder_is_synced_a_file_may_be_missing(recording: Recording, tmp_path: Path) -> None:
    folder_synced = max(i for i, o in enumerate(recording.operations) if o.kind == "s")
    assert states(recording, folder_synced, tmp_path) == {"", "kept:True"}


def test_a_synced_file_is_whole_in_one_of_its_two_places(recording: Recording, tmp_path: Path) -> None:
    end = len(recording.operations)
    assert states(recording, end, tmp_path) == {"kept:True", "sub/kept:True"}


def test_before_it_is_synced_a_file_may_be_torn(recording: Recording, tmp_path: Path) -> None:
    file_synced = min(i for i, o in enumerate(recording.operations) if o.kind == "s")
    assert {"kept:False", "kept:True", ""} == states(recording, file_synced, tmp_path)
