"""The phantom's geometry is what it says it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.dicom.phantom.arch import Points, along, arch_coordinates
from appliance.dicom.phantom.jaw import Jaw, Triple, positions

SHAPE, SPACING = (100, 256, 256), (0.8, 0.4, 0.4)


@pytest.fixture(scope="module")
def volume() -> Points:
    return np.stack(list(Jaw(3, noise=0).slices(SHAPE, SPACING))).astype(np.float64)


def at(volume: Points, points: Points) -> Points:
    """Grey values at the voxels nearest to points, float64[n]."""
    x, y, z = positions(SHAPE, SPACING)[0]
    columns, rows = (points[:, 0] - x) / SPACING[2], (points[:, 1] - y) / SPACING[1]
    slices = (points[:, 2] - z) / SPACING[0]
    index = np.round(np.stack([slices, rows, columns])).astype(int)
    found: Points = volume[tuple(index)]
    return found


@given(st.floats(-70, 70), st.floats(-9, 9))
@settings(max_examples=200, deadline=None)
def test_arch_coordinates_lead_back_to_the_point(arc: float, out: float) -> None:
    point = along(np.array([arc]), np.array([out]), np.zeros(1))[0].astype(np.float32)
    found_arc, found_out = arch_coordinates(point[:1], point[1:2])
    assert found_out[0] == pytest.approx(out, abs=0.05)
    assert found_arc[0] == pytest.approx(arc, abs=0.1)


@pytest.mark.parametrize("left", [False, True])
def test_the_canal_is_dark_inside_bright_bone_where_it_is_said_to_be(volume: Points, left: bool) -> None:
    centre = Jaw(3).canal(left=left)[40:170]
    wall = centre + np.array([0, 0, 1.9])
    assert np.median(at(volume, centre)) < 250
    assert np.median(at(volume, wall)) > np.median(at(volume, centre)) + 250


def test_the_markers_are_where_they_are_said_to_be(volume: Points) -> None:
    assert (at(volume, Jaw(3).markers()) > 2500).all()


def test_the_arch_runs_through_the_teeth(volume: Points) -> None:
    crowns = Jaw(3).arch()[30:170] + np.array([0, 0, -3.5])
    assert np.median(at(volume, crowns)) > 1400


def test_left_is_left_and_front_is_front() -> None:
    left, right = Jaw(1).canal(left=True), Jaw(1).canal(left=False)
    assert (left[:, 0] > 0).all()
    assert (right[:, 0] < 0).all()
    assert left[0, 1] < left[-1, 1]  # it begins at the chin; LPS y grows to the back


def test_scale_makes_the_same_jaw_larger() -> None:
    np.testing.assert_allclose(Jaw(1, scale=1.2).arch(), Jaw(1).arch() * 1.2)


def test_a_seed_gives_the_same_pixels_and_another_seed_others() -> None:
    first, again, other = (next(Jaw(seed).slices((3, 64, 64), (1, 1, 1))) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(("shape", "spacing"), [((1, 7, 5), (1, 3, 4)), ((5, 64, 32), (2.0, 1.5, 3.0))])
def test_any_size_has_that_size_and_air_outside_the_field_of_view(shape: tuple[int, int, int], spacing: Triple) -> None:
    images = list(Jaw(1).slices(shape, spacing))
    assert [image.shape for image in images] == [shape[1:]] * shape[0]
    assert all(image[0, 0] == -1000 for image in images)
    assert all(-1000 <= image.min() <= image.max() <= 3071 for image in images)


def test_a_missing_tooth_leaves_a_gap() -> None:
    whole = np.stack(list(Jaw(1, noise=0).slices((20, 128, 128), (1, 0.8, 0.8))))
    gap = np.stack(list(Jaw(1, noise=0, missing=frozenset({7})).slices((20, 128, 128), (1, 0.8, 0.8))))
    assert (whole > 2000).sum() > (gap > 2000).sum()


def test_the_panoramic_shows_teeth_brighter_than_the_air_of_the_sinus() -> None:
    picture = Jaw(1).panoramic(150, 300)
    assert picture.shape == (150, 300)
    assert picture.max() <= 4095
    assert picture[55:80].mean() > picture[:10].mean() + 300
