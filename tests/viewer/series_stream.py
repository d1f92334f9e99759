"""Builds series streams (docs/storage-format.md) with what a decoder of another maker reads in them."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut


@dataclass(frozen=True)
class Sample:
    """One object to show: its Part 10 bytes and its decoded frames, or None where no decoder here reads it."""

    name: str
    part10: bytes
    dataset: Dataset
    expected: list[NDArray[np.float64]] | None
    tolerance: int = 0


def middle_first(count: int) -> list[int]:
    middle = count // 2
    return [middle, *(i for i in range(count) if i != middle)]


def index_entry(sample: Sample) -> dict[str, object]:
    ds = sample.dataset
    return {
        "sop": str(ds.get("SOPInstanceUID", "")),
        "number": None,
        "transfer_syntax": str(ds.file_meta.TransferSyntaxUID),
        "rows": int(ds.get("Rows") or 0),
        "columns": int(ds.get("Columns") or 0),
        "frames": int(ds.get("NumberOfFrames") or 1),
        "bits_allocated": int(ds.get("BitsAllocated") or 0),
        "samples": int(ds.get("SamplesPerPixel") or 1),
        "bytes": len(sample.part10),
        "position": numbers(ds, "ImagePositionPatient"),
        "orientation": numbers(ds, "ImageOrientationPatient"),
    }


def numbers(ds: Dataset, keyword: str) -> list[float] | None:
    """What the catalogue would say; None where the dataset says nothing."""
    return [float(part) for part in ds[keyword].value] if ds.get(keyword) else None


def series_stream(
    samples: Sequence[Sample], order: Sequence[int] | None = None, damaged: frozenset[int] = frozenset()
) -> bytes:
    """Join samples, in display order, into one stream; the box calls some of them damaged."""
    order = middle_first(len(samples)) if order is None else order
    index = {"series": "2.25.1", "instances": [index_entry(s) for s in samples], "order": list(order)}
    text = json.dumps(index).encode()
    text += b" " * (-len(text) % 8)
    parts = [b"ENSTREAM", struct.pack("<II", 4, len(text)), text]
    for i in order:
        parts += [struct.pack("<IIQ", i, 0, len(samples[i].part10)), samples[i].part10, struct.pack("<I", i in damaged)]
    return b"".join(parts)


def sample_of(name: str, ds: Dataset) -> Sample:
    """Write a dataset as Part 10 and decode it."""
    out = BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return sample_from_bytes(name, out.getvalue())


def sample_from_bytes(name: str, part10: bytes, tolerance: int = 0) -> Sample:
    ds = pydicom.dcmread(BytesIO(part10), force=True)
    return Sample(name, part10, ds, expected_frames(ds), tolerance)


def sample_from_file(path: Path, tolerance: int = 0) -> Sample:
    return sample_from_bytes(path.name, path.read_bytes(), tolerance)


def expected_frames(ds: Dataset) -> list[NDArray[np.float64]] | None:
    """Decode every frame with pydicom's decoders: stored greys, or 8-bit RGB."""
    frames: NDArray[Any]
    try:
        frames = ds.pixel_array if ds.get("SamplesPerPixel", 1) == 3 else stored_greys(ds)
    except Exception:  # noqa: BLE001 - whatever a decoder of another maker raises means the same: it cannot
        return None
    if int(ds.get("NumberOfFrames") or 1) == 1:
        frames = frames[np.newaxis]
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        frames = apply_color_lut(frames, ds)
        frames = frames >> 8 if frames.dtype.itemsize > 1 else frames
    elif ds.get("SamplesPerPixel", 1) == 3 and ds.BitsStored > 8:
        frames = np.right_shift(frames, ds.BitsStored - 8)
    return [np.asarray(frame, np.float64).ravel() for frame in frames]


def stored_greys(ds: Dataset) -> NDArray[np.float64]:
    """Stored values; a modality table takes their place, as it does in the viewer."""
    values = ds.pixel_array
    return apply_modality_lut(values, ds) if "ModalityLUTSequence" in ds else values
