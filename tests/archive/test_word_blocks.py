"""Word blocks: whatever the bounds, what is written gives back the stored bytes."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.archive import word_blocks
from appliance.archive.word_blocks import BLOCK_BYTES, Bounds, pack_words, prepare, write
from appliance.dicom.source import ByteSource
from tests.intake.pack_reader import joined

SMOOTH = st.integers(0, 3000).flatmap(lambda words: st.integers(0, 4).map(lambda high: bytes([7, high]) * words))
WORDS = st.integers(0, 16).flatmap(
    lambda bits: st.tuples(
        st.integers(0, 65535), st.lists(st.integers(0, (1 << bits) - 1), min_size=1, max_size=300)
    ).map(lambda drawn: np.array([(drawn[0] + one) % 65536 for one in drawn[1]], "<u2").tobytes())
)


def written(write_to: Callable[[Callable[[bytes], object]], None]) -> bytes:
    parts: list[bytes] = []
    write_to(parts.append)
    return b"".join(parts)


@given(
    st.binary(max_size=600), SMOOTH, st.binary(max_size=50), st.integers(-3, 9000), st.integers(-3, 9000),
    st.integers(-1, 9000),
)  # fmt: skip
def test_a_file_comes_back_whatever_the_bounds_say(
    head: bytes, pixels: bytes, rest: bytes, offset: int, words: int, stride: int
) -> None:
    data = head + pixels + rest
    source = ByteSource(data)
    packed = prepare(source, Bounds(offset, words, stride))
    if packed is None:
        assert written(lambda sink: word_blocks.copy(source, sink)) == data
        return
    record = written(lambda sink: write(source, packed, sink))
    assert len(record) == packed.length <= len(data) + 16
    assert b"".join(joined(record)) == data


def test_a_file_of_many_strips_comes_back() -> None:
    noise = np.random.default_rng(5).integers(-60, 60, 3 * BLOCK_BYTES // 2 + 77)
    words = (noise + np.linspace(-3000, 3000, len(noise)).astype(int)).astype("<i2").tobytes()
    source = ByteSource(b"head" + words + b"rest")
    packed = prepare(source, Bounds(4, len(words) // 2, 1000))
    assert packed is not None
    record = written(lambda sink: write(source, packed, sink))
    assert (len(record), joined(record)) == (packed.length, (b"head", words, b"rest"))


@pytest.mark.parametrize("level", [0, 900, -20, 32700])
def test_words_near_a_level_take_as_many_bits_as_they_differ_by(level: int) -> None:
    values = level + np.arange(64 * 64) % 64 - (64 if level == 32700 else 0)
    words = values.astype("<i2").tobytes()
    source = ByteSource(words)
    packed = prepare(source, Bounds(0, 64 * 64, 64))
    assert packed is not None
    assert set(packed.bits) == {3}, "eight columns in a row differ by 7, and every row is the same"
    assert packed.length == 16 + 64 * (3 + 8 * 3)


def test_signed_words_around_nought_take_no_more_than_others() -> None:
    around = np.tile(np.array([-4, 3], "<i2"), 64 * 32).tobytes()
    packed = prepare(ByteSource(around), Bounds(0, 64 * 64, 64))
    assert packed is not None
    assert set(packed.bits) == {3}


@pytest.mark.parametrize("stride", [1, 70_000])
def test_words_stay_as_they_are_where_blocks_would_hold_mostly_nothing_or_no_picture_is_as_wide(stride: int) -> None:
    source = ByteSource(bytes(2 * 140_000))
    assert prepare(source, Bounds(0, 140_000, 700)) is not None
    assert prepare(source, Bounds(0, 140_000, stride)) is None


@pytest.mark.parametrize("bounds", [(0, 2001, 40), (1, 2000, 40), (-2, 100, 10), (0, 0, 1), (0, 9, 10), (0, 100, 0)])
def test_bounds_outside_the_file_are_not_believed(bounds: tuple[int, int, int]) -> None:
    assert prepare(ByteSource(bytes(4000)), Bounds(*bounds)) is None


def test_bytes_that_do_not_pack_stay_as_they_are() -> None:
    noise = np.random.default_rng(1).bytes(4000)
    assert prepare(ByteSource(noise), Bounds(0, 2000, 40)) is None


@given(st.binary(max_size=90), WORDS, st.integers(1, 300))
def test_words_at_hand_come_back_behind_their_head(head: bytes, data: bytes, stride: int) -> None:
    assert joined(pack_words(head, data, min(stride, len(data) // 2))) == (head, data, b"")
