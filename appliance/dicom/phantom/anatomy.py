"""Everything round the teeth: bone, canals, sinuses, airway and soft tissue.

Each function paints one structure into a picture of flat float32 grey values
at one height `z`, in mm of a head of scale 1 (see `arch` for the frame).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.dicom.phantom.arch import CANAL_BEGINS_MM, CANAL_ENDS_MM, Grey, canal_height, canal_out
from appliance.dicom.phantom.teeth import METAL, Tooth

AIR, FAT, SOFT, CANCELLOUS, CORTICAL = -1000.0, -90.0, 55.0, 380.0, 1400.0
CANAL_RADIUS_MM = 1.4
MARKER_RADIUS_MM = 1.2
_EDGE_MM = 0.35


@dataclass(frozen=True)
class Plane:
    """Where the pixels of one picture are: flat arrays, mm."""

    shape: tuple[int, int]
    pixel_mm: float
    x: Grey
    y: Grey
    arc: Grey
    out: Grey
    outside: NDArray[np.bool_]
    band: NDArray[np.intp]
    boxes: list[tuple[Tooth, NDArray[np.intp], Grey, Grey]]


def paint_soft_tissue(plane: Plane, z: float, texture: Grey) -> Grey:
    """Start a picture: air, skin, fat and muscle, tongue, mouth and airway."""
    front = -49.5 + 0.0045 * (z + 2) ** 2 - 5.0 * np.exp(-(((z - 3) / 7) ** 2)) - 3.0 * np.exp(-(((z + 30) / 9) ** 2))
    skin = 58 - np.sqrt((plane.x * 0.86) ** 2 + np.minimum((plane.y - 8) * 58 / (8 - front), plane.y * 0.3) ** 2)
    image = np.full(plane.x.shape, AIR, np.float32)
    _lay(image, skin, SOFT + texture * 18)
    cheek = np.minimum(skin - 1.8, 8 - np.abs(plane.out - 20 + 0.02 * np.abs(plane.arc)))
    _lay(image, cheek * 0.12, FAT + texture * 25)  # no sharp edge to the muscles
    _lay(
        image,
        np.minimum(10 - np.abs(plane.x) * 0.55, 20 - np.abs(plane.y + 1)) - abs(z) * 0.05,
        SOFT + 25 + texture * 30,
    )
    if 1 < z < 14:
        gap = 1.1 * np.sin((z - 1) / 13 * np.pi)
        _lay(image, gap - np.abs(np.hypot(plane.x * 0.8, plane.y + 2) - 19 + 0.5 * z), AIR)
    airway = 1 - np.hypot(plane.x / (12 + 0.06 * z), (plane.y - 33) / (6.5 + 0.03 * z))
    _lay(image, airway * 6, AIR)
    return image


def paint_maxilla(plane: Plane, image: Grey, z: float, texture: Grey) -> None:
    """Paint the upper jaw: alveolar bone, palate, nasal cavity and the sinuses."""
    if z < 8:
        return
    arc, out = np.abs(plane.arc[plane.band]), plane.out[plane.band] - 1.2
    half = 5.6 + 0.05 * (z - 9) + 0.03 * np.minimum(arc, 50)
    end = 55 - arc - 0.12 * out**2
    body = np.minimum.reduce([half - np.abs(out), end, z - 9.2 - 0.09 * out**2])
    _bone(image, plane.band, body, 1.1, CANCELLOUS - 60 + texture[plane.band] * 170)
    vault = 20.5 - 0.006 * plane.x**2 + 0.004 * np.maximum(plane.y, 0) ** 2
    inside = np.minimum(-plane.out - 2, 12 - plane.y - 0.02 * plane.x**2)
    _bone(image, slice(None), np.minimum(inside, 2.2 - np.abs(z - vault)), 0.8, CANCELLOUS + texture * 120)
    if z > 22:
        nose = (1 - (np.abs(plane.x / (10 + 0.12 * (z - 22))) ** 3 + np.abs((plane.y - 1) / 25) ** 3) ** (1 / 3)) * 11
        _lay(image, nose + 1, CORTICAL * 0.8)
        _lay(image, nose, SOFT)
        conchae = np.abs(np.abs(plane.x) - 5.4 - 1.5 * np.sin(plane.y / 6 + z / 4)) - 1.9
        _lay(image, np.minimum(nose - 0.7, np.minimum(conchae, np.abs(plane.x) - 1.1)), AIR)
    for side in (-1, 1):
        reach = ((plane.x - side * 25.5) / 11) ** 2 + ((plane.y - 4) / 15) ** 2 + ((z - 37) / 15) ** 2
        sinus = (1 - np.sqrt(reach)) * 11 + 0.5 * np.sin(plane.y / 3 + z / 4)
        _lay(image, np.minimum(sinus + 1.0, 1.5 - sinus + 1), CORTICAL * 0.75)
        _lay(image, sinus, AIR)


def paint_mandible(plane: Plane, image: Grey, z: float, texture: Grey) -> None:
    """Paint the lower jaw: body and ramus with cortex and marrow, and the canals in it."""
    band = plane.band
    arc = np.abs(plane.arc[band])
    ramus = np.clip((arc - 50) / 9, 0, 1)
    crest, base = -9.8 + ramus * 46, -36.5 + 0.008 * np.maximum(arc - 35, 0) ** 2 + ramus * 4
    bulge = np.sqrt(np.clip(1 - ((z + 25) / 15) ** 2, 0.25, 1))
    half = (5.2 + 1.9 * bulge) * (1 - 0.3 * ramus) + 0.9 * np.exp(-((arc / 9) ** 2))
    out = plane.out[band] + 0.6 - 0.05 * (z + 10)
    end = 79 - arc - 0.2 * out**2
    body = np.minimum.reduce([half - np.abs(out), crest - z - 0.09 * out**2, (z - base) * 0.8 - 0.08 * out**2, end])
    thick = 1.5 + 1.3 * np.clip((-22 - z) / 12, 0, 1)
    _bone(image, band, body, thick, CANCELLOUS + texture[band] * 220)
    _canal(image, band, arc, plane.out[band], z)


def paint_spine(plane: Plane, image: Grey, texture: Grey) -> None:
    """Paint the front of the neck's bones, behind the airway."""
    body = (1 - np.hypot(plane.x / 13, (plane.y - 53) / 10)) * 10
    _bone(image, slice(None), body, 1.2, CANCELLOUS - 60 + texture * 150)


def paint_markers(plane: Plane, image: Grey, z: float, centres: NDArray[np.float64]) -> None:
    """Paint the opaque spheres of a scan guide."""
    for x, y, height in centres:
        _lay(image, MARKER_RADIUS_MM - np.sqrt((plane.x - x) ** 2 + (plane.y - y) ** 2 + (z - height) ** 2), METAL)


def paint_streaks(plane: Plane, image: Grey, z: float) -> None:
    """Add the streaks that a metal crown throws in its own slices."""
    for tooth, near, _, _ in plane.boxes:
        strength = np.exp(-((z + 4.5) ** 4) / 220)
        if tooth.metal and near.size and strength > 0.02:
            x, y = plane.x - plane.x[near].mean(), plane.y - plane.y[near].mean()
            far, angle = np.hypot(x, y), np.arctan2(y, x)
            rays = np.cos(9 * angle + 1) ** 3 + 0.7 * np.cos(14 * angle + 2.1) ** 5 + 0.4 * np.cos(31 * angle)
            image += (330 * strength * rays * np.exp(-far / 17) * np.clip((far - 4.5) / 3, 0, 1)).astype(np.float32)


def _canal(image: Grey, band: NDArray[np.intp], arc: Grey, out: Grey, z: float) -> None:
    at = np.clip(arc, CANAL_BEGINS_MM, CANAL_ENDS_MM).astype(np.float64)
    slope = np.abs(0.044 * np.maximum(at - 46, 0))
    beyond = np.maximum(CANAL_BEGINS_MM - arc, 0) + np.maximum(arc - CANAL_ENDS_MM, 0)
    rise = (z - canal_height(at)) / np.sqrt(1 + slope**2)  # across a canal that climbs
    inside = (CANAL_RADIUS_MM - np.sqrt((out - canal_out(at)) ** 2 + rise**2 + beyond**2)).astype(np.float32)
    _lay(image, np.minimum(inside + 0.55, 0.9 - inside), 950.0, band)
    _lay(image, inside, SOFT, band)


def _bone(image: Grey, where: NDArray[np.intp] | slice, inside: Grey, cortex_mm: float, marrow: Grey) -> None:
    _lay(image, inside, CORTICAL, where)
    _lay(image, inside - cortex_mm, marrow, where)


def _lay(
    image: Grey, inside_mm: NDArray[np.floating], value: Grey | float, where: NDArray[np.intp] | slice = slice(None)
) -> None:
    """Lay a structure over the picture; its edge is as soft as a voxel."""
    old = image[where]
    image[where] = old + (value - old) * np.clip(inside_mm / _EDGE_MM + 0.5, 0, 1)
