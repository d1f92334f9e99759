"""The teeth: where each stands, its shape, and how it is painted into a picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from appliance.dicom.phantom.arch import Grey

DENTINE, ENAMEL, PULP, METAL = 1600.0, 2600.0, 120.0, 3071.0
LIGAMENT, LAMINA = 160.0, 1250.0
UPPER_ARCH_OUT_MM = 1.6
_LOWER_MM = ((5.3, 6.0), (5.8, 6.4), (6.8, 7.6), (7.0, 7.7), (7.1, 8.2), (11.2, 10.3), (10.6, 10.1))
_UPPER_MM = ((8.4, 7.0), (6.6, 6.4), (7.6, 8.0), (7.1, 8.9), (6.7, 9.0), (10.3, 11.0), (9.8, 10.6))
_ROOT_MM = (12.5, 13.0, 15.5, 14.0, 14.0, 13.5, 12.5)
_CROWNED = 5  # counted from the midline: the first molar


@dataclass(frozen=True)
class Tooth:
    """One tooth: where it stands on the arch and how large it is, in mm."""

    arc_mm: float
    width_mm: float
    depth_mm: float
    crown_mm: float
    root_mm: float
    kind: int
    upper: bool
    metal: bool

    @property
    def reach_mm(self) -> tuple[float, float]:
        """How far it reaches along and across the arch, its socket included."""
        return self.width_mm / 2 + 1.4, self.depth_mm / 2 + 1.4


def teeth_of(seed: int, missing: frozenset[int], *, metal: bool) -> tuple[Tooth, ...]:
    """Give all teeth of a jaw; `missing` counts lower ones from the patient's right, 0 to 13."""
    return tuple(
        tooth for upper in (False, True) for side in (-1, 1) for tooth in _quarter(seed, side, missing, upper, metal)
    )


def _quarter(seed: int, side: int, missing: frozenset[int], upper: bool, metal: bool) -> Iterator[Tooth]:
    random = np.random.default_rng((seed, side + 1, upper))
    edge = 0.0
    for kind, (width, depth) in enumerate(_UPPER_MM if upper else _LOWER_MM):
        middle, edge = edge + width / 2, edge + width + 0.15
        vary = 1 + random.normal(0, 0.03, 3)
        if upper or (7 + kind if side > 0 else 6 - kind) not in missing:
            crowned = metal and not upper and side > 0 and kind == _CROWNED
            crown = (9.6 if kind < 3 else 7.4) * vary[1]
            yield Tooth(side * middle, width, depth * vary[0], crown, _ROOT_MM[kind] * vary[2], kind, upper, crowned)


def paint_tooth(image: Grey, tooth: Tooth, along: Grey, out: Grey, height_mm: float) -> None:
    """Paint one tooth with its socket into the picture's pixels near it.

    Args:
        image: float32[n] grey values, changed in place.
        tooth: What to paint.
        along: float32[n] distance from the tooth's axis along the arch, in mm.
        out: float32[n] distance from the tooth's axis towards the cheek, in mm.
        height_mm: Of the picture above the occlusal plane.
    """
    depth = (height_mm if tooth.upper else -height_mm) - 0.4  # from the biting edge towards the root
    if not -1 < depth < tooth.crown_mm + tooth.root_mm + 1.5:
        return
    if depth < tooth.crown_mm:
        _paint_crown(image, tooth, along, out, depth)
    else:
        for centre, width, across in _roots(tooth, depth):
            _paint_root(
                image, np.hypot((along - centre) / width, (out - across[0]) / across[1]), width, depth - tooth.crown_mm
            )


def _paint_crown(image: Grey, tooth: Tooth, along: Grey, out: Grey, depth: float) -> None:
    width, across = _crown_radii(tooth, depth)
    power = 3.0 if tooth.kind > 4 else 2.3
    ratio = (np.abs(along / width) ** power + np.abs(out / across) ** power) ** (1 / power)
    radius = min(width, across)
    rise = _cusps(tooth, along, out) - depth
    inside = np.minimum((1 - ratio) * radius, -rise if tooth.kind > 2 else depth + 0.2)
    _paint(image, inside, METAL if tooth.metal else ENAMEL)
    thin = 1.0 if tooth.metal else max(0.25, 1.7 * (1 - depth / tooth.crown_mm) ** 0.6)
    core = np.minimum(inside - thin, depth - 2.0)
    _paint(image, core, DENTINE)
    if depth > tooth.crown_mm * 0.5:
        _paint(image, 0.26 * radius - ratio * radius, PULP)


def _crown_radii(tooth: Tooth, depth: float) -> tuple[float, float]:
    part = depth / tooth.crown_mm
    belly = 1 - 0.45 * max(part - 0.35, 0) ** 1.4 - 0.35 * max(0.3 - part, 0)
    edge = min(1.0, 0.28 + 1.1 * part) if tooth.kind < 2 else (min(1.0, 0.45 + part) if tooth.kind == 2 else 1.0)
    return tooth.width_mm / 2 * belly, tooth.depth_mm / 2 * belly * edge


def _cusps(tooth: Tooth, along: Grey, out: Grey) -> Grey:
    """Give how deep the biting surface lies at each point, in mm: four cusps with a groove between, or two."""
    groove = np.exp(-((out / 1.5) ** 2)) * 1.3
    if tooth.kind > 4:
        groove = np.maximum(groove, np.exp(-((along / 1.2) ** 2)) * 1.1)
    depth: Grey = (groove + 0.25 * (out / tooth.depth_mm * 2) ** 2).astype(np.float32)
    return depth


def _roots(tooth: Tooth, depth: float) -> list[tuple[float, float, tuple[float, float]]]:
    """Give centre along, half width, and (centre, half depth) across, in mm, of each root at this depth."""
    part = min((depth - tooth.crown_mm) / tooth.root_mm, 1.08)
    taper = max(0.05, 1 - 0.62 * part**1.5 - 2.2 * max(part - 0.86, 0))
    width, across = tooth.width_mm / 2 * 0.76, tooth.depth_mm / 2 * 0.74
    if tooth.kind < 5 or part < 0.16:
        return [(0.0, width * taper, (-0.6 * part, across * taper))]
    spread = tooth.width_mm * (0.2 + 0.08 * part)
    thin = width * 0.46 * taper
    if not tooth.upper:
        return [(-spread, thin, (0.0, across * 0.9 * taper)), (spread, thin, (0.0, across * 0.9 * taper))]
    flat = across * 0.46 * taper
    return [(-spread, thin, (2.4, flat)), (spread, thin, (2.4, flat)), (0.0, thin * 1.2, (-2.9 - part, flat))]


def _paint_root(image: Grey, ratio: Grey, radius: float, below_neck: float) -> None:
    inside = (1 - ratio) * radius
    if below_neck > 2.0:
        _paint(image, inside + 0.75, LAMINA)
    if below_neck > 0.8:
        _paint(image, inside + 0.32, LIGAMENT)
    _paint(image, inside, DENTINE)
    if radius > 0.9:
        _paint(image, inside - radius * 0.72, PULP)


def _paint(image: Grey, inside_mm: Grey, value: float) -> None:
    image += (value - image) * np.clip(inside_mm / 0.3 + 0.5, 0, 1)
