"""The head of a stored file: a DICOM library reads ours, and we read every one within bounds."""

import struct
from datetime import UTC, datetime
from io import BytesIO

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.part10 import (
    LARGEST_META_BYTES,
    PRIVATE_CREATOR_UID,
    ArrivalNames,
    ArrivalOrigin,
    FileMetaWriter,
    read_file_meta,
)
from appliance.errors import Unsuitable
from appliance.identifiers import AssociationId

UIDS = ("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2.840.10008.1.2.1")
ORIGIN = ArrivalOrigin(AssociationId(bytes(range(16))), 7, datetime(2026, 1, 2, 3, 4, 5, 678901, UTC))
HEAD = FileMetaWriter(ArrivalNames("SCANNER", "ENAMEL")).head(*UIDS, ORIGIN)
PREAMBLE = bytes(128) + b"DICM"


def element(number: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    size = len(value) if length is None else length
    if vr == b"OB":
        return struct.pack("<HH2sHL", 2, number, vr, 0, size) + value
    return struct.pack("<HH2sH", 2, number, vr, size) + value


def test_what_is_written_is_read_back() -> None:
    meta = read_file_meta(HEAD + b"\x08\x00\x05\x00CS\x00\x00")
    assert (meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax_uid) == UIDS
    assert (meta.dataset_offset, meta.source_ae_title, meta.origin) == (len(HEAD), "SCANNER", ORIGIN)


def test_a_dicom_library_reads_our_head() -> None:
    meta = pydicom.dcmread(BytesIO(HEAD)).file_meta
    assert int(meta.FileMetaInformationGroupLength) == len(HEAD) - 144
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID) == UIDS
    titles = (meta.SourceApplicationEntityTitle, meta.SendingApplicationEntityTitle, meta[0x00020018].value)
    assert titles == ("SCANNER", "SCANNER", "ENAMEL")
    assert meta.PrivateInformationCreatorUID == PRIVATE_CREATOR_UID
    assert meta.PrivateInformation == ORIGIN.encode()


def test_a_head_of_other_makers_has_no_origin() -> None:
    meta = read_file_meta(PREAMBLE + element(0x0002, b"UI", b"1.2\0") + element(0x0100, b"UI", b"1.2.3\0"))
    assert (meta.sop_class_uid, meta.sop_instance_uid, meta.origin) == ("1.2", "", None)


@pytest.mark.parametrize("end", [0, 131, 132 + 4, len(HEAD) - 1, 132 + 12 + 6, 132 + 12 + 9])
def test_a_head_that_is_cut_off_is_refused(end: int) -> None:
    with pytest.raises(Unsuitable):
        read_file_meta(HEAD[:end])


@pytest.mark.parametrize(
    "group",
    [
        element(0x0102, b"OB", b"", 0xFFFFFFFF),
        element(0x0010, b"UI", b"", 0xFFFF),
        element(0x0102, b"OB", bytes(LARGEST_META_BYTES)),
        element(0x0010, b"UI", bytes(30_000)) * 3,
        element(0x0010, b"UI", bytes(32_690)) + element(0x0010, b"UI", bytes(32_698)),
    ],
)
def test_a_group_that_does_not_end_within_its_bound_is_refused(group: bytes) -> None:
    with pytest.raises(Unsuitable):
        read_file_meta(PREAMBLE + group + bytes(8))


@pytest.mark.parametrize("stored", [b"", ORIGIN.encode()[:-1], ORIGIN.encode()[:20] + b"\xff" * 8])
def test_private_information_that_is_not_ours_is_refused(stored: bytes) -> None:
    ours = element(0x0100, b"UI", PRIVATE_CREATOR_UID.encode())
    with pytest.raises(Unsuitable, match="private information"):
        read_file_meta(PREAMBLE + ours + element(0x0102, b"OB", stored))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(group: bytes) -> None:
    try:
        assert read_file_meta(PREAMBLE + group).dataset_offset <= len(PREAMBLE) + len(group)
    except Unsuitable as told:
        assert str(told)  # noqa: PT017  a refusal is the other right answer
