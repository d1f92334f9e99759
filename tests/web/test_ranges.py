"""Ranges: what is cut is what the whole holds there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.web.dicomweb.ranges import Unsatisfiable, cut, parse_range, total

pieces_of = st.lists(st.binary(max_size=20), max_size=8)


@given(pieces_of, st.data())
def test_a_cut_gives_the_bytes_that_the_whole_has_there(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    assert b"".join(piece for piece in cut(pieces, start, stop) if isinstance(piece, bytes)) == whole[start:stop]
    assert total(pieces) == len(whole)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=5-", (5, 10)),
        ("bytes=5-99", (5, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=7-3", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=-", None),
        ("bytes=x", None),
    ],
)
def test_one_range_is_read_as_the_standard_says(header: str, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_past_the_end_is_told(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, 10)


@given(st.text(max_size=40), st.integers(0, 1000))
def test_any_header_gives_a_range_inside_or_none(header: str, length: int) -> None:
    try:
        found = parse_range(header, length)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= length
