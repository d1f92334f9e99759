"""Records who looks at whose images: once an hour for each study and session, never per frame."""

from collections import OrderedDict
from threading import Lock

from appliance.archive.located import Readable
from appliance.archive.scope import Scope
from appliance.audit.events import AuditLog, Event, EventCode
from appliance.clock import Clock
from appliance.store.database import Database

AGAIN_AFTER_SECONDS = 3600.0
REMEMBERED = 4096  # what falls out is recorded once more, never less


class Viewings:
    """Writes viewing events and remembers which were written. Threads may share it."""

    def __init__(self, database: Database, audit: AuditLog, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._recorded: OrderedDict[tuple[str, int, EventCode], float] = OrderedDict()
        self._lock = Lock()

    def is_due(self, scope: Scope, located: Readable, code: EventCode = EventCode.INSTANCES_RETRIEVED) -> bool:
        """Say whether this caller's look at this study still has to be recorded."""
        with self._lock:
            at = self._recorded.get((scope.caller, located.study_key, code))
        return at is None or self._clock.monotonic() - at >= AGAIN_AFTER_SECONDS

    def viewed(self, scope: Scope, located: Readable, code: EventCode = EventCode.INSTANCES_RETRIEVED) -> bool:
        """Record a look at a study unless that was done within the hour; its metadata and its images are two.

        The event is durable when this returns, so bytes that follow are never unrecorded.
        """
        if not self.is_due(scope, located, code):
            return False
        event = Event(code, scope.actor, patient_key=located.patient_key, study_key=located.study_key)
        with self._database.write() as tx:
            self._audit.record(tx, event)
        with self._lock:
            self._recorded[scope.caller, located.study_key, code] = self._clock.monotonic()
            while len(self._recorded) > REMEMBERED:
                self._recorded.popitem(last=False)
        return True

    def searched(self, scope: Scope, count: int) -> None:
        """Record one search and the number of its results."""
        with self._database.write() as tx:
            self._audit.record(tx, Event(EventCode.STUDIES_SEARCHED, scope.actor, number=count))
