"""What lies among a picture's bytes and is no picture does not leave, and every decoded value is the original's."""

import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jpeg_ls import encode_array
from numpy.typing import NDArray
from openjpeg.utils import encode_array as encode_jpeg_2000
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import RLELossless

from appliance.dicom.deidentifying.bitstreams import beside_jpeg, beside_jpeg_2000, beside_jpeg_ls, beside_rle
from appliance.dicom.deidentifying.copies import Copy, blanked
from appliance.dicom.deidentifying.dataset import deidentify
from appliance.dicom.deidentifying.judging import Refusal
from appliance.dicom.deidentifying.pixels import MOST_FRAME_BYTES
from appliance.dicom.source import ByteSource
from appliance.dicom.transfer_syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from tests.dicom import datasets as ds
from tests.dicom.test_deidentifying import CANARY, WISH, copied, encoded, picture

NAME = f"{CANARY}^Ana".encode()
JPEG, JPEG_LS, JPEG_2000, RLE = (
    f"1.2.840.10008.1.2.{last}" for last in ("4.50", "4.80", "4.90", "5")
)  # fmt: skip
SIDE = 32
GREY = (np.add.outer(np.arange(SIDE) ** 2, np.arange(SIDE) * 5) % 251).astype(np.uint8)


def jpeg(grey: NDArray[np.uint8] = GREY) -> bytes:
    """Give a baseline JPEG with a JFIF header, a comment and Exif."""
    exif = Image.Exif()
    exif[0x010E] = NAME.decode()
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "JPEG", comment=NAME, exif=exif, progressive=False)
    return file.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg_ls(*more: bytes) -> bytes:
    plain = bytes(encode_array(GREY))
    return plain[:2] + b"".join(more) + plain[2:]


def jpeg_2000(*more: bytes) -> bytes:
    """Give a codestream; what is put in stands behind SIZ, as a comment may."""
    plain = bytes(encode_jpeg_2000(GREY, photometric_interpretation=2))
    at = 4 + struct.unpack_from(">H", plain, 4)[0]
    return plain[:at] + b"".join(more) + plain[at:]


def rle(*behind: bytes) -> bytes:
    """Give a frame of one segment, as another program packs it."""
    return get_encoder(RLELossless).encode(
        GREY.tobytes(), rows=SIDE, columns=SIDE, samples_per_pixel=1, bits_allocated=8, bits_stored=8,
        pixel_representation=0, photometric_interpretation="MONOCHROME2", number_of_frames=1, encoding_plugin="pydicom",
    ) + b"".join(behind)  # fmt: skip


def compressed(*frames: bytes, fragments: int = 1, extended: bool = False) -> Dataset:
    """Give a slice with compressed frames."""
    count = {"NumberOfFrames": len(frames)} if len(frames) > 1 else {}
    dataset = picture(Rows=SIDE, Columns=SIDE, BitsAllocated=8, BitsStored=8, HighBit=7, **count)
    if extended:
        told = encapsulate_extended(list(frames))
        dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = told
    else:
        dataset.PixelData = encapsulate(list(frames), fragments_per_frame=fragments)
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    return dataset


def decoded(dataset: Dataset, transfer_syntax_uid: str) -> NDArray[np.uint8]:
    """Give the values as another program decodes them."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(transfer_syntax_uid)
    dataset["PixelData"].is_undefined_length = True
    return np.array(dataset.pixel_array)


SEEN = {
    "a comment and Exif of a JPEG": (JPEG, jpeg()),
    "behind a JPEG's end": (JPEG, jpeg() + NAME),
    "application data of a JPEG-LS": (JPEG_LS, jpeg_ls(segment(0xE8, NAME), segment(0xFE, NAME))),
    "behind a JPEG-LS's end": (JPEG_LS, jpeg_ls() + NAME),
    "a comment of a JPEG 2000": (JPEG_2000, jpeg_2000(segment(0x64, b"\0\1" + NAME))),
    "behind a JPEG 2000's end": (JPEG_2000, jpeg_2000() + NAME),
    "behind an RLE segment": (RLE, rle(b"\0", NAME)),
    "an unused place in an RLE header": (RLE, rle()[:8] + NAME.ljust(56, b"\0") + rle()[64:]),
}


@pytest.mark.parametrize("where", SEEN)
@pytest.mark.parametrize("fragments", [1, 3])
def test_a_name_beside_a_picture_goes_and_every_value_stays(where: str, fragments: int) -> None:
    syntax, frame = SEEN[where]
    before = compressed(frame, fragments=fragments)
    assert NAME in frame
    after, made = copied(before, syntax)
    assert made.pixel_bytes == len(before.PixelData) + 8  # and the delimiter: no length changes
    assert all(part not in after.PixelData for part in (NAME, NAME[:7], NAME[-5:]))
    assert np.array_equal(decoded(after, syntax), decoded(before, syntax))


@pytest.mark.parametrize("extended", [False, True])
def test_tables_of_offsets_stay_true(extended: bool) -> None:
    frames = [jpeg(), jpeg(GREY.T.copy()), jpeg(255 - GREY) + NAME]
    before = compressed(*frames, extended=extended)
    after, _ = copied(before, JPEG)
    assert NAME not in after.PixelData
    assert after.get("ExtendedOffsetTable") == before.get("ExtendedOffsetTable")
    assert len(after.PixelData) == len(before.PixelData)
    assert np.array_equal(decoded(after, JPEG), decoded(before, JPEG))


@pytest.mark.parametrize("frames", [1, 3])
def test_fragments_that_no_frame_needs_are_empty(frames: int) -> None:
    dataset = compressed(*[jpeg()] * frames)
    dataset.PixelData += ds.item(NAME + b" ")
    after, _ = copied(dataset, JPEG)
    assert len(after.PixelData) == len(dataset.PixelData)
    assert NAME not in after.PixelData


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG])
@pytest.mark.parametrize(("rows", "whole"), [(2, 8 * 2), (3, 12 * 2)])
def test_what_stands_behind_native_pixels_is_cut(syntax: str, rows: int, whole: int) -> None:
    dataset = picture(Rows=rows, NumberOfFrames=2)
    dataset.PixelData = bytes(range(1, whole + 1)) + NAME
    after, made = copied(dataset, syntax)
    assert made.pixel_bytes == whole
    assert after.PixelData == bytes(range(1, whole + 1))


def test_native_pixels_of_an_odd_length_have_a_padding_that_says_nothing() -> None:
    dataset = picture(Rows=3, Columns=3, BitsAllocated=8)
    for behind in (b"\0", b"Z", NAME):
        dataset.PixelData = bytes(range(9)) + behind
        assert copied(dataset)[0].PixelData == bytes(range(9)) + b"\0"
    dataset.PixelData = bytes(range(8))
    assert copied(dataset)[0].PixelData == bytes(range(8))


def made_of(dataset: Dataset, syntax: str) -> Copy | Refusal:
    return deidentify(ByteSource(encoded(dataset, syntax)), 0, syntax, WISH)


@pytest.mark.parametrize(
    ("syntax", "frame"),
    [
        (JPEG, NAME + jpeg()),
        (JPEG, jpeg()[:-2]),
        (JPEG, jpeg()[:2] + segment(0xF0, NAME) + jpeg()[2:]),
        (JPEG, jpeg()[:2] + b"\xff\xfe\0\1" + jpeg()[2:]),
        (JPEG, jpeg()[:2] + b"\xff\xfe\xff\xff" + jpeg()[2:]),
        (JPEG_LS, jpeg_ls()[:40]),
        (JPEG_2000, NAME + jpeg_2000()),
        (JPEG_2000, jpeg_2000()[:-2]),
        (JPEG_2000, jpeg_2000(segment(0x70, NAME))),
        (JPEG_2000, jpeg_2000().replace(b"\xff\x90\0\x0a", b"\xff\x90\0\x0c")),
        (RLE, rle()[:60]),
        (RLE, b"\2" + rle()[1:]),
        (RLE, rle()[:4] + b"\x60" + rle()[5:]),
    ],
)
def test_a_frame_that_cannot_be_followed_is_not_given(syntax: str, frame: bytes) -> None:
    assert made_of(compressed(frame), syntax) is Refusal.REMAINS


def test_a_table_of_offsets_that_says_something_else_is_not_given() -> None:
    for table in (NAME[:4] * 2, NAME[:3] + b"\0" * 3):
        dataset = compressed(jpeg(), jpeg())
        plain = dataset.PixelData[16:]
        dataset.PixelData = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(table)) + table + plain
        assert made_of(dataset, JPEG) is Refusal.REMAINS


def test_frames_that_cannot_be_told_apart_are_not_given() -> None:
    dataset = compressed(jpeg(), jpeg())
    dataset.NumberOfFrames = 3
    assert made_of(dataset, JPEG) is Refusal.REMAINS


def test_what_is_not_described_or_of_an_unknown_form_is_not_given() -> None:
    assert made_of(picture(Rows=0), EXPLICIT_LITTLE) is Refusal.UNREADABLE
    assert made_of(picture(NumberOfFrames=-1), EXPLICIT_LITTLE) is Refusal.UNREADABLE
    assert made_of(picture(BitsAllocated=0), EXPLICIT_LITTLE) is Refusal.UNREADABLE
    assert made_of(compressed(jpeg()), EXPLICIT_LITTLE) is Refusal.UNREADABLE
    assert made_of(picture(), JPEG) is Refusal.UNREADABLE
    assert made_of(compressed(jpeg()), "1.2.840.10008.1.2.4.110") is Refusal.FORM


def test_encapsulated_pixels_without_an_item_are_not_given() -> None:
    dataset = compressed(jpeg())
    del dataset.PixelData
    raw = encoded(dataset) + ds.element(0x7FE00010, b"OB", b"", ds.UNDEFINED) + ds.SEQUENCE_END
    assert deidentify(ByteSource(raw), 0, JPEG, WISH) is Refusal.UNREADABLE


def test_a_frame_of_several_components_is_none_of_a_grey_picture() -> None:
    file = io.BytesIO()
    Image.fromarray(np.stack([GREY] * 3, axis=-1)).save(file, "JPEG")
    assert made_of(compressed(file.getvalue()), JPEG) is Refusal.REMAINS


def test_a_progressive_jpeg_is_followed_over_all_of_its_scans() -> None:
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "JPEG", progressive=True, comment=NAME)
    assert beside_jpeg(file.getvalue() + NAME) is not None
    assert b"".join(file.getvalue()[a:b] for a, b in beside_jpeg(file.getvalue()) or ()).endswith(NAME)


def test_a_segment_behind_which_no_marker_stands_is_not_followed() -> None:
    assert beside_jpeg(jpeg()[:2] + segment(0xFE, NAME) + NAME + jpeg()[2:]) is None
    assert beside_jpeg_2000(jpeg_2000(segment(0x64, NAME), NAME)) is None


def test_fill_before_a_marker_is_passed_over() -> None:
    filled = jpeg()[:2] + b"\xff\xff" + jpeg()[2:]
    assert beside_jpeg(filled) == [(start + 2, end + 2) for start, end in beside_jpeg(jpeg()) or ()]


@dataclass(frozen=True)
class Stretched:
    """A file with so many zeros in its middle, of which there are none until they are read."""

    before: bytes
    zeros: int
    after: bytes

    @property
    def total_bytes(self) -> int:
        return len(self.before) + self.zeros + len(self.after)

    def read(self, offset: int, length: int) -> bytes:
        end = len(self.before) + self.zeros
        given = self.before[offset : offset + length]
        given += bytes(max(0, min(end, offset + length) - max(offset, len(self.before))))
        return given + self.after[max(0, offset - end) : max(0, offset + length - end)]


def test_a_frame_larger_than_any_is_not_read() -> None:
    dataset = compressed(jpeg())
    del dataset.PixelData
    begun = ds.element(0x7FE00010, b"OB", b"", ds.UNDEFINED) + ds.item(b"")
    zeros = MOST_FRAME_BYTES + 2
    source = Stretched(encoded(dataset) + begun + ds.item(b"", zeros), zeros, ds.SEQUENCE_END)
    assert deidentify(source, 0, JPEG, WISH) is Refusal.REMAINS


def test_a_tile_part_without_a_length_ends_where_the_codestream_does() -> None:
    plain = jpeg_2000()
    at = plain.index(b"\xff\x90\0\x0a") + 6
    assert beside_jpeg_2000(plain[:at] + bytes(4) + plain[at + 4 :] + NAME) == [
        *(beside_jpeg_2000(plain) or ()), (len(plain), len(plain) + len(NAME)),
    ]  # fmt: skip


def test_an_rle_segment_that_ends_early_or_has_runs_is_all_picture() -> None:
    header = struct.pack("<16I", 1, 64, *[0] * 14)
    assert beside_rle(header + b"\xff\7\x80\1\5\6", pixels=4, segments=1) == []
    assert beside_rle(header + b"\xff\7\x80\1\5\6x", pixels=4, segments=1) == [(70, 71)]
    assert beside_rle(header + b"\x7f\7", pixels=400, segments=1) == []
    assert beside_rle(header, pixels=4, segments=1) is None


FORMS: Sequence[tuple[Callable[[bytes], object], bytes]] = (
    (beside_jpeg, jpeg()),
    (beside_jpeg_ls, jpeg_ls()),
    (beside_jpeg_2000, jpeg_2000()),
    (partial(beside_rle, pixels=SIDE * SIDE, segments=1), rle()),
)


@given(st.sampled_from(FORMS), st.integers(0, 2000), st.binary(max_size=9), st.integers(0, 40))
def test_no_damage_makes_it_fail_otherwise(
    form: tuple[Callable[[bytes], object], bytes], at: int, noise: bytes, cut: int
) -> None:
    find, frame = form
    find(frame[:at] + noise + frame[at + cut :])


@given(st.binary(max_size=60), st.integers(0, 99), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_blanks_are_zeros_whatever_piece_is_read(data: bytes, begin: int, steps: list[tuple[int, int]]) -> None:
    at, blanks = 90, []
    for gap, length in steps:
        blanks.append((at + gap, length))
        at += gap + length
    covered = {place for offset, length in blanks for place in range(offset, offset + length)}
    expected = bytes(0 if begin + place in covered else one for place, one in enumerate(data))
    assert blanked(data, begin, tuple(blanks)) == expected
