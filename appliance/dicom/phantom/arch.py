"""The parabola that the jaw follows, and the coordinates along it.

Frame: LPS, in mm of a head of scale 1; the origin is the middle of the dental
arch on the occlusal plane. `arc` is the length along the arch from the
midline, positive on the patient's left; `out` is the distance from it,
positive towards the cheek.
"""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]
Points = NDArray[np.float64]

FRONT_MM = -29.0  # where the arch crosses the midline
BEND_PER_MM = 0.041  # the arch is the parabola y = FRONT + BEND x²
HALF_ARCH_MM = 78.0


def arch_coordinates(x: Grey, y: Grey) -> tuple[Grey, Grey]:
    """Give `arc` and `out` of each point, both float32 in mm, in the shape of x."""
    size = np.abs(x)
    foot = np.maximum(size, np.sqrt(np.maximum(y - FRONT_MM, 0) / BEND_PER_MM) * 0.9)
    for _ in range(8):  # Newton's method for the nearest point of the parabola
        height = FRONT_MM + BEND_PER_MM * foot**2 - y
        slope = 2 * BEND_PER_MM * foot
        step = (foot - size + height * slope) / np.maximum(1 + slope**2 + 2 * BEND_PER_MM * height, 0.25)
        foot = np.maximum(foot - step, 0)
    gap = np.hypot(size - foot, y - (FRONT_MM + BEND_PER_MM * foot**2))
    out = np.where(y < FRONT_MM + BEND_PER_MM * x**2, gap, -gap)
    return (np.sign(x) * _arc_length(foot)).astype(np.float32), out.astype(np.float32)


def point_and_normal(arc: Points) -> tuple[Points, Points, Points, Points]:
    """Give x, y and the outward unit normal's x, y of points on the arch, all in mm."""
    table = np.linspace(0, 60, 6001)
    foot = np.interp(np.abs(arc), _arc_length(table), table) * np.sign(arc)
    slope = 2 * BEND_PER_MM * foot
    length = np.sqrt(1 + slope**2)
    return foot, FRONT_MM + BEND_PER_MM * foot**2, slope / length, -1 / length


def along(arc: Points, out: Points, height: Points) -> Points:
    """Give points from arch coordinates: float64[n, 3] in mm."""
    x, y, normal_x, normal_y = point_and_normal(arc)
    return np.stack([x + normal_x * out, y + normal_y * out, height], axis=1)


CANAL_BEGINS_MM, CANAL_ENDS_MM = 27.0, 74.0


def canal_out(arc: Points) -> Points:
    """Say how far outwards a canal runs at `arc` > 0: it enters lingually and leaves at the cheek's side."""
    return -1.6 + 6.5 * np.exp(-((arc - CANAL_BEGINS_MM) / 4.5))


def canal_height(arc: Points) -> Points:
    """Say at what height a canal runs at `arc` > 0: low in the body, rising in the ramus."""
    return -28.5 + 3.2 * np.exp(-((arc - CANAL_BEGINS_MM) / 5)) + 0.022 * np.maximum(arc - 46, 0) ** 2


def _arc_length(foot: Points | Grey) -> Points | Grey:
    steep = 2 * BEND_PER_MM * foot
    length: Points | Grey = (steep * np.sqrt(1 + steep**2) + np.arcsinh(steep)) / (4 * BEND_PER_MM)
    return length
