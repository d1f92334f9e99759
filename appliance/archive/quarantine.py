"""One file of the quarantine: what is known of it, dismissing it, and listing it after all.

Guards: the file keeps its row, its key and its arrival all along; being listed
or dismissed takes nothing from it and erases nothing, a second copy of what is
listed included. What a person writes of a dismissal stays in the catalogue.
Leaves out: opening and reading it, which `intake` does.
"""

from dataclasses import dataclass, field

from appliance.archive import queries
from appliance.archive.arrivals import Arrival, ArrivalOutcome, QuarantineReason
from appliance.archive.cataloguing import Catalogued, Cataloguer
from appliance.dicom.facts import InstanceFacts
from appliance.errors import NotFound, Refused, Unsuitable
from appliance.identifiers import AssociationId, FileId
from appliance.store.transactions import ReadTransaction, WriteTransaction

LONGEST_REASON = 200  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the quarantine; times in microseconds.

    `file_id` is None where only an association is told of; `resolved_at` is
    None while it waits. `resolved_by` is an account's key, None for the
    operator; `dismissal_reason` is None unless it was dismissed, and may name
    a patient: it is shown to whoever may read the quarantine, and never logged.
    """

    quarantine_key: int
    file_id: FileId | None
    association_id: AssociationId
    reason: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset_bytes: int
    dataset_sha256: bytes | None
    arrived_at: int
    calling_ae_title: str
    address: str
    resolved_at: int | None
    resolved_by: int | None
    dismissal_reason: str | None = field(repr=False)


def get_entry(tx: ReadTransaction, quarantine_key: int) -> Entry:
    """Give one row.

    Raises:
        NotFound: There is none.
    """
    row = queries.quarantine_entry(tx, quarantine_key)
    if row is None:
        raise NotFound("nothing of that number is in quarantine")
    file_id, association_id = (None if row[0] is None else FileId(row[0])), AssociationId(row[1])
    return Entry(quarantine_key, file_id, association_id, *row[2:])


def get_waiting(tx: ReadTransaction, quarantine_key: int) -> Entry:
    """Give one row that waits.

    Raises:
        NotFound: There is none.
        Refused: It was resolved.
    """
    entry = get_entry(tx, quarantine_key)
    if entry.resolved_at is not None:
        raise Refused("this one left the quarantine already")
    return entry


def give_reason(tx: WriteTransaction, quarantine_key: int, reason: QuarantineReason) -> None:
    """Write down why a file still waits."""
    queries.set_quarantine_reason(tx, quarantine_key, reason.value)


def dismissal_words(text: str) -> str:
    """Give a person's reason as it is kept: one line, no more than `LONGEST_REASON` characters.

    Raises:
        Unsuitable: It says nothing, too much, or holds characters that nobody types.
    """
    words = " ".join(text.split())
    if not any(letter.isalnum() for letter in words):
        raise Unsuitable("a dismissal needs its reason, in a few words")
    if len(words) > LONGEST_REASON or not words.isprintable():
        raise Unsuitable(f"a reason is plain text of at most {LONGEST_REASON} characters")
    return words


def dismiss(tx: WriteTransaction, quarantine_key: int, words: str, at: int, dismissed_by: int | None) -> None:
    """Let an entry wait no longer, though nothing was listed; its file, its key and its arrival stay.

    Raises:
        NotFound: There is none.
        Refused: It was resolved.
    """
    get_waiting(tx, quarantine_key)
    queries.resolve_quarantined(tx, quarantine_key, resolved_at=at, resolved_by=dismissed_by, dismissal_reason=words)


def reopen(tx: WriteTransaction, quarantine_key: int) -> None:
    """Let a dismissed entry wait again; why it was dismissed is forgotten.

    Raises:
        NotFound: There is none.
        Refused: It was not dismissed.
    """
    get_entry(tx, quarantine_key)
    if not queries.reopen_quarantined(tx, quarantine_key):
        raise Refused("this one was not dismissed")


class SecondLook(Cataloguer):
    """Lists what waited in quarantine by the same rules as any arrival; its file and its arrival have their rows."""

    _may_leave_unjudged = False  # nobody comes later

    def list_entry(self, entry: Entry, arrival: Arrival, facts: InstanceFacts, resolved_by: int | None) -> Catalogued:
        """List a file that nothing speaks against any more, and resolve its entry.

        Args:
            entry: It, waiting.
            arrival: The file.
            facts: What it says; `refusal` gave None for it.
            resolved_by: The account that asked for it, None for the operator.
        """
        done = self._list(arrival, facts)
        queries.resolve_quarantined(self._tx, entry.quarantine_key, resolved_at=self._now, resolved_by=resolved_by)
        return done

    def _keep_file(self, arrival: Arrival) -> None:
        """Leave the file's row as it is."""

    def _arrived(self, arrival: Arrival, outcome: ArrivalOutcome, instance_key: int | None) -> None:
        queries.change_arrival(self._tx, arrival.file.file_id.value, outcome.value, instance_key)
