"""What says whose it is goes out of a dataset, by the standard's own table as somebody else wrote it down."""

import struct
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO

import pydicom
import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as independent
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage

from appliance.dicom.deidentifying import table
from appliance.dicom.deidentifying.copies import NONCE_DIGITS, NUMBER_DIGITS, Copy, Wish, blanked
from appliance.dicom.deidentifying.dataset import deidentify
from appliance.dicom.deidentifying.judging import Refusal
from appliance.dicom.deidentifying.rules import DATES, PROSE, Action, action_for
from appliance.dicom.deidentifying.values import shifted
from appliance.dicom.deidentifying.vocabulary import cleaned
from appliance.dicom.faults import Unparsable
from appliance.dicom.json_model import vr_of
from appliance.dicom.source import ByteSource
from appliance.dicom.transfer_syntaxes import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE

NONCE = "7" * NONCE_DIGITS
WISH = Wish("P-0123456789", 40, NONCE)
CANARY = "Zildane"
UID = "1.2.826.0.1.3680043.8.498.77"
Group = tuple[int, ...]
# Each list of the independent table by the code of the standard that it stands for, and ours.
CODES: Mapping[str, tuple[list[Group], frozenset[int]]] = {
    "X": (independent.X_TAGS, table.REMOVED),
    "Z": (independent.Z_TAGS, table.EMPTIED),
    "D": (independent.D_TAGS, table.REPLACED),
    "U": (independent.U_TAGS, table.RENAMED),
    "X/Z": (independent.X_Z_TAGS, table.REMOVED_OR_EMPTIED),
    "X/D": (independent.X_D_TAGS, table.REMOVED_OR_REPLACED),
    "Z/D": (independent.Z_D_TAGS, table.EMPTIED_OR_REPLACED),
    "X/Z/D": (independent.X_Z_D_TAGS, table.REMOVED_EMPTIED_OR_REPLACED),
    "X/Z/U*": (independent.X_Z_U_STAR_TAGS, table.REFERENCES),
}
LITTLE = {
    "US": struct.pack("<H", 1234), "SS": struct.pack("<h", 1234), "UL": struct.pack("<I", 12345678),
    "SL": struct.pack("<i", 12345678), "FL": struct.pack("<f", 2.5), "FD": struct.pack("<d", 2.5),
    "AT": struct.pack("<HH", 0x10, 0x20), "SV": struct.pack("<q", 7), "UV": struct.pack("<Q", 7),
}  # fmt: skip
VALUES = {
    "DA": b"20240229", "TM": b"101530", "DT": b"20240229101530", "UI": UID.encode(), "IS": b"77", "DS": b"7.5 ",
    "AS": b"044Y", "CS": CANARY.upper().encode(), **LITTLE,
}  # fmt: skip


def single(tags: list[Group]) -> set[int]:
    return {tag[0] << 16 | tag[1] for tag in tags if len(tag) == 2}


def picture(**more: object) -> Dataset:
    """Give a small slice of somebody whose name is the canary."""
    dataset = Dataset()
    facts = {
        "SOPClassUID": CTImageStorage, "SOPInstanceUID": UID, "Modality": "CT", "PatientName": f"{CANARY}^Ana",
        "PatientID": "CL-77120", "PatientBirthDate": "19810312", "StudyInstanceUID": UID + ".1",
        "StudyDate": "20260301", "StudyTime": "101530.5", "Rows": 2, "Columns": 2, "BitsAllocated": 16,
        "SamplesPerPixel": 1, "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2",
        "Manufacturer": "Invented Imaging", "DeviceSerialNumber": "SN-5", "SpecificCharacterSet": "ISO_IR 192", **more,
    }  # fmt: skip
    for name, value in facts.items():
        if name == "OverlayBitPosition":
            dataset.add_new(0x60020102, "US", value)
        else:
            setattr(dataset, name, value)
    dataset.PixelData = b"\x11\x22" * 4
    dataset["PixelData"].VR = "OW"
    return dataset


def encoded(dataset: Dataset, transfer_syntax_uid: str = EXPLICIT_LITTLE) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian = transfer_syntax_uid != EXPLICIT_BIG
    file.is_implicit_VR = transfer_syntax_uid == IMPLICIT_LITTLE
    write_dataset(file, dataset)
    return file.getvalue()


def copied(dataset: Dataset, transfer_syntax_uid: str = EXPLICIT_LITTLE) -> tuple[Dataset, Copy]:
    """Give the copy as pydicom reads it."""
    raw = encoded(dataset, transfer_syntax_uid)
    made = deidentify(ByteSource(raw), 0, transfer_syntax_uid, WISH)
    assert isinstance(made, Copy), made
    pixels = raw[made.pixel_offset : made.pixel_offset + made.pixel_bytes]
    whole = made.dataset + blanked(pixels, made.pixel_offset, made.blanks)
    read = pydicom.filereader.read_dataset(
        BytesIO(whole), transfer_syntax_uid == IMPLICIT_LITTLE, transfer_syntax_uid != EXPLICIT_BIG
    )
    return read, made


def full(tags: set[int]) -> Dataset:
    """Give a picture that has every one of these attributes, each saying something of somebody."""
    dataset = picture()
    for tag in sorted(tags):
        vr = vr_of(tag).split(" or ")[0]
        if tag >> 16 in (0, 2, 0xFFFE) or vr_of(tag) == "UN" or tag in {0x00080018, 0x0020000D}:
            continue
        if vr == "SQ":
            inner = Dataset()
            inner.PatientName = CANARY
            inner.ReferencedSOPInstanceUID = UID
            dataset.add_new(tag, "SQ", Sequence([inner]))
        else:
            value = VALUES.get(vr, f"of {CANARY}".encode())
            dataset._dict[pydicom.tag.Tag(tag)] = pydicom.dataelem.RawDataElement(
                pydicom.tag.Tag(tag), vr, len(value), value, 0, False, True
            )
    return dataset


def is_kept(tag: int, vr: str) -> bool:
    """Say whether one of our three options changes what the basic profile says of an attribute."""
    return (
        tag in table.DEVICE_KEPT
        or (vr in DATES and tag in table.DATES_MODIFIED)
        or (vr in PROSE and tag in table.DESCRIPTORS_CLEANED)
    )


@pytest.mark.parametrize("code", CODES)
def test_our_table_is_the_standards_as_another_program_has_it(code: str) -> None:
    theirs, ours = CODES[code]
    assert single(theirs) == ours


def test_the_ranges_are_the_standards_as_well() -> None:
    ranges = {tag for tags, _ in CODES.values() for tag in tags if len(tag) != 2}
    assert ranges == {(0x5000, 0, 0xFF00, 0), (0x6000, 0x4000, 0xFF00, 0xFFFF), (0x6000, 0x3000, 0xFF00, 0xFFFF)}
    dataset = picture()
    for tag in (0x50000010, 0x60004000, 0x60FE3000, 0x501E3000):
        dataset.add_new(tag, "LO", CANARY)
    read, _ = copied(dataset)
    assert [element.tag for element in read if element.tag.group >> 8 in (0x50, 0x60)] == []


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_each_attribute_of_the_table_is_treated_as_the_table_says(syntax: str) -> None:
    every = set().union(*(single(tags) for tags, _ in CODES.values()))
    before = full(every)
    after, made = copied(before, syntax)
    assert CANARY.encode() not in made.dataset
    assert CANARY.upper().encode() not in made.dataset
    told = {0x00100010, 0x00100020, 0x00120062, 0x00120063, 0x00120064, 0x00280303}
    seen = 0
    for code, (theirs, _) in CODES.items():
        for tag in single(theirs) & {int(element.tag) for element in before} - told:
            vr = before.get_item(tag).VR
            if is_kept(tag, vr):
                continue
            seen += 1
            assert is_treated(code, before, after, tag), f"{tag:08X} {vr} {code}"
    assert seen > 300


def is_treated(code: str, before: Dataset, after: Dataset, tag: int) -> bool:
    if tag not in after:
        return "X" in code
    now, then = after[tag], before[tag]
    if code == "X":
        return False
    if code in ("Z", "X/Z"):
        return not now.value
    if code == "X/Z/U*":
        return all(item.get("ReferencedSOPInstanceUID", "") != UID for item in now.value)
    return bool(now.value != then.value)


@pytest.mark.parametrize("tag", sorted(table.DEVICE_KEPT))
def test_what_the_device_option_keeps_is_kept(tag: int) -> None:
    vr = vr_of(tag)
    if vr not in {"LO", "SH", "ST", "LT"}:
        return
    dataset = picture()
    dataset.add_new(tag, vr, "Alpha 7")
    assert copied(dataset)[0][tag].value == "Alpha 7"


def test_dates_move_by_the_same_days_and_times_become_midnight() -> None:
    dataset = picture(AcquisitionDate="20260228", AcquisitionDateTime="20260301101530.25+0200", ContentTime="1015")
    read, _ = copied(dataset)
    assert (read.StudyDate, read.AcquisitionDate) == ("20260120", "20260119")
    assert read.AcquisitionDateTime == "20260120000000"
    assert (read.StudyTime, read.ContentTime) == ("000000", "000000")
    assert read.PatientBirthDate == ""
    assert read.LongitudinalTemporalInformationModified == "MODIFIED"


def test_what_is_no_date_becomes_empty() -> None:
    assert shifted("DA", "yesterday\\2026.03.01", 1) == "\\20260228"
    assert shifted("DA", "00010101", 2) == ""
    assert shifted("DT", "2026", 1) == ""


def test_a_name_in_any_text_empties_the_text() -> None:
    read, made = copied(picture(Manufacturer=f"for {CANARY.lower()}", ImageType=["ORIGINAL", "PRIMARY"]))
    assert read.Manufacturer == ""
    assert list(read.ImageType) == ["ORIGINAL", "PRIMARY"]
    assert CANARY.lower().encode() not in made.dataset


def test_a_name_in_a_script_without_spaces_is_found_inside_a_text() -> None:
    read, _ = copied(picture(PatientName="Yamada^Tarou=山田^太郎", Manufacturer="山田様の画像"))
    assert read.Manufacturer == ""


def test_descriptions_keep_known_words_alone() -> None:
    read, _ = copied(picture(SeriesDescription=f"CBCT maxilla {CANARY} 2.6, Rojas", ProtocolName="Dr Pérez"))
    assert read.SeriesDescription == "CBCT maxilla 2.6"
    assert "ProtocolName" not in read or read.ProtocolName == "REMOVED"
    assert cleaned("Panorámica superior de Ana 12345678") == "Panoramica superior"


def test_private_unknown_and_group_length_attributes_go() -> None:
    dataset = picture()
    block = dataset.private_block(0x0029, "INVENTED", create=True)
    block.add_new(0x01, "LO", CANARY)
    dataset.add_new(0x00080000, "UL", 10)
    dataset.add_new(0x0010FFF1, "LO", "unknown")
    read, _ = copied(dataset)
    assert [element for element in read if element.tag.is_private or element.tag.element == 0] == []
    assert 0x0010FFF1 not in read


def test_sequences_are_entered_and_binary_that_no_picture_needs_goes() -> None:
    inner = Dataset()
    inner.CodeValue, inner.PerformingPhysicianName = "T-11170", f"{CANARY}^Doc"
    inner.add_new(0x00091001, "LO", CANARY)
    read, _ = copied(picture(AnatomicRegionSequence=Sequence([inner]), ICCProfile=b"\x01\x02"))
    assert read.AnatomicRegionSequence[0].CodeValue == "T-11170"
    assert not read.AnatomicRegionSequence[0].get("PerformingPhysicianName")
    assert read.ICCProfile == b"\x01\x02"
    dataset = picture()
    dataset.add_new(0x00420011, "OB", CANARY.encode() + b" ")
    dataset.add_new(0x00180061, "OB", CANARY.encode() + b" ")
    assert CANARY.encode() not in copied(dataset)[1].dataset


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG])
def test_the_pixels_are_the_originals(syntax: str) -> None:
    read, _ = copied(picture(), syntax)
    assert read.PixelData == b"\x11\x22" * 4 if syntax != EXPLICIT_BIG else read.PixelData
    assert (read.PatientName, read.PatientID, read.PatientIdentityRemoved) == (WISH.pseudonym, WISH.pseudonym, "YES")
    assert [item.CodeValue for item in read.DeidentificationMethodCodeSequence] == [
        "113100", "113105", "113107", "113109",
    ]  # fmt: skip


def test_a_name_that_the_table_does_not_know_is_emptied() -> None:
    assert action_for(0x00081234, "PN") is Action.EMPTY
    assert action_for(0x00081234, "UI") is Action.RENAME
    assert action_for(0x00081234, "OB") is Action.REMOVE


def test_tables_of_grey_values_are_fetched_and_what_is_longer_than_any_goes() -> None:
    dataset = picture(LUTData=bytes(range(256)) * 300, RedPaletteColorLookupTableData=bytes(1100 * 1024))
    dataset["LUTData"].VR = dataset["RedPaletteColorLookupTableData"].VR = "OW"
    read, _ = copied(dataset)
    assert read.LUTData == bytes(range(256)) * 300
    assert "RedPaletteColorLookupTableData" not in read


def test_a_list_of_uids_that_grows_past_its_short_length_is_still_read() -> None:
    read, made = copied(picture(FrameOfReferenceUID=["1.2.3", "", CTImageStorage] + [f"1.2.{n}" for n in range(2000)]))
    assert len(made.uids) == 2000 + 2
    assert read[0x00200052].VR in {"UI", "UN"}


def test_uids_become_marks_of_one_length_and_equal_ones_equal_marks() -> None:
    read, made = copied(picture(FrameOfReferenceUID=UID + ".9", ReferencedFrameOfReferenceUID=UID + ".9"))
    assert len(read.FrameOfReferenceUID) == 44
    assert read.FrameOfReferenceUID == read.ReferencedFrameOfReferenceUID
    assert read.SOPClassUID == CTImageStorage
    assert set(made.uids) == {UID, UID + ".1", UID + ".9"}
    assert made.uids[int(str(read.SOPInstanceUID)[-NUMBER_DIGITS:])] == UID


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, Refusal.KIND),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.4"}, Refusal.KIND),
        ({"BurnedInAnnotation": "YES"}, Refusal.WORDS),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1"}, Refusal.WORDS),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, Refusal.WORDS),
        ({"ConversionType": "WSD"}, Refusal.WORDS),
        ({"OverlayBitPosition": 12}, Refusal.WORDS),
        ({"SamplesPerPixel": 3}, Refusal.WORDS),
        ({"RecognizableVisualFeatures": "YES"}, Refusal.FACE),
    ],
)
def test_what_may_show_words_or_a_face_is_refused(more: Mapping[str, object], why: Refusal) -> None:
    assert deidentify(ByteSource(encoded(picture(**more))), 0, EXPLICIT_LITTLE, WISH) is why


def test_a_projection_that_says_that_it_has_no_words_is_given() -> None:
    copied(picture(SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1", BurnedInAnnotation="NO"))


def test_what_cannot_be_followed_to_its_end_is_refused() -> None:
    raw = encoded(picture())
    assert deidentify(ByteSource(raw[:-3]), 0, EXPLICIT_LITTLE, WISH) is Refusal.UNREADABLE
    assert deidentify(ByteSource(raw), 0, DEFLATED, WISH) is Refusal.FORM
    dataset = picture()
    del dataset.PixelData
    assert deidentify(ByteSource(encoded(dataset)), 0, EXPLICIT_LITTLE, WISH) is Refusal.KIND


@given(st.binary(max_size=400), st.sampled_from([EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG]))
def test_no_bytes_make_it_fail_otherwise(noise: bytes, syntax: str) -> None:
    raw = encoded(picture(), syntax)
    with suppress(Unparsable):
        deidentify(ByteSource(raw[: len(raw) // 2] + noise + raw[len(raw) // 2 :]), 0, syntax, WISH)
