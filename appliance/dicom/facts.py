"""What the box knows of an instance without keeping its dataset: plain values, all text in Unicode.

These values come from a confined child. They are decoded from its answer by
`sandbox`, which checks every type and bound again.
"""

from dataclasses import dataclass
from enum import StrEnum

from appliance.dicom.geometry import Geometry

MOST_FRAMES = 1_000_000  # of one instance


class InstanceFinding(StrEnum):
    """What is odd about one instance. A closed list; the web has words for each."""

    CHARACTER_SET_UNKNOWN = "character set unknown"
    TEXT_UNDECODABLE = "text outside its character set"
    CONTROL_CHARACTERS = "control characters in text"
    TEXT_TOO_LONG = "text too long"
    TRUNCATED = "ends too early"
    ODD_VALUE_REPRESENTATION = "value representation contradicts transfer syntax"
    PIXELS_TOO_SHORT = "fewer pixels than it says"
    FRAME_COUNT_IMPOSSIBLE = "frame count impossible"
    FRAMES_UNCLEAR = "frames cannot be told apart"
    MULTI_FRAME_WITHOUT_POSITIONS = "frames without positions"
    UID_NOT_STANDARD = "uid not by the standard"
    ANNOUNCED_OTHERWISE = "announced under another uid"  # found by cataloguing: the command said another UID
    CLASS_NOT_KNOWN = "class not known"
    TRANSFER_SYNTAX_NOT_VIEWABLE = "transfer syntax not viewable"


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Who it says it is of."""

    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The study's attributes; dates and times are DICOM DA and TM text."""

    study_instance_uid: str | None
    study_date: str
    study_time: str
    study_id: str
    study_description: str
    accession_number: str
    referring_physician_name: str


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """The series' attributes."""

    series_instance_uid: str | None
    modality: str
    series_number: int | None
    series_description: str
    body_part_examined: str
    laterality: str
    manufacturer: str
    manufacturer_model_name: str


@dataclass(frozen=True, slots=True)
class PixelFacts:
    """The pixel data: `offset` and `length` locate its value in the plaintext.

    Both are None for a deflated dataset; `length` is that of the whole value,
    item headers included, when it is encapsulated. `frame_index` is None for
    native pixel data (byte form: fragments.py). `number_of_frames` is None
    when what was sent cannot be.
    """

    rows: int | None
    columns: int | None
    number_of_frames: int | None
    bits_allocated: int | None
    samples_per_pixel: int | None
    offset: int | None
    length: int | None
    frame_index: bytes | None


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """Everything that cataloguing needs of one instance. A UID is '' when absent, None when it is none."""

    sop_class_uid: str | None
    sop_instance_uid: str | None
    instance_number: int | None
    viewable: bool
    patient: PatientFacts
    study: StudyFacts
    series: SeriesFacts
    pixels: PixelFacts | None
    geometry: Geometry
    findings: tuple[InstanceFinding, ...]
