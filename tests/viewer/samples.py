"""What the viewer is shown in tests: a phantom of known values, and pictures in every transfer syntax that there is."""

import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.data import get_testdata_files
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    RLELossless,
    generate_uid,
)

from tests.viewer.series_stream import Sample, expected_frames, sample_from_file, sample_of

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
MOST_BYTES = 2_500_000
MOST_FRAMES = 12
LOSSY = {JPEGBaseline8Bit: 2, JPEGExtended12Bit: 1}
# Files that pydicom cannot decode, or decodes wrongly, and the one that holds the same picture written plainly.
SAME_AS = {
    "liver_rle.dcm": "liver.dcm",
    "liver_deflate.dcm": "liver.dcm",
    "liver_nonbyte_aligned_rle.dcm": "liver_nonbyte_aligned.dcm",
    "liver_nonbyte_aligned_deflate.dcm": "liver_nonbyte_aligned.dcm",
    "OBXXXX1A_expb.dcm": "OBXXXX1A.dcm",
    "OBXXXX1A_expb_2frame.dcm": "OBXXXX1A_2frame.dcm",
}


def ramp(slice_number: int, rows: int = 96, columns: int = 128) -> NDArray[np.int16]:
    """Grey value = 10 * column + row - 1000 + 7 * slice: every pixel tells where it is."""
    y, x = np.mgrid[0:rows, 0:columns]
    values: NDArray[np.int16] = (10 * x + y - 1000 + 7 * slice_number).astype(np.int16)
    return values


def grey_dataset(pixels: NDArray[np.int16], **facts: object) -> Dataset:
    """A CT slice with the given stored values."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = generate_uid(None)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.Modality = "CT"
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.PixelSpacing = [0.3, 0.3]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.WindowCenter, ds.WindowWidth = 200, 400
    ds.PixelData = pixels.tobytes()
    for keyword, value in facts.items():
        setattr(ds, keyword, value)
    return ds


def phantom(slices: int = 9) -> list[Sample]:
    return [sample_of(f"slice {i}", grey_dataset(ramp(i), ImagePositionPatient=[0, 0, 0.3 * i])) for i in range(slices)]


BLOCK_MM = 10.0
BLOCK_STEP = 0.5
BLOCK_LOW, BLOCK_HIGH = (10, 30, 8), (30, 50, 28)  # voxels; the upper end is not of it


def block_values() -> NDArray[np.int16]:
    """[slice, row, column] of 0.5 mm voxels: each tells where it is; a cube of 10 mm in it is bright."""
    z, y, x = np.mgrid[0:40, 0:64, 0:64]
    values: NDArray[np.int16] = (x + 2 * y + 3 * z).astype(np.int16)
    (x0, y0, z0), (x1, y1, z1) = BLOCK_LOW, BLOCK_HIGH
    values[z0:z1, y0:y1, x0:x1] = 2000
    values[30:36, 4:12, 44:60] = 1000  # on the centre of the window
    return values


def block_slices() -> list[Sample]:
    """The block as single slices, feet first: window centre 1000, width 2001."""
    return [
        sample_of(f"slice {k}", grey_dataset(rows, **block_facts(), ImagePositionPatient=[0, 0, BLOCK_STEP * k]))
        for k, rows in enumerate(block_values())
    ]


def block_facts() -> dict[str, object]:
    return {"PixelSpacing": [BLOCK_STEP, BLOCK_STEP], "WindowCenter": 1000, "WindowWidth": 2001}


def written_odd_ways() -> list[Sample]:
    """The same ramp with each oddity that a scanner may bring."""
    base = ramp(0)
    high = ((base.astype(np.int32) + 1000).astype(np.uint16) << 4).view(np.int16)
    shifted = sample_of("high bit 15", grey_dataset(high, BitsStored=12, HighBit=15, PixelRepresentation=0))
    odd = [
        replace(shifted, expected=[base.astype(np.float64).ravel() + 1000]),  # pydicom takes the low bits instead
        sample_of("monochrome 1", grey_dataset(base, PhotometricInterpretation="MONOCHROME1")),
        sample_of("rescaled", grey_dataset(base, RescaleSlope="2", RescaleIntercept="-24")),
        sample_of("multi-frame", grey_dataset(np.stack([ramp(i) for i in range(5)]), NumberOfFrames=5)),
    ]
    rle = pydicom.dcmread(_file_of(odd[3]))
    rle.compress(RLELossless)
    j2k = pydicom.dcmread(_file_of(odd[3]))
    j2k.compress(JPEG2000Lossless)
    return [*odd, sample_of("multi-frame RLE", rle), sample_of("multi-frame JPEG 2000", j2k), progressive()]


def progressive() -> Sample:
    """A progressive JPEG (a retired syntax, still on old discs), decoded by Pillow."""
    coded = BytesIO()
    image = Image.fromarray((ramp(0) >> 3).astype(np.uint8))
    image.save(coded, "JPEG", progressive=True)
    facts = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}
    ds = grey_dataset(ramp(0), **facts)
    ds.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.55")
    ds.PixelData = encapsulate([coded.getvalue()])
    ds["PixelData"].VR = "OB"
    expected = [np.asarray(Image.open(coded), np.float64).ravel()]
    return replace(sample_of("progressive JPEG", ds), expected=expected, tolerance=2)


def _file_of(sample: Sample) -> BytesIO:
    return BytesIO(sample.part10)


def real_files() -> list[Path]:
    """Files of the public corpus, or pydicom's own when it is not there."""
    if CORPUS.is_dir():
        return sorted(p for p in CORPUS.rglob("*") if p.is_file() and p.suffix != ".csv")
    return sorted(Path(p) for p in get_testdata_files("*.dcm"))


def real_pictures() -> list[Sample]:
    """Every real file that is a Part 10 picture of moderate size, once by content."""
    seen: set[bytes] = set()
    found = []
    for path in real_files():
        head = path.read_bytes()[:132] if path.stat().st_size <= MOST_BYTES else b""
        if head[128:] != b"DICM":
            continue
        content = path.read_bytes()
        if content in seen:
            continue
        seen.add(content)
        sample = _picture(path)
        if sample is not None:
            found.append(sample)
    return [_with_counterpart(sample, found) for sample in found]


def _with_counterpart(sample: Sample, found: list[Sample]) -> Sample:
    if sample.dataset.file_meta.TransferSyntaxUID == JPEGExtended12Bit:
        return replace(sample, expected=decoded_by_dcmtk(sample.part10))
    plain = [other.expected for other in found if other.name == SAME_AS.get(sample.name)]
    return replace(sample, expected=plain[0]) if plain else sample


def decoded_by_dcmtk(part10: bytes) -> list[NDArray[np.float64]] | None:
    """Decode by dcmdjpeg, whose libjpeg knows 12 bits; None when DCMTK cannot."""
    with TemporaryDirectory() as folder:
        coded, plain = Path(folder, "coded"), Path(folder, "plain")
        coded.write_bytes(part10)
        done = subprocess.run(["dcmdjpeg", coded, plain], capture_output=True, check=False)
        return expected_frames(pydicom.dcmread(plain)) if done.returncode == 0 else None


def _picture(path: Path) -> Sample | None:
    try:
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        syntax = ds.file_meta.TransferSyntaxUID
        frames = int(ds.get("NumberOfFrames") or 1)
        if "Rows" not in ds or frames > MOST_FRAMES:
            return None
        return sample_from_file(path, LOSSY.get(syntax, 0))
    except (AttributeError, ValueError, TypeError, pydicom.errors.InvalidDicomError):
        return None
