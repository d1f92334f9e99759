"""A receiver as a process of its own on a folder, with real peers to talk to it.

python -m tests.dicom_scp.receiver_process FOLDER    serves FOLDER/settings.toml until SIGTERM
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.assembly.children import ending_with_this
from appliance.clock import SystemClock
from appliance.config import read_settings
from appliance.dicom_scp.receiver.service import Places, Surroundings, serve
from appliance.identifiers import BoxId, FileId
from appliance.inbox.admission import PeerEntry, encode_admission
from appliance.inbox.association import ASSOCIATION_NAME, END_NAME, decode_association
from appliance.inbox.public_key import InboxPublicKey
from appliance.keys.inbox_seal import InboxKeyPair, instance_key, new_inbox_key_pair, open_association_key
from appliance.keys.stream import SealedStream
from appliance.logs import set_up_logging
from appliance.store.files import RealFiles
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Folder:
    """A data folder with an inbox key, as keys and assembly make it on a box."""

    path: Path
    keys: InboxKeyPair

    @property
    def places(self) -> Places:
        return places_of(self.path)

    def associations(self) -> list[Path]:
        return sorted(self.places.inbox.iterdir())

    def objects(self) -> list[bytes]:
        """Give every sealed Part 10 file, opened."""
        return [found for association in self.associations() for found in self.opened(association)]

    def opened(self, association: Path) -> list[bytes]:
        sealed = decode_association((association / ASSOCIATION_NAME).read_bytes())
        key = open_association_key(self.keys.private_key, sealed.info, sealed.sealed_key)
        found = []
        for file in sorted(association.iterdir()):
            if file.name not in {ASSOCIATION_NAME, END_NAME} and not file.name.startswith("."):  # being written
                file_id = FileId.parse(file.name)
                with file.open("rb") as stream:
                    found.append(b"".join(SealedStream(instance_key(key, file_id), file_id, stream).chunks()))
        return found


def make_folder(path: Path, settings: str = "", peers: Sequence[PeerEntry] = ()) -> Folder:
    places = places_of(path)
    for folder in (places.inbox, places.spool, places.tls, places.inbox_key.parent):
        folder.mkdir(parents=True, exist_ok=True)
    keys = new_inbox_key_pair()
    places.inbox_key.write_bytes(InboxPublicKey(BoxId.new(), 1, keys.public_key).encode())
    places.admission.write_bytes(encode_admission(peers))
    (path / "settings.toml").write_text("[receiver]\n" + settings)
    return Folder(path, keys)


def places_of(path: Path) -> Places:
    exchange = path / "exchange"
    return Places(
        path / "inbox",
        exchange / "inbox-key.json",
        exchange / "admission.json",
        path / "spool" / "receiver",
        path / "tls",
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as stream:
        return int(stream.getsockname()[1])


@dataclass
class Running:
    """A receiver that serves."""

    folder: Folder
    process: "subprocess.Popen[bytes]"
    port: int
    tls_port: int

    def peak_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1000

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    path: Path, settings: str = "", peers: Sequence[PeerEntry] = (), prefix: Sequence[str] = ()
) -> Iterator[Running]:
    """Run a receiver on a new folder; by default it admits every caller on loopback."""
    port, tls_port = free_port(), free_port() if (path / "tls" / "dicom.pem").exists() else 0
    head = f'listen = "127.0.0.1"\nport = {port}\ntls_port = {tls_port}\nreserve_bytes = 1000000\n'
    folder = make_folder(path, head + ("accept_any_peer = true\n" if not peers else "") + settings, peers)
    with run_on(folder, port, tls_port, prefix) as receiver:
        yield receiver


@contextmanager
def run_on(folder: Folder, port: int, tls_port: int = 0, prefix: Sequence[str] = ()) -> Iterator[Running]:
    """Run a receiver on a folder that is there."""
    command = [*prefix, sys.executable, "-m", "tests.dicom_scp.receiver_process", str(folder.path)]
    with (folder.path / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            preexec_fn=ending_with_this(),  # noqa: PLW1509  tests have one thread; a tracer ends with them too
        )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", (folder.path / "log").read_text()
        yield Running(folder, process, port, tls_port)
    finally:
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(process.pid, signal.SIGTERM)  # what traces it goes with it
        try:
            process.wait(80)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until a question is answered with yes."""
    deadline = time.monotonic() + seconds * PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    # A test run that is killed leaves no receiver behind, a traced one neither: PR_SET_PDEATHSIG (prctl(2)).
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    folder = Path(sys.argv[1])
    set_up_logging("receiver")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = read_settings(folder / "settings.toml").receiver
    serve(
        settings,
        places_of(folder),
        Surroundings(SystemClock(), RealFiles()),
        {},
        stop,
        say_ready,
    )


if __name__ == "__main__":
    main()
