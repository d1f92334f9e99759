"""A DICOMDIR by bytes alone is what pydicom reads back, whatever a catalogue says."""

from io import BytesIO

import pydicom
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.directory import (
    MIME_TYPES,
    PRIVATE_RECORD_UID,
    Record,
    RecordType,
    ReferencedFile,
    encode_directory,
    leaf_type,
)

UID = "2.25.1"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=80)


def leaf(number: int, kind: RecordType = RecordType.IMAGE) -> Record:
    file = ReferencedFile(
        ("DICOM", f"IM{number:06}"), "1.2.840.10008.5.1.4.1.1.2", f"2.25.{number}", "1.2.840.10008.1.2.1"
    )
    return Record(kind, {0x00200013: ("IS", str(number))}, file)


def read(roots: list[Record]) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(encode_directory(roots, UID, "ENAMEL")))


def walked(directory: pydicom.Dataset) -> list[tuple[int, str, int | None]]:
    """Follow the offsets: depth, kind and image number of each record."""
    records = {one.seq_item_tell: one for one in directory.DirectoryRecordSequence}
    found = []

    def follow(offset: int, depth: int) -> None:
        while offset:
            one = records[offset]
            found.append((depth, one.DirectoryRecordType, one.get("InstanceNumber")))
            follow(one.OffsetOfReferencedLowerLevelDirectoryEntity, depth + 1)
            offset = one.OffsetOfTheNextDirectoryRecord

    follow(directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, 0)
    return found


@given(st.lists(st.lists(st.integers(1, 3), max_size=3), min_size=1, max_size=3), texts)
def test_every_record_is_reached_by_its_offset(sizes: list[list[int]], name: str) -> None:
    roots = [
        Record(
            RecordType.PATIENT,
            {0x00100010: ("PN", name)},
            None,
            [Record(RecordType.SERIES, {}, None, [leaf(n) for n in range(1, size + 1)]) for size in patient],
        )
        for patient in sizes
    ]
    expected: list[tuple[int, str, int | None]] = []
    for patient in sizes:
        expected.append((0, "PATIENT", None))
        for size in patient:
            expected.append((1, "SERIES", None))
            expected += [(2, "IMAGE", number) for number in range(1, size + 1)]
    directory = read(roots)
    assert walked(directory) == expected
    last = directory.DirectoryRecordSequence[[one[0] for one in expected].index(0)]
    assert last.DirectoryRecordType == "PATIENT"


def test_a_directory_of_nothing_is_still_one() -> None:
    directory = read([])
    assert directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity == 0
    assert directory.FileSetID == "ENAMEL"


def test_values_that_a_record_may_not_have_are_left_empty() -> None:
    keys = {
        0x00080020: ("DA", "202611"), 0x00080030: ("TM", "10:15"), 0x00080060: ("CS", "ct"),
        0x0020000D: ("UI", "not a uid"), 0x00200010: ("SH", "12345678901234567890"), 0x00081030: ("LO", "a\\b"),
        0x00100010: ("PN", "A" * 70 + "=" + "B" * 70 + "=C=D"),
    }  # fmt: skip
    [one] = read([Record(RecordType.STUDY, keys)]).DirectoryRecordSequence
    assert [str(one[tag].value or "") for tag in (0x00080020, 0x00080030, 0x00080060, 0x0020000D)] == [""] * 4
    assert one.StudyID == "1234567890123456"
    assert one.StudyDescription == "a/b"
    assert str(one.PatientName) == "A" * 64 + "=" + "B" * 64 + "=C"


def test_good_values_stay_as_they_are() -> None:
    keys = {0x00080020: ("DA", "20261121"), 0x00080030: ("TM", "101500.25"), 0x00080060: ("CS", "CT")}
    [one] = read([Record(RecordType.STUDY, keys)]).DirectoryRecordSequence
    assert (one.StudyDate, one.StudyTime, one.Modality) == ("20261121", "101500.25", "CT")
    assert one.SpecificCharacterSet == "ISO_IR 192"


def test_what_only_the_object_could_tell_is_a_private_record() -> None:
    [one] = read([leaf(1, RecordType.PRIVATE)]).DirectoryRecordSequence
    assert one.PrivateRecordUID == PRIVATE_RECORD_UID
    assert list(one.ReferencedFileID) == ["DICOM", "IM000001"]


def test_each_instance_gets_the_record_of_its_kind() -> None:
    assert leaf_type("1.2.840.10008.5.1.4.1.1.2", has_pixels=True) is RecordType.IMAGE
    assert leaf_type(PDF, has_pixels=False) is RecordType.ENCAPSULATED_DOCUMENT
    assert leaf_type("1.2.840.10008.5.1.4.1.1.88.67", has_pixels=False) is RecordType.PRIVATE
    assert MIME_TYPES[PDF] == "application/pdf"
