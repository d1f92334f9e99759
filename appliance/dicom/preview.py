"""Makes a volume small: the mean of boxes of voxels, for a first picture while the slices are on their way.

Guards: what cannot be added up for sure gives no preview: other sizes or
formats than were told, grey values by a table, inverted ones, frames whose
places are not even. Memory stays at one slice and the small volume.

Source: docs/storage-format.md, "series stream", coding 2; DICOM PS3.3 C.7.6.3 (pixels), C.11.1 (modality LUT).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.dicom.attributes import Attributes
from appliance.dicom.elements import PIXEL_DATA, UNDEFINED, Walker
from appliance.dicom.geometry import Numbers, are_even
from appliance.dicom.preview_plan import Part, Plan, SmallVolume
from appliance.dicom.source import Source
from appliance.dicom.transfer_syntaxes import encoding_of

_SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS = 0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011
_ALLOCATED, _STORED, _HIGH_BIT, _SIGNED = 0x00280100, 0x00280101, 0x00280102, 0x00280103
_INTERCEPT, _SLOPE, _TABLE = 0x00281052, 0x00281053, 0x00283000
_SHARED, _PER_FRAME = 0x52009229, 0x52009230  # PS3.3 C.7.6.16
_TRANSFORMATION, _PLANE_POSITION, _POSITION = 0x00289145, 0x00209113, 0x00200032
_SEQUENCES = frozenset({_TABLE, _SHARED, _PER_FRAME, _TRANSFORMATION, _PLANE_POSITION})
_KEEP = _SEQUENCES | {
    _SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS, _ALLOCATED, _STORED, _HIGH_BIT, _SIGNED, _INTERCEPT, _SLOPE,
    _POSITION, PIXEL_DATA,
}  # fmt: skip
_BITS = 16
_LEAST, _MOST = -(1 << 15), (1 << 15) - 1
Plane = NDArray[np.float64]


class NotSure(Exception):
    """The box cannot be sure what the volume looks like."""


@dataclass(frozen=True)
class _Frames:
    """The frames of one file: `offset` is the first one's, in the file; grey = stored x slope + intercept."""

    offset: int
    count: int
    order: str
    bits: int
    is_signed: bool
    slope: float
    intercept: float


class _Within:
    """One file of a source that holds several."""

    def __init__(self, source: Source, part: Part) -> None:
        self._source, self._start, self.total_bytes = source, part.start, part.total_bytes

    def read(self, offset: int, length: int) -> bytes:
        return self._source.read(self._start + offset, max(0, min(length, self.total_bytes - offset)))


def make_small(source: Source, plan: Plan) -> SmallVolume | None:
    """Make a volume small; None where that is not sure."""
    try:
        return _quantised(*_boxes(source, plan))
    except NotSure:
        return None


def _boxes(source: Source, plan: Plan) -> tuple[NDArray[np.float64], float, float]:
    """Give the mean grey values of the boxes, and the rescale of the first file."""
    sums = np.zeros(plan.small_shape)
    rescale: tuple[float, float] | None = None
    slices = 0
    for image, frames in _slices(source, plan):
        if slices == plan.shape[0]:
            raise NotSure
        rescale = rescale or (frames.slope, frames.intercept)
        sums[slices // plan.factor[0]] += image * frames.slope + frames.intercept
        slices += 1
    if slices != plan.shape[0] or rescale is None:
        raise NotSure
    deep = np.diff(_edges(plan.shape[0], plan.factor[0]))
    return sums / deep[:, None, None], *rescale


def _slices(source: Source, plan: Plan) -> Iterator[tuple[Plane, _Frames]]:
    """Give the mean stored values of each slice's boxes, in display order."""
    _, rows, columns = plan.shape
    length = rows * columns * _BITS // 8
    for part in plan.parts:
        file = _Within(source, part)
        frames = _frames(file, part, plan)
        for number in range(frames.count):
            data = file.read(frames.offset + number * length, length)
            if len(data) != length:
                raise NotSure
            stored = _stored(np.frombuffer(data, frames.order + "u2"), frames).reshape(rows, columns)
            yield _flat_boxes(stored, plan.factor[1:]), frames


def _frames(file: Source, part: Part, plan: Plan) -> _Frames:
    """Read how a file's pixels are to be understood."""
    encoding = encoding_of(part.transfer_syntax_uid)
    walk = Walker(file, encoding, lambda tag: "SQ" if tag in _SEQUENCES else "UN", _KEEP).walk(part.dataset_offset)
    top = Attributes(walk.elements, encoding.little)
    pixels = walk.elements.get(PIXEL_DATA)
    if walk.fault or pixels is None or pixels.length == UNDEFINED or not _is_plain(top, plan):
        raise NotSure
    per_frame = top.items(_PER_FRAME)
    count = (top.integer(_FRAMES) or 1) if _FRAMES in top.elements else 1
    if count > 1 and not (len(per_frame) == count and are_even([_place(frame) for frame in per_frame])):
        raise NotSure
    slope, intercept = _rescale(top, per_frame)
    bits, signed = top.unsigned(_STORED) or 0, top.unsigned(_SIGNED) == 1
    return _Frames(pixels.offset, count, encoding.order, bits, signed, slope, intercept)


def _is_plain(top: Attributes, plan: Plan) -> bool:
    """Say whether this is a grey picture of the planned size, in whole words, bright where much is."""
    stored = top.unsigned(_STORED) or 0
    return (
        (top.unsigned(_ROWS), top.unsigned(_COLUMNS)) == plan.shape[1:]
        and (top.unsigned(_SAMPLES), top.unsigned(_ALLOCATED)) == (1, _BITS)
        and 0 < stored <= _BITS
        and top.unsigned(_HIGH_BIT) == stored - 1
        and top.text(_PHOTOMETRIC) == "MONOCHROME2"
        and _TABLE not in top.elements
    )


def _rescale(top: Attributes, per_frame: Sequence[Attributes]) -> tuple[float, float]:
    """Give slope and intercept that hold for every frame.

    Raises:
        NotSure: Frames have their own, or they are no numbers to multiply by.
    """
    if any(_TRANSFORMATION in frame.elements for frame in per_frame):
        raise NotSure
    shared = [inner for item in top.items(_SHARED) for inner in item.items(_TRANSFORMATION)]
    level = shared[0] if shared else top
    slope, intercept = level.number(_SLOPE), level.number(_INTERCEPT)
    if (_SLOPE in level.elements and not slope) or (_INTERCEPT in level.elements and intercept is None):
        raise NotSure
    return slope or 1.0, intercept or 0.0


def _place(frame: Attributes) -> Numbers | None:
    return next((found for item in frame.items(_PLANE_POSITION) if (found := item.numbers(_POSITION, 3))), None)


def _stored(words: NDArray[np.uint16], frames: _Frames) -> NDArray[np.int32]:
    """Take the stored bits of each word: what lies above them is of no picture."""
    spare = _BITS - frames.bits
    kind = np.int16 if frames.is_signed else np.uint16
    lifted = (words.astype(np.uint16) << spare).view(kind)
    return (lifted >> spare).astype(np.int32)


def _flat_boxes(image: NDArray[np.int32], factor: Sequence[int]) -> Plane:
    """Give the mean of each box of rows and columns."""
    rows, columns = (_edges(side, one) for side, one in zip(image.shape, factor, strict=True))
    sums = np.add.reduceat(np.add.reduceat(image, rows[:-1], axis=0), columns[:-1], axis=1)
    boxes: Plane = sums / (np.diff(rows)[:, None] * np.diff(columns)[None, :])
    return boxes


def _edges(side: int, factor: int) -> NDArray[np.int64]:
    """Give where each box begins, and where the last one ends."""
    return np.append(np.arange(0, side, factor), side)


def _quantised(grey: NDArray[np.float64], slope: float, intercept: float) -> SmallVolume:
    """Write grey values as words: by the files' own rescale where they fit, else over their whole range."""
    values = np.rint((grey - intercept) / slope)
    least, most = float(values.min()), float(values.max())
    if least < _LEAST or most > _MOST:
        intercept += slope * (least - _LEAST)
        values -= least - _LEAST
    if most - least > _MOST - _LEAST:
        low, high = float(grey.min()), float(grey.max())
        slope = (high - low) / (_MOST - _LEAST)
        intercept = low - slope * _LEAST
        values = np.rint((grey - intercept) / slope).clip(_LEAST, _MOST)
    return SmallVolume(slope, intercept, values.astype("<i2").tobytes())
