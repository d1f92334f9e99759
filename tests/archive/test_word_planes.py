"""Word planes: whatever the bounds, what is written gives back the stored bytes."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from appliance.archive import word_planes
from appliance.archive.word_planes import BLOCK_BYTES, Bounds, prepare, split_words, write
from appliance.dicom.source import ByteSource
from tests.intake.pack_reader import joined

SMOOTH = st.integers(0, 3000).flatmap(lambda words: st.integers(0, 4).map(lambda high: bytes([7, high]) * words))


def written(write_to: Callable[[Callable[[bytes], object]], None]) -> bytes:
    parts: list[bytes] = []
    write_to(parts.append)
    return b"".join(parts)


@given(st.binary(max_size=600), SMOOTH, st.binary(max_size=50), st.integers(-3, 9000), st.integers(-3, 9000))
def test_a_file_comes_back_whatever_the_bounds_say(
    head: bytes, pixels: bytes, rest: bytes, offset: int, words: int
) -> None:
    data = head + pixels + rest
    source = ByteSource(data)
    split = prepare(source, Bounds(offset, words))
    if split is None:
        assert written(lambda sink: word_planes.copy(source, sink)) == data
        return
    record = written(lambda sink: write(source, split, sink))
    assert len(record) == split.length
    assert b"".join(joined(record)) == data


def test_pixels_with_calm_high_bytes_take_little_more_than_half() -> None:
    noise = bytes(range(256)) * (BLOCK_BYTES // 256)
    words = bytes(byte for low in noise for byte in (low, 3))
    source = ByteSource(b"head" + words + b"rest")
    split = prepare(source, Bounds(4, len(noise)))
    assert split is not None
    assert split.length < 0.51 * len(words)
    assert joined(written(lambda sink: write(source, split, sink))) == (b"head", words, b"rest")


def test_bytes_that_do_not_pack_stay_as_they_are() -> None:
    noise = bytes((7 * n * n + n // 3) % 256 for n in range(4000))
    assert prepare(ByteSource(noise), Bounds(0, 2000)) is None


@given(st.binary(max_size=90), st.binary(max_size=4000) | SMOOTH)
def test_words_at_hand_come_back_behind_their_head(head: bytes, data: bytes) -> None:
    even = data[: len(data) // 2 * 2]
    assert joined(split_words(head, even)) == (head, even, b"")
