"""The frame index is written and read back; a cut one is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.faults import Unparsable
from appliance.dicom.fragments import decode_index, encode_index, find_frames, frames_of

PLACES = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


@given(st.lists(st.lists(PLACES, max_size=4), max_size=5))
def test_an_index_comes_back_as_it_was(frames: list[list[tuple[int, int]]]) -> None:
    assert decode_index(encode_index(frames)) == frames


def test_an_index_has_these_bytes() -> None:
    assert encode_index([[(256, 10)], []]).hex() == "01000000" + "0001000000000000" + "0a00000000000000" + "00000000"


@given(
    st.data(),
    st.one_of(
        st.lists(st.lists(PLACES, min_size=1, max_size=4), max_size=6),
        st.lists(PLACES.map(lambda one: [one]), max_size=6),
    ),
)
def test_frames_are_found_as_they_were_written(data: st.DataObject, frames: list[list[tuple[int, int]]]) -> None:
    numbers = data.draw(st.lists(st.integers(1, len(frames) + 1), max_size=4))
    wanted = None if len(frames) + 1 in numbers else [frames[number - 1] for number in numbers]
    assert find_frames(encode_index(frames), numbers, len(frames)) == wanted


def test_a_cut_index_is_refused() -> None:
    whole = encode_index([[(1, 2), (3, 4)]])
    for end in (1, 3, 5, len(whole) - 1):
        with pytest.raises(Unparsable):
            decode_index(whole[:end])
        with pytest.raises(Unparsable):
            find_frames(whole[:end], [1], 1)


def test_pixel_data_without_a_fragment_has_no_frame() -> None:
    assert frames_of([], [], 1, lambda _offset, _length: b"") is None
    assert frames_of([], [0, 8], 2, lambda _offset, _length: b"") is None
