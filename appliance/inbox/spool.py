"""Numbered events of a process that has no catalogue: written here, imported by intake.

    spool/receiver/000000000001.json ...
    spool/locker/000000000001.json ...

Numbers rise by one and are never used twice: the newest file stays until a
newer one is there, also after it was imported. The spool is bounded, so that
a hostile neighbour cannot fill the disk: equal events within a minute are one
event with a count, only so many are written in a minute, and what a full
spool leaves out is counted. Guesses at the passphrase may fill half of a
minute and half of the spool, and push no locking or unlocking out.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from appliance.clock import Clock, instant, microseconds
from appliance.errors import Tampered
from appliance.store.files import DurableFolders, FileLayer, RealFiles, create_durably

_FORMAT = 1
LARGEST_EVENT_BYTES = 4096
MAXIMUM_EVENTS = 2000
REPEAT_SECONDS = 60
MAXIMUM_EVENTS_A_MINUTE = 60
MAXIMUM_REMEMBERED = 256


class SpoolEvent(StrEnum):
    """What the receiver has to tell, and, from `BOX_LOCKED` on, the locker."""

    ASSOCIATION_REFUSED = "association-refused"
    ASSOCIATION_LIMIT = "association-limit"
    OUT_OF_SPACE = "out-of-space"
    PROTOCOL_FAULT = "protocol-fault"
    BOX_LOCKED = "box-locked"
    BOX_UNLOCKED = "box-unlocked"
    UNLOCK_FAILED = "unlock-failed"
    UNREADABLE = "unreadable"  # never written: what `read_spool` gives for a file that is no event


_WRITTEN = {event.value: event for event in SpoolEvent if event is not SpoolEvent.UNREADABLE}


@dataclass(frozen=True)
class SpooledEvent:
    """One event as read back.

    Attributes:
        number: Its place; unique for ever in this spool.
        event: What happened.
        at: When it was written.
        facts: Closed set of short texts: reason, AE titles, address, certificate, implementation.
        count: How many times since the last such event was written, at least 1.
        left_out: How many other events the full spool has left out since the last one written.
        digest: SHA-256 that tells it from every other event, also of the same number.
    """

    number: int
    event: SpoolEvent
    at: datetime
    facts: Mapping[str, str]
    count: int
    left_out: int
    digest: bytes


@dataclass(frozen=True)
class _Share:
    """What events of a kind may take: so many a minute (None: as they come), and one part in so many of the spool."""

    most_a_minute: int | None
    part_of_spool: int


_FREE = _Share(MAXIMUM_EVENTS_A_MINUTE, 1)
_GUESSES = _Share(MAXIMUM_EVENTS_A_MINUTE // 2, 2)
_EARNED = _Share(None, 1)


class Spool:
    """Writes events; safe for several threads."""

    def __init__(
        self, folder: Path, clock: Clock, maximum_events: int = MAXIMUM_EVENTS, files: FileLayer | None = None
    ) -> None:
        """Go on with the numbers in a folder, which is made with the one above it if it is not there.

        Raises:
            OSError: The folder cannot be made or listed.
        """
        self._files = files or RealFiles()
        self._folder = folder
        if not folder.is_dir():
            folders = DurableFolders(self._files)
            for path in (folder.parent, folder):
                folders.make(path)
        self._clock = clock
        self._maximum = maximum_events
        self._lock = threading.Lock()
        self._next = highest_number(folder) + 1
        self._recent: dict[tuple[str, ...], tuple[float, int]] = {}
        self._left_out = 0
        self._minute = (clock.monotonic(), 0)

    def record(self, event: SpoolEvent, facts: Mapping[str, str]) -> None:
        """Write an event, or count it if its like was written within the last minute; it survives a power cut.

        Raises:
            OSError: The folder cannot be written; then nothing of the event is left, or (only if the last sync failed)
                the whole of it.
        """
        key = (event.value, *(f"{name}={value}" for name, value in sorted(facts.items())))
        with self._lock:
            count = self._due(key)
            if count:
                self._write(event, facts, count, _FREE)

    def record_each(self, event: SpoolEvent, facts: Mapping[str, str]) -> None:
        """Write an event with its own time, as `record` does, whether or not its like was written just before.

        Only guesses, which anybody can make, are limited by the minute; what else there is takes a passphrase.

        Raises:
            OSError: The folder cannot be written.
        """
        with self._lock:
            is_guess = event is SpoolEvent.UNLOCK_FAILED
            self._write(event, facts, 1, _GUESSES if is_guess else _EARNED)

    def _due(self, key: tuple[str, ...]) -> int:
        now = self._clock.monotonic()
        written_at, repeats = self._recent.pop(key, (None, 0))
        if written_at is not None and now - written_at < REPEAT_SECONDS:
            self._recent[key] = (written_at, repeats + 1)
            return 0
        self._recent[key] = (now, 0)
        while len(self._recent) > MAXIMUM_REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return repeats + 1

    def _write(self, event: SpoolEvent, facts: Mapping[str, str], count: int, share: _Share) -> None:
        if not self._has_room(share):
            self._left_out += count
            return
        number, self._next = self._next, self._next + 1  # a number is spent even when writing fails
        record = {
            "format": _FORMAT,
            "number": number,
            "event": event.value,
            "at": microseconds(self._clock.now()),
            "facts": {name: value[:128] for name, value in facts.items()},
            "count": count,
            "left_out": self._left_out,
        }
        create_durably(self._files, self._folder / _name(number), json.dumps(record).encode() + b"\n")
        self._left_out = 0

    def _has_room(self, share: _Share) -> bool:
        if sum(1 for _ in _numbers(self._folder)) >= self._maximum // share.part_of_spool:
            return False
        if share.most_a_minute is None:
            return True
        now, (began, written) = self._clock.monotonic(), self._minute
        if now - began >= REPEAT_SECONDS:
            began, written = now, 0
        if written >= share.most_a_minute:
            return False
        self._minute = (began, written + 1)
        return True


def highest_number(folder: Path) -> int:
    """Give the highest number in a spool, 0 in an empty one: lower than one that was there, the numbers began again."""
    return max(_numbers(folder), default=0)


def read_spool(folder: Path, after: int = 0) -> Iterator[SpooledEvent]:
    """Give the events with a number above `after`, in order.

    A file that is not what the receiver wrote, or that cannot be read, is given
    as `UNREADABLE` under its number, so that it keeps none behind it. A file
    that a crash left empty or cut is passed over once a later one is there.
    """
    numbers = sorted(number for number in _numbers(folder) if number > after)
    for number in numbers:
        stored = _stored(folder / _name(number))
        if stored is None:
            yield _unreadable(folder, number)
        elif stored.endswith(b"\n"):
            try:
                yield _decode(number, stored)
            except Tampered:
                yield _unreadable(folder, number)
        elif number == numbers[-1]:
            return


def remove_imported(folder: Path, up_to: int) -> None:
    """Remove events up to a number, but never the newest file: it keeps the place of the numbering.

    What cannot be removed stays: its number tells that it was taken.
    """
    highest = highest_number(folder)
    for number in list(_numbers(folder)):
        if number <= up_to and number != highest:
            with suppress(OSError):
                (folder / _name(number)).unlink()


def _stored(path: Path) -> bytes | None:
    """Read an event's bytes; None for what is too large, is no file, or is refused by the disk twice."""
    for _ in range(2):
        try:
            with RealFiles().open_read(path) as file:
                stored = file.read(LARGEST_EVENT_BYTES + 1)
                return stored if len(stored) <= LARGEST_EVENT_BYTES else None
        except FileNotFoundError:
            return b""
        except OSError:
            continue
    return None


def _unreadable(folder: Path, number: int) -> SpooledEvent:
    changed_at, changed_ns = datetime.fromtimestamp(0, UTC), 0
    with suppress(OSError, ValueError, OverflowError):
        changed_ns = (folder / _name(number)).lstat().st_mtime_ns
        changed_at = datetime.fromtimestamp(changed_ns / 1_000_000_000, UTC)
    digest = sha256(f"{number} changed at {changed_ns}".encode()).digest()
    return SpooledEvent(number, SpoolEvent.UNREADABLE, changed_at, {}, 1, 0, digest)


def _decode(number: int, stored: bytes) -> SpooledEvent:
    try:
        table = json.loads(stored)
        if (table["format"], table["number"]) != (_FORMAT, number):
            raise Tampered("a spooled event does not bear its own number")
        facts = {str(name): str(value) for name, value in table["facts"].items()}
        counts, digest = (int(table["count"]), int(table["left_out"])), sha256(stored).digest()
        return SpooledEvent(number, _WRITTEN[table["event"]], instant(int(table["at"])), facts, *counts, digest)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as fault:
        raise Tampered("a spooled event is not what was written") from fault


def _numbers(folder: Path) -> Iterator[int]:
    for name in os.listdir(folder):  # noqa: PTH208  names only, and many
        stem, _, suffix = name.partition(".")
        if suffix == "json" and len(stem) == 12 and stem.isdecimal():
            yield int(stem)


def _name(number: int) -> str:
    return f"{number:012d}.json"
