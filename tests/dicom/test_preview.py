"""Previews: means of boxes whatever the sizes, and none of what is not sure."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from appliance.dicom.preview import make_small
from appliance.dicom.preview_plan import Part, Plan, SmallVolume, Triple
from appliance.dicom.source import ByteSource
from tests.intake.a_clinic import ct_slice, encoded

EXPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"


def plan_of(datasets: Sequence[bytes], shape: Triple, factor: Triple, syntax: str = EXPLICIT) -> Plan:
    parts, start = [], 0
    for one in datasets:
        parts.append(Part(start, len(one), 0, syntax))
        start += len(one)
    return Plan(tuple(parts), shape, factor)


def small_of(datasets: Sequence[bytes], shape: Triple, factor: Triple, syntax: str = EXPLICIT) -> SmallVolume | None:
    return make_small(ByteSource(b"".join(datasets)), plan_of(datasets, shape, factor, syntax))


def slice_of(image: NDArray[np.int64], order: str = "<", /, **changes: object) -> Dataset:
    kind = "i2" if changes.get("PixelRepresentation") == 1 else "u2"
    rows, columns = image.shape
    return ct_slice(1, Rows=rows, Columns=columns, PixelData=image.astype(order + kind).tobytes(), **changes)


def greys(small: SmallVolume | None, plan: Plan) -> NDArray[np.float64]:
    assert small is not None
    return np.frombuffer(small.values, "<i2").reshape(plan.small_shape) * small.slope + small.intercept


@given(
    st.tuples(*[st.integers(1, 9)] * 3), st.tuples(*[st.integers(1, 4)] * 3), st.integers(0, 2**32), st.booleans(),
    st.sampled_from([("1", "0"), ("2", "-1000"), ("-0.5", "3"), (None, None)]),
)  # fmt: skip
def test_each_value_is_the_mean_of_its_box(
    shape: Triple, factor: Triple, seed: int, signed: bool, rescale: tuple[str | None, str | None]
) -> None:
    low, high = (-(2**15), 2**15) if signed else (0, 2**16)
    volume = np.random.default_rng(seed).integers(low, high, shape)
    told: dict[str, object] = {"RescaleSlope": rescale[0], "RescaleIntercept": rescale[1]} if rescale[0] else {}
    datasets = [encoded(slice_of(image, PixelRepresentation=int(signed), **told)) for image in volume]
    plan = plan_of(datasets, shape, factor)
    found = greys(small_of(datasets, shape, factor), plan)
    slope, intercept = (float(one or default) for one, default in zip(rescale, (1, 0), strict=True))
    grey = volume * slope + intercept
    for k, j, i in np.ndindex(plan.small_shape):
        box = tuple(slice(n * f, (n + 1) * f) for n, f in zip((k, j, i), factor, strict=True))
        assert abs(found[k, j, i] - grey[box].mean()) <= 0.5001 * abs(slope)


def test_big_endian_words_and_bits_above_the_stored_ones_are_understood() -> None:
    image = np.array([[5, 4095], [0xF005, 7]])
    one = encoded(slice_of(image, ">", BitsStored=12, HighBit=11), little=False)
    assert greys(small_of([one], (1, 2, 2), (1, 1, 1), BIG), Plan((), (1, 2, 2), (1, 1, 1))).tolist() == [
        [[5, 4095], [5, 7]]
    ]


def test_values_that_no_words_hold_are_spread_over_the_words_there_are() -> None:
    image = np.array([[0, 65535]])
    datasets = [
        encoded(slice_of(image, RescaleSlope="1", RescaleIntercept="0")),
        encoded(slice_of(image, RescaleSlope="3", RescaleIntercept="-7")),
    ]
    found = greys(small_of(datasets, (2, 1, 2), (1, 1, 1)), Plan((), (2, 1, 2), (1, 1, 1)))
    assert np.allclose(found, [[[0, 65535]], [[-7, 3 * 65535 - 7]]], atol=2)


@pytest.mark.parametrize(
    "changes",
    [
        {"Rows": 3}, {"Columns": 5}, {"SamplesPerPixel": 3}, {"BitsAllocated": 8}, {"BitsStored": 0},
        {"BitsStored": 12}, {"PhotometricInterpretation": "MONOCHROME1"}, {"PixelData": None}, {"RescaleSlope": "0"},
        {"RescaleIntercept": ""}, {"ModalityLUTSequence": [Dataset()]}, {"PixelData": b"12"},
        {"NumberOfFrames": 2},
    ],
    ids=str,
)  # fmt: skip
def test_nothing_is_made_of_what_is_not_sure(changes: dict[str, object]) -> None:
    whole = ct_slice(1, **changes)
    assert small_of([encoded(whole)], (1, 8, 8), (1, 2, 2)) is None
    assert small_of([encoded(ct_slice(1))], (1, 8, 8), (1, 2, 2)) is not None


def test_nothing_is_made_of_too_few_or_too_many_slices_or_encapsulated_ones() -> None:
    one = encoded(ct_slice(1))
    assert small_of([one], (2, 8, 8), (1, 2, 2)) is None
    assert small_of([one, one], (1, 8, 8), (1, 2, 2)) is None
    assert make_small(ByteSource(b""), Plan((), (1, 8, 8), (1, 1, 1))) is None
    cut = encoded(ct_slice(1, PixelData=None)) + b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff"
    assert (
        small_of([cut + b"\xfe\xff\x00\xe0" + bytes(4) + b"\xfe\xff\xdd\xe0" + bytes(4)], (1, 8, 8), (1, 2, 2)) is None
    )


def frames(places: Sequence[float | None], **changes: object) -> bytes:
    one = ct_slice(1, NumberOfFrames=len(places), PixelData=bytes(range(128)) * len(places), **changes)
    items = []
    for place in places:
        item, position = Dataset(), Dataset()
        if place is not None:
            position.ImagePositionPatient = [0, 0, place]
            item.PlanePositionSequence = [position]
        items.append(item)
    one.PerFrameFunctionalGroupsSequence = items
    return encoded(one)


def test_frames_of_one_object_make_one_where_they_stand_even() -> None:
    assert small_of([frames([0.0, 0.3, 0.6, 0.9])], (4, 8, 8), (2, 2, 2)) is not None
    for places in ([0.0, 0.3, 0.9, 1.2], [0.0, 0.6, 0.3, 0.9], [0.0, None, 0.6, 0.9], [1.0, 1.0, 1.0, 1.0]):
        assert small_of([frames(places)], (4, 8, 8), (2, 2, 2)) is None, places


def test_frames_that_share_a_rescale_take_it_and_those_with_their_own_make_none() -> None:
    shared, transformation = Dataset(), Dataset()
    transformation.RescaleSlope, transformation.RescaleIntercept = "3", "-5"
    shared.PixelValueTransformationSequence = [transformation]
    small = small_of([frames([0.0, 1.0], SharedFunctionalGroupsSequence=[shared])], (2, 8, 8), (1, 1, 1))
    assert small is not None
    assert (small.slope, small.intercept) == (3, -5)
    assert math.isclose(greys(small, Plan((), (2, 8, 8), (1, 1, 1)))[0, 0, 0], 256 * 3 - 5)
    own = ct_slice(1, NumberOfFrames=1, PerFrameFunctionalGroupsSequence=[shared])
    assert small_of([encoded(own)], (1, 8, 8), (1, 1, 1)) is None
