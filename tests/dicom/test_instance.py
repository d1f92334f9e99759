"""Datasets of all kinds, the hostile ones too, are read within bounds."""

import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.facts import InstanceFacts, InstanceFinding
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.fragments import decode_index
from appliance.dicom.instance import parse_bytes
from tests.dicom import datasets as ds
from tests.dicom.datasets import DEFLATED, EXPLICIT_LITTLE, JPEG_BASELINE

WHOLE = ds.uids() + ds.study() + ds.image() + ds.pixels()


def fault_of(dataset: bytes, syntax: str = EXPLICIT_LITTLE) -> Fault:
    with pytest.raises(Unparsable) as raised:
        parse_bytes(dataset, syntax)
    return raised.value.fault


def test_an_image_is_described_and_its_pixels_are_located() -> None:
    facts = parse_bytes(WHOLE, EXPLICIT_LITTLE)
    assert facts.viewable
    assert facts.findings == ()
    assert facts.pixels is not None
    assert (facts.pixels.offset, facts.pixels.length, facts.pixels.number_of_frames) == (len(WHOLE) - 32, 32, 1)
    assert (facts.patient.patient_name, facts.study.study_instance_uid) == ("Doe^Jane", "1.2.3")


def test_twenty_thousand_nested_sequences_are_too_deep() -> None:
    nest = (ds.element(0x00081140, b"SQ", b"", ds.UNDEFINED) + ds.item(b"", ds.UNDEFINED)) * 20_000
    assert fault_of(ds.uids() + nest) is Fault.TOO_DEEP


def test_sequences_nested_by_length_are_not_descended_into() -> None:
    nest = b""
    for _ in range(300):
        nest = ds.element(0x00081140, b"SQ", ds.item(nest))
    assert parse_bytes(ds.uids() + nest + ds.study(), EXPLICIT_LITTLE).sop_instance_uid == "1.2.3.4"


def bomb(before: bytes) -> bytes:
    """Give a gigabyte of zeros after a dataset's beginning, deflated: one block, flushed, a thousand times."""
    head, block = zlib.compressobj(9, wbits=-15), zlib.compressobj(9, wbits=-15)
    first = head.compress(before) + head.flush(zlib.Z_FULL_FLUSH)
    zeros = block.compress(bytes(1 << 20)) + block.flush(zlib.Z_FULL_FLUSH)
    return first + zeros * 1024


def test_a_deflate_bomb_of_elements_is_stopped() -> None:
    assert len(bomb(WHOLE[:-44])) < 2 << 20
    assert fault_of(bomb(WHOLE[:-44]), DEFLATED) is Fault.INFLATES_TOO_FAR


def test_a_deflate_bomb_of_pixels_is_stopped_in_bounded_memory() -> None:
    deflated = bomb(ds.uids() + ds.pixels(b"", 0x7FFFFFF0))
    tracemalloc.start()
    assert fault_of(deflated, DEFLATED) is Fault.INFLATES_TOO_FAR
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()


def test_a_deflated_dataset_is_read_and_has_no_place_for_its_pixels() -> None:
    facts = parse_bytes(ds.deflate(WHOLE), DEFLATED)
    assert facts.viewable
    assert facts.pixels is not None
    assert facts.pixels.offset is None


def test_damaged_deflate_is_a_fault_and_a_cut_one_a_finding() -> None:
    assert fault_of(b"\xff" * 40, DEFLATED) is Fault.BAD_DEFLATE
    cut = ds.deflate(ds.uids() + ds.study() + ds.image() + ds.pixels(bytes(range(256)) * 40))[:-200]
    assert InstanceFinding.TRUNCATED in parse_bytes(cut, DEFLATED).findings


@pytest.mark.parametrize("frames", [b"2147483648", b"2147483647", b"-1", b"0", b"1e300", b"many"])
def test_an_impossible_frame_count_is_not_believed(frames: bytes) -> None:
    facts = parse_bytes(ds.uids() + ds.study() + ds.image(frames) + ds.pixels(), EXPLICIT_LITTLE)
    assert InstanceFinding.FRAME_COUNT_IMPOSSIBLE in facts.findings
    assert facts.pixels is not None
    assert facts.pixels.number_of_frames is None
    assert not facts.viewable


def test_a_large_frame_count_without_the_pixels_is_told() -> None:
    facts = parse_bytes(ds.uids() + ds.image(b"999999") + ds.pixels(), EXPLICIT_LITTLE)
    assert InstanceFinding.PIXELS_TOO_SHORT in facts.findings
    assert not facts.viewable


@pytest.mark.parametrize("frames", [b"", b" "])
def test_an_empty_frame_count_means_one(frames: bytes) -> None:
    facts = parse_bytes(ds.uids() + ds.study() + ds.image(frames) + ds.pixels(), EXPLICIT_LITTLE)
    assert facts.viewable


def test_every_truncation_is_a_finding_or_a_fault_and_never_viewable() -> None:
    for end in range(len(WHOLE)):
        try:
            facts = parse_bytes(WHOLE[:end], EXPLICIT_LITTLE)
        except Unparsable as error:
            assert error.fault in {Fault.TRUNCATED, Fault.BAD_ELEMENT}  # noqa: PT017  a fault is one of two right answers
        else:
            assert not facts.viewable


def test_nul_in_a_name_does_not_reach_anyone() -> None:
    facts = parse_bytes(ds.uids() + ds.study(b"Do\0e^Ja\x07ne") + ds.image() + ds.pixels(), EXPLICIT_LITTLE)
    assert facts.patient.patient_name == "Doe^Jane"
    assert InstanceFinding.CONTROL_CHARACTERS in facts.findings


@pytest.mark.parametrize("uid", [b"../../etc/passwd", b"1.2/3", b"1" * 65, b"1..2", b".1", b"1 2", b"\xff1.2", b"%2e"])
def test_a_uid_that_is_none_is_told_apart_from_an_absent_one(uid: bytes) -> None:
    dataset = ds.element(0x00080016, b"UI", ds.CT) + ds.element(0x00080018, b"UI", uid)
    assert parse_bytes(dataset, EXPLICIT_LITTLE).sop_instance_uid is None


def test_a_uid_with_letters_or_leading_zeros_is_taken_and_told() -> None:
    for uid in (b"1.02.3", b"dccc9599", b"1.2.a"):
        facts = parse_bytes(ds.element(0x00080018, b"UI", uid), EXPLICIT_LITTLE)
        assert facts.sop_instance_uid == uid.decode()
        assert InstanceFinding.UID_NOT_STANDARD in facts.findings


def test_a_text_of_a_megabyte_is_cut_and_told() -> None:
    facts = parse_bytes(ds.uids() + ds.element(0x00081030, b"UT", b"x" * 5000), EXPLICIT_LITTLE)
    assert len(facts.study.study_description) == 1024
    assert InstanceFinding.TEXT_TOO_LONG in facts.findings
    huge = parse_bytes(ds.uids() + ds.element(0x00081030, b"UT", b"x" * (1 << 20)), EXPLICIT_LITTLE)
    assert huge.study.study_description == ""


def test_a_flood_of_elements_is_stopped() -> None:
    """Elements, items and fragments count together: each kind alone stays under the bound here."""
    third = 133_334
    elements = ds.element(0x00090010, b"LO", b"") * third
    items = ds.element(0x00081140, b"SQ", b"", ds.UNDEFINED) + ds.item(b"") * third + ds.SEQUENCE_END
    assert fault_of(ds.uids() + elements + items + ds.encapsulated(*[b""] * third), JPEG_BASELINE) is (
        Fault.TOO_MANY_ELEMENTS
    )
    within = ds.uids() + items + ds.encapsulated(*[b""] * third)
    assert parse_bytes(within, JPEG_BASELINE).sop_instance_uid == "1.2.3.4"


def test_kept_values_are_bounded_in_all() -> None:
    one = ds.item(ds.element(0x00209113, b"SQ", ds.item(ds.element(0x00200032, b"UT", b"1" * 60_000))))
    flood = ds.element(0x52009230, b"SQ", one * 1200)
    assert fault_of(ds.uids() + flood) is Fault.TOO_LARGE


def test_what_stands_where_an_item_should_is_a_fault() -> None:
    wrong = ds.element(0x52009230, b"SQ", ds.implicit(0x00100010, b"Doe "))
    assert fault_of(ds.uids() + wrong) is Fault.BAD_ELEMENT
    unending = ds.element(0x7FE00010, b"OB", b"", ds.UNDEFINED) + ds.item(b"", ds.UNDEFINED)
    assert fault_of(ds.uids() + unending, JPEG_BASELINE) is Fault.BAD_ELEMENT


def test_a_sequence_of_unknown_vr_and_length_is_read_as_implicit() -> None:
    inner = ds.item(ds.implicit(0x00100010, b"Doe "), ds.UNDEFINED) + ds.ITEM_END
    private = ds.element(0x00091001, b"UN", b"", ds.UNDEFINED) + inner + ds.SEQUENCE_END
    assert parse_bytes(ds.uids() + private + ds.study(), EXPLICIT_LITTLE).patient.patient_id == "P1"


def test_implicit_elements_in_an_explicit_dataset_are_read_and_told() -> None:
    facts = parse_bytes(ds.uids() + ds.implicit(0x00100020, b"P9"), EXPLICIT_LITTLE)
    assert facts.patient.patient_id == "P9"
    assert InstanceFinding.ODD_VALUE_REPRESENTATION in facts.findings


def test_a_class_outside_the_standard_is_stored_and_not_viewable() -> None:
    private = WHOLE.replace(ds.CT + b"\0", b"1.2.999.10008.5.1.4.1.1.2\0")
    facts = parse_bytes(private, EXPLICIT_LITTLE)
    assert not facts.viewable
    assert InstanceFinding.CLASS_NOT_KNOWN in facts.findings


def test_a_film_is_stored_and_not_viewable() -> None:
    facts = parse_bytes(ds.uids() + ds.image() + ds.encapsulated(b"\0\0\0\1"), "1.2.840.10008.1.2.4.102")
    assert not facts.viewable
    assert InstanceFinding.TRANSFER_SYNTAX_NOT_VIEWABLE in facts.findings


def frames_of(facts: InstanceFacts) -> list[int] | None:
    index = facts.pixels.frame_index if facts.pixels else None
    return None if index is None else [len(frame) for frame in decode_index(index)]


@pytest.mark.parametrize(
    ("frames", "table", "fragments", "expected"),
    [
        (b"1", b"", [b"\xff\xd8aa", b"bbbb"], [2]),
        (b"2", b"", [b"aaaa", b"bbbb"], [1, 1]),
        (b"2", struct.pack("<II", 0, 24), [b"aaaa", b"bbbb", b"cccc"], [2, 1]),
        (b"2", b"", [b"\xff\xd8aa", b"bbbb", b"\xff\xd8cc"], [2, 1]),
        (b"2", struct.pack("<II", 0, 9999), [b"\xff\xd8aa", b"bbbb", b"\xff\xd8cc"], [2, 1]),
        (b"2", b"abc ", [b"\xff\xd8aa", b"bbbb", b"cccc"], None),
        (b"9", b"", [b"aaaa"], None),
        (b"2", b"", [], None),
    ],
)
def test_fragments_are_grouped_into_frames(
    frames: bytes, table: bytes, fragments: list[bytes], expected: list[int] | None
) -> None:
    facts = parse_bytes(
        ds.uids() + ds.study() + ds.image(frames) + ds.encapsulated(*fragments, table=table), JPEG_BASELINE
    )
    assert frames_of(facts) == expected
    assert facts.viewable == (expected is not None)


def test_an_extended_offset_table_is_used() -> None:
    table = ds.element(0x7FE00001, b"OV", struct.pack("<QQ", 0, 12))
    dataset = ds.uids() + ds.image(b"2") + table + ds.encapsulated(b"aaaa", b"bbbb", b"cccc")
    assert frames_of(parse_bytes(dataset, JPEG_BASELINE)) == [1, 2]


def test_encapsulated_pixels_without_their_end_are_truncated() -> None:
    dataset = ds.uids() + ds.image() + ds.encapsulated(b"aaaa")[:-8]
    facts = parse_bytes(dataset, JPEG_BASELINE)
    assert InstanceFinding.TRUNCATED in facts.findings
    empty = ds.uids() + ds.image() + ds.element(0x7FE00010, b"OB", b"", ds.UNDEFINED) + ds.SEQUENCE_END
    assert InstanceFinding.TRUNCATED in parse_bytes(empty, JPEG_BASELINE).findings


def test_native_pixels_under_an_encapsulated_syntax_are_told() -> None:
    assert InstanceFinding.PIXELS_TOO_SHORT in parse_bytes(WHOLE, JPEG_BASELINE).findings


def test_frames_of_an_enhanced_image_give_their_steps() -> None:
    def frame(z: float) -> bytes:
        position = ds.element(0x00200032, b"DS", f"0\\0\\{z}".encode())
        return ds.item(ds.element(0x00209113, b"SQ", ds.item(position)))

    plane = ds.element(0x00209116, b"SQ", ds.item(ds.element(0x00200037, b"DS", b"1\\0\\0\\0\\1\\0")))
    shared = ds.element(0x52009229, b"SQ", ds.item(plane))
    frames = ds.element(0x52009230, b"SQ", frame(0) + frame(1) + frame(3))
    facts = parse_bytes(ds.uids() + ds.image(b"3") + shared + frames + ds.pixels(bytes(96)), EXPLICIT_LITTLE)
    assert facts.geometry.frame_steps_mm == (1.0, 2.0)
    assert facts.geometry.position == (0.0, 0.0, 0.0)
    assert InstanceFinding.MULTI_FRAME_WITHOUT_POSITIONS not in facts.findings


@pytest.mark.parametrize("value", [b"nan\\1\\2", b"1\\2", b"inf\\0\\0", b"a\\b\\c", b""])
def test_a_position_that_is_no_place_is_absent(value: bytes) -> None:
    facts = parse_bytes(ds.uids() + ds.element(0x00200032, b"DS", value), EXPLICIT_LITTLE)
    assert facts.geometry.position is None


def test_an_orientation_without_area_gives_no_steps() -> None:
    flat = ds.element(0x00200037, b"DS", b"1\\0\\0\\1\\0\\0")
    assert parse_bytes(ds.uids() + flat, EXPLICIT_LITTLE).geometry.frame_steps_mm is None


@given(st.binary(max_size=600), st.sampled_from([EXPLICIT_LITTLE, ds.IMPLICIT_LITTLE, ds.EXPLICIT_BIG, DEFLATED, "9"]))
def test_any_bytes_are_answered(data: bytes, syntax: str) -> None:
    try:
        assert isinstance(parse_bytes(data, syntax), InstanceFacts)
    except Unparsable as error:
        assert error.fault in Fault  # noqa: PT017  a fault is the other right answer


@given(st.data())
def test_any_change_of_a_good_dataset_is_answered(data: st.DataObject) -> None:
    dataset = bytearray(WHOLE + ds.encapsulated(b"\xff\xd8aa", b"bbbb"))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(dataset) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert"]))
        if kind == "flip":
            dataset[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del dataset[at : at + data.draw(st.integers(1, 20))]
        else:
            dataset[at:at] = data.draw(st.binary(min_size=1, max_size=20))
        dataset = dataset or bytearray(b"x")
    try:
        parse_bytes(bytes(dataset), data.draw(st.sampled_from([EXPLICIT_LITTLE, JPEG_BASELINE, ds.IMPLICIT_LITTLE])))
    except Unparsable as error:
        assert error.fault in Fault  # noqa: PT017  a fault is the other right answer
