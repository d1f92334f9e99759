"""Prepares packs in a thread of its own: one series at a time, least urgent of all that intake does.

Guards: taking in never waits for it, and nothing that goes wrong with a pack
is more than that: the series is streamed from its own files. Packs keep to
their share of the disk; those least used go first, and all go before the disk
gets full. Leaves out: how a pack is made (`pack_making`), and what drops one:
whatever changes its series (migration 0012), or a reader that finds it bad.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from threading import Event as Stop
from threading import get_native_id
from typing import Protocol

from appliance.archive import queries_packs
from appliance.archive.damage import Damage
from appliance.archive.packs import is_worthwhile
from appliance.archive.queries_packs import Wanted
from appliance.archive.queries_retrieve import series_instances_by_key
from appliance.errors import ApplianceError, Unavailable
from appliance.intake.pack_making import MadePack, PackMaker
from appliance.intake.pack_sources import DamagedInstance, UnreadableInstance
from appliance.intake.parts import IntakeParts
from appliance.sandbox.birth import Birth, Nursery
from appliance.store.stored_files import NewFile, add_file

REST_SECONDS = 5.0
LOOK_SECONDS, RETRY_SECONDS = 2.0, 30.0
QUIET_SECONDS, MOST_GIVEN_WAY_SECONDS = 1.0, 30.0
FIRST_PUT_OFF_SECONDS, MOST_PUT_OFF_SECONDS = 60.0, 86_400.0
_NICENESS = 19
_MICROSECONDS = 1_000_000
log = getLogger(__name__)


@dataclass(frozen=True)
class PutOff:
    """Until when a series waits that the disk refused to give, by the monotonic clock, and how long that was."""

    until: float
    seconds: float


class Disk(Protocol):
    """What a disk has, in bytes."""

    @property
    def total(self) -> int: ...

    @property
    def free(self) -> int: ...


class Packing:
    """Makes the packs that are wanted, and removes the files of those that were dropped."""

    def __init__(
        self, parts: IntakeParts, birth: Birth | None = None, disk: Callable[[Path], Disk] = shutil.disk_usage
    ) -> None:
        """Prepare packs.

        Args:
            parts: Collaborators.
            birth: Makes the children that read pixels; a nursery's unless a test gives hostile ones.
            disk: Measures the disk that a folder is on.
        """
        self._parts = parts
        self._disk = disk
        self._stop = Stop()
        self._nursery = Nursery("preview")
        self._maker = PackMaker(parts, birth or self._nursery.birth, self._go_on)
        self._damage = Damage(parts.database, parts.audit, parts.clock)
        self._put_off: dict[int, PutOff] = {}
        self._quiet_at = 0.0
        self._given_way = 0.0

    def run(self, stop: Stop) -> None:
        """Work until told to stop."""
        self._stop = stop
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICENESS)
        while not stop.is_set():
            stop.wait(self._next())
        self._nursery.close()
        self._parts.database.close()

    def intake_worked(self) -> None:
        """Note that something was taken in just now: making packs pauses for a moment."""
        self._quiet_at = self._parts.clock.monotonic() + QUIET_SECONDS

    def step(self) -> bool:
        """Remove what is left over, and make at most one pack; give whether a series waited for one.

        Raises:
            Unavailable: The disk refused; it is done later.
        """
        self._clear()
        self._keep_to_share(0)
        with self._parts.database.read() as tx:
            rest = int(REST_SECONDS * _MICROSECONDS)
            wanted = queries_packs.next_wanted(tx, self._parts.now(), rest, self._not_now())
        if wanted is None:
            self._nursery.close()
            return False
        self._given_way = 0.0
        self._serve(wanted)
        self._clear()
        return True

    def _next(self) -> float:
        """Do a step and say how long to wait for the next; whatever goes wrong is told and keeps nothing waiting."""
        try:
            return 0.0 if self.step() else LOOK_SECONDS
        except Unavailable as error:
            if not self._stop.is_set():
                log.warning("packs wait: %s", error)
        except ApplianceError as error:
            log.error("packs wait: %s", error)  # noqa: TRY400  our faults are told in one line
        except Exception:
            log.exception("packs wait")
        return RETRY_SECONDS

    def _serve(self, wanted: Wanted) -> None:
        try:
            made = self._make(wanted)
        except UnreadableInstance as error:
            self._put_behind(wanted.series_key, error)
            return
        except Unavailable:
            raise
        except DamagedInstance as error:
            log.warning("a series gets no pack: %s", error)
            self._damage.tell(error.located)
            made = None
        except ApplianceError as error:
            log.warning("a series gets no pack: %s", error)
            made = None
        except Exception as error:  # noqa: BLE001  whatever it is, this series is streamed without a pack
            log.error("a series gets no pack: %s", type(error).__name__)  # noqa: TRY400  its words could quote
            made = None
        with self._parts.database.write() as tx:
            is_taken = queries_packs.take_wanted(tx, wanted)
            if is_taken and made is not None:
                file = NewFile(made.file_id, made.data_key, made.plaintext_bytes, None, self._parts.now())
                add_file(tx, self._parts.keys.current_wrapping_key(tx), file)
                queries_packs.add_pack(tx, wanted.series_key, made.file_id, self._parts.now())
        if is_taken:
            self._put_off.pop(wanted.series_key, None)

    def _put_behind(self, series_key: int, error: UnreadableInstance) -> None:
        """Let others go first for a while: what the disk refuses of one series keeps none of them from its pack."""
        last = self._put_off.get(series_key)
        seconds = FIRST_PUT_OFF_SECONDS if last is None else min(MOST_PUT_OFF_SECONDS, 2 * last.seconds)
        self._put_off[series_key] = PutOff(self._parts.clock.monotonic() + seconds, seconds)
        log.warning("a series waits for its pack, and others go first: %s", error)

    def _not_now(self) -> list[int]:
        now = self._parts.clock.monotonic()
        return [series_key for series_key, put_off in self._put_off.items() if put_off.until > now]

    def _make(self, wanted: Wanted) -> MadePack | None:
        with self._parts.database.read() as tx:
            instances = series_instances_by_key(tx, wanted.series_key)
            is_damaged = queries_packs.has_damage(tx, wanted.series_key)
        at_most = sum(one.file.plaintext_bytes for one in instances)
        if is_damaged or not is_worthwhile(instances) or not self._keep_to_share(at_most):
            return None
        return self._maker.make(instances)

    def _keep_to_share(self, wanted_bytes: int) -> bool:
        """Drop packs, the least used first, until all keep to their share and so many bytes more have room.

        Returns:
            Whether they have.
        """
        settings = self._parts.pack_settings
        while True:
            disk = self._disk(self._parts.data_folder)
            with self._parts.database.read() as tx:
                packed, oldest = queries_packs.packed_bytes(tx), queries_packs.least_used(tx)
            in_share = packed + wanted_bytes <= disk.total * settings.most_percent // 100
            if in_share and disk.free - wanted_bytes >= disk.total * settings.leave_free_percent // 100:
                return True
            if oldest is None or wanted_bytes > disk.total * settings.most_percent // 100:
                return False
            with self._parts.database.write() as tx:
                queries_packs.drop_pack(tx, oldest)
            self._clear()

    def _clear(self) -> None:
        """Remove the files of packs that were dropped, or cut off while they were made."""
        with self._parts.database.read() as tx:
            left = queries_packs.leftovers(tx)
        for file_id in left:
            self._parts.vault.remove(file_id)
            with self._parts.database.write() as tx:
                queries_packs.forget_leftover(tx, file_id)

    def _go_on(self) -> None:
        """Give way while something is taken in, for a while, and end where the process ends.

        Raises:
            Unavailable: The process ends.
        """
        monotonic = self._parts.clock.monotonic
        while monotonic() < self._quiet_at and self._given_way < MOST_GIVEN_WAY_SECONDS:
            self._given_way += 0.1
            self._stop.wait(0.1)
        if self._stop.is_set():
            raise Unavailable("intake ends")
