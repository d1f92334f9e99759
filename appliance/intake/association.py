"""Looks through one association: its files in order, then its end; what it finds goes to a batch.

Guards: a file that has an arrival row is never catalogued again. Nothing whole
is ever removed but a duplicate's second copy, after its row.
Leaves out: committing and moving, which `intake/batch.py` does for many
associations at once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from appliance.archive import queries as archive
from appliance.archive.arrivals import ArrivalOutcome, QuarantineReason
from appliance.archive.recording import record_unopened
from appliance.audit.events import PROCESS, Actor, Event, EventCode
from appliance.clock import microseconds
from appliance.errors import Tampered
from appliance.identifiers import FileId
from appliance.inbox.association import AssociationEnd, Outcome
from appliance.inbox.reader import OpenAssociation, State
from appliance.intake import queries, trail
from appliance.intake.examining import Examined, Waiting, examine, look, unreadable
from appliance.intake.parts import IntakeParts
from appliance.sandbox.birth import Birth
from appliance.sandbox.parser import Parser
from appliance.store import stored_files
from appliance.store.transactions import WriteTransaction

SWEEP_AFTER_SECONDS = 7 * 24 * 3600
_ENDINGS = {Outcome.RELEASED: "released"}  # anything else did not end as the sender meant


@dataclass(frozen=True, slots=True)
class Ended:
    """How an association ended; `end` is None when it was cut off or its record is not the receiver's."""

    end: AssociationEnd | None
    end_is_ours: bool


class AssociationIntake:
    """The state of one association between steps."""

    def __init__(self, parts: IntakeParts, association: OpenAssociation, birth: Birth) -> None:
        self._parts = parts
        self._association = association
        self._id = self.association_id = association.association_id
        self._parser = Parser(parts.clock, birth=birth)
        self._incomplete: list[FileId] = []
        self.settled = False
        with parts.database.read() as tx:
            self._known = {FileId(key): outcome for key, outcome in archive.arrivals_of(tx, self._id.value).items()}
        if self._known:
            self._finish_interrupted()

    def close(self) -> None:
        """End the parser."""
        self._parser.close()

    def found(self, flush: Callable[[], None]) -> Iterator[Examined | Ended]:
        """Give every whole file that waits, examined, and last the end if there is one.

        Args:
            flush: Commits what was given so far.
        """
        end, end_is_ours = self._end()  # before the listing: what it counts is then in the listing
        waiting, self._incomplete = self._look_around(flush)
        count = self._count() + len(waiting)
        for one in waiting:
            yield examine(self._parts.reader, self._association, one, self._parser, self._parts.now())
        if end is not None:
            self.close()  # nothing more comes; a child less beside the next association's
            if count < end.file_count:
                yield from self._damaged()
        if end is not None or (not waiting and self._is_quiet(self._parts.quiet_seconds)):
            yield Ended(end, end_is_ours)

    def begin(self, tx: WriteTransaction) -> Actor:
        """Add the association's row unless it is there; give who sent."""
        return trail.sender(_begin(tx, self._association), self._association.record.facts.address)

    def taken(self, outcomes: Mapping[FileId, ArrivalOutcome]) -> None:
        """Remember what became of files whose rows are committed."""
        self._known.update({file_id: outcome.value for file_id, outcome in outcomes.items()})

    def conclude(self, tx: WriteTransaction, ended: Ended) -> bool:
        """Write how it ended; say whether every file of it has its row, so that its folder may be put away.

        Its files' rows are committed, and what was moved is noted in this transaction.
        """
        self._write_end(tx, ended.end, ended.end_is_ours)
        if self._incomplete and self._is_quiet(SWEEP_AFTER_SECONDS):
            self._sweep(tx)
        if self._incomplete:
            return False
        queries.settle_association(tx, self._id.value, self._parts.now())
        return True

    def _end(self) -> tuple[AssociationEnd | None, bool]:
        try:
            return self._parts.reader.end_of(self._association), True
        except Tampered:
            return None, False

    def _look_around(self, flush: Callable[[], None]) -> tuple[list[Waiting], list[FileId]]:
        """Give the whole files by their sequence, and those that are not whole; record the forged ones."""
        reader, waiting, incomplete = self._parts.reader, [], []
        for file_id in reader.file_ids(self._id):
            if file_id in self._known:
                continue
            state = reader.state_of(self._association, file_id)
            if state is State.WHOLE:
                waiting.append(look(reader, self._association, file_id))
            elif state is State.INCOMPLETE:
                incomplete.append(file_id)
            elif state is State.FORGED:
                flush()  # whose name it bears may be the one before
                self._forged(file_id)
        return sorted(waiting, key=lambda one: one.sequence), incomplete

    def _count(self) -> int:
        return sum(1 for outcome in self._known.values() if outcome != ArrivalOutcome.FORGED.value)

    def _damaged(self) -> Iterator[Examined]:
        """Give files that may have been acknowledged and no longer end well: they are kept, never swept."""
        broken, self._incomplete = self._incomplete, []
        for file_id in broken:
            yield unreadable(self._parts.reader, self._association, file_id, self._parts.now())

    def _finish_interrupted(self) -> None:
        """Do what a crash left undone for files that have their rows."""
        parts = self._parts
        moved: list[FileId] = []
        for file_id in parts.reader.file_ids(self._id):
            outcome = self._known.get(file_id)
            if outcome is None:
                continue
            with parts.database.read() as tx:
                row = stored_files.find_file(tx, file_id)
            if row is not None and not row.in_vault:
                parts.vault.move_in(self._id, [file_id])
                moved.append(file_id)
            elif outcome == ArrivalOutcome.DUPLICATE.value:
                parts.vault.remove(file_id, self._id)
            elif outcome != ArrivalOutcome.FORGED.value:
                self._replayed()
        if moved:
            with parts.database.write() as tx:
                for file_id in moved:
                    stored_files.mark_in_vault(tx, file_id)

    def _forged(self, file_id: FileId) -> None:
        """Record a file that was not sealed for this association and name; it stays as evidence."""
        with self._parts.database.write() as tx:
            self.begin(tx)
            known = archive.arrival_outcome(tx, file_id.value)
            if known is None:
                key = record_unopened(tx, self._id, file_id, QuarantineReason.FORGED, self._parts.now())
            else:
                key = record_unopened(tx, self._id, None, QuarantineReason.REPLAYED, self._parts.now())
            trail.tell_forged(self._parts.audit, tx, key)
        self._known[file_id] = ArrivalOutcome.FORGED.value

    def _replayed(self) -> None:
        with self._parts.database.write() as tx:
            key = record_unopened(tx, self._id, None, QuarantineReason.REPLAYED, self._parts.now())
            trail.tell_forged(self._parts.audit, tx, key)

    def _is_quiet(self, seconds: float) -> bool:
        return self._parts.clock.now().timestamp() - self._parts.reader.quiet_since(self._id) > seconds

    def _write_end(self, tx: WriteTransaction, end: AssociationEnd | None, end_is_ours: bool) -> None:
        parts, actor, count = self._parts, self.begin(tx), self._count()
        first = queries.end_association(
            tx,
            association_id=self._id.value,
            ended_at=parts.now() if end is None else microseconds(end.ended_at),
            outcome="cut off" if end is None else _ENDINGS.get(end.outcome, "aborted"),
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

    def _sweep(self, tx: WriteTransaction) -> None:
        for file_id in self._incomplete:
            self._parts.vault.remove(file_id, self._id)
        self._parts.audit.record(tx, Event(EventCode.INBOX_SWEPT, PROCESS, number=len(self._incomplete)))
        self._incomplete = []


def _begin(tx: WriteTransaction, association: OpenAssociation) -> int | None:
    """Add the association's row; give the key of the peer, if it is a known one."""
    facts = association.record.facts
    queries.add_association(
        tx,
        association_id=facts.association_id.value,
        calling_ae_title=facts.calling_ae_title.value,
        called_ae_title=facts.called_ae_title.value,
        address=facts.address,
        transport=facts.transport.value,
        certificate_sha256=bytes.fromhex(facts.certificate_sha256) if facts.certificate_sha256 else None,
        implementation_class_uid=facts.implementation_class_uid,
        implementation_version_name=facts.implementation_version_name,
        started_at=microseconds(facts.started_at),
    )
    row = queries.association(tx, facts.association_id.value)
    return None if row is None else row[0]
