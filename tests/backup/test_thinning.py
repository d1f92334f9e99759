"""Which snapshots go, over any history of the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from appliance.backup.queries_copies import Recorded
from appliance.backup.thinning import ALL_KEPT, LONGEST_KEPT, files_that_go, keys_that_go

NOW = datetime(2031, 5, 20, 12, 0, tzinfo=UTC)
AGES = st.lists(st.integers(-100_000, 60 * 24 * 60), max_size=60).map(lambda ages: sorted(ages, reverse=True))


def made(ages: list[int], kind: str = "night") -> list[Recorded]:
    """Give snapshots so many minutes old, in the order in which they were made."""
    return [Recorded(key, "keys", f"{key:08x}", kind, NOW - timedelta(minutes=age), 1, 1)
            for key, age in enumerate(ages)]  # fmt: skip


@given(AGES)
def test_no_catalogue_outlives_its_27_days_but_the_newest_which_never_goes(ages: list[int]) -> None:
    history = made(ages)
    gone = keys_that_go(history, NOW)
    left = [one for one in history if one not in gone]
    assert not history or history[-1] in left
    assert all(NOW - one.taken_at < LONGEST_KEPT for one in left[:-1])
    recent = [one for one in history if NOW - one.taken_at < ALL_KEPT]
    assert [one for one in left if one in recent] == recent
    days = {one.taken_at.date() for one in history if NOW - one.taken_at < LONGEST_KEPT}
    assert days <= {one.taken_at.date() for one in left}, "each day keeps one"
    assert len(left) <= len(days) + len(recent) + 1


@given(st.permutations(range(8)), st.integers(1, 60))
def test_a_clock_that_was_once_ahead_keeps_nothing_longer(order: list[int], ahead_days: int) -> None:
    """One is dated in the future by a clock that was wrong; those made after it tell how old it is at least."""
    ages = [40 * 24 * 60 - 60 * number for number in range(8)]
    history = made(ages)
    wrong = order[0]
    history[wrong] = Recorded(wrong, "keys", "x", "night", NOW + timedelta(days=ahead_days), 1, 1)
    assert keys_that_go(history, NOW) == history[:-1]


def test_what_was_found_there_never_goes_for_the_newest_nor_makes_others_older() -> None:
    """What the lost box made after the catalogue that was restored is found by the first clearing after it."""
    own = [Recorded(number, "keys", f"{number:08x}", "night", NOW - timedelta(hours=age), 1, 1)
           for number, age in enumerate((20, 10))]  # fmt: skip
    found = [Recorded(number, "keys", f"{number:08x}", "arrivals", NOW - timedelta(hours=age), 1, 1, was_found=True)
             for number, age in ((2, 40), (3, 30))]  # fmt: skip
    assert keys_that_go([*own, *found], NOW) == [found[1]], "one of its day stays; the box's own all do"
    assert keys_that_go([*own, *found], NOW + timedelta(days=40)) == [*found, own[0]]
    ahead = Recorded(4, "keys", "00000004", "night", NOW + timedelta(days=9), 1, 1, was_found=True)
    assert own[1] not in keys_that_go([*own, ahead], NOW + timedelta(days=12)), "this box's newest never goes"
    night = Recorded(0, "files", "0", "night", NOW - timedelta(hours=9), 1, 1)
    arrived = Recorded(1, "files", "1", "arrivals", NOW - timedelta(hours=3), 1, 1)
    older = Recorded(2, "files", "2", "night", NOW - timedelta(hours=30), 1, 1, was_found=True)
    assert files_that_go([night, arrived, older], NOW) == [], "no later night has what arrived"


def test_what_arrived_goes_with_the_nights_and_of_tombstones_the_newest_stays() -> None:
    kinds = ["night", "arrivals", "tombstones", "anchor", "night", "arrivals", "tombstones"]
    history = [
        Recorded(number, "files", f"{number:08x}", kind, NOW - timedelta(hours=50 - number), 1, 1)
        for number, kind in enumerate(kinds)
    ]
    assert [one.snapshot_key for one in files_that_go(history, NOW)] == [2]
    later = NOW + timedelta(days=40)
    assert [one.snapshot_key for one in files_that_go(history, later)] == [0, 1, 2], "the newest of each kind stays"
    assert keys_that_go([], NOW) == []


def test_a_list_that_was_found_ahead_of_the_clock_ends_none_of_this_boxs_own() -> None:
    """The clock was a day fast, and the run died before it noted what it had made."""
    ahead = Recorded(1, "files", "1", "tombstones", NOW + timedelta(days=1), 1, 1, was_found=True)
    own = [Recorded(number, "files", f"{number}", "tombstones", NOW - timedelta(hours=4 - number), 1, 1)
           for number in (2, 3)]  # fmt: skip
    assert files_that_go([*own, ahead], NOW) == own[:1]


@given(AGES)
def test_what_arrived_stays_for_27_days_and_until_a_night_followed(ages: list[int]) -> None:
    history = made(ages, "arrivals")
    assert files_that_go(history, NOW) == []
    night = replace(history[-1], snapshot_key=len(history), kind="night") if history else made([0])[0]
    left = [one for one in history if one not in files_that_go([*history, night], NOW)]
    assert [one for one in history if NOW - one.taken_at < LONGEST_KEPT] == left
