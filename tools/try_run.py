"""Does with `make run` what a person does: start, look, verify by DICOM, Ctrl-C, and once more with the data kept.

`.venv/bin/python tools/try_run.py` runs it in a clone that has no `data` yet. It says how long each step took, and
ends with a failure at the first promise of the README that does not hold.
"""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pynetdicom import AE

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
VERIFICATION = "1.2.840.10008.1.1"
START_SECONDS, SAMPLES_SECONDS, END_SECONDS = 90.0, 400.0, 20.0


class Started:
    """`make run` in a terminal's stead: what it prints is kept, and Ctrl-C reaches everything it has in front."""

    def __init__(self) -> None:
        """Start it."""
        self.printed = ""
        self._process = subprocess.Popen(
            ["make", "run"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, text: str, seconds: float) -> None:
        """Wait until it has printed something, and say how long that took."""
        took = until(lambda: text in self.printed or not self._reader.is_alive(), seconds)
        assert text in self.printed, f"it never printed {text!r}:\n{self.printed}"
        print(f"  {took:5.1f} s until {text!r}")

    def interrupt(self) -> None:
        """Press Ctrl-C; everything ends."""
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(END_SECONDS)
        took = until(lambda: not left_over(), END_SECONDS)
        self._reader.join(END_SECONDS)
        assert "Stopped. The data is kept" in self.printed, self.printed
        print(f"  {took:5.1f} s until nothing of it is left after Ctrl-C")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed += line.decode()


def until(true: Callable[[], bool], seconds: float) -> float:
    """Wait until something is true and say how long that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s"
        time.sleep(0.05)
    return time.monotonic() - began


def left_over() -> list[str]:
    """Give the command lines of the processes that work on the data folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if str(DATA) in line:
            found.append(line)
    return found


def look(printed: str) -> int:
    """Look at what was printed and at what answers; give how many studies are listed."""
    address = re.search(r"Enamel is running:  (https://\S+)", printed)
    assert address, printed
    for user in ("dentist", "admin"):
        assert re.search(rf"^ +{user} +\S+ +\d{{6}}$", printed, re.MULTILINE), f"no login of {user}:\n{printed}"
    known: dict[str, Any] = json.loads((DATA / "demo.json").read_bytes())
    trust = ssl.create_default_context(cafile=str(DATA / "tls" / "web-ca.pem"))
    with urllib.request.urlopen(f"{address[1]}/login", context=trust) as page:  # noqa: S310  the address that was just printed
        assert 'name="password"' in page.read().decode()
    asked = urllib.request.Request(f"{address[1]}/dicomweb/studies?limit=1000")  # noqa: S310  the address that was just printed
    asked.add_header("Authorization", f"Bearer {known['token']}")
    asked.add_header("Accept", "application/dicom+json")
    with urllib.request.urlopen(asked, context=trust) as answer:  # noqa: S310  the address that was just printed
        return len(json.loads(answer.read() or b"[]"))


def nothing_waits() -> bool:
    """Say whether all that was received is listed."""
    command = [sys.executable, "-m", "appliance", "status", "--json", "--data", str(DATA)]
    told = subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout
    return bool(json.loads(told)["waiting_count"] == 0)


def verify(printed: str) -> None:
    """Verify with a C-ECHO of pynetdicom's, at the address that was printed."""
    told = re.search(r"AE title (\S+) at (\S+), port (\d+)", printed)
    assert told, printed
    client = AE("PHANTOM")
    client.add_requested_context(VERIFICATION)
    association = client.associate(told[2], int(told[3]), ae_title=told[1])
    assert association.is_established, "the association is refused"
    assert association.send_c_echo().Status == 0
    association.release()


def main() -> int:
    """Start it twice."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # typed as any text stream
    assert not DATA.exists(), f"{DATA} is there already"
    first = Started()
    first.wait_for("Ctrl-C stops everything", START_SECONDS)
    first.wait_for("sample objects were stored", SAMPLES_SECONDS)
    verify(first.printed)
    until(nothing_waits, 60)
    studies = look(first.printed)
    first.interrupt()
    second = Started()
    second.wait_for("Ctrl-C stops everything", START_SECONDS)
    assert "Opening the clinic" in second.printed
    verify(second.printed)
    assert look(second.printed) == studies > 0, "not all studies are there at the second start"
    second.interrupt()
    print(f"  {studies} studies, kept; C-ECHO and the pages answer; Ctrl-C stops everything")
    return 0


if __name__ == "__main__":
    sys.exit(main())
