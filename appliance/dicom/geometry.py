"""Where an image lies in the patient, as sent.

Positions are LPS in mm; an orientation is the row direction's then the column
direction's cosines.

Source: DICOM PS3.3 C.7.6.2.1.1 (Image Position and Orientation).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Numbers = tuple[float, ...]
EVEN = 0.02  # of a step, that a place may lie beside where it should
_LEAST_STEP_MM = 1e-3
FARTHEST_MM = 1e6  # a kilometre: what lies beyond is no place in a patient, and never calculated with


@dataclass(frozen=True, slots=True)
class Geometry:
    """One instance's place. None where the instance does not say.

    `frame_steps_mm` are the least and the greatest distance between neighbouring
    frames of a multi-frame image along its normal, None when frames have no
    positions.
    """

    position: Numbers | None = None
    orientation: Numbers | None = None
    pixel_spacing: Numbers | None = None
    slice_thickness: float | None = None
    spacing_between_slices: float | None = None
    frame_steps_mm: Numbers | None = None


def is_bounded(numbers: Sequence[float], count: int) -> bool:
    """Say whether these are `count` finite numbers that can be calculated with."""
    return len(numbers) == count and all(abs(number) <= FARTHEST_MM for number in numbers)


def normal(orientation: Sequence[float]) -> Numbers | None:
    """Give the unit vector across an image, or None when its axes are no axes."""
    (a, b, c), (d, e, f) = orientation[:3], orientation[3:]
    across = (b * f - c * e, c * d - a * f, a * e - b * d)
    length = math.hypot(*across)
    return tuple(value / length for value in across) if length > 1e-3 else None


def along(position: Sequence[float], direction: Sequence[float]) -> float:
    """Give how far a position lies along a unit direction, in mm."""
    return sum(a * b for a, b in zip(position, direction, strict=True))


def steps(positions: Sequence[Numbers], orientation: Numbers) -> Numbers | None:
    """Give the least and the greatest distance between neighbours across the image, or None for fewer than two."""
    direction = normal(orientation)
    if direction is None or len(positions) < 2:
        return None
    places = sorted(along(position, direction) for position in positions)
    gaps = [b - a for a, b in pairwise(places)]
    return (min(gaps), max(gaps))


def are_even(places: Sequence[Numbers | None]) -> bool:
    """Say whether places, in their order, lie on a line and evenly apart; nothing is even of fewer than two."""
    known = [place for place in places if place is not None]
    if len(known) != len(places) or len(known) < 2:
        return False
    step = [(b - a) / (len(known) - 1) for a, b in zip(known[0], known[-1], strict=True)]
    wanted = [[a + number * part for a, part in zip(known[0], step, strict=True)] for number in range(len(known))]
    size = math.hypot(*step)
    return size > _LEAST_STEP_MM and all(math.dist(a, b) <= EVEN * size for a, b in zip(known, wanted, strict=True))
