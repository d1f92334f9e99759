"""Keeps and tells which stored files are damaged: one mark and one event for each, until it is found sound again.

Guards: a file that is read a thousand times is told of once, so damage cannot
fill the trail; the catalogue alone says what is told, so that every process
goes by the same. A mark goes only when the whole file was read and verified
after the mark was made. Leaves out: mending, and reading everything, which
`enamel check` does.
"""

from logging import getLogger

from appliance.archive import queries_retrieve
from appliance.archive.located import Located, Place
from appliance.audit.events import PROCESS, Actor, AuditLog, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import Clock, microseconds
from appliance.errors import ApplianceError
from appliance.identifiers import FileId
from appliance.store.database import Database

log = getLogger(__name__)


class Damage:
    """Marks damaged files. Threads may share it."""

    def __init__(self, database: Database, audit: AuditLog, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    def tell(self, located: Located) -> None:
        """Mark an instance's file as damaged, with its event, unless that was done; a refusing disk is logged."""
        try:
            self._mark(located.place, PROCESS)
        except ApplianceError as fault:
            log.error("a damaged file could not be marked: %s", fault)  # noqa: TRY400  the reader hears of the damage itself

    def marks(self) -> dict[bytes, int]:
        """Give the ids of the files that are marked, and since when, in microseconds."""
        with self._database.read() as tx:
            return queries_retrieve.damage_marks(tx)

    def found_damaged(self, file_id: FileId, actor: Actor) -> bool:
        """Mark a file, with its event; give whether that was due: it is listed with a study, and was not marked.

        Raises:
            Unavailable: The disk refused.
        """
        with self._database.read() as tx:
            place = queries_retrieve.place_of(tx, file_id)
        return place is not None and self._mark(place, actor)

    def found_sound(self, file_id: FileId, marked_at: int, actor: Actor) -> bool:
        """Clear the mark that was made then, with its event, for the whole file was verified since.

        Returns:
            Whether that was due: the file is listed with a study, and its mark is still that one.

        Raises:
            Unavailable: The disk refused.
        """
        with self._database.write() as tx:
            place = queries_retrieve.place_of(tx, file_id)
            if place is None or not queries_retrieve.clear_damaged(tx, file_id, marked_at):
                return False
            self._audit.record(tx, _event(EventCode.FILE_SOUND_AGAIN, Outcome.SUCCESS, place, actor))
        return True

    def _mark(self, place: Place, actor: Actor) -> bool:
        with self._database.read() as tx:
            if queries_retrieve.is_marked_damaged(tx, place.file_id):
                return False
        with self._database.write() as tx:
            if not queries_retrieve.mark_damaged(tx, place, microseconds(self._clock.now())):
                return False
            self._audit.record(tx, _event(EventCode.FILE_DAMAGED, Outcome.FAILURE, place, actor))
        return True


def _event(code: EventCode, outcome: Outcome, place: Place, actor: Actor) -> Event:
    subject = Subject(SubjectKind.INSTANCE, place.instance_key)
    return Event(code, actor, outcome, subject, place.patient_key, place.study_key)
