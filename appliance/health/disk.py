"""Reads the disk every hour, so that the box can say in time when it will be full.

Guards: nothing is ever deleted to make room; packs, which are made again, are
dropped by intake long before. The last stage of all is the receiver's reserve.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from appliance.clock import Clock
from appliance.errors import Unavailable
from appliance.health import queries
from appliance.health.forecast import DAYS_LEFT, FREE_PERCENT, WEEK, WEEKS, Forecast, forecast, stage_of
from appliance.health.queries import DiskReading
from appliance.jobs import queries as jobs
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Every
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, find_open, raise_notice
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction, WriteTransaction

READ_EVERY = timedelta(hours=1)
_ALL_FOR, _KEPT_FOR = timedelta(days=31), timedelta(days=2 * 366)
_RUNS_FOR, _LEAST_RUNS = timedelta(days=100), 200


@dataclass(frozen=True)
class Space:
    """The size of a file system and what of it its users may still fill."""

    total_bytes: int
    free_bytes: int


def space_of(folder: Path) -> Space:
    """Ask a folder's file system.

    Raises:
        Unavailable: It does not say.
    """
    try:
        found = os.statvfs(folder)
    except OSError as fault:
        raise Unavailable("the disk does not say how much is free") from fault
    return Space(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


@dataclass(frozen=True)
class DiskParts:
    """What reading the disk takes; `reserve_bytes` is what the receiver leaves free."""

    data_folder: Path
    database: Database
    clock: Clock
    reserve_bytes: int
    space: Callable[[Path], Space] = space_of


def disk_jobs(parts: DiskParts) -> tuple[Job, ...]:
    """Give the job that reads the disk, and says in time when it fills."""

    def work(run: Run) -> None:
        read_disk(parts)
        with parts.database.write() as tx:
            note_disk(tx, disk_state(tx, parts.reserve_bytes, run.clock.now()), run.clock.now())
            jobs.thin_runs(tx, run.clock.now() - _RUNS_FOR, _LEAST_RUNS)
        run.progress(1, 1)

    return (Job("forecast disk", Every(READ_EVERY), work),)


def read_disk(parts: DiskParts) -> DiskReading:
    """Read the disk, keep the reading, and thin older ones.

    Raises:
        Unavailable: The disk or the catalogue does not answer.
    """
    space, now = parts.space(parts.data_folder), parts.clock.now()
    with parts.database.read() as tx:
        stored = queries.stored_bytes(tx)
    reading = DiskReading(now, space.total_bytes, space.free_bytes, stored)
    with parts.database.write() as tx:
        queries.add_reading(tx, reading)
        queries.thin_readings(tx, now - _ALL_FOR, now - _KEPT_FOR)
    return reading


@dataclass(frozen=True)
class DiskState:
    """How the disk stands.

    Attributes:
        last: The last reading.
        packs_bytes: What of it packs take, which are dropped for room.
        room_bytes: What scans may still take: free space and packs, less the receiver's reserve.
        forecast: For how long that lasts; None while too little is known.
    """

    last: DiskReading
    packs_bytes: int
    room_bytes: int
    forecast: Forecast | None

    @property
    def free_percent(self) -> float:
        """Give how much of the disk scans may still take, of all of it."""
        return 100.0 * max(self.room_bytes, 0) / max(self.last.total_bytes, 1)


def disk_state(tx: ReadTransaction, reserve_bytes: int, now: datetime) -> DiskState | None:
    """Say how the disk stands, by its readings; None before there is one."""
    readings = queries.readings(tx, now - WEEK * (WEEKS + 1))
    if not readings:
        return None
    last, packs = readings[-1], queries.packs_bytes(tx)
    room = last.free_bytes + packs - reserve_bytes
    return DiskState(last, packs, room, forecast(readings, room, now))


def note_disk(tx: WriteTransaction, state: DiskState | None, now: datetime) -> None:
    """Say so, in stages, when the disk fills, and when that is over."""
    if state is None:
        return
    known = state.forecast
    days = None if known is None else known.days
    _note(tx, NoticeCode.DISK_FILLS, days, DAYS_LEFT, now)
    _note(tx, NoticeCode.DISK_LOW, state.free_percent, FREE_PERCENT, now)


def _note(
    tx: WriteTransaction, code: NoticeCode, value: float | None, stages: dict[Severity, float], now: datetime
) -> None:
    before = find_open(tx, code)
    severity = stage_of(value, stages, None if before is None else before.severity)
    if severity is None or value is None:
        end_notice(tx, code, now)
    else:
        raise_notice(tx, code, severity, now, number=int(value))
