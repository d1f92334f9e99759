"""The process that serves the pages ends when it is told to, also before it serves anybody."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.assembly.folders import Folders
from appliance.config import Settings, in_folders, settings_text

REPOSITORY = Path(__file__).parents[2]
TOLD_AFTER_SECONDS = (0.0, 0.02, 0.1, 0.3)


def hears_signals(process: subprocess.Popen[bytes]) -> bool:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) & 1 << (signal.SIGTERM - 1))
    return False


@pytest.mark.parametrize("after", TOLD_AFTER_SECONDS)
def test_told_to_stop_while_it_starts_it_stops(tmp_path: Path, short_path: Path, after: float) -> None:
    settings = in_folders(Settings(), str(tmp_path / "data"), str(short_path / "run"))
    folders = Folders.of(settings)
    folders.create()
    file = tmp_path / "data" / "settings.toml"
    file.write_text(settings_text(settings))
    command = [sys.executable, "-m", "appliance", "staff", "--settings", str(file), "--keys-fd", "0"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(b"locked")
            process.stdin.close()
            while process.poll() is None and not hears_signals(process):
                time.sleep(0.001)
            time.sleep(after)
            process.terminate()
            assert process.wait(10) == 0
        finally:
            process.kill()
