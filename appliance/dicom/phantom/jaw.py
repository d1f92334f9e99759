"""A jaw of known geometry: what a CBCT of an invented person looks like.

Two dental arches with enamel, dentine and pulp in their sockets, cortical and
cancellous bone, the mandibular canals, sinuses, palate, airway, soft tissue,
one metal crown with its streaks, and noise. Frame: LPS, in mm; the origin is
the middle of the dental arch on the occlusal plane, z upwards. Grey values are
like Hounsfield units, -1000 to 3071. The same seed gives the same jaw.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from appliance.dicom.phantom import anatomy
from appliance.dicom.phantom.arch import (
    CANAL_BEGINS_MM,
    CANAL_ENDS_MM,
    HALF_ARCH_MM,
    Grey,
    Points,
    along,
    arch_coordinates,
    canal_height,
    canal_out,
    point_and_normal,
)
from appliance.dicom.phantom.teeth import METAL, UPPER_ARCH_OUT_MM, paint_tooth, teeth_of

Triple = tuple[float, float, float]
CENTRE_Y_MM, CENTRE_Z_MM = 3.0, -4.0  # of the field of view


@dataclass(frozen=True)
class Jaw:
    """One invented jaw.

    Attributes:
        seed: Draws the noise, the texture of the bone and how teeth vary.
        scale: Size of the whole head against the usual one.
        noise: Standard deviation of the grey value.
        missing: Lower teeth that are gone, 0 to 13 from the patient's right.
        metal: Whether one tooth has a metal crown.
    """

    seed: int = 1
    scale: float = 1.0
    noise: float = 45.0
    missing: frozenset[int] = field(default_factory=frozenset)
    metal: bool = True

    def arch(self, count: int = 200) -> Points:
        """Give the true arch on the occlusal plane: float64[count, 3], LPS in mm, right to left."""
        flat = np.zeros(count)
        return along(np.linspace(-HALF_ARCH_MM, HALF_ARCH_MM, count), flat, flat) * self.scale

    def canal(self, *, left: bool, count: int = 200) -> Points:
        """Give the true centre line of one mandibular canal: float64[count, 3], LPS in mm, front to back."""
        arc = np.linspace(CANAL_BEGINS_MM, CANAL_ENDS_MM, count)
        return along(arc if left else -arc, canal_out(arc), canal_height(arc)) * self.scale

    def markers(self) -> Points:
        """Give the centres of three opaque spheres of a scan guide: float64[3, 3], LPS in mm."""
        return along(np.array([-38.0, 0.0, 38.0]), np.array([9.0, 7.5, 9.0]), np.zeros(3)) * self.scale

    def slices(self, shape: tuple[int, int, int], spacing_mm: Triple) -> Iterator[NDArray[np.int16]]:
        """Make the axial slices, lowest first, one at a time.

        Args:
            shape: Slices, rows, columns.
            spacing_mm: Between slices, rows, columns.

        Yields:
            int16[rows, columns] of grey values; rows run to posterior, columns to left.
        """
        heights = [position[2] for position in positions(shape, spacing_mm)]
        yield from self._make(_axial_plane(self, shape, spacing_mm), heights)

    def panoramic(self, rows: int = 900, columns: int = 1800) -> NDArray[np.uint16]:
        """Make a panoramic view: the mean through the arch, as a radiograph shows it.

        Returns:
            uint16[rows, columns], 12 bits, seen from the front, top first.
        """
        arcs = np.linspace(4 - HALF_ARCH_MM, HALF_ARCH_MM - 4, columns)
        return self.radiograph(arcs, np.linspace(31, -40, rows), np.linspace(-11, 11, 45))

    def radiograph(self, arcs_mm: Points, heights_mm: Points, depths_mm: Points) -> NDArray[np.uint16]:
        """Look through a piece of the arch from the cheek's side.

        Args:
            arcs_mm: Of each column along the arch, positive on the patient's left.
            heights_mm: Of each row above the occlusal plane.
            depths_mm: Where the rays are sampled, from the tongue to the cheek.

        Returns:
            uint16[rows, columns], 12 bits, bright where matter is dense.
        """
        plane = _curved_plane(self, depths_mm, arcs_mm)
        quiet = replace(self, noise=0.0)
        heights = heights_mm * self.scale
        mean = np.stack([image.astype(np.float32).mean(axis=0) for image in quiet._make(plane, heights)])
        mean += np.random.default_rng(self.seed).normal(0, 10, mean.shape)
        return np.clip((mean + 450) * 2.3, 0, 4095).astype(np.uint16)

    def _make(self, plane: anatomy.Plane, heights_mm: Iterable[float]) -> Iterator[NDArray[np.int16]]:
        random = np.random.default_rng(self.seed)
        texture = _grain(random, plane.shape, max(1, round(0.4 / plane.pixel_mm)))
        noise = _grain(random, plane.shape, 1)
        for height_mm in heights_mm:
            z = float(height_mm) / self.scale
            image = self._picture(plane, z, _between(texture, z / 0.9))
            image += self.noise * np.roll(noise[random.integers(len(noise))], int(random.integers(1, plane.x.size)))
            image[plane.outside] = anatomy.AIR
            yield np.clip(image, anatomy.AIR, METAL).reshape(plane.shape).astype(np.int16)

    def _picture(self, plane: anatomy.Plane, z: float, texture: Grey) -> Grey:
        image = anatomy.paint_soft_tissue(plane, z, texture)
        anatomy.paint_maxilla(plane, image, z, texture)
        anatomy.paint_mandible(plane, image, z, texture)
        anatomy.paint_spine(plane, image, texture)
        for tooth, near, arc, out in plane.boxes:
            part = image[near]
            paint_tooth(part, tooth, arc, out, z)
            image[near] = part
        anatomy.paint_markers(plane, image, z, self.markers() / self.scale)
        anatomy.paint_streaks(plane, image, z)
        return image


def positions(shape: tuple[int, int, int], spacing_mm: Triple) -> list[Triple]:
    """Give the Image Position (Patient) of every slice: LPS in mm, lowest first.

    Source: DICOM PS3.3 C.7.6.2.1.1.
    """
    slices, rows, columns = shape
    x, y = -(columns - 1) / 2 * spacing_mm[2], -(rows - 1) / 2 * spacing_mm[1] + CENTRE_Y_MM
    return [(x, y, (number - (slices - 1) / 2) * spacing_mm[0] + CENTRE_Z_MM) for number in range(slices)]


def _axial_plane(jaw: Jaw, shape: tuple[int, int, int], spacing_mm: Triple) -> anatomy.Plane:
    _, rows, columns = shape
    first = positions(shape, spacing_mm)[0]
    down = (first[1] + np.arange(rows) * spacing_mm[1]) / jaw.scale
    across = (first[0] + np.arange(columns) * spacing_mm[2]) / jaw.scale
    y, x = (axis.astype(np.float32).ravel() for axis in np.meshgrid(down, across, indexing="ij"))
    arc, out = arch_coordinates(x, y)
    radius = min(rows * spacing_mm[1], columns * spacing_mm[2]) / 2 / jaw.scale
    outside = np.hypot(x, y - CENTRE_Y_MM / jaw.scale) > radius
    return _plane(jaw, (rows, columns), (x, y, arc, out), outside)


def _curved_plane(jaw: Jaw, depths: Points, arcs: Points) -> anatomy.Plane:
    out, arc = (axis.ravel() for axis in np.meshgrid(depths, arcs, indexing="ij"))
    x, y, normal_x, normal_y = point_and_normal(arc)
    fields = (x + normal_x * out, y + normal_y * out, arc, out)
    x32, y32, arc32, out32 = (values.astype(np.float32) for values in fields)
    return _plane(jaw, (len(depths), len(arcs)), (x32, y32, arc32, out32), np.zeros(arc.shape, np.bool_))


def _plane(
    jaw: Jaw, shape: tuple[int, int], at: tuple[Grey, Grey, Grey, Grey], outside: NDArray[np.bool_]
) -> anatomy.Plane:
    x, y, arc, out = at
    boxes = []
    for tooth in teeth_of(jaw.seed, jaw.missing, metal=jaw.metal):
        beside, across = arc - np.float32(tooth.arc_mm), out - np.float32(UPPER_ARCH_OUT_MM if tooth.upper else 0)
        near = np.flatnonzero((np.abs(beside) < tooth.reach_mm[0]) & (np.abs(across) < tooth.reach_mm[1]) & ~outside)
        boxes.append((tooth, near, beside[near], across[near]))
    band = np.flatnonzero((np.abs(out) < 14) & ~outside)
    pixel_mm = float(np.hypot(x[1] - x[0], y[1] - y[0]))
    return anatomy.Plane(shape, pixel_mm, x, y, arc, out, outside, band, boxes)


def _grain(random: np.random.Generator, shape: tuple[int, int], width: int) -> Grey:
    """Draw 24 textures of unit deviation: float32[24, rows * columns], smooth over `width` pixels."""
    grain = random.normal(size=(24, *shape)).astype(np.float32)
    for axis in (1, 2):
        grain = sum((np.roll(grain, step, axis) for step in range(-width, width + 1)), np.zeros((), np.float32))
    flat: Grey = grain.reshape(24, -1) / grain.std()
    return flat


def _between(textures: Grey, place: float) -> Grey:
    """Blend two neighbouring textures, keeping their deviation, so that bone goes on from slice to slice."""
    whole = int(np.floor(place))
    part = place - whole
    first, second = (np.float32(weight / np.hypot(1 - part, part)) for weight in (1 - part, part))
    blend: Grey = textures[whole % 24] * first + textures[(whole + 1) % 24] * second
    return blend
