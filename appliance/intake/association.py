"""Looks through one association: its files in order, then its end; what it finds goes to a batch.

Guards: a file that has an arrival row is never catalogued again, nor one that
was erased. Nothing whole is ever removed but what was erased, and a duplicate's
second copy, after its row and after the held copy was opened whole. What the
disk refuses is left for later and keeps nothing else waiting; its folder is
not put away meanwhile. What is swept goes after the record of it is committed,
and only from the inbox.
Leaves out: committing and moving, which `intake/batch.py` does for many
associations at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from appliance.archive import queries as archive
from appliance.archive.arrivals import ArrivalOutcome, QuarantineReason
from appliance.archive.recording import record_replayed, record_unopened
from appliance.audit.events import Actor
from appliance.clock import microseconds
from appliance.errors import ApplianceError, Tampered, Unavailable
from appliance.identifiers import AssociationId, FileId
from appliance.inbox.association import AssociationEnd, Outcome
from appliance.inbox.reader import OpenAssociation, State
from appliance.intake import queries, senders, trail
from appliance.intake.copies import put_second_copy_away
from appliance.intake.examining import Examined, Waiting, examine, look, unreadable
from appliance.intake.parsers import Parsers
from appliance.intake.parts import IntakeParts
from appliance.intake.resting import Resting
from appliance.retention.tombstones import end_association_of, erased_among
from appliance.store import stored_files
from appliance.store.transactions import WriteTransaction

SWEEP_AFTER_SECONDS = 7 * 24 * 3600
_Result = TypeVar("_Result")
_ERASED = "erased"  # what became of a file that was erased: no arrival has it
ENDINGS = {Outcome.RELEASED: "released"}  # anything else did not end as the sender meant


@dataclass(frozen=True, slots=True)
class Ended:
    """How an association ended; `end` is None when it was cut off or its record is not the receiver's."""

    end: AssociationEnd | None
    end_is_ours: bool


class AssociationIntake:
    """The state of one association between steps."""

    def __init__(self, parts: IntakeParts, association: OpenAssociation, parsers: Parsers) -> None:
        self._parts = parts
        self._association = association
        self._id = self.association_id = association.association_id
        self._parsers = parsers
        self._incomplete: list[FileId] = []
        self._swept: list[FileId] = []
        self._erased: set[FileId] = set()
        self._is_contested = False  # it holds a whole file whose id another association's file bears
        self._told: Ended | None = None  # what was written down of one that is never put away
        self._resting = Resting(parts.clock)
        self.settled = False
        with parts.database.read() as tx:
            self._known = {FileId(key): outcome for key, outcome in archive.arrivals_of(tx, self._id.value).items()}
        self._unfinished: list[FileId] | None = None  # files that have their rows, until the first listing

    def found(self, flush: Callable[[], None]) -> Iterator[Examined | Ended]:
        """Give every whole file that waits, examined, and last the end if there is one.

        Args:
            flush: Commits what was given so far.

        What the disk refuses, a file or the whole folder, is left for later.
        """
        listed = None if self._resting.rests(self._id) else self._tried(self._id, self._listed)
        if listed is None:
            return
        names, end, end_is_ours = listed
        names = self._without_erased(names)
        self._resting.keep({*names})
        self._finish_interrupted(names)
        waiting, self._incomplete = self._look_around(names, flush)
        short = end is not None and self._count() + len(waiting) + len(self._resting) < end.file_count
        for one in waiting:
            examined = self._tried(one.file_id, partial(self._examined, one))
            if examined is not None:
                yield examined
        if short:
            yield from self._damaged()
        ended = Ended(end, end_is_ours)
        if (waiting or self._incomplete or ended != self._told) and self._has_ended(ended, still=not waiting):
            yield ended

    def begin(self, tx: WriteTransaction) -> Actor:
        """Add the association's row unless it is there; give who sent."""
        return senders.begin(tx, self._association.record)

    def taken(self, outcomes: Mapping[FileId, ArrivalOutcome]) -> None:
        """Remember what became of files whose rows are committed."""
        for file_id, outcome in outcomes.items():
            self._resting.forget(file_id)
            self._is_contested = self._is_contested or outcome is ArrivalOutcome.FORGED
        self._known.update({file_id: outcome.value for file_id, outcome in outcomes.items()})

    def leave(self, file_id: FileId, error: ApplianceError) -> None:
        """Leave a file that could not be catalogued at all for later."""
        self._resting.refuse(file_id, error)

    def conclude(self, tx: WriteTransaction, ended: Ended) -> bool:
        """Write how it ended; say whether every file of it has its row, so that its folder may be put away.

        Its files' rows are committed, and what was moved is noted in this transaction.
        """
        self._write_end(tx, ended.end, ended.end_is_ours)
        if self._incomplete and self._is_quiet(SWEEP_AFTER_SECONDS):
            self._swept = self._incomplete
            trail.tell_swept(self._parts.audit, tx, len(self._swept))
        if self._incomplete or self._resting or queries.has_unmoved(tx, self._id.value):
            return False
        if self._is_contested:
            self._told = ended
            return False
        if any(file_id not in self._known for file_id in self._parts.reader.file_ids(self._id)):
            return False
        queries.settle_association(tx, self._id.value, self._parts.now())
        return True

    def sweep(self) -> None:
        """Remove what `conclude` wrote down as swept, and put a contested folder aside; that is committed."""
        swept, self._swept = self._swept, []
        for file_id in swept:
            self._tried(file_id, partial(self._parts.vault.remove_arrived, self._id, file_id))
        if self._told is not None:
            self._tried(self._id, self._put_aside)

    def _put_aside(self) -> None:
        """Keep what stays in the folder where it waits for nothing; the next start looks at it again."""
        self._parts.vault.move_aside(self._id)
        self.settled = True

    def _listed(self) -> tuple[list[FileId], AssociationEnd | None, bool]:
        end, end_is_ours = self._end()  # before the listing: what it counts is then in the listing
        return self._parts.reader.file_ids(self._id), end, end_is_ours

    def _without_erased(self, names: Sequence[FileId]) -> list[FileId]:
        """Remove what bears the id of a file that was erased: an older copy of the inbox came back. Give the others."""
        unmarked = [file_id for file_id in names if file_id not in self._erased]
        with self._parts.database.read() as tx:
            found = erased_among(tx, unmarked)
        if found:
            with self._parts.database.write() as tx:
                self.begin(tx)
                end_association_of(tx, self._id, found.values())
            self._erased.update(found)
        for file_id in self._erased.intersection(names):
            self._tried(file_id, partial(self._parts.vault.remove_arrived, self._id, file_id))
        self._known.update(dict.fromkeys(found, _ERASED))
        return [file_id for file_id in names if file_id not in self._erased]

    def _has_ended(self, ended: Ended, *, still: bool) -> bool:
        declared = ended.end is not None and not self._resting
        return declared or (still and self._is_quiet(self._parts.quiet_seconds))

    def _end(self) -> tuple[AssociationEnd | None, bool]:
        try:
            return self._parts.reader.end_of(self._association), True
        except Tampered:
            return None, False

    def _look_around(self, names: Sequence[FileId], flush: Callable[[], None]) -> tuple[list[Waiting], list[FileId]]:
        """Give the whole files by their sequence, and those that are not whole; record the forged ones."""
        waiting, incomplete = [], []
        for file_id in names:
            if file_id in self._known or self._resting.rests(file_id):
                continue
            found = self._tried(file_id, partial(self._seen, file_id))
            if isinstance(found, Waiting):
                waiting.append(found)
            elif found is State.INCOMPLETE:
                incomplete.append(file_id)
            elif found is State.FORGED:
                flush()  # whose name it bears may be the one before
                self._forged(file_id)
        return sorted(waiting, key=lambda one: one.sequence), incomplete

    def _seen(self, file_id: FileId) -> Waiting | State:
        reader = self._parts.reader
        state = reader.state_of(self._association, file_id)
        if state is State.WHOLE:
            return look(reader, self._association, file_id)
        self._resting.forget(file_id)
        return state

    def _examined(self, one: Waiting) -> Examined:
        parser = self._parsers.of(self._association)
        return examine(self._parts, self._association, one, parser)

    def _tried(self, what: FileId | AssociationId, work: Callable[[], _Result]) -> _Result | None:
        """Do it, or leave it for later when the disk refuses twice, so that it keeps no other waiting."""
        self._parts.on_progress()
        try:
            with suppress(Unavailable, Tampered):
                return work()
            return work()
        except (Unavailable, Tampered) as error:
            self._resting.refuse(what, error)
            return None

    def _count(self) -> int:
        return sum(1 for outcome in self._known.values() if outcome != ArrivalOutcome.FORGED.value)

    def _damaged(self) -> Iterator[Examined]:
        """Give files that may have been acknowledged and no longer end well: they are kept, never swept."""
        broken, self._incomplete = self._incomplete, []
        for file_id in broken:
            parts = self._parts
            examined = self._tried(file_id, partial(unreadable, parts.reader, self._association, file_id, parts.now()))
            if examined is not None:
                yield examined

    def _finish_interrupted(self, names: Sequence[FileId]) -> None:
        """Do what a crash or the disk left undone for files that have their rows."""
        left, self._unfinished = self._unfinished, []
        if left is None:
            left = [file_id for file_id in names if file_id in self._known]
        for file_id in left:
            if self._resting.rests(file_id):
                self._unfinished.append(file_id)
                continue
            if self._tried(file_id, partial(self._finish, file_id)):
                self._resting.forget(file_id)
            else:
                self._unfinished.append(file_id)

    def _finish(self, file_id: FileId) -> bool:
        parts, outcome = self._parts, self._known[file_id]
        with parts.database.read() as tx:
            row = stored_files.find_file(tx, file_id)
        if row is None and outcome == ArrivalOutcome.DUPLICATE.value:
            if not self._second_copy_is_kept(file_id):
                return True
        elif row is None or row.association_id != self._id:  # moved already, or another association's
            if outcome != ArrivalOutcome.FORGED.value:
                self._replayed()
            return True
        parts.vault.move_in(self._id, [file_id])
        with parts.database.write() as tx:
            stored_files.mark_in_vault(tx, file_id)
        return True

    def _second_copy_is_kept(self, file_id: FileId) -> bool:
        parts = self._parts
        try:
            waiting = look(parts.reader, self._association, file_id)
        except Tampered:  # not whole itself: of no use
            parts.vault.remove_arrived(self._id, file_id)
            return False
        return put_second_copy_away(parts, self._examined(waiting))

    def _forged(self, file_id: FileId) -> None:
        """Record a file that was not sealed for this association and name; it stays as evidence."""
        with self._parts.database.write() as tx:
            self.begin(tx)
            known = archive.arrival_outcome(tx, file_id.value)
            if known is None:
                key = record_unopened(tx, self._id, file_id, QuarantineReason.FORGED, self._parts.now())
                trail.tell_forged(self._parts.audit, tx, key)
            else:
                self._tell_replayed(tx)
        self._known[file_id] = ArrivalOutcome.FORGED.value

    def _replayed(self) -> None:
        with self._parts.database.write() as tx:
            self._tell_replayed(tx)

    def _tell_replayed(self, tx: WriteTransaction) -> None:
        key = record_replayed(tx, self._id, self._parts.now())
        if key is not None:
            trail.tell_forged(self._parts.audit, tx, key)

    def _is_quiet(self, seconds: float) -> bool:
        """Say whether nobody writes here and nothing changed for so long: clocks are set, so time alone says little."""
        parts = self._parts
        with suppress(Unavailable):
            quiet = parts.is_long_ago(parts.reader.quiet_since(self._id), seconds)
            return quiet and not parts.reader.is_live(self._id)
        return False

    def _write_end(self, tx: WriteTransaction, end: AssociationEnd | None, end_is_ours: bool) -> None:
        parts, actor, count = self._parts, self.begin(tx), self._count()
        first = queries.end_association(
            tx,
            association_id=self._id.value,
            ended_at=parts.now() if end is None else microseconds(end.ended_at),
            outcome="cut off" if end is None else ENDINGS.get(end.outcome, "aborted"),
            declared_count=None if end is None else end.file_count,
        )
        if not first:
            return
        trail.tell_ended(parts.audit, tx, actor, count, as_declared=end is None or count >= end.file_count)
        for patient_key, study_key, instances in queries.studies_of_association(tx, self._id.value):
            trail.tell_study(parts.audit, tx, actor, patient_key, study_key, instances)
        if not end_is_ours:
            key = record_unopened(tx, self._id, None, QuarantineReason.FORGED, parts.now())
            trail.tell_forged(parts.audit, tx, key)
