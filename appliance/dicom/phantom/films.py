"""A full mouth series of a phantom jaw: eighteen intra-oral radiographs with the codes of what they show.

Twelve lie in the mouth as a film of 41 x 31 mm does, six stand; each is a look
through its piece of the arch. One more says nothing of where it was taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.dicom.phantom.jaw import Jaw

LONG_MM, SHORT_MM = 41.0, 31.0
_DEPTHS_MM = np.linspace(-8, 8, 13)

# PS3.16 CID 4018 (permanent dentition), SNOMED CT codes from the midline backwards, by FDI quadrant.
_TEETH = {
    1: "422653006 424877001 860767006 57826002 36492000 865995000 863902006 68085002",
    2: "424399000 423185002 860780009 61897005 23226009 865988009 863901004 87704003",
    3: "425106001 423331005 860782001 2400006 24573005 866006002 863898000 74344005",
    4: "424575004 423937004 860785004 80140008 8873007 866005003 863899008 38994002",
}


@dataclass(frozen=True)
class Film:
    """One intra-oral radiograph.

    Attributes:
        arc_mm: Where its middle lies along the arch, positive on the patient's left.
        height_mm: Of its middle above the occlusal plane.
        standing: Higher than wide.
        teeth: FDI numbers (ISO 3950) of what it shows.
    """

    arc_mm: float
    height_mm: float
    standing: bool
    teeth: tuple[int, ...]

    @property
    def laterality(self) -> str:
        """Image Laterality (PS3.3 C.8.11.9.1.2)."""
        return "B" if self.arc_mm == 0 else ("R" if self.arc_mm < 0 else "L")

    @property
    def orientation(self) -> list[str]:
        """Patient Orientation: where rows and columns lead (PS3.3 C.7.6.1.1.1)."""
        across = "L" if abs(self.arc_mm) < _FRONT_MM else ("A" if self.arc_mm < 0 else "P")
        return [across, "F"]

    def picture(self, jaw: Jaw, pixel_mm: float) -> NDArray[np.uint16]:
        """Give uint16[rows, columns], 12 bits, top first, the patient's right on the left."""
        wide, high = (SHORT_MM, LONG_MM) if self.standing else (LONG_MM, SHORT_MM)
        columns, rows = round(wide / pixel_mm), round(high / pixel_mm)
        arcs = self.arc_mm + np.linspace(-wide / 2, wide / 2, columns)
        heights = self.height_mm + np.linspace(high / 2, -high / 2, rows)
        return jaw.radiograph(arcs, heights, _DEPTHS_MM)


_FRONT_MM = 18.0
_MOLAR_MM, _PREMOLAR_MM, _CANINE_MM = 43.0, 26.0, 13.5


def full_mouth() -> Iterator[Film]:
    """Give the films of a series in the order in which they are often taken: upper, lower, bitewings."""
    for upper in (True, False):
        yield from _jaw(upper)
    for side in (-1, 1):
        for arc, numbers in ((_MOLAR_MM, (6, 7)), (_PREMOLAR_MM, (4, 5))):
            above, below = (1, 4) if side < 0 else (2, 3)
            yield Film(
                side * arc, 0.0, False, tuple(10 * quarter + tooth for quarter in (above, below) for tooth in numbers)
            )


def _jaw(upper: bool) -> Iterator[Film]:
    right, left, way = (1, 2, 1) if upper else (4, 3, -1)
    for side, quarter in ((-1, right), (1, left)):
        yield Film(side * _MOLAR_MM, way * 14.6, False, tuple(10 * quarter + tooth for tooth in (6, 7)))
        yield Film(side * _PREMOLAR_MM, way * 14.6, False, tuple(10 * quarter + tooth for tooth in (4, 5)))
        yield Film(side * _CANINE_MM, way * 19.3, True, tuple(10 * quarter + tooth for tooth in (2, 3, 4)))
    yield Film(0.0, way * 19.3, True, (10 * right + 1, 10 * right + 2, 10 * left + 1, 10 * left + 2))


def tooth_code(tooth: int) -> str:
    """Give the SNOMED CT code of a permanent tooth by its FDI number."""
    return _TEETH[tooth // 10].split()[tooth % 10 - 1]
