"""Asking a device by C-ECHO: what real and broken devices answer, and in which words the operator hears it."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from ssl import SSLContext, create_default_context

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]  # names made at load

from appliance.clock import SystemClock
from appliance.dicom_scp.sender import Destination
from appliance.dicom_scp.verification import Finding, Reply, verify
from appliance.inbox.admission import PeerEntry
from tests.dicom_scp.receiver_process import free_port, running, wait_until
from tests.dicom_scp.test_tls import make_certificate
from tests.patience import PATIENCE

LOOPBACK = "127.0.0.1"


def ask(port: int, tls: SSLContext | None = None, seconds: float = 20, host: str = LOOPBACK) -> Reply:
    return verify(Destination(host, port, "DEVICE", "ENAMEL", tls, seconds), SystemClock())


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[int]:
    port = free_port()
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(["storescp", "-od", str(folder), *options, str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_open(port))
        yield port
    finally:
        process.terminate()
        process.wait(80)


def is_open(port: int) -> bool:
    with socket.socket() as stream:
        return stream.connect_ex((LOOPBACK, port)) == 0


@contextmanager
def saying(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Listen, and let a function speak with whoever comes."""
    with socket.create_server((LOOPBACK, 0)) as server, ExitStack() as held:

        def serve() -> None:
            while True:
                try:
                    stream, _ = server.accept()
                    held.enter_context(stream)
                    answer(stream)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def pynetdicom_scp(context: str, answer: Callable[[evt.Event], int] | None = None) -> Iterator[int]:
    entity = AE("DEVICE")
    entity.add_supported_context(context)
    handlers: list[evt.EventHandlerType] = [] if answer is None else [(evt.EVT_C_ECHO, answer)]
    server = entity.start_server((LOOPBACK, 0), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


@pytest.mark.peer("storescp")
def test_dcmtk_answers_and_nothing_of_pynetdicom_is_left_running(tmp_path: Path) -> None:
    before = threading.active_count()
    with storescp(tmp_path / "kept") as port:
        reply = ask(port)
    assert (reply.finding, reply.status, reply.rejection) == (Finding.ANSWERED, 0, None)
    wait_until(lambda: threading.active_count() == before)


@pytest.mark.peer("storescp")
def test_dcmtk_that_refuses_every_association_is_told_with_its_codes(tmp_path: Path) -> None:
    with storescp(tmp_path / "kept", "--refuse") as port:
        replies = [ask(port) for _ in range(20)]  # it closes at once, which pynetdicom by itself takes for an abort
    assert {(reply.finding, reply.rejection) for reply in replies} == {(Finding.REJECTED, (1, 1, 1))}


@pytest.mark.parametrize(
    ("entry", "codes", "words"),
    [
        (PeerEntry("Other", ("OTHER",), (), ()), (1, 1, 3), "does not know the title ENAMEL"),
        (PeerEntry("Us", ("ENAMEL",), (), ()), (1, 1, 7), "does not answer to the title DEVICE"),
    ],
)
def test_a_device_that_does_not_know_a_title_says_which(
    tmp_path: Path, entry: PeerEntry, codes: tuple[int, int, int], words: str
) -> None:
    with running(tmp_path, 'ae_title = "BRIDGE"\n' if codes[2] == 7 else 'ae_title = "DEVICE"\n', [entry]) as receiver:
        reply = ask(receiver.port)
    assert (reply.finding, reply.rejection) == (Finding.REJECTED, codes)
    assert words in reply.words


@pytest.mark.peer("storescp", "openssl")
def test_over_tls_the_certificate_decides(tmp_path: Path) -> None:
    device, box, stranger = (make_certificate(tmp_path, name) for name in ("device", "box", "stranger"))
    trusting = create_default_context(cafile=str(device[0]))
    trusting.load_cert_chain(*box)
    options = ["+tls", str(device[1]), str(device[0]), "+cf", str(box[0])]
    with storescp(tmp_path / "kept", *options) as port:
        assert ask(port, trusting).finding is Finding.ANSWERED
        distrusting = create_default_context(cafile=str(stranger[0]))
        reply = ask(port, distrusting)
        assert (reply.finding, "self-signed" in reply.words) == (Finding.TLS_WRONG, True)
        unknown = create_default_context(cafile=str(device[0]))
        unknown.load_cert_chain(*stranger)
        reply = ask(port, unknown)
        assert (reply.finding, "this box's certificate" in reply.words) == (Finding.BROKEN_OFF, True)
        reply = ask(port)
        assert (reply.finding, "perhaps it speaks TLS" in reply.words) == (Finding.BROKEN_OFF, True)


@pytest.mark.peer("storescp", "openssl")
def test_tls_to_a_plain_port_is_told(tmp_path: Path) -> None:
    certificate, _ = make_certificate(tmp_path, "device")
    with storescp(tmp_path / "kept") as port:
        reply = ask(port, create_default_context(cafile=str(certificate)), seconds=2)
    assert reply.finding in {Finding.TLS_WRONG, Finding.SILENT}


def test_a_port_where_nobody_listens_and_a_name_that_nobody_has_are_told_apart() -> None:
    assert ask(free_port()).finding is Finding.REFUSED
    assert ask(104, host="device.invalid").finding is Finding.NAME_UNKNOWN
    assert ask(104, host="255.255.255.255").finding is Finding.UNREACHABLE


def test_a_machine_that_takes_no_connection_is_waited_for_once() -> None:
    with socket.create_server((LOOPBACK, 0), backlog=0) as full, ExitStack() as held:
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        began = time.monotonic()
        assert ask(full.getsockname()[1], seconds=3).finding is Finding.SILENT
        assert time.monotonic() - began < 6 * PATIENCE


def drip(stream: socket.socket) -> None:
    """Begin the head of an A-ASSOCIATE-AC, a byte in a while, and never end."""
    while True:
        stream.sendall(b"\x02")
        time.sleep(0.2)


@pytest.mark.parametrize("answer", [lambda _: None, drip], ids=["silent", "dripping"])
def test_whoever_says_nothing_whole_is_left_in_time(answer: Callable[[socket.socket], object]) -> None:
    before = threading.active_count()
    began = time.monotonic()
    with saying(answer) as port:
        reply = ask(port, seconds=1)
    assert (reply.finding, "1 s" in reply.words) == (Finding.SILENT, True)
    assert time.monotonic() - began < 5 * PATIENCE
    wait_until(lambda: threading.active_count() <= before)


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x02\x00\xff\xff\xff\xffjunk"])
def test_what_is_not_dicom_is_told_as_that(said: bytes) -> None:
    def answer(stream: socket.socket) -> None:
        stream.sendall(said)
        stream.shutdown(socket.SHUT_WR)

    with saying(answer) as port:
        assert ask(port, seconds=2).finding is Finding.BROKEN_OFF


def test_a_device_without_verification_is_not_taken_for_a_broken_one() -> None:
    with pynetdicom_scp(CTImageStorage) as port:
        assert ask(port).finding is Finding.NOT_OFFERED


def test_an_echo_that_is_answered_with_a_fault_shows_its_status() -> None:
    with pynetdicom_scp(Verification, lambda _: 0x0122) as port:
        reply = ask(port)
    assert (reply.finding, reply.status) == (Finding.WRONG_STATUS, 0x0122)


def test_an_echo_that_is_never_answered_ends_in_time() -> None:
    late = threading.Event()
    with pynetdicom_scp(Verification, lambda _: int(late.wait(60))) as port:
        began = time.monotonic()
        assert ask(port, seconds=1).finding is Finding.SILENT
        assert time.monotonic() - began < 5 * PATIENCE
        late.set()
