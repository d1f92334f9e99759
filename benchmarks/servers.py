"""The servers that are measured side by side, each on a fresh folder."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

AE_TITLE = "BENCH"


@dataclass(frozen=True)
class Server:
    """One that runs.

    Attributes:
        address: Where it listens.
        port: On which port.
        ae_title: What to call it.
        process_ids: What counts towards its memory and processor time.
        folder: Where it keeps what it received.
    """

    address: str
    port: int
    ae_title: str
    process_ids: tuple[int, ...]
    folder: Path

    def cpu_seconds(self) -> float:
        """Give user and system time of its processes and their children so far."""
        return sum(_cpu_seconds(process_id) for process_id in self._all())

    def peak_megabytes(self) -> float:
        """Give the highest resident memory so far, all processes added."""
        return sum(_status(process_id, "VmHWM:") for process_id in self._all()) / 1000

    def stored_bytes(self) -> int:
        """Give the bytes of the larger files it keeps."""
        sizes = [path.stat().st_size for path in self.folder.rglob("*") if path.is_file()]
        return sum(size for size in sizes if size > 100_000)

    def _all(self) -> list[int]:
        children = [child for process_id in self.process_ids for child in _children(process_id)]
        return [*self.process_ids, *children]


Command = Callable[[Path, str, int], Sequence[str]]


def _orthanc(**extra: object) -> Command:
    def command(folder: Path, _: str, port: int) -> Sequence[str]:
        storage = {"StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"), "Plugins": []}
        ports = {"DicomPort": port, "HttpPort": port + 1, "RemoteAccessAllowed": False, "DicomCheckCalledAet": False}
        (folder / "orthanc.json").write_text(json.dumps({**storage, **ports, **extra}))
        return ["Orthanc", str(folder / "orthanc.json")]

    return command


def _storescp(folder: Path, _: str, port: int) -> Sequence[str]:
    (folder / "out").mkdir()
    return ["storescp", "-od", str(folder / "out"), "--fork", "-pdu", "131072", "--bit-preserving", str(port)]


def _receiver(folder: Path, address: str, port: int) -> Sequence[str]:
    return [sys.executable, "-m", "benchmarks.receiver_alone", str(folder / "box"), address, str(port)]


def _enamel(folder: Path, _: str, port: int) -> Sequence[str]:
    box = ["--data", str(folder / "box"), "--ports-from", str(port), "--no-samples", "--accept-any-peer"]
    return [sys.executable, "-m", "appliance", "demo", "--json", *box]


TUNED = {"MaximumPduLength": 131072, "SyncStorageArea": False, "StoreMD5ForAttachments": False}
COMMANDS: dict[str, Command] = {
    "orthanc": _orthanc(),
    "orthanc-tuned": _orthanc(**TUNED),
    "storescp": _storescp,
    "receiver": _receiver,
    "enamel": _enamel,
}


@dataclass(frozen=True)
class Start:
    """How a server is started.

    Attributes:
        name: One of `COMMANDS`.
        folder: Made empty for it.
        address: Where it listens.
        port: On which port; Orthanc takes the next one, too.
        prefix: Put before its command.
        environment: Its whole environment.
    """

    name: str
    folder: Path
    address: str
    port: int
    prefix: Sequence[str]
    environment: Mapping[str, str]


@contextmanager
def running(start: Start) -> Iterator[Server]:
    """Run a server on an empty folder until the block ends.

    Raises:
        SystemExit: It did not start.
    """
    folder, demo = start.folder, start.name == "enamel"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.sync()
    command = [*start.prefix, *COMMANDS[start.name](folder, start.address, start.port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE if demo else log, stderr=log, env=start.environment)
    try:
        yield _demo(process, folder) if demo else _plain(process, folder, start.address, start.port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _plain(process: "subprocess.Popen[bytes]", folder: Path, address: str, port: int) -> Server:
    for _ in range(400):
        try:
            socket.create_connection((address, port), 0.2).close()
            time.sleep(0.5)
            return Server(address, port, AE_TITLE, (process.pid,), folder)
        except OSError:
            time.sleep(0.05)
        if process.poll() is not None:
            break
    raise SystemExit(f"a server did not start: {(folder / 'log').read_text()[-2000:]}")


def _demo(process: "subprocess.Popen[bytes]", folder: Path) -> Server:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise SystemExit(f"enamel did not start: {(folder / 'log').read_text()[-2000:]}")
    facts = json.loads(line)
    dicom = facts["dicom"]
    receiver = (int(facts["processes"]["receiver"]),)
    return Server(dicom["host"], int(dicom["port"]), dicom["ae_title"], receiver, folder)


def _children(process_id: int) -> list[int]:
    try:
        found = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    except OSError:
        return []
    return [grandchild for child in map(int, found) for grandchild in (child, *_children(child))]


def _cpu_seconds(process_id: int) -> float:
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _status(process_id: int, name: str) -> float:
    try:
        return float(Path(f"/proc/{process_id}/status").read_text().split(name)[1].split()[0])
    except (OSError, IndexError):
        return 0.0
