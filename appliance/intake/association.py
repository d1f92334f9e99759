"""Takes in one association: its files in order, then its end.

Guards: rows and wrapped keys are committed before a file moves, so a crash at
any point leaves something that is done again without effect. A file that has
an arrival row is never catalogued again. Nothing whole is ever removed but a
duplicate's second copy, after its row.
"""

from collections.abc import Sequence
from contextlib import suppress
from logging import getLogger

from appliance.archive import queries as archive
from appliance.archive.arrivals import ArrivalOutcome, QuarantineReason
from appliance.archive.cataloguing import Catalogued, Cataloguer
from appliance.archive.recording import record_unopened
from appliance.audit.events import PROCESS, Event, EventCode
from appliance.clock import microseconds
from appliance.errors import ApplianceError, Tampered
from appliance.identifiers import FileId
from appliance.inbox.association import AssociationEnd, Outcome
from appliance.inbox.reader import OpenAssociation, State
from appliance.intake import queries, trail
from appliance.intake.examining import Examined, Waiting, examine, look, unreadable
from appliance.intake.parts import IntakeParts
from appliance.sandbox.birth import Birth
from appliance.sandbox.parser import Parser
from appliance.store import stored_files
from appliance.store.files import make_folder_durably, storage_faults
from appliance.store.transactions import WriteTransaction

BATCH_FILES = 50
BATCH_SECONDS = 0.4
SWEEP_AFTER_SECONDS = 7 * 24 * 3600
_ENDINGS = {Outcome.RELEASED: "released"}  # anything else did not end as the sender meant
log = getLogger(__name__)


class AssociationIntake:
    """The state of one association between steps."""

    def __init__(self, parts: IntakeParts, association: OpenAssociation, birth: Birth) -> None:
        self._parts = parts
        self._association = association
        self._id = self.association_id = association.association_id
        self.started_at = association.record.facts.started_at
        self._parser = Parser(parts.clock, birth=birth)
        self._moved: list[FileId] = []
        self.settled = False
        with parts.database.write() as tx:
            self._actor = trail.sender(_begin(tx, association), association.record.facts.address)
            self._known = {FileId(key): outcome for key, outcome in archive.arrivals_of(tx, self._id.value).items()}
        if self._known:
            self._finish_interrupted()

    def close(self) -> None:
        """End the parser."""
        self._parser.close()

    def step(self) -> int:
        """Catalogue every whole file that waits, and conclude if the association has ended; give how many files."""
        end, end_is_ours = self._end()  # before the listing: what it counts is then in the listing
        waiting, incomplete = self._look_around()
        for at in range(0, len(waiting), BATCH_FILES):
            self._take(waiting[at : at + BATCH_FILES])
        self._note_moved()
        if end is not None or (not waiting and self._is_quiet(self._parts.quiet_seconds)):
            self._conclude(end, incomplete, end_is_ours)
        return len(waiting)

    def _end(self) -> tuple[AssociationEnd | None, bool]:
        try:
            return self._parts.reader.end_of(self._association), True
        except Tampered:
            return None, False

    def _look_around(self) -> tuple[list[Waiting], list[FileId]]:
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
                self._forged(file_id)
        return sorted(waiting, key=lambda one: one.sequence), incomplete

    def _take(self, waiting: Sequence[Waiting]) -> None:
        """Examine files and commit them, in groups that keep the list fresh."""
        clock, batch = self._parts.clock, []
        began = clock.monotonic()
        for one in waiting:
            batch.append(examine(self._parts.reader, self._association, one, self._parser, self._parts.now()))
            if clock.monotonic() - began > BATCH_SECONDS:
                self._commit(batch)
                batch, began = [], clock.monotonic()
        if batch:
            self._commit(batch)

    def _commit(self, batch: list[Examined]) -> None:
        try:
            done = self._catalogue(batch)
        except ApplianceError:
            raise
        except Exception as error:  # noqa: BLE001  one file that cannot be written must not keep the others out
            if len(batch) > 1:
                for one in batch:
                    self._commit([one])
                return
            log.error("a file could not be catalogued: %s", type(error).__name__)  # noqa: TRY400  its words could quote
            done = self._catalogue([Examined(batch[0].arrival, None, QuarantineReason.NOT_CATALOGUED)])
        self._put_away(batch, done)

    def _catalogue(self, batch: list[Examined]) -> list[Catalogued]:
        parts = self._parts
        with parts.database.write() as tx:
            self._mark_moved(tx)
            cataloguer = Cataloguer(tx, parts.keys.current_wrapping_key(tx), parts.now())
            done = [_add(cataloguer, one) for one in batch]
            cataloguer.finish()
            for one in done:
                trail.tell_catalogued(parts.audit, tx, self._actor, one)
        self._moved.clear()
        return done

    def _put_away(self, batch: list[Examined], done: list[Catalogued]) -> None:
        """Move what was committed to the vault; remove the second copies."""
        outcomes = {one.arrival.file.file_id: result.outcome for one, result in zip(batch, done, strict=True)}
        self._known.update({file_id: outcome.value for file_id, outcome in outcomes.items()})
        kept = [file_id for file_id, outcome in outcomes.items() if outcome is not ArrivalOutcome.DUPLICATE]
        self._parts.vault.move_in(self._id, kept)
        self._moved += kept
        for file_id in outcomes.keys() - set(kept):
            self._parts.vault.remove(file_id, self._id)

    def _note_moved(self) -> None:
        if self._moved:
            with self._parts.database.write() as tx:
                self._mark_moved(tx)
            self._moved.clear()

    def _mark_moved(self, tx: WriteTransaction) -> None:
        for file_id in self._moved:
            stored_files.mark_in_vault(tx, file_id)

    def _finish_interrupted(self) -> None:
        """Do what a crash left undone for files that have their rows."""
        parts = self._parts
        for file_id in parts.reader.file_ids(self._id):
            outcome = self._known.get(file_id)
            if outcome is None:
                continue
            with parts.database.read() as tx:
                row = stored_files.find_file(tx, file_id)
            if row is not None and not row.in_vault:
                parts.vault.move_in(self._id, [file_id])
                self._moved.append(file_id)
            elif outcome == ArrivalOutcome.DUPLICATE.value:
                parts.vault.remove(file_id, self._id)
            elif outcome != ArrivalOutcome.FORGED.value:
                self._replayed()
        self._note_moved()

    def _forged(self, file_id: FileId) -> None:
        """Record a file that was not sealed for this association and name; it stays as evidence."""
        with self._parts.database.write() as tx:
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

    def _conclude(self, end: AssociationEnd | None, incomplete: list[FileId], end_is_ours: bool) -> None:
        count = sum(1 for outcome in self._known.values() if outcome != ArrivalOutcome.FORGED.value)
        if end is not None and count < end.file_count and incomplete:
            incomplete = self._keep_damaged(incomplete)
        self._write_end(end, count, end_is_ours)
        if incomplete and self._is_quiet(SWEEP_AFTER_SECONDS):
            self._sweep(incomplete)
            incomplete = []
        if not incomplete:
            self._settle()

    def _keep_damaged(self, broken: list[FileId]) -> list[FileId]:
        """Quarantine files that may have been acknowledged and no longer end well: they are never swept."""
        parts = self._parts
        self._commit([unreadable(parts.reader, self._association, file_id, parts.now()) for file_id in broken])
        self._note_moved()
        return []

    def _write_end(self, end: AssociationEnd | None, count: int, end_is_ours: bool) -> None:
        parts = self._parts
        with parts.database.write() as tx:
            first = queries.end_association(
                tx,
                association_id=self._id.value,
                ended_at=parts.now() if end is None else microseconds(end.ended_at),
                outcome="cut off" if end is None else _ENDINGS.get(end.outcome, "aborted"),
                declared_count=None if end is None else end.file_count,
            )
            if not first:
                return
            trail.tell_ended(parts.audit, tx, self._actor, count, as_declared=end is None or count >= end.file_count)
            for patient_key, study_key, instances in queries.studies_of_association(tx, self._id.value):
                trail.tell_study(parts.audit, tx, self._actor, patient_key, study_key, instances)
            if not end_is_ours:
                key = record_unopened(tx, self._id, None, QuarantineReason.FORGED, parts.now())
                trail.tell_forged(parts.audit, tx, key)

    def _sweep(self, incomplete: list[FileId]) -> None:
        for file_id in incomplete:
            self._parts.vault.remove(file_id, self._id)
        with self._parts.database.write() as tx:
            self._parts.audit.record(tx, Event(EventCode.INBOX_SWEPT, PROCESS, number=len(incomplete)))

    def _settle(self) -> None:
        """Note that every file has its row, and put the association's records away."""
        parts = self._parts
        with parts.database.write() as tx:
            queries.settle_association(tx, self._id.value, parts.now())
        source, target = parts.inbox / str(self._id), parts.settled / str(self._id)
        with storage_faults():
            make_folder_durably(parts.files, parts.settled)
            if target.exists():  # a replayed folder: what was settled first stays
                target = target.with_name(f"{target.name}.{FileId.new()}")
            with suppress(FileNotFoundError):
                parts.files.rename(source, target)
            parts.files.fsync_folder(parts.settled)
            parts.files.fsync_folder(parts.inbox)
        self.settled = True


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


def _add(cataloguer: Cataloguer, one: Examined) -> Catalogued:
    if one.facts is not None:
        return cataloguer.add(one.arrival, one.facts)
    return cataloguer.quarantine(one.arrival, one.reason or QuarantineReason.NOT_CATALOGUED)
