"""A phantom whose every cut is known: a ball of 10 mm in air, a mark at the right, front and head, named voxels.

Voxels are 0.4 x 0.5 x 0.6 mm (columns, rows, slices), so that no direction can stand for another. A plane through the
ball's middle shows a disc of 10 mm however it is turned.
"""

import numpy as np
from numpy.typing import NDArray

from tests.viewer.samples import grey_dataset
from tests.viewer.series_stream import Sample, sample_of

SIZE = (60, 48, 40)  # columns, rows, slices
STEP = (0.4, 0.5, 0.6)  # mm
FIRST = (-12.3, -8.2, 41.5)  # mm; the middle of the first voxel
MIDDLE = (0.8, 2.9, 52.9)  # mm; of the ball
DIAMETER_MM = 10.0
BALL, MARK, CENTRE = 2000, 1800, 1000  # grey values; the last is the window's centre
VOXELS = {
    "in the ball": (33, 22, 19),
    "in the air": (20, 20, 20),
    "on the ramp": (52, 40, 9),
    "on the centre": (54, 8, 33),
}
_PARTS = 6  # a voxel at the ball's face is filled as far as these parts of each side find


def ball_values() -> NDArray[np.int16]:
    """Give the grey values of every voxel.

    Returns:
        int16[slices, rows, columns]; air is 0, and the left side a ramp that tells where each voxel is.
    """
    z, y, x = np.mgrid[0 : SIZE[2], 0 : SIZE[1], 0 : SIZE[0]]
    values = np.round(BALL * _filled()).astype(np.int16)
    ramp = x + 2 * y + 3 * z
    values[:, :, 48:] = ramp[:, :, 48:]
    values[30:37, 4:13, 50:59] = CENTRE
    values[30:37, 4:13, 3:12] = MARK
    return values


def _filled() -> NDArray[np.float64]:
    """Say how much of each voxel the ball fills."""
    count = _PARTS
    axes = [
        (FIRST[a] - MIDDLE[a] + STEP[a] * ((np.arange(SIZE[a] * count) + 0.5) / count - 0.5)) ** 2 for a in range(3)
    ]
    inside = np.zeros((SIZE[2], SIZE[1], SIZE[0]))
    for k in range(SIZE[2]):
        for z in axes[2][k * count : (k + 1) * count]:
            hit = (axes[1][:, None] + axes[0][None, :] + z) <= (DIAMETER_MM / 2) ** 2
            inside[k] += hit.reshape(SIZE[1], count, SIZE[0], count).sum(axis=(1, 3))
    return inside / count**3


def ball_facts() -> dict[str, object]:
    """Give what every slice says: window centre 1000, width 2001."""
    return {"PixelSpacing": [STEP[1], STEP[0]], "WindowCenter": CENTRE, "WindowWidth": 2 * CENTRE + 1}


def ball_slices() -> list[Sample]:
    """Give the ball as single slices, feet first."""
    return [
        sample_of(f"slice {k}", grey_dataset(rows, **ball_facts(), ImagePositionPatient=place_of(0, 0, k)))
        for k, rows in enumerate(ball_values())
    ]


def place_of(*voxel: float) -> list[float]:
    """Give the middle of a voxel (column, row, slice) in mm in the patient."""
    return [round(FIRST[axis] + STEP[axis] * voxel[axis], 6) for axis in range(3)]
