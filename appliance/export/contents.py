"""What a patient's package holds, as one look at the catalogue says; nothing is opened for it.

Guards: all of it is one consistent view. Files that are known to be damaged, or that the disk does not give, are left
out and counted, so that one bad spot on the disk does not keep a patient from everything else; later versions of an
image are counted, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from appliance.errors import NotFound
from appliance.export import queries
from appliance.identifiers import FileId
from appliance.store.transactions import ReadTransaction, Row


@dataclass(frozen=True, slots=True)
class Person:
    """Whose it is, as sent."""

    patient_key: int
    patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str


@dataclass(frozen=True, slots=True)
class ExportedInstance:
    """One image or document; `parts` are the folders and the name of its file."""

    instance_key: int
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    file_id: FileId
    transfer_syntax_uid: str
    rows: int | None
    columns: int | None
    number_of_frames: int | None
    plaintext_bytes: int
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        return "/".join(self.parts)


@dataclass(frozen=True, slots=True)
class ExportedSeries:
    """One series with what of it is exported."""

    series_instance_uid: str
    modality: str
    series_number: int | None
    series_description: str
    body_part_examined: str
    manufacturer: str
    instances: tuple[ExportedInstance, ...]


@dataclass(frozen=True, slots=True)
class ExportedStudy:
    """One study; `damaged` and `further_versions` count what is not in the package."""

    study_key: int
    study_instance_uid: str
    study_date: str
    study_time: str
    study_id: str
    study_description: str
    accession_number: str
    referring_physician_name: str
    further_versions: int
    damaged: int
    series: tuple[ExportedSeries, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole package: one person and some studies."""

    person: Person
    studies: tuple[ExportedStudy, ...]
    study_key: int | None  # of a package of one study

    def instances(self) -> Iterator[ExportedInstance]:
        """Give every instance, in order."""
        return (one for study in self.studies for series in study.series for one in series.instances)

    @property
    def total_bytes(self) -> int:
        return sum(one.plaintext_bytes for one in self.instances())

    @property
    def damaged(self) -> int:
        return sum(study.damaged for study in self.studies)

    @property
    def further_versions(self) -> int:
        return sum(study.further_versions for study in self.studies)


def contents_of_study(tx: ReadTransaction, study_key: int) -> Contents:
    """Give what a study's package holds.

    Raises:
        NotFound: No such study, or nothing of it can be exported.
    """
    return _contents(tx, queries.study(tx, study_key), study_key)


def contents_of_patient(tx: ReadTransaction, patient_key: int) -> Contents:
    """Give what the package of all of a patient's studies holds.

    Raises:
        NotFound: No such patient, or nothing of theirs can be exported.
    """
    return _contents(tx, queries.studies_of_patient(tx, patient_key), None)


def _contents(tx: ReadTransaction, found: Sequence[Row], study_key: int | None) -> Contents:
    if not found:
        raise NotFound("there is nothing to export under that number")
    studies = tuple(_study(tx, row, place) for place, row in enumerate(found, 1))
    contents = Contents(Person(*found[0][:5]), studies, study_key)
    if not any(contents.instances()):
        raise NotFound("nothing of it can be read: all its files are marked as damaged")
    return contents


def _study(tx: ReadTransaction, row: Row, place: int) -> ExportedStudy:
    rows = queries.instances(tx, row[5])
    sound = [one for one in rows if not one[17]]
    grouped = (list(group) for _key, group in groupby(sound, key=lambda one: one[0]))
    series = tuple(_series(group, ("DICOM", f"ST{place:06}", f"SE{at:06}")) for at, group in enumerate(grouped, 1))
    return ExportedStudy(*row[5:13], row[13], len(rows) - len(sound), series)  # type: ignore[call-arg]  # mypy cannot count a row's slice


def _series(rows: Sequence[Row], folder: tuple[str, ...]) -> ExportedSeries:
    instances = tuple(
        ExportedInstance(*row[7:11], FileId(row[11]), *row[12:17], (*folder, f"IM{place:06}"))  # type: ignore[call-arg]  # mypy cannot count a row's slice
        for place, row in enumerate(rows, 1)
    )
    return ExportedSeries(*rows[0][1:7], instances)  # type: ignore[call-arg]  # mypy cannot count a row's slice
