"""Keeps and tells what reading finds damaged: one mark and one event for each file, ever.

Guards: a file that is read a thousand times is told of once, so damage cannot
fill the trail. Leaves out: mending, and reading everything to find damage
(`enamel check`).
"""

from logging import getLogger
from threading import Lock

from appliance.archive import queries_retrieve
from appliance.archive.located import Located
from appliance.audit.events import PROCESS, AuditLog, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import Clock, microseconds
from appliance.errors import ApplianceError
from appliance.store.database import Database

log = getLogger(__name__)

REMEMBERED = 4096  # beyond it the catalogue is asked again, and knows


class Damage:
    """Marks damaged files. Threads may share it."""

    def __init__(self, database: Database, audit: AuditLog, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._told: set[bytes] = set()
        self._lock = Lock()

    def tell(self, located: Located) -> None:
        """Mark an instance's file as damaged, with its event, unless that was done; a refusing disk is logged."""
        file_id = located.file.file_id.value
        with self._lock:
            if file_id in self._told:
                return
            if len(self._told) >= REMEMBERED:
                self._told.clear()
            self._told.add(file_id)
        try:
            self._mark(located)
        except ApplianceError as fault:
            log.error("a damaged file could not be marked: %s", fault)  # noqa: TRY400  the reader hears of the damage itself
            with self._lock:
                self._told.discard(file_id)

    def _mark(self, located: Located) -> None:
        subject = Subject(SubjectKind.INSTANCE, located.instance_key)
        event = Event(EventCode.FILE_DAMAGED, PROCESS, Outcome.FAILURE, subject, located.patient_key, located.study_key)
        with self._database.write() as tx:
            if queries_retrieve.mark_damaged(tx, located, microseconds(self._clock.now())):
                self._audit.record(tx, event)
