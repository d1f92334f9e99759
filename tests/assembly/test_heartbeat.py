"""A child that is silent for too long is told from one that works, serves late, or was not listened to."""

import socket
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.assembly.heartbeat import Heartbeat, Watchdog
from appliance.assembly.service_manager import ServiceManager
from tests.assembly.a_calendar import Calendar


class Told:
    """A heartbeat that is listened to, the clock it goes by, and the process that speaks."""

    def __init__(self, address: Path) -> None:
        self.clock = Calendar()
        self.heartbeat = Heartbeat(Watchdog(address, patience_seconds=10, start_seconds=90), self.clock)
        self.process = ServiceManager(self.heartbeat.environment)

    def late_after(self, seconds: float) -> bool:
        self.clock.at += timedelta(seconds=seconds)
        return self.heartbeat.is_late()

    def say(self, words: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(words, self.heartbeat.environment["NOTIFY_SOCKET"])


@pytest.fixture
def told(short_path: Path) -> Iterator[Told]:
    one = Told(short_path / "staff.beat")
    yield one
    one.heartbeat.close()


def test_one_that_serves_may_be_silent_for_its_patience_and_no_longer(told: Told) -> None:
    told.process.ready()
    assert not told.late_after(0)
    for _ in range(3):
        assert not told.late_after(9)
        told.process.alive()
        assert not told.late_after(0)
    assert not told.late_after(10)
    assert told.late_after(1)


def test_one_that_never_serves_has_the_time_to_start_and_what_it_asks_for(told: Told) -> None:
    told.process.alive()
    assert not told.late_after(89)
    told.process.works_on()  # asks for 60 seconds from now
    assert not told.late_after(0)
    assert not told.late_after(59)
    assert told.late_after(2)


def test_asking_for_time_does_not_help_one_that_serves_and_never_shortens(told: Told) -> None:
    told.process.works_on()
    assert not told.late_after(0)
    assert not told.late_after(89)
    told.process.ready()
    told.say(b"EXTEND_TIMEOUT_USEC=600000000")
    assert not told.late_after(0)
    assert not told.late_after(10)
    assert told.late_after(1)


def test_what_was_said_while_nobody_listened_counts_before_silence_is_judged(told: Told) -> None:
    told.process.ready()
    told.process.alive()
    assert not told.late_after(3600)
    assert told.late_after(11)


@pytest.mark.parametrize(
    "words", [b"", b"\xff\n\n", b"STATUS=READY=1", b"EXTEND_TIMEOUT_USEC=", b"EXTEND_TIMEOUT_USEC=-1", b"x" * 5000]
)
def test_nonsense_changes_nothing(told: Told, words: bytes) -> None:
    told.say(words)
    assert not told.late_after(90)
    assert told.late_after(1)


def test_what_an_earlier_process_said_is_not_heard_for_the_next_one(told: Told) -> None:
    told.process.ready()
    again = Heartbeat(Watchdog(Path(told.heartbeat.environment["NOTIFY_SOCKET"]), 10, 90), told.clock)
    told.clock.at += timedelta(seconds=89)
    assert not again.is_late()
    told.clock.at += timedelta(seconds=2)
    assert again.is_late()
    again.close()


def test_an_end_leaves_no_socket_and_a_folder_that_is_gone_is_told(short_path: Path) -> None:
    told = Told(short_path / "staff.beat")
    assert stat.S_ISSOCK((short_path / "staff.beat").stat().st_mode)
    told.heartbeat.close()
    assert not list(short_path.iterdir())
    with pytest.raises(FileNotFoundError):
        Told(short_path / "gone" / "staff.beat")
