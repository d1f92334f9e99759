"""Packs as readers meet them: found, used, asked for, and dropped once one is not what was stored.

Guards: a pack is a cache. Nothing is lost with one, so a reader that meets a
bad one drops it and says so in the trail, once; the series is streamed from
its own files from then on. Leaves out: making packs, which intake does.
"""

from collections.abc import Sequence
from logging import getLogger

from appliance.archive import queries_packs
from appliance.archive.located import Located, Packed
from appliance.audit.events import PROCESS, AuditLog, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import Clock, microseconds
from appliance.errors import ApplianceError
from appliance.identifiers import FileId
from appliance.store.database import Database

LEAST_INSTANCES = 8
LEAST_BYTES = 512 * 1024  # of so many
MANY_BYTES = 16 * 1024 * 1024
USE_NOTED_EVERY = 3_600_000_000  # microseconds
ASKED_ANEW_AFTER = 1_000_000  # microseconds: one that is opened again waits again, and goes first again
log = getLogger(__name__)


def is_worthwhile(instances: Sequence[Located]) -> bool:
    """Say whether a series gains by a pack: many images, or large ones."""
    total = sum(one.file.plaintext_bytes for one in instances)
    return total >= MANY_BYTES or (len(instances) >= LEAST_INSTANCES and total >= LEAST_BYTES)


class Packs:
    """What readers do with packs. Threads may share it."""

    def __init__(self, database: Database, audit: AuditLog, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    def find(self, series_key: int) -> Packed | None:
        """Find a series' pack."""
        with self._database.read() as tx:
            return queries_packs.find_pack(tx, series_key)

    def note_use(self, packed: Packed) -> None:
        """Note that a pack is used, if that was not noted within the hour."""
        now = self._now()
        if abs(now - packed.last_used_at) >= USE_NOTED_EVERY:
            with self._database.write() as tx:
                queries_packs.note_use(tx, packed.file.file_id, now)

    def ask_for(self, series_key: int) -> None:
        """Have a pack of a series made before others, for somebody looks at it."""
        now = self._now()
        with self._database.read() as tx:
            asked_at = queries_packs.asked_at(tx, series_key)
        if asked_at is None or abs(now - asked_at) >= ASKED_ANEW_AFTER:
            with self._database.write() as tx:
                queries_packs.ask_for(tx, series_key, now)

    def drop_bad_file(self, file_id: FileId) -> None:
        """Drop the pack that a file is, if it is one, as `drop_bad`."""
        with self._database.read() as tx:
            packed = queries_packs.find_pack_in(tx, file_id)
        if packed is not None:
            self.drop_bad(packed)

    def drop_bad(self, packed: Packed) -> None:
        """Drop a pack that is not what was stored, with its event, unless it was dropped; a refusing disk is logged."""
        subject = Subject(SubjectKind.SERIES, packed.series_key)
        event = Event(EventCode.PACK_DAMAGED, PROCESS, Outcome.FAILURE, subject, packed.patient_key, packed.study_key)
        try:
            with self._database.write() as tx:
                if queries_packs.drop_pack(tx, packed.file.file_id):
                    queries_packs.ask_for(tx, packed.series_key, self._now())
                    self._audit.record(tx, event)
        except ApplianceError as fault:
            log.error("a damaged pack could not be dropped: %s", fault)  # noqa: TRY400  the reader hears of the damage itself

    def _now(self) -> int:
        return microseconds(self._clock.now())
