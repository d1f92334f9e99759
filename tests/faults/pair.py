"""A receiver and an intake of one box, started by hand so that a test may kill them, watch them or break their disk."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from appliance.assembly.box import create_box, open_box, read_box_file, unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.clock import SystemClock
from appliance.config import ReceiverSettings, Settings, read_settings
from appliance.intake.parts import IntakeParts
from appliance.intake.service import Intake
from appliance.keys.hierarchy import Keyring
from appliance.store.files import RealFiles
from tests.faults.kept import digests_kept
from tests.faults.raw_scu import Address, RawScu, Refusal
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
AE_TITLE = "ENAMEL"
_START_SECONDS = 20.0 * PATIENCE


class Pair:
    """The two processes that an acknowledged scan depends on."""

    def __init__(self, data: Path, port: int) -> None:
        receiver = ReceiverSettings(
            listen="127.0.0.1", port=port, tls_port=0, accept_any_peer=True, reserve_bytes=1 << 20, artim_seconds=5
        )
        self.settings = Settings(data_folder=str(data), run_folder=str(data / "run"), receiver=receiver)
        self.folders = Folders.of(self.settings)
        self.address = Address("127.0.0.1", port, AE_TITLE)
        self.log = data.with_suffix(".log")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        if not self.folders.box.exists():
            create_box(self.settings, None, SystemClock())
        root = unseal_root(self.folders, None)
        self._keyring = Keyring.for_process("intake", root).encode()
        assert read_settings(self.folders.settings).receiver.port == port

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self.kill(name)

    def start(self, name: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start `receiver` or `intake`, with more environment if a fault is wanted."""
        command = [sys.executable, "-m", "appliance", name, "--settings", str(self.folders.settings)]
        handed: tuple[int, ...] = ()
        if name == "intake":
            handed = (_pipe_with(self._keyring),)
            command += ["--keys-fd", str(handed[0])]
        with self.log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=handed,
            )
        for descriptor in handed:
            os.close(descriptor)
        return self._running[name]

    def rooms(self) -> Rooms:
        """Open the rooms in this process, with the root secret."""
        root = unseal_root(self.folders, None)
        return open_rooms(self.settings, Keyring.for_process("staff", root), SystemClock())

    def open_again(self) -> None:
        """Do what a start does before the processes run.

        Raises:
            ApplianceError: The box does not start from what is on the disk.
        """
        open_box(self.settings, None, SystemClock())

    def take_in_everything(self) -> Mapping[str, set[str]]:
        """Run an intake in this process until nothing waits; give what the box keeps then."""
        rooms = self.rooms()
        box_id = read_box_file(self.folders).box_id
        intake = Intake(
            IntakeParts(
                rooms.folders.data, box_id, rooms.database, rooms.rotating_keys, rooms.audit, RealFiles(), SystemClock()
            )
        )
        intake.start()
        while intake.step():
            pass
        kept = digests_kept(rooms)
        intake.close()
        return kept

    def kill(self, name: str) -> None:
        """Send SIGKILL and wait for the end."""
        self._running[name].kill()
        self._running.pop(name).wait()

    def start_what_ended(self) -> None:
        """Start again, without any fault, each process that gave up."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self.start(name)

    def stop(self) -> None:
        """End both in order."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(240)
        self._running.clear()

    def wait_until_it_answers(self) -> float:
        """Wait until the receiver accepts an association; give the seconds it took."""
        began = time.monotonic()
        while time.monotonic() < began + _START_SECONDS:
            try:
                with RawScu(self.address, "WATCH") as association:
                    association.release()
            except (Refusal, OSError):
                time.sleep(0.01)
            else:
                return time.monotonic() - began
        raise AssertionError(f"the receiver does not answer:\n{self.log.read_text()[-3000:]}")


def _pipe_with(content: bytes) -> int:
    read_end, write_end = os.pipe()
    os.write(write_end, content)
    os.close(write_end)
    return read_end
