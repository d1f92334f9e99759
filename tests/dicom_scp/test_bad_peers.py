"""Whatever a peer sends, the receiver answers, stays small, and serves the next."""

import random
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.dicom_scp.sender import Destination, echo
from appliance.errors import Tampered
from tests.dicom_scp.raw_peer import echo_command, p_data, pdv, peer, request, store_command
from tests.dicom_scp.receiver_process import Running, running
from tests.patience import PATIENCE

ABORT = 7


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("box"), "artim_seconds = 2\nidle_seconds = 2\n") as one:
        yield one


def serves(receiver: Running) -> bool:
    return receiver.process.poll() is None and echo(Destination("127.0.0.1", receiver.port, "ENAMEL")) == 0


GOOD = p_data(pdv(1, 3, store_command())) + p_data(pdv(1, 0, b"abc" * 50)) + p_data(pdv(1, 2, b"end"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (struct.pack(">BxL", 4, 0x7FFFFFFF) + bytes(100), 6),
        (struct.pack(">BxL", 4, 131073) + bytes(100), 6),
        (struct.pack(">BxL", 9, 4) + bytes(4), 1),
        (struct.pack(">BxL", 1, 4) + bytes(4), 2),
        (p_data(struct.pack(">LBB", 50, 1, 3) + bytes(10)), 6),
        (p_data(struct.pack(">LBB", 1, 1, 3)), 6),
        (p_data(bytes(3)), 6),
        (p_data(pdv(5, 3, store_command())), 5),
        (p_data(pdv(1, 2, b"nobody asked")), 5),
        (p_data(pdv(1, 3, b"\x00" * 7)), 6),
        (p_data(pdv(1, 3, store_command()), pdv(1, 3, store_command())), 5),
        (p_data(pdv(1, 3, store_command()), pdv(3, 2, b"x")), 5),
        (p_data(pdv(1, 1, bytes(60000))), 6),
        (p_data(pdv(1, 3, store_command()), pdv(1, 0, b"x")) + struct.pack(">BxL", 5, 4) + bytes(4), 2),
    ],
)
def test_a_broken_message_is_answered_with_an_abort_that_says_why(receiver: Running, data: bytes, reason: int) -> None:
    with peer(receiver.port) as raw:
        raw.open()
        raw.say(data)
        kind, body = raw.hear()
        assert (kind, body[2], body[3]) == (ABORT, 2, reason)
    assert serves(receiver)


HUGE, DATA_FIRST = struct.pack(">BxL", 1, 0x7FFFFFFF), struct.pack(">BxL", 4, 10) + bytes(10)


@pytest.mark.parametrize("data", [HUGE, DATA_FIRST, b"GET / HTTP/1.1\r\n\r\n"])
def test_a_broken_beginning_is_answered_with_an_abort(receiver: Running, data: bytes) -> None:
    with peer(receiver.port) as raw:
        raw.say(data + bytes(40000))
        assert raw.hear()[0] == ABORT
    assert serves(receiver)


def test_a_message_in_single_bytes_is_understood(receiver: Running) -> None:
    with peer(receiver.port) as raw:
        for byte in request() + p_data(pdv(3, 3, echo_command())):
            raw.say(bytes((byte,)))
        assert raw.hear()[0] == 2
        assert raw.status() == 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_mutated_messages_never_stop_it(receiver: Running, data: st.DataObject) -> None:
    whole = bytearray(request() + GOOD + p_data(pdv(3, 3, echo_command())) + struct.pack(">BxL", 5, 4) + bytes(4))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        action = data.draw(st.sampled_from(("set", "cut", "insert")))
        if action == "set":
            whole[at] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del whole[at : at + data.draw(st.integers(1, 40))]
        else:
            whole[at:at] = data.draw(st.binary(min_size=1, max_size=40))
        if not whole:
            break
    with peer(receiver.port) as raw:
        raw.say(bytes(whole))
        raw.stream.shutdown(socket.SHUT_WR)
        while raw.hear()[0]:
            pass
    assert receiver.process.poll() is None
    assert receiver.peak_megabytes() < 100


def test_after_all_that_it_serves(receiver: Running) -> None:
    assert serves(receiver)
    log = (receiver.folder.path / "log").read_text()
    assert "Traceback" not in log


def test_silent_sockets_stop_nobody_and_cost_no_thread(tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        silent = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(100)]
        for stream in silent[:30]:
            stream.sendall(b"\x01\x00")
        time.sleep(0.3)
        threads = sum(1 for _ in Path(f"/proc/{receiver.process.pid}/task").iterdir())
        begun, cpu = time.monotonic(), receiver.cpu_seconds()
        for _ in range(20):
            assert serves(receiver)
        assert time.monotonic() - begun < 2 * PATIENCE
        assert threads <= 3
        time.sleep(1)
        assert receiver.cpu_seconds() - cpu < 0.5 * PATIENCE
        for stream in silent:
            stream.close()


def test_four_idle_associations_cost_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as receiver, peer(receiver.port) as a, peer(receiver.port) as b, peer(receiver.port) as c:
        for raw in (a, b, c):
            raw.open()
        with peer(receiver.port) as d:
            d.open()
            cpu = receiver.cpu_seconds()
            time.sleep(3)
            assert receiver.cpu_seconds() - cpu <= 0.03, "under 1 % of a core"


def test_what_was_acknowledged_survives_a_kill_in_the_middle_of_an_object(tmp_path: Path) -> None:
    acknowledged: list[bytes] = []
    chooser = random.Random(7)  # noqa: S311 - which moment to kill at
    with running(tmp_path) as receiver, peer(receiver.port) as raw:
        raw.open()
        killer = threading.Timer(chooser.uniform(0.2, 0.6), receiver.process.kill)
        killer.start()
        try:
            for number in range(100_000):
                uid = f"1.2.3.{number}".encode()
                raw.say(
                    p_data(pdv(1, 3, store_command(uid))) + p_data(pdv(1, 0, bytes(100_000))) + p_data(pdv(1, 2, uid))
                )
                if raw.hear()[0] != 4:
                    break
                acknowledged.append(uid)
        except OSError:
            pass
        killer.join()
        (association,) = receiver.folder.associations()
        assert not (association / "end").exists(), "what was cut off has no count"
        whole = [part10 for file in [association] for part10 in opened_whole(receiver, file)]
    assert acknowledged
    for uid in acknowledged:
        assert any(part10.endswith(uid) for part10 in whole)


def opened_whole(receiver: Running, association: Path) -> list[bytes]:
    """Open what is whole; the one file that was being written may be cut."""
    with suppress(Tampered):
        return receiver.folder.opened(association)
    aside = receiver.folder.path / "cut"
    for file in sorted(association.iterdir(), key=lambda file: file.stat().st_mtime_ns, reverse=True):
        file.rename(aside)
        with suppress(Tampered):
            return receiver.folder.opened(association)
        aside.rename(file)
    raise AssertionError("more than one file is cut")


def test_it_ends_cleanly_and_soon_with_an_object_half_sent(tmp_path: Path) -> None:
    with running(tmp_path) as receiver, peer(receiver.port) as busy, peer(receiver.port) as idle:
        busy.open()
        idle.open()
        busy.say(p_data(pdv(1, 3, store_command())) + p_data(pdv(1, 0, b"half")))
        time.sleep(0.2)
        begun = time.monotonic()
        receiver.process.terminate()
        assert idle.hear()[0] == ABORT
        assert receiver.process.wait(6 * PATIENCE) == 0
        assert time.monotonic() - begun < 5 * PATIENCE


@pytest.mark.peer("mount")
@pytest.mark.as_root("mounts a small disk")
def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(box)], check=True)
    try:
        statuses = fill(box)
    finally:
        subprocess.run(["umount", "-l", str(box)], check=True)
    assert set(statuses) == {0x0000, 0xA700}
    assert statuses == sorted(statuses, key=lambda status: status != 0)


def fill(box: Path) -> list[int]:
    with running(box, "") as receiver, peer(receiver.port) as raw:
        raw.open()
        statuses = []
        for _ in range(12):
            raw.say(p_data(pdv(1, 3, store_command())))
            for _ in range(10):
                raw.say(p_data(pdv(1, 0, bytes(100_000))))
            raw.say(p_data(pdv(1, 2, b"end")))
            statuses.append(raw.status())
        assert len(receiver.folder.objects()) == statuses.count(0)
    return statuses


@pytest.mark.parametrize("megabytes", [600, pytest.param(1500, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_object(tmp_path: Path, megabytes: int) -> None:
    part = p_data(pdv(1, 0, bytes(131_000)))
    with running(tmp_path) as receiver, peer(receiver.port) as raw:
        raw.open()
        raw.say(p_data(pdv(1, 3, store_command())))
        for _ in range(megabytes * 1_000_000 // 131_000):
            raw.say(part)
        raw.say(p_data(pdv(1, 2, b"end")))
        assert raw.status() == 0
        peak = receiver.peak_megabytes()
        print(f"{megabytes} MB received, peak memory {peak:.1f} MB")  # noqa: T201 - the figure, with -s
        assert peak <= 100
        (association,) = receiver.folder.associations()
        shutil.rmtree(association)
