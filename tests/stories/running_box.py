"""A whole Enamel as a black box: `enamel demo --json`, and what a user of it can do from outside."""

import json
import re
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from appliance.dicom.part10 import read_file_meta
from tests.faults.raw_scu import Address

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60


class RunningBox:
    """The demo clinic in the foreground of a process of ours; use it in a `with` block."""

    def __init__(self, data: Path, ports_from: int, *flags: str, environment: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "appliance", "demo", "--json", "--data", str(data)]
        self._log = data.with_suffix(".log").open("ab")
        self.process = subprocess.Popen(
            [*command, "--ports-from", str(ports_from), "--no-samples", "--accept-any-peer", *flags],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(_START_SECONDS)
            raise AssertionError(f"the box did not start: {data.with_suffix('.log').read_text()[-3000:]}")
        self.facts: dict[str, Any] = json.loads(line)
        self.dicom = Address(*(self.facts["dicom"][name] for name in ("host", "port", "ae_title")))
        self.context = ssl.create_default_context(cafile=self.facts["web"]["ca_file"])
        self.web = httpx.Client(
            base_url=self.facts["dicomweb"]["url"],
            headers={"Authorization": f"Bearer {self.facts['dicomweb']['token']}"},
            verify=self.context,
            timeout=60,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the box as a service manager would."""
        self.web.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self._log.close()

    def child(self, name: str) -> psutil.Process | None:
        """Give the running child that does one duty, such as `receiver`, or None while it is being restarted."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if name in child.cmdline()[1:6] and child.status() != psutil.STATUS_ZOMBIE:
                    return child
            except psutil.NoSuchProcess:
                continue
        return None

    def instances(self, **query: str) -> list[dict[str, Any]]:
        """Ask QIDO-RS for instances."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.web.get("instances", params={"limit": "1000", "offset": str(len(found)), **query})
            page.raise_for_status()
            rows = page.json() if page.status_code == httpx.codes.OK else []
            found += rows
            if len(rows) < 1000:
                return found

    def dataset(self, row: dict[str, Any]) -> bytes:
        """Fetch one instance by WADO-RS and give its dataset bytes, without the file meta information."""
        study, series, sop = (row[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
        reply = self.web.get(
            f"studies/{study}/series/{series}/instances/{sop}",
            headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'},
        )
        reply.raise_for_status()
        part = single_part(reply)
        return part[read_file_meta(part).dataset_offset :]

    def enamel(self, *words: str) -> Any:  # noqa: ANN401  whatever the JSON holds
        """Run a command on this box's data and give what its JSON says."""
        command = [sys.executable, "-m", "appliance", *words, "--data", self.facts["data"], "--json"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def wait_until_taken_in(self, seconds: float = 120) -> list[dict[str, Any]]:
        """Wait until nothing that was acknowledged waits for intake; give what is listed."""
        end = time.monotonic() + seconds
        while waiting := self.enamel("status")["waiting_count"]:
            assert time.monotonic() < end, f"{waiting} objects still wait for intake after {seconds} s"
            time.sleep(0.3)
        return self.instances()

    def wait_for(self, count: int, seconds: float) -> list[dict[str, Any]]:
        """Wait until so many instances are listed, or the time is over; give what is listed."""
        end = time.monotonic() + seconds
        while True:
            found = self.instances()
            if len(found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.1)


def single_part(reply: httpx.Response) -> bytes:
    """Give the only part of a multipart/related reply.

    Source: DICOM PS3.18 8.6.1.2.1 (multipart media type).
    """
    boundary = re.search(r'boundary="?([^";]+)"?', reply.headers["content-type"])
    assert boundary is not None, "the reply names no boundary"
    mark = boundary.group(1).encode()
    body = reply.content
    start = body.index(b"\r\n\r\n", body.index(b"--" + mark)) + 4
    return body[start : body.rindex(b"\r\n--" + mark)]
