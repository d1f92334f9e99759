"""Ranges: what is cut is what the whole holds there."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.web.dicomweb.ranges import Late, Piece, Stretch, Unsatisfiable, cut, parse_range, total

literal = st.binary(max_size=20)
pieces_of = st.lists(literal | literal.map(lambda content: Late(len(content), lambda: content)), max_size=8)


def joined(pieces: Iterable[Piece]) -> bytes:
    return b"".join(
        piece.make() if isinstance(piece, Late) else piece for piece in pieces if not isinstance(piece, Stretch)
    )


@given(pieces_of, st.data())
def test_a_cut_gives_the_bytes_that_the_whole_has_there(pieces: list[Piece], data: st.DataObject) -> None:
    whole = joined(pieces)
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    assert joined(cut(pieces, start, stop)) == whole[start:stop]
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
