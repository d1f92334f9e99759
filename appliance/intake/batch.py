"""Commits what many associations brought together: their rows, then their moves, then their ends.

Guards: rows and wrapped keys are committed while the files lie in the inbox;
then each file moves by its one rename and every folder moved to is synced;
only then are 'vault', the ends and 'settled' committed, and last the
associations' folders put away. A crash at any point leaves something that is
done again without effect. The order of arrival is the order of the rows.
Whoever sees this fail forgets its associations and opens them afresh.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging import getLogger

from appliance.archive.arrivals import ArrivalOutcome, QuarantineReason
from appliance.archive.cataloguing import Catalogued, Cataloguer
from appliance.audit.events import Actor
from appliance.errors import ApplianceError, Unavailable
from appliance.identifiers import AssociationId, FileId
from appliance.intake import trail
from appliance.intake.association import AssociationIntake, Ended
from appliance.intake.copies import put_second_copy_away
from appliance.intake.examining import Examined
from appliance.intake.judging import Judging
from appliance.intake.parts import IntakeParts
from appliance.store import stored_files
from appliance.store.files import storage_faults
from appliance.store.transactions import WriteTransaction

BATCH_FILES = 100
BATCH_ENDS = 100
BATCH_SECONDS = 0.4  # so that a list is fresh while a large batch waits
log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Taken:
    association: AssociationIntake
    examined: Examined

    @property
    def file_id(self) -> FileId:
        return self.examined.arrival.file.file_id


class Batch:
    """Collects examined files and ends in their order, and commits whenever it is full or old; memory stays bounded."""

    def __init__(self, parts: IntakeParts, judging: Judging) -> None:
        self._parts = parts
        self._judging = judging
        self._taken: list[_Taken] = []
        self._ended: list[tuple[AssociationIntake, Ended]] = []
        self._began = parts.clock.monotonic()

    def take_from(self, association: AssociationIntake) -> int:
        """Take what an association has for us now; give how many files."""
        files = 0
        for found in association.found(self.flush):
            if isinstance(found, Ended):
                self._ended.append((association, found))
            else:
                self._taken.append(_Taken(association, found))
                files += 1
            self._flush_if_due()
        return files

    def flush(self) -> None:
        """Commit, move and conclude all that was taken."""
        taken, ended, self._taken, self._ended = self._taken, self._ended, [], []
        moved = self._commit(taken) if taken else []
        if moved or ended:
            self._settle(moved, ended)
        self._began = self._parts.clock.monotonic()

    def _flush_if_due(self) -> None:
        full = len(self._taken) >= BATCH_FILES or len(self._ended) >= BATCH_ENDS
        if full or self._parts.clock.monotonic() - self._began > BATCH_SECONDS:
            self.flush()

    def _commit(self, taken: Sequence[_Taken]) -> list[FileId]:
        """Write the rows of files, then move them; give those that moved."""
        try:
            done = self._catalogue(taken)
        except ApplianceError:
            raise
        except Exception as error:  # noqa: BLE001  one file that cannot be written must not keep the others out
            if len(taken) > 1:
                return [file_id for one in taken for file_id in self._commit([one])]
            return self._commit_bare(taken[0], error)
        return self._put_away(taken, [one.outcome for one in done])

    def _commit_bare(self, one: _Taken, error: Exception) -> list[FileId]:
        """Keep a file that cannot be listed in quarantine; one that even that is refused to waits where it lies."""
        log.error("a file could not be catalogued: %s", type(error).__name__)  # its words could quote
        bare = _Taken(one.association, Examined(one.examined.arrival, None, QuarantineReason.NOT_CATALOGUED))
        try:
            done = self._catalogue([bare])
        except ApplianceError:
            raise
        except Exception as again:  # noqa: BLE001  as above: it stops nothing
            one.association.leave(one.file_id, Unavailable(f"a file cannot be catalogued: {type(again).__name__}"))
            return []
        return self._put_away([bare], [done[0].outcome])

    def _catalogue(self, taken: Sequence[_Taken]) -> list[Catalogued]:
        parts = self._parts
        with parts.database.write() as tx:
            actors = _begun(tx, [one.association for one in taken])
            cataloguer = Cataloguer(tx, parts.keys.current_wrapping_key(tx), parts.now())
            done = [_add(cataloguer, one.examined) for one in taken]
            waiting = cataloguer.finish()
            for one, result in zip(taken, done, strict=True):
                trail.tell_catalogued(parts.audit, tx, actors[one.association.association_id], result)
        self._judging.wait_for(waiting)
        return done

    def _put_away(self, taken: Sequence[_Taken], outcomes: Sequence[ArrivalOutcome]) -> list[FileId]:
        """Move what was committed to the vault; remove the second copies of what is held whole."""
        kept: list[tuple[AssociationId, FileId]] = []
        for one, outcome in zip(taken, outcomes, strict=True):
            one.association.taken({one.file_id: outcome})
            if outcome is ArrivalOutcome.FORGED:
                continue  # its name is another file's: it stays where it lies
            if outcome is not ArrivalOutcome.DUPLICATE or put_second_copy_away(self._parts, one.examined):
                kept.append((one.association.association_id, one.file_id))
        self._parts.vault.move_all_in(kept)
        return [file_id for _, file_id in kept]

    def _settle(self, moved: Sequence[FileId], ended: Sequence[tuple[AssociationIntake, Ended]]) -> None:
        """Note what moved and what ended, then put the settled associations' records away."""
        with self._parts.database.write() as tx:
            for file_id in moved:
                stored_files.mark_in_vault(tx, file_id)
            settled = [association for association, how in ended if association.conclude(tx, how)]
        for association, _ in ended:
            association.sweep()
        if settled:
            with storage_faults():
                self._put_records_away(settled)

    def _put_records_away(self, settled: Sequence[AssociationIntake]) -> None:
        parts = self._parts
        into = parts.vault.prepare_settled()
        for association in settled:
            name = str(association.association_id)
            target = into / name
            if target.exists():  # a replayed folder: what was settled first stays
                target = target.with_name(f"{name}.{FileId.new()}")
            with suppress(FileNotFoundError):
                parts.files.rename(parts.inbox / name, target)
        parts.files.fsync_folder(into)
        parts.files.fsync_folder(parts.inbox)
        for association in settled:
            association.settled = True


def _begun(tx: WriteTransaction, associations: Sequence[AssociationIntake]) -> dict[AssociationId, Actor]:
    """Add the rows of associations that are new, in order; give who sent by association."""
    actors: dict[AssociationId, Actor] = {}
    for association in associations:
        if association.association_id not in actors:
            actors[association.association_id] = association.begin(tx)
    return actors


def _add(cataloguer: Cataloguer, one: Examined) -> Catalogued:
    if one.facts is not None:
        return cataloguer.add(one.arrival, one.facts)
    return cataloguer.quarantine(one.arrival, one.reason or QuarantineReason.NOT_CATALOGUED)
