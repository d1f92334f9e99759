"""One jaw comes to the same planes however it was sent: each voxel, its place in the patient, and on the screen."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.viewer.conftest import Desk
from tests.viewer.forms import CODED, LAID, SHAPE, SPACING, Form, jaw_places, jaw_values, samples_of
from tests.viewer.web_driver import PEERS

pytestmark = pytest.mark.peer("chromium", "chromedriver", "dcmcjpeg", "dcmcjpls", "dcmcrle", "ojph_compress")
OTHERS = [pytest.param(name, marks=pytest.mark.peer(*PEERS[name])) for name in ("firefox", "webkit")]
DECODERS = {"deflated", "RLE", "JPEG lossless", "JPEG-LS", "JPEG 2000", "HTJ2K", "JPEG, 12 bits", "JPEG, 8 bits"}
SHADE = 1  # of 255, beside what the coding takes
WIDTH = 3200  # of the window
VOLUME = """
const { planes } = window.enamelViewer.state();
const found = { affine: planes.affine, oddities: planes.oddities.map((odd) => odd.code) };
const stored = planes.slices.map((slot) => window.enamelViewer.stored(slot));
return Promise.all(stored).then((slices) => ({ ...found, slices }));
"""
SHADES = """
return ["axial", "coronal", "sagittal"].map((cell) => window.enamelViewer.cellBrightness(cell, arguments[0]));
"""


def in_the_patient(found: dict[str, object], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Lay what a page holds on the jaw's own grid, by the place in mm that it gives each voxel.

    Returns:
        float64[slices, rows, columns], NaN where it has nothing.
    """
    affine = found["affine"]
    assert isinstance(affine, dict)
    held = np.asarray(found["slices"], np.float64).reshape(shape)
    k, j, i = np.indices(shape)
    places = sum(np.multiply.outer(index, affine[axis]) for axis, index in (("i", i), ("j", j), ("k", k)))
    offset = np.subtract(affine["origin"], jaw_places()[0])
    at = np.rint((places + offset) / (SPACING[2], SPACING[1], SPACING[0])).astype(int)
    laid = np.full(SHAPE, np.nan)
    laid[at[..., 2], at[..., 1], at[..., 0]] = held
    return laid


def shades(desk: Desk) -> NDArray[np.float64]:
    """Give the brightness along lines through the jaw, in all three panes."""
    (x, y, z), (dz, dy, dx) = jaw_places()[0], SPACING
    lines = [(x + dx * 1.3 * n, y + dy * 1.1 * n, z + dz * (5 + 0.1 * n)) for n in range(40)]
    return np.asarray(desk.person.run(SHADES, [list(point) for point in lines]), np.float64)


@pytest.fixture(scope="module")
def as_sent(desk: Desk) -> NDArray[np.float64]:
    """Give what the plainest form looks like, on a small screen: it is drawn in software."""
    desk.person.fit(800, 600)
    desk.show(samples_of(LAID[0]))
    seen = shades(desk)
    assert seen.std() > 20, "there is something to be seen"
    return seen


def same_voxels(desk: Desk, form: Form) -> None:
    """Open the jaw in a form, as planes: every voxel has its place and its value."""
    samples = samples_of(form)
    desk.show(samples)
    found = desk.person.run(VOLUME)
    ds = samples[0].dataset
    shape = (len(found["slices"]), int(ds.Rows), int(ds.Columns))
    volume = in_the_patient(found, shape) * float(ds.get("RescaleSlope", 1))
    assert found["oddities"] == (["no-positions"] if "without positions" in form.name else [])
    assert np.abs(volume - jaw_values()).max() <= form.most_away


@pytest.mark.parametrize("form", [*LAID, *CODED], ids=lambda form: form.name)
def test_every_voxel_is_the_same_at_the_same_place(desk: Desk, form: Form, as_sent: NDArray[np.float64]) -> None:
    same_voxels(desk, form)
    assert np.abs(shades(desk) - as_sent).max() <= SHADE + form.most_away * 255 / WIDTH


@pytest.mark.parametrize("desk", OTHERS, indirect=True, scope="module")
@pytest.mark.parametrize("form", [form for form in CODED if form.name in DECODERS], ids=lambda form: form.name)
def test_every_decoder_gives_the_same_in_other_browsers(desk: Desk, form: Form) -> None:
    same_voxels(desk, form)
