"""What is missing or odd in a series is told; what is whole is not complained of."""

import json
import math
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.completeness import Completeness, Member, SeriesFinding, judge
from appliance.dicom.geometry import Geometry

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def member(number: int | None, z: float | None, **changes: Any) -> Member:  # noqa: ANN401  each test changes what it is about
    geometry = Geometry(
        position=None if z is None else (float(changes.get("x", 0.0)), 0.0, z),
        orientation=changes.get("orientation", AXIAL),
        spacing_between_slices=changes.get("said"),
        frame_steps_mm=changes.get("steps"),
    )
    return Member(number, changes.get("size", (4, 4)), int(changes.get("frames", 1)), geometry)


def codes(members: list[Member]) -> tuple[Completeness, dict[SeriesFinding, tuple[float, ...]]]:
    completeness, told = judge(members)
    return completeness, {one.code: one.numbers for one in told}


def test_a_whole_series_has_no_gaps() -> None:
    assert codes([member(at, 0.3 * at) for at in range(1, 41)]) == (Completeness.NO_GAPS, {})


@given(st.sets(st.integers(1, 38), min_size=1, max_size=10), st.randoms())
def test_every_slice_lost_between_others_is_counted(lost: set[int], chance: Random) -> None:
    members = [member(at + 1, 0.3 * at) for at in range(40) if at not in lost]
    chance.shuffle(members)
    completeness, told = codes(members)
    assert completeness is Completeness.GAPS
    assert told[SeriesFinding.NUMBERS_MISSING] == (len(lost),)
    if len(lost) < 8:
        assert told[SeriesFinding.POSITIONS_MISSING] == (len(lost),)


def test_repeated_numbers_and_places_are_odd() -> None:
    completeness, told = codes([member(1, 0), member(2, 1), member(2, 1), member(3, 2)])
    assert completeness is Completeness.ODD_GEOMETRY
    assert told == {SeriesFinding.NUMBERS_REPEATED: (1,), SeriesFinding.POSITIONS_REPEATED: (1,)}


def test_slices_all_at_one_place_are_odd() -> None:
    assert SeriesFinding.POSITIONS_REPEATED in codes([member(1, 0), member(2, 0)])[1]


def test_uneven_contradicted_and_tilted_stacks_are_odd() -> None:
    uneven = [member(at + 1, z) for at, z in enumerate([0, 1, 2.2, 3.2])]
    assert SeriesFinding.SPACING_UNEVEN in codes(uneven)[1]
    said = [member(at, float(at), said=2.0) for at in (1, 2, 3)]
    assert codes(said)[1][SeriesFinding.SPACING_CONTRADICTED] == (2.0, 1.0)
    negative = [member(at, float(at), said=-1.0) for at in (1, 2, 3)]
    assert codes(negative) == (Completeness.NO_GAPS, {})
    tilted = [member(at, float(at), x=math.tan(math.radians(15)) * at) for at in (1, 2, 3)]
    assert codes(tilted)[1] == {SeriesFinding.TILTED: (15.0,)}


def test_orientations_sizes_and_missing_places_are_told() -> None:
    turned = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    assert SeriesFinding.ORIENTATION_VARIES in codes([member(1, 0), member(2, 1, orientation=turned)])[1]
    many = [member(at, float(at), orientation=(math.cos(at), math.sin(at), 0.0, 0.0, 0.0, 1.0)) for at in range(1, 30)]
    assert codes(many)[1][SeriesFinding.ORIENTATION_VARIES] == (10,)
    assert codes([member(1, 0), member(2, 1, size=(8, 8))])[1] == {SeriesFinding.SIZE_VARIES: (2,)}
    assert codes([member(1, 0), member(2, None)])[1] == {SeriesFinding.POSITIONS_UNKNOWN: (1,)}


def test_pictures_that_lie_nowhere_may_be_upright_and_lengthwise() -> None:
    assert codes([member(1, None), member(2, None, size=(4, 8))]) == (Completeness.NO_GAPS, {})


def test_a_wild_position_is_no_position_and_spares_the_others() -> None:
    oblique = (0.7, 0.7, 0.0, 0.0, 0.7, 0.7)
    members = [member(at, float(at), orientation=oblique) for at in range(1, 9)]
    wild = Geometry((1.7e308, -1.7e308, 0.0), oblique)
    told = codes([*members, Member(9, (4, 4), 1, wild)])[1]
    assert told[SeriesFinding.POSITIONS_UNKNOWN] == (1,)
    assert SeriesFinding.POSITIONS_MISSING not in told


ANY = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 1e6, -1e6, 5e-324, 1.7e308, -1.7e308, math.inf, math.nan]))
COUNT = st.one_of(st.none(), st.integers(-(2**63), 2**63))


def vector(length: int) -> st.SearchStrategy[tuple[float, ...] | None]:
    usual = st.lists(ANY, min_size=length, max_size=length)
    return st.one_of(st.none(), st.one_of(usual, st.lists(ANY, max_size=7)).map(tuple))


GEOMETRIES = st.builds(
    Geometry, vector(3), st.one_of(st.just(AXIAL), vector(6)), vector(2), ANY, st.one_of(st.none(), ANY), vector(2)
)
SIZES = st.one_of(st.none(), st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)))


@given(st.lists(st.builds(Member, COUNT, SIZES, st.integers(-(2**63), 2**63), GEOMETRIES), max_size=12))
def test_whatever_the_numbers_a_series_is_judged_in_numbers_that_can_be_kept(members: list[Member]) -> None:
    completeness, told = judge(members)
    assert completeness in Completeness
    json.dumps([one.numbers for one in told], allow_nan=False)


def test_one_image_is_single_and_odd_only_by_its_frames() -> None:
    assert codes([member(1, 0)]) == (Completeness.SINGLE, {})
    assert codes([member(1, 0, frames=9, steps=(1.0, 1.0))]) == (Completeness.SINGLE, {})
    assert codes([member(1, 0, frames=9, steps=(1.0, 2.0))])[0] is Completeness.ODD_GEOMETRY


def test_a_series_without_numbers_and_places_is_unchecked() -> None:
    assert codes([member(None, None), member(None, None)])[0] is Completeness.UNCHECKED
    assert codes([member(3, None), member(4, None)]) == (Completeness.NO_GAPS, {SeriesFinding.STARTS_LATE: (3,)})
