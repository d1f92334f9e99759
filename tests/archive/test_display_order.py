"""Coarse to fine: each index once, and every prefix is spread evenly."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.archive.display_order import coarse_to_fine


@given(st.integers(0, 1500))
def test_every_index_comes_once(count: int) -> None:
    assert sorted(coarse_to_fine(count)) == list(range(count))


@given(st.integers(1, 1500))
def test_the_middle_comes_first(count: int) -> None:
    assert coarse_to_fine(count)[0] == count // 2


@given(st.integers(2, 1500), st.data())
def test_whatever_has_come_is_spread_evenly(count: int, data: st.DataObject) -> None:
    sent = data.draw(st.integers(1, count))
    come = sorted(coarse_to_fine(count)[:sent])
    gaps = [b - a for a, b in pairwise(come)]
    widest = max([*gaps, come[0], count - 1 - come[-1]])
    assert widest <= 4 * count / sent + 1
