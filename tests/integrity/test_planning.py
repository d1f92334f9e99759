"""A night reads what was proved longest ago, and within a month everything, however large the archive."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.integrity.planning import NIGHTS, choose
from appliance.integrity.queries_tests import Shelf

DAY = 86_400_000_000


@given(st.lists(st.integers(min_value=1, max_value=10**12), min_size=1, max_size=256), st.sets(st.integers(0, 40)))
def test_every_shelf_is_read_within_a_month_even_when_nights_fail(sizes: list[int], failed: set[int]) -> None:
    read_at = dict.fromkeys(range(len(sizes)), 0)
    budget = -(-sum(sizes) // NIGHTS)
    for night in range(1, 90):
        if night in failed:
            continue
        shelves = [Shelf(f"{number:02x}", size, 1, read_at[number]) for number, size in enumerate(sizes)]
        for shelf in choose(shelves, budget, night * DAY - (NIGHTS - 1) * DAY):
            read_at[int(shelf.name, 16)] = night * DAY
    assert min(read_at.values()) > 0
    assert 89 * DAY - min(read_at.values()) <= NIGHTS * DAY


def test_one_that_was_never_read_comes_first_and_one_night_reads_no_more_than_its_share() -> None:
    shelves = [Shelf("00", 50, 1, 9), Shelf("01", 50, 1, 0), Shelf("02", 50, 1, 5), Shelf("03", 50, 1, 7)]
    assert [one.name for one in choose(shelves, 60, -1)] == ["01", "02"]
    assert [one.name for one in choose(shelves, 60, 8)] == ["01", "02", "03"]
    assert len(choose(shelves, 200, -1)) == 4
