"""Previews by a confined child: as by this process, and whatever a child answers is of the planned size."""

import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import SystemClock
from appliance.dicom.faults import Unparsable
from appliance.dicom.preview import make_small
from appliance.dicom.preview_plan import Part, Plan, SmallVolume
from appliance.dicom.source import ByteSource
from appliance.sandbox.birth import Nursery, executed
from appliance.sandbox.parser import Parser
from appliance.sandbox.previews import decode_preview, encode_preview
from appliance.sandbox.wire import two_parts
from tests.intake.a_clinic import EXPLICIT_LITTLE, ct_slice, encoded

PLAN = Plan((), (3, 4, 5), (2, 2, 2))
SIZE = 2 * 2 * 2 * 3


@pytest.mark.parametrize("way", ["executed", "forked"])
def test_a_confined_child_makes_what_this_process_would(way: str) -> None:
    datasets = [encoded(ct_slice(1))] * 4
    length = len(datasets[0])
    parts = tuple(Part(number * length, length, 0, EXPLICIT_LITTLE) for number in range(4))
    plan, source = Plan(parts, (4, 8, 8), (2, 2, 2)), ByteSource(b"".join(datasets))
    nursery = Nursery("preview")
    try:
        with Parser(SystemClock(), birth=executed() if way == "executed" else nursery.birth) as parser:
            found = parser.preview(source, plan)
            assert found == make_small(source, plan)
            assert found is not None
            assert parser.preview(ByteSource(bytes(source.total_bytes)), plan) is None
    finally:
        nursery.close()


def test_a_child_that_dies_is_told_as_such() -> None:
    hostile = executed((sys.executable, "-m", "tests.sandbox.hostile", "dies"))
    with Parser(SystemClock(), birth=hostile) as parser, pytest.raises(Unparsable):
        parser.preview(ByteSource(b""), PLAN)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_preview_goes_over_the_wire_and_so_does_none(slope: float, intercept: float) -> None:
    small = SmallVolume(slope or 1.0, intercept, bytes(range(SIZE)))
    assert decode_preview(encode_preview(small), PLAN) == small
    assert decode_preview(encode_preview(None), PLAN) is None


@given(st.binary(max_size=80) | st.binary(max_size=40).map(lambda text: two_parts(text, bytes(SIZE))))
def test_nonsense_is_refused_or_of_the_planned_size(body: bytes) -> None:
    try:
        found = decode_preview(body, PLAN)
    except Unparsable:
        return
    assert found is None or len(found.values) == SIZE
    assert found is None or all(map(math.isfinite, (found.slope, found.intercept)))


@pytest.mark.parametrize(
    "numbers", ["[1, NaN]", "[1e999, 0]", "[1]", "{}", "[null, 1]", "[0, 1]", "[-0.0, 1]", "[" * 900, "1", " " * 2000]
)
def test_numbers_that_are_none_are_refused(numbers: str) -> None:
    with pytest.raises(Unparsable):
        decode_preview(two_parts(numbers.encode(), bytes(SIZE)), PLAN)


@pytest.mark.parametrize("length", [0, SIZE - 1, SIZE + 2])
def test_another_size_than_planned_is_refused(length: int) -> None:
    with pytest.raises(Unparsable):
        decode_preview(two_parts(json.dumps([1, 0]).encode(), bytes(length)), PLAN)
