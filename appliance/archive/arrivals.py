"""What an arrival is, and the closed lists of what can become of it."""

from dataclasses import dataclass
from enum import StrEnum

from appliance.dicom.faults import Fault
from appliance.identifiers import AssociationId
from appliance.store.stored_files import NewFile


class ArrivalOutcome(StrEnum):
    """What became of a file that the receiver acknowledged."""

    NEW = "new"
    VERSION = "version"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    DAMAGED = "damaged"
    FORGED = "forged"


class QuarantineReason(StrEnum):
    """Why a file is not listed. A closed list; the web has words for each."""

    NO_SOP_INSTANCE_UID = "no sop instance uid"
    NO_STUDY_INSTANCE_UID = "no study instance uid"
    NO_SERIES_INSTANCE_UID = "no series instance uid"
    NO_SOP_CLASS_UID = "no sop class uid"
    BAD_UID = "bad uid"
    SOP_CLASS_DIFFERS = "sop class differs from command"
    BAD_ELEMENT = "bad element"
    TOO_DEEP = "too deeply nested"
    TOO_MANY_ELEMENTS = "too many elements"
    TRUNCATED = "truncated"
    INFLATES_TOO_FAR = "inflates too far"
    BAD_DEFLATE = "deflated data damaged"
    TOO_LARGE = "metadata too large"
    PARSER_CRASHED = "parser crashed"
    PARSER_STALLED = "parser took too long"
    PARSER_NONSENSE = "parser answered nonsense"
    NOT_A_FILE_OF_OURS = "not a part 10 file of ours"
    DAMAGED = "damaged"
    FORGED = "forged"
    REPLAYED = "replayed"
    NOT_CATALOGUED = "not catalogued"


class ConflictKind(StrEnum):
    """What a person has to settle."""

    SAME_ID_OTHER_PERSON = "same id, other person"
    STUDY_OF_TWO_PATIENTS = "study of two patients"
    INSTANCE_OF_TWO_STUDIES = "instance of two studies"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What intake knows of a whole file before its dataset is understood; times in microseconds.

    `dataset_sha256` is of the dataset bytes as they came over the wire, None
    when they cannot all be read.
    """

    file: NewFile
    association_id: AssociationId
    sequence: int
    arrived_at: int
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset_offset: int
    dataset_sha256: bytes | None

    @property
    def dataset_bytes(self) -> int:
        """Give how long the dataset is."""
        return max(0, self.file.plaintext_bytes - self.dataset_offset)


def reason_of(fault: Fault) -> QuarantineReason:
    """Give the reason for a fault of the parser: the codes are the same words."""
    return QuarantineReason(fault.value)
