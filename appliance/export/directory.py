"""The DICOMDIR of a package, from what the catalogue says.

Study, series and image numbers that a scanner left out, which a directory must have, are counted here. A date or a
patient's number that is not known stays empty: nothing is made up that somebody could take for a fact.

Source: DICOM PS3.3 F.5.1 to F.5.4 and F.5.31.
"""

from appliance.dicom.directory import (
    MIME_TYPES,
    Record,
    RecordType,
    ReferencedFile,
    Value,
    encode_directory,
    leaf_type,
)
from appliance.export.contents import Contents, ExportedInstance, ExportedSeries, ExportedStudy

FILE_SET_ID = "ENAMEL"


def directory_of(contents: Contents, sop_instance_uid: str) -> bytes:
    """Give a package's DICOMDIR."""
    person = contents.person
    keys: dict[int, tuple[str, Value]] = {
        0x00100010: ("PN", person.patient_name),
        0x00100020: ("LO", person.patient_id),
        0x00100030: ("DA", person.patient_birth_date),
        0x00100040: ("CS", person.patient_sex),
    }
    below = [_study(study, place) for place, study in enumerate(contents.studies, 1) if study.series]
    return encode_directory([Record(RecordType.PATIENT, keys, None, below)], sop_instance_uid, FILE_SET_ID)


def _study(study: ExportedStudy, place: int) -> Record:
    keys: dict[int, tuple[str, Value]] = {
        0x00080020: ("DA", study.study_date),
        0x00080030: ("TM", study.study_time),
        0x00080050: ("SH", study.accession_number),
        0x00080090: ("PN", study.referring_physician_name),
        0x00081030: ("LO", study.study_description),
        0x0020000D: ("UI", study.study_instance_uid),
        0x00200010: ("SH", study.study_id or str(place)),
    }
    return Record(RecordType.STUDY, keys, None, [_series(one, at) for at, one in enumerate(study.series, 1)])


def _series(series: ExportedSeries, place: int) -> Record:
    number = series.series_number if series.series_number is not None else place
    keys: dict[int, tuple[str, Value]] = {
        0x00080060: ("CS", series.modality),
        0x00080070: ("LO", series.manufacturer),
        0x0008103E: ("LO", series.series_description),
        0x00180015: ("CS", series.body_part_examined),
        0x0020000E: ("UI", series.series_instance_uid),
        0x00200011: ("IS", str(number)),
    }
    return Record(RecordType.SERIES, keys, None, [_leaf(one, at) for at, one in enumerate(series.instances, 1)])


def _leaf(instance: ExportedInstance, place: int) -> Record:
    kind = leaf_type(instance.sop_class_uid, has_pixels=bool(instance.rows and instance.columns))
    number = instance.instance_number if instance.instance_number is not None else place
    keys: dict[int, tuple[str, Value]] = {0x00200013: ("IS", str(number))}
    if kind is RecordType.IMAGE:
        keys |= _of_image(instance)
    elif kind is RecordType.ENCAPSULATED_DOCUMENT:
        keys |= {
            0x00080023: ("DA", ""),
            0x00080033: ("TM", ""),
            0x0040A043: ("SQ", b""),
            0x00420010: ("ST", ""),
            0x00420012: ("LO", MIME_TYPES[instance.sop_class_uid]),
        }
    file = ReferencedFile(
        instance.parts, instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid
    )
    return Record(kind, keys, file)


def _of_image(instance: ExportedInstance) -> dict[int, tuple[str, Value]]:
    keys: dict[int, tuple[str, Value]] = {
        0x00280010: ("US", min(instance.rows or 0, 0xFFFF)),
        0x00280011: ("US", min(instance.columns or 0, 0xFFFF)),
    }
    if instance.number_of_frames is not None:
        keys[0x00280008] = ("IS", str(instance.number_of_frames))
    return keys
