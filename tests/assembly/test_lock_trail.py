"""Locking, unlocking and failed tries are spooled as they happen, whatever the disk says."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.assembly.lock_trail import RecordedLock
from appliance.assembly.locker import LockStatus
from appliance.errors import WrongPassphrase
from appliance.inbox.spool import Spool, SpoolEvent, read_spool

BEGAN = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)


@dataclass
class Set:
    """A clock that stands until it is moved."""

    at: datetime = BEGAN

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass
class Door:
    """A lock with one passphrase and no processes."""

    is_locked: bool = True

    def status(self) -> LockStatus:
        return LockStatus(self.is_locked, "passphrase", True, 0, 0, {})

    def lock(self) -> None:
        self.is_locked = True

    def unlock(self, passphrase: str | None) -> None:
        if passphrase not in ("open sesame", None):
            raise WrongPassphrase("it does not open")
        self.is_locked = False


def kept(folder: Path) -> list[tuple[SpoolEvent, str, timedelta]]:
    return [(event.event, event.facts["by"], event.at - BEGAN) for event in read_spool(folder)]


def test_each_change_and_each_failure_is_kept_with_its_own_time(tmp_path: Path) -> None:
    clock = Set()
    lock = RecordedLock(Door(), Spool(tmp_path / "locker", clock))
    for passphrase in ("open barley", "open wheat", "open sesame", "not looked at any more"):
        clock.at += timedelta(seconds=1)
        if "sesame" in passphrase or "looked" in passphrase:
            lock.unlock(passphrase)
        else:
            with pytest.raises(WrongPassphrase):
                lock.unlock(passphrase)
    lock.lock()
    lock.lock()
    lock.unlock(None)
    lock.lock()
    RecordedLock(lock.inner, lock.spool, unattended=True).unlock(None)
    four = timedelta(seconds=4)
    assert kept(tmp_path / "locker") == [
        (SpoolEvent.UNLOCK_FAILED, "nobody", timedelta(seconds=1)),
        (SpoolEvent.UNLOCK_FAILED, "nobody", timedelta(seconds=2)),
        (SpoolEvent.BOX_UNLOCKED, "nobody", timedelta(seconds=3)),
        (SpoolEvent.BOX_LOCKED, "operator", four),
        (SpoolEvent.BOX_UNLOCKED, "operator", four),
        (SpoolEvent.BOX_LOCKED, "operator", four),
        (SpoolEvent.BOX_UNLOCKED, "process", four),
    ]


def test_guesses_leave_room_for_what_matters(tmp_path: Path) -> None:
    clock = Set()
    lock = RecordedLock(Door(), Spool(tmp_path / "locker", clock, maximum_events=10))
    for _ in range(20):
        clock.at += timedelta(minutes=2)
        with pytest.raises(WrongPassphrase):
            lock.unlock("open barley")
    lock.unlock("open sesame")
    events = list(read_spool(tmp_path / "locker"))
    assert [event.event for event in events] == [*[SpoolEvent.UNLOCK_FAILED] * 5, SpoolEvent.BOX_UNLOCKED]
    assert events[-1].left_out == 15


def test_a_disk_that_refuses_keeps_the_box_neither_open_nor_closed(tmp_path: Path) -> None:
    door = Door()
    lock = RecordedLock(door, Spool(tmp_path / "locker", Set()))
    shutil.rmtree(tmp_path / "locker")
    lock.unlock("open sesame")
    assert not door.is_locked
    lock.lock()
    assert door.is_locked
