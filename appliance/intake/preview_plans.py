"""Decides, from what the catalogue says, whether a series is a volume that can be made small, and how small.

Guards: only what is sure. One size and format in whole native 16-bit words,
one orientation and spacing, places evenly apart in display order; or the
frames of one object, whose places the child that reads them has to find even.
"""

import math
from collections.abc import Sequence

from appliance.archive.located import Located
from appliance.dicom.geometry import are_even
from appliance.dicom.preview_plan import Part, Plan, Triple
from appliance.dicom.transfer_syntaxes import DEFLATED, is_native

MOST_SIDE = 160
MOST_FACTOR = 64  # a coarser one shows nothing, and the viewer takes none: series_index.ts
LEAST_SLICES = 8
PREVIEW_SECONDS = 90.0  # for a whole volume, on a box that is busy; below the child's own limit of processor time
MOST_SLICE_BYTES = 16 * 1024 * 1024  # what a child may ask for at once
_BITS, _WORD_BYTES = 16, 2
_ALIKE = 1e-3  # of a direction's or a spacing's parts


def plan_preview(shown: Sequence[Located]) -> Plan | None:
    """Plan the preview of a series in display order; None where there is none, or the series is small itself."""
    shape = _shape(shown)
    if shape is None:
        return None
    factor = _factor(shape)
    if factor == (1, 1, 1) or max(factor) > MOST_FACTOR:
        return None
    return Plan(_parts(shown), shape, factor)


def _shape(shown: Sequence[Located]) -> Triple | None:
    """Give slices, rows, columns of what is sure to be one volume."""
    if len({_format(one) for one in shown}) != 1 or not _is_plain(shown[0]):
        return None
    image = shown[0].image
    rows, columns = image.rows or 0, image.columns or 0
    slices = image.frame_count if len(shown) == 1 else len(shown)
    if slices < LEAST_SLICES or not 0 < rows * columns * _WORD_BYTES <= MOST_SLICE_BYTES:
        return None
    return (slices, rows, columns) if len(shown) == 1 or _stands_even(shown) else None


def _format(one: Located) -> tuple[object, ...]:
    image = one.image
    return (image.rows, image.columns, image.bits_allocated, image.samples_per_pixel, one.transfer_syntax_uid)


def _is_plain(one: Located) -> bool:
    native = is_native(one.transfer_syntax_uid) and one.transfer_syntax_uid != DEFLATED
    return native and (one.image.bits_allocated, one.image.samples_per_pixel) == (_BITS, 1)


def _stands_even(shown: Sequence[Located]) -> bool:
    if any(one.image.frame_count != 1 for one in shown):
        return False
    for name in ("orientation", "pixel_spacing"):
        vectors = [one.image.vector(name) for one in shown]
        first = vectors[0]
        if first is None or not all(_alike(vector, first) for vector in vectors):
            return False
    places = [one.image.vector("position") for one in shown]
    return are_even([None if place is None else tuple(place) for place in places])


def _alike(vector: Sequence[float] | None, first: Sequence[float]) -> bool:
    return vector is not None and len(vector) == len(first) and math.dist(vector, first) <= _ALIKE


def _factor(shape: Triple) -> Triple:
    slices, rows, columns = (-(-side // MOST_SIDE) for side in shape)
    return slices, rows, columns


def _parts(shown: Sequence[Located]) -> tuple[Part, ...]:
    parts, start = [], 0
    for one in shown:
        length = one.file.plaintext_bytes
        parts.append(Part(start, length, one.dataset_offset, one.transfer_syntax_uid))
        start += length
    return tuple(parts)
