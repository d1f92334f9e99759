"""What lists and pages show of the archive, as it is stored; doors put it into words."""

from dataclasses import dataclass
from datetime import datetime

from appliance.dicom.completeness import Completeness


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list goes on: after this arrival and study."""

    last_arrived_at: int  # microseconds
    study_key: int


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One line of the study list."""

    study_key: int
    patient_key: int
    patient_name: str
    patient_id: str
    patient_birth_date: str
    patient_sex: str
    study_date: str
    study_time: str
    study_id: str
    study_description: str
    accession_number: str
    referring_physician_name: str
    modalities: tuple[str, ...]
    series_count: int
    instance_count: int
    first_arrived_at: datetime
    last_arrived_at: datetime
    gappy_series: int
    odd_series: int
    unchecked_series: int
    further_versions: int
    open_conflicts: int
    position: Position


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series of a study."""

    series_key: int
    study_key: int
    modality: str
    series_number: int | None
    series_description: str
    body_part_examined: str
    laterality: str
    manufacturer: str
    manufacturer_model_name: str
    instance_count: int
    frame_count: int
    viewable_count: int
    further_versions: int
    last_arrived_at: datetime
    completeness: Completeness
    findings: str  # JSON array of {code, numbers}


@dataclass(frozen=True, slots=True)
class Conflict:
    """A finding about identity that a person must judge."""

    kind: str
    found_at: datetime
    other_patient_id: str | None


@dataclass(frozen=True, slots=True)
class StudyDetails:
    """All that the study page shows."""

    study: StudyRow
    series: tuple[SeriesRow, ...]
    conflicts: tuple[Conflict, ...]
    damaged_instances: tuple[int, ...]  # row keys


@dataclass(frozen=True, slots=True)
class PatientDetails:
    """All that the patient page shows."""

    studies: tuple[StudyRow, ...]  # at least one, the latest first
    study_count: int
    conflicts: tuple[tuple[str, int | None], ...]  # kind, and the other patient's row key


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """One file that could not be listed.

    `resolved_at` is None while it waits; `resolved_by` is an account's key, None for the operator.
    `dismissal_reason` is what a person wrote, None unless it was dismissed.
    """

    quarantine_key: int
    reason: str
    calling_ae_title: str
    address: str
    dataset_bytes: int
    arrived_at: datetime
    has_file: bool
    resolved_at: datetime | None
    resolved_by: int | None
    dismissal_reason: str | None
