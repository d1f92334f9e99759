"""What the benchmarks send: CT slices and one multi-frame object, made of noise over a gradient."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"
SLICES, SIDE = 400, 512


def make_series(folder: Path, series_count: int = 3) -> None:
    """Make `series1` ... and `multi` below `folder` unless they are there; 210 MB each."""
    if (folder / "done").exists():
        return
    for number in range(1, series_count + 1):
        make_slices(folder / f"series{number}")
    _make_multi(folder / "multi", _plane())
    (folder / "done").touch()


def make_slices(folder: Path, count: int = SLICES) -> None:
    """Make a series of slices, half a megabyte each, in a study of its own."""
    folder.mkdir(parents=True)
    plane, study, series = _plane(), generate_uid(), generate_uid()
    for number in range(count):
        dataset = _dataset(CT, study, series)
        dataset.InstanceNumber = number + 1
        dataset.ImagePositionPatient = [0, 0, number * 0.2]
        dataset.PixelData = np.roll(plane, number, axis=0).tobytes()
        dataset.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)


def _plane() -> "np.ndarray[tuple[int, int], np.dtype[np.int16]]":
    noise = np.random.default_rng(1).integers(0, 400, (SIDE, SIDE), dtype=np.int16)
    return noise + np.linspace(-1000, 3000, SIDE, dtype=np.int16)[None, :]


def _make_multi(folder: Path, plane: "np.ndarray[tuple[int, int], np.dtype[np.int16]]") -> None:
    folder.mkdir(parents=True)
    dataset = _dataset(ENHANCED_CT, generate_uid(), generate_uid())
    dataset.NumberOfFrames = SLICES
    dataset.PixelData = b"".join(np.roll(plane, number, axis=0).tobytes() for number in range(SLICES))
    dataset.save_as(folder / "multi.dcm", enforce_file_format=True)


def _dataset(sop_class_uid: str, study: str, series: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = pydicom.uid.UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class_uid, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.PatientName, dataset.PatientID, dataset.Modality = "BENCH^PHANTOM", "BENCH", "CT"
    dataset.StudyDate, dataset.StudyTime = "20261121", "120000"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = SIDE, SIDE, 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelSpacing, dataset.ImageOrientationPatient = [0.2, 0.2], [1, 0, 0, 0, 1, 0]
    return dataset
