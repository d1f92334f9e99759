"""Writes series streams as a pack has them: packed pixel words and a preview first (docs/storage-format.md)."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from appliance.archive.word_blocks import pack_words
from tests.viewer.series_stream import Sample, index_entry, middle_first

PACKED, PREVIEW = 1, 2
NO_IMAGE = 0xFFFFFFFF


@dataclass(frozen=True)
class Pack:
    """A stream, and where each of its records ends."""

    body: bytes
    ends: list[int]


def pack(
    samples: Sequence[Sample],
    factor: tuple[int, int, int] | None,
    order: Sequence[int] | None = None,
) -> Pack:
    """Join samples, in display order, into one stream; with a preview of so many slices, rows and columns a voxel."""
    order = middle_first(len(samples)) if order is None else order
    index: dict[str, object] = {"series": "2.25.1", "instances": [placed(s) for s in samples], "order": list(order)}
    records = [(i, PACKED, packed(samples[i])) for i in order]
    if factor is not None:
        shape, made = preview(samples, factor, order[0])
        index["preview"] = shape
        records.insert(0, (NO_IMAGE, PREVIEW, made))
    text = json.dumps(index).encode()
    text += b" " * (-len(text) % 8)
    body, ends = b"ENSTREAM" + struct.pack("<II", 4, len(text)) + text, []
    parts = [body]
    at = len(body)
    for number, kind, written in records:
        parts.append(struct.pack("<IIQ", number, kind, len(written)) + written + bytes(4))
        at += len(parts[-1])
        ends.append(at)
    return Pack(b"".join(parts), ends)


def placed(sample: Sample) -> dict[str, object]:
    ds = sample.dataset
    position, orientation = ds.get("ImagePositionPatient"), ds.get("ImageOrientationPatient")
    lies = {
        "position": None if position is None else [float(v) for v in position],
        "orientation": None if orientation is None else [float(v) for v in orientation],
    }
    return index_entry(sample) | lies


def packed(sample: Sample) -> bytes:
    """One file: head, its words in blocks, and what lies behind the words."""
    at, words = pixels_at(sample)
    made = pack_words(sample.part10[:at], words.tobytes(), sample.dataset.Columns * sample.dataset.SamplesPerPixel)
    return made + sample.part10[at + words.nbytes :]


def pixels_at(sample: Sample) -> tuple[int, NDArray[np.uint16]]:
    raw: bytes = sample.dataset.PixelData
    return sample.part10.rindex(raw), np.frombuffer(raw, "<u2")


def preview(samples: Sequence[Sample], factor: tuple[int, int, int], first: int) -> tuple[dict[str, object], bytes]:
    """Mean of each box of a series' stored values, with the head of the image that comes first."""
    ds = samples[0].dataset
    volume = np.concatenate([np.atleast_3d(s.dataset.pixel_array.T).T for s in samples]).astype(np.float64)
    small = volume
    for axis, by in enumerate(factor):
        edges = np.arange(0, small.shape[axis], by)
        counts = np.diff(np.append(edges, small.shape[axis]))
        counts = counts.reshape([-1 if a == axis else 1 for a in range(3)])
        small = np.add.reduceat(small, edges, axis) / counts
    assert small.shape == tuple(ceil(n / by) for n, by in zip(volume.shape, factor, strict=True))
    shape = {"slices": small.shape[0], "rows": small.shape[1], "columns": small.shape[2], "factor": list(factor)}
    grey = {"slope": float(ds.get("RescaleSlope", 1)), "intercept": float(ds.get("RescaleIntercept", 0))}
    words = np.round(small).astype("<i2").view("<u2").ravel()
    return shape | grey, pack_words(head_of(samples[first]), words.tobytes(), small.shape[2])


def head_of(sample: Sample) -> bytes:
    """The file as far as its Pixel Data element begins."""
    return sample.part10[: sample.part10.rindex(struct.pack("<HH", 0x7FE0, 0x0010), 0, pixels_at(sample)[0])]
