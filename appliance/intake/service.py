"""Takes sealed arrivals into the catalogue and the vault, in order, many associations at a time.

Guards: receiving never waits for this process, and nothing that arrives stops
it: an association that cannot be opened is listed in quarantine and put aside as
it came, and looked at again at every start. A step may be cut at any point and is
done again without effect.
Rotating keys and preparing packs are part of its work, but not of this module: see `rotation` and `packing`.
"""

from contextlib import suppress
from datetime import datetime
from logging import getLogger
from threading import Event as Stop
from threading import Thread

from appliance.archive.arrivals import QuarantineReason
from appliance.archive.recording import record_unopened
from appliance.errors import Tampered, Unavailable, WrongKey
from appliance.identifiers import AssociationId, FileId
from appliance.inbox.association import SealedAssociation
from appliance.inbox.reader import CutRecord, InboxReader, OpenAssociation
from appliance.intake import queries, trail
from appliance.intake.association import AssociationIntake
from appliance.intake.batch import Batch
from appliance.intake.judging import Judging
from appliance.intake.packing import Packing
from appliance.intake.parsers import Parsers
from appliance.intake.parts import IntakeParts
from appliance.intake.releasing import Releasing
from appliance.intake.resting import Resting
from appliance.intake.rotation import KeyUpkeep, publish_inbox_key
from appliance.intake.spool import LOCKER, SpoolImport
from appliance.retention.erasing import ErasingParts, finish_all
from appliance.sandbox.birth import Birth, Nursery
from appliance.store import stored_files
from appliance.store.files import DurableFolders, storage_faults

LEAST_WAIT_SECONDS, MOST_WAIT_SECONDS = 0.1, 0.8  # a study is listed within 2 s of its last instance
RETRY_SECONDS = 5.0
ERASED_SECONDS = 5.0
_LAST_SECONDS = 2.0  # for the thread that makes packs to see that the process ends
log = getLogger(__name__)


class Intake:
    """The intake process."""

    def __init__(self, parts: IntakeParts, birth: Birth | None = None) -> None:
        """Take in what `parts` tell of.

        Args:
            parts: Collaborators.
            birth: Makes the children that read scans; a nursery's unless a test gives hostile ones.
        """
        self._parts = parts
        self._reader = parts.reader
        self._spools = (SpoolImport(parts, LOCKER), SpoolImport(parts))
        self._upkeep = KeyUpkeep(parts)
        self._releasing = Releasing(parts)
        self._nursery = Nursery("facts")
        self._parsers = Parsers(parts.clock, birth or self._nursery.birth)
        self._open: dict[AssociationId, AssociationIntake] = {}
        self._began: dict[AssociationId, datetime] = {}
        self._passed_over: dict[AssociationId, tuple[int, ...]] = {}
        self._resting = Resting(parts.clock)
        self._judging = Judging(parts.database, parts.clock)
        self._packing = Packing(parts)
        self._was_cut = False
        self._erased_at = float("-inf")

    def run(self, stop: Stop) -> None:
        """Work until told to stop.

        Raises:
            Tampered: The catalogue itself is not what was stored.
        """
        wait = LEAST_WAIT_SECONDS
        started = False
        packing = Thread(target=self._packing.run, args=(stop,), daemon=True)
        packing.start()
        while not stop.is_set():
            self._parts.on_progress()
            try:
                started = started or self.start()
                busy = self.step() > 0
                if busy:
                    self._packing.intake_worked()
                wait = LEAST_WAIT_SECONDS if busy else min(wait * 1.5, MOST_WAIT_SECONDS)
            except Unavailable as error:
                log.warning("intake waits: %s", error)
                wait = RETRY_SECONDS
            stop.wait(wait)
        packing.join(_LAST_SECONDS)
        self.close()

    def start(self) -> bool:
        """Write the receiver's public key and finish the moves that a crash cut off."""
        parts = self._parts
        with storage_faults():
            DurableFolders(parts.files).make(parts.data_folder / "exchange", 0o750)
        publish_inbox_key(parts)
        self._bring_back()
        self._finish_moves()
        self._judging.start()
        return True

    def step(self) -> int:
        """Take in everything that waits; give how many files and events that were."""
        done = self._take_events()
        self._parts.on_progress()  # each part may have waited for a catalogue that is being written anew
        try:
            if self._was_cut:
                self._finish_moves()
            done += self._take_in()
            self._judging.step()
        except BaseException:
            self._was_cut = True
            self._forget_all()  # what is in memory may not be what is committed: the next step looks afresh
            raise
        self._parts.on_progress()
        self._finish_erasures()
        self._parts.on_progress()
        self._releasing.step()  # counts for nothing: it never makes the next step come sooner
        self._parts.on_progress()
        return done + self._upkeep.step()

    def close(self) -> None:
        """End every parser and give the database back."""
        self._forget_all()
        self._nursery.close()
        self._parts.database.close()

    def _finish_erasures(self) -> None:
        """Remove the files of what was erased: on a box this process alone may change inbox, settled and vault."""
        now = self._parts.clock.monotonic()
        if now < self._erased_at:
            return
        self._erased_at = now + ERASED_SECONDS
        parts = self._parts
        erasing = ErasingParts(parts.data_folder, parts.database, parts.audit, parts.files, parts.clock)
        try:
            finish_all(erasing, parts.on_progress)
        except Unavailable as error:
            log.warning("an erasure is finished later: %s", error)

    def _bring_back(self) -> None:
        """Give what was put aside back to the inbox where it opens now: another catalogue's keys may have come back."""
        aside = InboxReader(self._parts.aside, self._parts.box_id, self._parts.files)
        for association_id in aside.association_ids():
            with suppress(Tampered, Unavailable):
                record = aside.record_of(association_id)
                if record is not None:
                    self._unsealed(record)
                    self._parts.vault.move_back(association_id)

    def _finish_moves(self) -> None:
        with self._parts.database.read() as tx:
            unmoved = stored_files.files_in_inbox(tx)
        self._was_cut = False
        for row in unmoved:
            self._finish_move(row)

    def _finish_move(self, row: stored_files.StoredFile) -> None:
        self._parts.on_progress()
        if row.association_id is None or self._resting.rests(row.file_id):
            self._was_cut = True
            return
        try:
            self._parts.vault.move_in(row.association_id, [row.file_id])
        except Tampered:
            self._lose(row.file_id, row.association_id)
            return
        except Unavailable as error:  # keeps no other back
            self._resting.refuse(row.file_id, error)
            self._was_cut = True
            return
        self._resting.forget(row.file_id)
        with self._parts.database.write() as tx:
            stored_files.mark_in_vault(tx, row.file_id)

    def _lose(self, file_id: FileId, association_id: AssociationId) -> None:
        """Tell that a catalogued file is in neither place, once, and wait for it no longer."""
        log.error("a catalogued file is in neither inbox nor vault")
        parts, is_gone = self._parts, association_id not in self._reader.association_ids()
        with parts.database.write() as tx:
            stored_files.mark_in_vault(tx, file_id)
            key = record_unopened(tx, association_id, None, QuarantineReason.DAMAGED, parts.now())
            trail.tell_rotten(parts.audit, tx, key)
            if is_gone and not queries.has_unmoved(tx, association_id.value):
                queries.settle_association(tx, association_id.value, parts.now())

    def _take_in(self) -> int:
        batch, done = Batch(self._parts, self._judging), 0
        for association_id in self._in_order():
            done += self._take_from(batch, association_id)
            self._forget_settled()
        batch.flush()
        self._forget_settled()
        self._parsers.rest()
        return done

    def _take_events(self) -> int:
        try:
            return sum(spool.step() for spool in self._spools)
        except Unavailable as error:
            log.warning("the receiver's events wait: %s", error)
            return 0

    def _take_from(self, batch: Batch, association_id: AssociationId) -> int:
        association = self._open.get(association_id) or self._try_to_open(association_id)
        return 0 if association is None else batch.take_from(association)

    def _may_be_opened(self, association_id: AssociationId) -> bool:
        """Say whether to look at a folder: not one passed over that has not changed, nor one that the disk refused."""
        stamp = self._passed_over.get(association_id)
        return not (
            self._resting.rests(association_id)
            or (stamp is not None and stamp == self._reader.stamp_of(association_id))
        )

    def _in_order(self) -> list[AssociationId]:
        """Give the inbox's associations by when they began; of those not yet opened only that is kept in memory."""
        there = [one for one in self._reader.association_ids() if self._may_be_opened(one)]
        began: dict[AssociationId, datetime] = {}
        for association_id in there:
            at = self._began.get(association_id) or self._look_when_begun(association_id)
            if at is not None:
                began[association_id] = at
        self._began = began
        return sorted(began, key=began.__getitem__)

    def _look_when_begun(self, association_id: AssociationId) -> datetime | None:
        record = self._record_of(association_id)
        return record.facts.started_at if record is not None else None

    def _try_to_open(self, association_id: AssociationId) -> AssociationIntake | None:
        record = self._record_of(association_id)
        if record is None:
            return None
        try:
            opened = AssociationIntake(self._parts, self._unsealed(record), self._parsers)
        except Tampered as error:
            self._pass_over(association_id, error)
            return None
        self._open[association_id] = opened
        return opened

    def _record_of(self, association_id: AssociationId) -> SealedAssociation | None:
        """Read an association's record; None while there is none to go by."""
        self._parts.on_progress()
        try:
            return self._reader.record_of(association_id)
        except Unavailable as error:
            self._resting.refuse(association_id, error)
        except CutRecord as error:
            quiet = self._parts.is_long_ago(self._reader.quiet_since(association_id), self._parts.quiet_seconds)
            if quiet and not self._reader.is_live(association_id):
                self._pass_over(association_id, error)
        except Tampered as error:
            self._pass_over(association_id, error)
        return None

    def _unsealed(self, record: SealedAssociation) -> OpenAssociation:
        with self._parts.database.read() as tx:
            private_keys = self._parts.keys.inbox_private_keys(tx)
        return self._reader.open(record, private_keys)

    def _pass_over(self, association_id: AssociationId, error: Tampered) -> None:
        """List what cannot be opened, once, and put it aside; where the disk refuses that it is left where it lies."""
        reason = QuarantineReason.FORGED if isinstance(error, WrongKey) else QuarantineReason.DAMAGED
        self._passed_over[association_id] = self._reader.stamp_of(association_id)
        with self._parts.database.write() as tx:
            if not queries.has_unopened(tx, association_id.value):
                key = record_unopened(tx, association_id, None, reason, self._parts.now())
                trail.tell_forged(self._parts.audit, tx, key)
        try:
            if not self._reader.is_live(association_id):  # once it ended its folder has changed
                self._parts.vault.move_aside(association_id)
        except Unavailable as refused:
            self._resting.refuse(association_id, refused)

    def _forget_settled(self) -> None:
        for association in [one for one in self._open.values() if one.settled]:
            del self._open[association.association_id]

    def _forget_all(self) -> None:
        self._parsers.close()
        self._open.clear()
