"""What can be wrong with stored things, as a closed list; a finding is told by identifiers, never by a person."""

from dataclasses import dataclass
from enum import StrEnum

from appliance.identifiers import FileId


class Place(StrEnum):
    """Where something is wrong."""

    VAULT = "vault"
    CATALOGUE = "catalogue"
    AUDIT = "audit"
    FILES_REPOSITORY = "files repository"
    KEYS_REPOSITORY = "keys repository"
    SNAPSHOT = "snapshot"


class FoundBy(StrEnum):
    """Who read it."""

    RESTORE_TEST = "restore test"
    SCRUB = "scrub"
    VERIFY = "verify"


class FaultCode(StrEnum):
    """What is wrong with it."""

    MISSING = "missing"  # a row names it, or a record says that it was made, and it is not there
    SHORTENED = "shortened"
    LENGTHENED = "lengthened"
    EXCHANGED = "exchanged"  # another thing lies in its place
    ALTERED = "altered"
    OTHER_DATASET = "other dataset"  # every tag verifies, and it is not what arrived
    KEY_MISSING = "key missing"
    NO_ROW = "no row"  # nothing here names it: of a catalogue that is not here, or put back after it was erased
    OLDER = "older"  # a copy of an earlier day, where a later one was seen
    UNREADABLE = "unreadable"  # the disk, or the way to the target, refused: nothing is said of the bytes


@dataclass(frozen=True)
class Finding:
    """One thing that is not what was stored.

    Attributes:
        place: Where.
        code: What is wrong.
        words: What the reader said of it, for the operator; never of a patient.
        file_id: Of a stored file.
        sequence: Of an audit event.
        target_key: The backup's target, where it is of a backup.
        thing: What else it is: `catalogue`, a page, a pack, a snapshot, by its own name.
    """

    place: Place
    code: FaultCode
    words: str
    file_id: FileId | None = None
    sequence: int | None = None
    target_key: int | None = None
    thing: str | None = None

    def told(self) -> str:
        """Tell it in one line."""
        of_backup = self.place not in {Place.VAULT, Place.CATALOGUE, Place.AUDIT}
        target = f"target {self.target_key}, " if self.target_key is not None else ""
        where = f"{target}{self.place}" if of_backup or (self.file_id is None and self.sequence is None) else ""
        named = [
            self.thing,
            None if self.file_id is None else f"file {self.file_id}",
            None if self.sequence is None else f"audit event {self.sequence}",
        ]
        return f"{', '.join(filter(None, [where, *named]))}: {self.code}: {self.words}"
