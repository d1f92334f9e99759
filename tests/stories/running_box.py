"""A running clinic as its machines see it: its children, and every instance that it lists and gives back."""

from typing import Any, Self

import httpx
import psutil

from appliance.assembly import locker
from appliance.assembly.folders import Folders
from appliance.config import read_settings
from appliance.dicom.part10 import read_file_meta
from tests.faults.raw_scu import Address
from tests.stories.clinic import RunningClinic, part_of, until

_PAGE = 1000


class RunningBox(RunningClinic):
    """A clinic whose objects are counted and fetched one by one."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._locker = Folders.of(read_settings(self.data / "settings.toml")).locker_socket
        self.dicom = Address(*(self.facts["dicom"][name] for name in ("host", "port", "ae_title")))
        token = {"Authorization": f"Bearer {self.facts['dicomweb']['token']}"}
        self.web = httpx.Client(base_url=self.facts["dicomweb"]["url"], headers=token, verify=self.trust, timeout=240)
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()
        self.stop()

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
            page = self.web.get("instances", params={"limit": str(_PAGE), "offset": str(len(found)), **query})
            page.raise_for_status()
            rows = page.json() if page.status_code == httpx.codes.OK else []
            found += rows
            if len(rows) < _PAGE:
                return found

    def dataset(self, row: dict[str, Any]) -> bytes:
        """Fetch one instance by WADO-RS and give its dataset bytes, without the file meta information."""
        study, series, sop = (row[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
        reply = self.web.get(
            f"studies/{study}/series/{series}/instances/{sop}",
            headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'},
        )
        reply.raise_for_status()
        part = part_of(reply)
        return part[read_file_meta(part).dataset_offset :]

    def status(self) -> dict[str, Any]:
        """Ask for what `enamel status` tells, where that command asks, without an interpreter for each time."""
        return locker.ask(self._locker, "status")

    def wait_until_taken_in(self, seconds: float = 120) -> list[dict[str, Any]]:
        """Wait until nothing that was acknowledged waits for intake; give what is listed."""
        until(lambda: self.status()["waiting_count"] == 0, seconds)
        return self.instances()

    def wait_for(self, count: int, seconds: float) -> list[dict[str, Any]]:
        """Wait until so many instances are listed; give what is listed."""
        until(lambda: len(self.instances()) >= count, seconds)
        return self.instances()
