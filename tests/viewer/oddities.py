"""Scans with something odd about how their slices lie: a fixture each, with what has to be said of it."""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from tests.viewer.forms import SPACING, Slices, file_of, jaw_slices, many_frames
from tests.viewer.samples import grey_dataset
from tests.viewer.series_stream import Sample, sample_from_bytes

TILT_DEGREES = 8.0
EVERYWHERE, WITHIN, NOWHERE = (True, True), (True, False), (False, False)
LETTERS = {"axial": "RLAP", "coronal": "RLHF", "sagittal": "APHF"}
NONE = dict.fromkeys(LETTERS, "")
NO_ENDS = {"axial": "RLAP", "coronal": "RL", "sagittal": "AP"}


@dataclass(frozen=True)
class Odd:
    """One oddity: how it is made, what the page says, whether lengths are measured within slices and through them."""

    name: str
    made: Callable[[Slices], Slices]
    said: str
    measured: tuple[bool, bool] = EVERYWHERE
    letters: tuple[tuple[str, str], ...] = tuple(LETTERS.items())
    slots: tuple[int | None, ...] = tuple(range(12))


def samples_of(odd: Odd) -> list[Sample]:
    return [sample_from_bytes(odd.name, file_of(ds)) for ds in odd.made(jaw_slices())]


def moved(slices: Slices, where: Callable[[int], tuple[float, float, float]]) -> Slices:
    """Move each slice by so many mm."""
    for number, ds in enumerate(slices):
        ds.ImagePositionPatient = [
            float(old) + by for old, by in zip(ds.ImagePositionPatient, where(number), strict=True)
        ]
    return slices


def uneven(slices: Slices) -> Slices:
    return moved(slices, lambda number: (0, 0, 0.4 * (number % 3 == 1)))


def with_gaps(slices: Slices) -> Slices:
    return slices[:4] + slices[5:8] + slices[9:]


def backwards(slices: Slices) -> Slices:
    return slices[::-1]


def tilted(slices: Slices) -> Slices:
    return moved(slices, lambda number: (0, number * SPACING[0] * math.tan(math.radians(TILT_DEGREES)), 0))


def one_aside(slices: Slices) -> Slices:
    return moved(slices, lambda number: (15.0 * (number == 6), 0, 0))


def lying(*directions: float) -> Callable[[Slices], Slices]:
    """Say of each slice that its rows and columns lead there."""

    def turn(slices: Slices) -> Slices:
        for ds in slices:
            ds.ImageOrientationPatient = list(directions)
        return slices

    return turn


def at_the_detector(slices: Slices) -> Slices:
    for ds in slices:
        ds.ImagerPixelSpacing = ds.PixelSpacing
        del ds.PixelSpacing
    return slices


def long_voxels(slices: Slices) -> Slices:
    for ds in slices:
        ds.PixelSpacing = [0.4, 0.4]
    return slices


def twice(slices: Slices) -> Slices:
    return [*slices, deepcopy(slices[5])]


def without(*keywords: str) -> Callable[[Slices], Slices]:
    def take_away(slices: Slices) -> Slices:
        for ds in slices:
            for keyword in keywords:
                delattr(ds, keyword)
        return slices

    return take_away


def other_size(slices: Slices) -> Slices:
    place = list(slices[-1].ImagePositionPatient)
    return [*slices, grey_dataset(np.zeros((20, 30), np.int16), ImagePositionPatient=[*place[:2], place[2] + 1])]


def other_orientation(slices: Slices) -> Slices:
    scout = deepcopy(slices[0])
    scout.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    return [*slices, scout]


def frames(between: float | None = None) -> Callable[[Slices], Slices]:
    """Join the slices into one object that says of no frame where it lies."""

    def join(slices: Slices) -> Slices:
        whole = many_frames(slices)
        if between is not None:
            whole.SpacingBetweenSlices = between
        return [whole]

    return join


def ends(letters: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(letters.items())


ODDITIES = [
    Odd("irregular", uneven, "apart: nothing is measured across slices", WITHIN),
    Odd(
        "missing",
        with_gaps,
        "2 slices are missing; their place is left black",
        slots=(0, 1, 2, 3, None, 4, 5, 6, None, 7, 8, 9),
    ),
    Odd("reversed", backwards, "", slots=tuple(range(11, -1, -1))),
    Odd("tilted", tilted, f"tilted by {TILT_DEGREES:.1f}°; the slices are put straight"),
    Odd("anisotropic", long_voxels, "Voxels are 0.40 mm by 1.00 mm"),
    Odd("duplicated", twice, "1 slice lies where another one does; the first is shown"),
    Odd("no pixel spacing", without("PixelSpacing"), "nothing is measured", NOWHERE),
    Odd("no orientation", without("ImageOrientationPatient"), "left and right are not known", letters=ends(NONE)),
    Odd("no directions", lying(0, 0, 0, 0, 0, 0), "say of how they lie cannot be", letters=ends(NONE)),
    Odd("parallel directions", lying(1, 0, 0, 1, 0, 0), "say of how they lie cannot be", letters=ends(NONE)),
    Odd("one slice aside", one_aside, "up to 15.00 mm beside the line of the others", WITHIN),
    Odd("sizes at the detector", at_the_detector, "known only at the detector, not in the patient", NOWHERE),
    Odd("of another size", other_size, "1 image is not part of the volume"),
    Odd("turned otherwise", other_orientation, "1 image is not part of the volume"),
    Odd("frames, distance said", frames(1.0), "they are 1.00 mm apart, as the scanner says", letters=ends(NO_ENDS)),
    Odd(
        "frames, negative distance",
        frames(-1.0),
        "they are 1.00 mm apart, as the scanner says",
        slots=tuple(range(11, -1, -1)),
        letters=ends(NO_ENDS),
    ),
    Odd("frames, nothing said", frames(), "do not say where they lie nor how far apart", WITHIN, letters=ends(NO_ENDS)),
]
