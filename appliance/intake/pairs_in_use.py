"""Finds which inbox key pairs association records still name.

Guards: a pair counts as unneeded only after every record was looked at. What
is settled may be millions of records, so they are read a batch at a time, and
no further than until every pair in question was found named.
"""

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

from appliance.errors import Tampered
from appliance.identifiers import AssociationId
from appliance.inbox.reader import InboxReader
from appliance.intake.parts import IntakeParts

BATCH = 200


def waiting_pairs(parts: IntakeParts) -> set[int]:
    """Give the pairs that records in the inbox name, and those put aside.

    Raises:
        Unavailable: The disk refused.
    """
    return _named_in(parts, parts.inbox) | _named_in(parts, parts.aside)


def settled_pairs(parts: IntakeParts) -> set[int]:
    """Give the pairs that settled records name, however many there are.

    Raises:
        Unavailable: The disk refused.
    """
    return _named_in(parts, parts.settled)


class PairSearch:
    """Searches the settled records for those that name one of some pairs."""

    def __init__(self, parts: IntakeParts, pairs: Iterable[int], witnesses: dict[int, AssociationId]) -> None:
        """Leave out at once the pairs whose witness still names them.

        Args:
            parts: Where the records lie.
            pairs: The numbers in question.
            witnesses: One settled association for each pair that was found named; kept and added to.

        Raises:
            Unavailable: The disk refused.
        """
        self._parts = parts
        self._witnesses = witnesses
        self._reader = InboxReader(parts.settled, parts.box_id, parts.files)
        self._ids = self._reader.walk()
        self.unnamed = {number for number in pairs if not self._has_witness(number)}
        self.is_over = not self.unnamed

    def step(self) -> int:
        """Read one batch, if the search is not over; give how many records that were.

        Raises:
            Unavailable: The disk refused; the search is worth nothing any more.
        """
        batch = [] if self.is_over else list(islice(self._ids, BATCH))
        for association_id in batch:
            number = _number_of(self._parts, self._reader, association_id)
            if number in self.unnamed:
                self._witnesses[number] = association_id
                self.unnamed.discard(number)
        self.is_over = not self.unnamed or len(batch) < BATCH
        return len(batch)

    def _has_witness(self, number: int) -> bool:
        witness = self._witnesses.get(number)
        return witness is not None and _number_of(self._parts, self._reader, witness) == number


def _named_in(parts: IntakeParts, folder: Path) -> set[int]:
    reader = InboxReader(folder, parts.box_id, parts.files)
    return {_number_of(parts, reader, association_id) for association_id in reader.walk()} - {0}


def _number_of(parts: IntakeParts, reader: InboxReader, association_id: AssociationId) -> int:
    """Give the pair that a record names, 0 where there is none or it cannot be read: that no key opens."""
    parts.on_progress()
    with suppress(Tampered):
        record = reader.record_of(association_id)
        return 0 if record is None else record.inbox_key_number
    return 0
