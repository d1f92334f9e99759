"""Lets go of settled associations' sealed keys once a backup holds their rows: then old inbox pairs can be destroyed.

Guards: a record goes only when a catalogue snapshot on a target that is used has
its association's rows, by the audit trail and not by any clock: the association is
marked with where the trail stands once it is settled, and a snapshot of this very
trail with a later event was taken after that. What still lies in the inbox, or has
a file there, stays. The removal is durable before it is noted; cut off in between
it is done again. Leaves out: whether that snapshot restores, which each night
proves, and destroying the pairs (`rotation`).
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from appliance.audit.queries import head
from appliance.clock import microseconds
from appliance.identifiers import AssociationId
from appliance.inbox.settled import remove_record
from appliance.intake import queries
from appliance.intake.parts import IntakeParts
from appliance.store import runs
from appliance.store.files import storage_faults

RELEASE_JOB = "release settled records"
LOOK_SECONDS = timedelta(hours=1).total_seconds()
BATCH = 200


@dataclass
class _Walk:
    """One walk over what a snapshot has the rows of."""

    through: int
    run_key: int | None = None
    after: tuple[int, bytes] = (-1, b"")
    done: int = 0


@dataclass
class Releasing:
    """What intake does by itself, hourly and at most a batch at a time."""

    parts: IntakeParts
    _look_at: float = float("-inf")
    _walk: _Walk | None = None

    def step(self) -> int:
        """Do what is due; give how many associations were marked or let go.

        Raises:
            Unavailable: The disk refused; it is tried again within the hour.
        """
        if self._walk is None:
            if self.parts.clock.monotonic() < self._look_at:
                return 0
            if marked := self._mark():
                return marked
            self._look_at = self.parts.clock.monotonic() + LOOK_SECONDS
            with self.parts.database.read() as tx:
                self._walk = _Walk(queries.backed_up_through(tx))
        walk, self._walk = self._walk, None  # should it fail, the next hour begins another
        return self._go_on(walk)

    def _mark(self) -> int:
        with self.parts.database.read() as tx:
            if not queries.has_unmarked(tx):
                return 0
        with self.parts.database.write() as tx:
            return queries.mark_settled(tx, head(tx).sequence, BATCH)

    def _go_on(self, walk: _Walk) -> int:
        with self.parts.database.read() as tx:
            batch = queries.settled_before(tx, walk.through, walk.after, BATCH)
        if not batch:
            self._end(walk)
            return 0
        if walk.run_key is None:
            with self.parts.database.write() as tx:
                walk.run_key = runs.begin_run(tx, RELEASE_JOB, self.parts.clock.now())
        walk.after = (batch[-1][0], batch[-1][1].value)
        released = self._remove([association_id for _, association_id in batch])
        with self.parts.database.write() as tx:
            for association_id in released:
                queries.note_released(tx, association_id, microseconds(self.parts.clock.now()))
        walk.done += len(released)
        self._walk = walk
        return len(batch)

    def _remove(self, associations: list[AssociationId]) -> list[AssociationId]:
        """Remove their records durably, but of those that are not out of the inbox yet; give whose went."""
        inbox = self.parts.data_folder / "inbox"
        settled = [one for one in associations if not (inbox / str(one)).exists()]
        with storage_faults():
            for association_id in settled:
                with suppress(FileNotFoundError):
                    remove_record(self.parts.files, self.parts.settled / str(association_id))
            if self.parts.settled.exists():
                self.parts.files.fsync_folder(self.parts.settled)
        return settled

    def _end(self, walk: _Walk) -> None:
        if walk.run_key is not None:
            with self.parts.database.write() as tx:
                runs.end_run(tx, walk.run_key, self.parts.clock.now(), walk.done, 0)
