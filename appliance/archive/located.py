"""Where a stored instance, or a pack of a series, lies and what its bytes are, as its rows say."""

import json
from dataclasses import dataclass

from appliance.identifiers import FileId
from appliance.store.stored_files import StoredFile


@dataclass(frozen=True, slots=True)
class Image:
    """What the rows say of the pixels; None where the object has none or does not say."""

    rows: int | None
    columns: int | None
    number_of_frames: int | None
    bits_allocated: int | None
    samples_per_pixel: int | None
    pixel_offset: int | None
    pixel_bytes: int | None
    frame_index: bytes | None
    geometry_json: str | None

    @property
    def frame_count(self) -> int:
        return self.number_of_frames or 1

    def vector(self, name: str) -> list[float] | None:
        """Give a vector of the geometry as it was sent, or None."""
        found = json.loads(self.geometry_json).get(name) if self.geometry_json else None
        return [float(number) for number in found] if isinstance(found, list) else None


@dataclass(frozen=True, slots=True)
class Place:
    """Whose a stored file is, by row keys alone."""

    file_id: FileId
    instance_key: int
    study_key: int
    patient_key: int


@dataclass(frozen=True, slots=True)
class Located:
    """One instance: its place in the hierarchy, its file, its pixels. The first version is the one shown."""

    patient_key: int
    study_key: int
    series_key: int
    instance_key: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    transfer_syntax_uid: str
    dataset_offset: int
    file: StoredFile
    image: Image

    @property
    def place(self) -> Place:
        return Place(self.file.file_id, self.instance_key, self.study_key, self.patient_key)


@dataclass(frozen=True, slots=True)
class Packed:
    """One series' pack: whose it is, when it was last used in microseconds, and its file."""

    patient_key: int
    study_key: int
    series_key: int
    study_instance_uid: str
    last_used_at: int
    file: StoredFile


Readable = Located | Packed
