"""One small jaw in every form a scanner may send: slices in any order, many frames, every transfer syntax."""

import subprocess
import zlib
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, EnhancedCTImageStorage, generate_uid

from appliance.dicom.phantom.jaw import Jaw, positions
from tests.viewer.samples import grey_dataset
from tests.viewer.series_stream import Sample, sample_from_bytes

SHAPE, SPACING = (12, 48, 56), (1.0, 1.6, 1.5)  # slices, rows, columns; mm between them
ROOT = "1.2.840.10008.1.2"
STANDS_IN = f"{ROOT}.1.98"  # as long as the one syntax that pydicom does not write, with its padding
Slices = list[Dataset]


@dataclass(frozen=True)
class Form:
    """One way to send the jaw. `most_away` is how far a grey value may be from the true one."""

    name: str
    made: Callable[[Slices], Sequence[bytes]]
    most_away: float = 0


def jaw_values() -> NDArray[np.int16]:
    """Give int16[slices, rows, columns] of stored values, 0 to 4095: grey values lie 1000 below."""
    values = np.stack(list(Jaw(5).slices(SHAPE, SPACING)))
    return np.clip(values.astype(np.int32) + 1000, 0, 4095).astype(np.int16)


def jaw_places() -> list[tuple[float, float, float]]:
    """Give every slice's Image Position (Patient), lowest first."""
    return positions(SHAPE, SPACING)


def jaw_slices() -> Slices:
    """Give the jaw as a CBCT writes it: one object a slice, 12 bits unsigned, rescaled by -1000."""
    facts = {
        "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0, "RescaleSlope": "1", "RescaleIntercept": "-1000",
        "PixelSpacing": list(SPACING[1:]), "WindowCenter": 600, "WindowWidth": 3201,
    }  # fmt: skip
    return [
        grey_dataset(rows, **facts, ImagePositionPatient=list(place), InstanceNumber=number)
        for number, (rows, place) in enumerate(zip(jaw_values(), jaw_places(), strict=True), 1)
    ]


def samples_of(form: Form) -> list[Sample]:
    """Send the jaw in a form."""
    return [sample_from_bytes(f"{form.name} {i}", content) for i, content in enumerate(form.made(jaw_slices()))]


def in_order(slices: Slices) -> list[bytes]:
    return [file_of(ds) for ds in slices]


def backwards(slices: Slices) -> list[bytes]:
    return in_order(slices[::-1])


def shuffled(slices: Slices) -> list[bytes]:
    return [file_of(slices[i]) for i in np.random.default_rng(3).permutation(len(slices))]


def seen_from_above(slices: Slices) -> list[bytes]:
    """Columns run from left to right: the normal points to the feet, the pixels of each row are the other way round."""
    return [file_of(turned(ds, [-1, 0, 0, 0, 1, 0], np.s_[:, ::-1])) for ds in slices]


def upside_down(slices: Slices) -> list[bytes]:
    """Rows run from the back to the front."""
    return [file_of(turned(ds, [1, 0, 0, 0, -1, 0], np.s_[::-1, :])) for ds in slices]


def turned(ds: Dataset, orientation: list[int], flip: tuple[slice, ...]) -> Dataset:
    """Write the same slice with its rows or columns the other way round, and say so."""
    ds = deepcopy(ds)
    x, y, z = (float(part) for part in ds.ImagePositionPatient)
    if orientation[0] < 0:
        x += (ds.Columns - 1) * float(ds.PixelSpacing[1])
    if orientation[4] < 0:
        y += (ds.Rows - 1) * float(ds.PixelSpacing[0])
    ds.ImageOrientationPatient, ds.ImagePositionPatient = orientation, [x, y, z]
    ds.PixelData = np.ascontiguousarray(ds.pixel_array[flip]).tobytes()
    return ds


def as_sagittal_slices(slices: Slices) -> list[bytes]:
    """Cut the other way: one object a column, rows to the back, columns to the feet."""
    volume = np.stack([ds.pixel_array for ds in slices])
    x, y, _ = jaw_places()[0]
    top = jaw_places()[-1][2]
    made = []
    for column in range(volume.shape[2]):
        ds = deepcopy(slices[0])
        pixels = np.ascontiguousarray(volume[::-1, :, column])
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(None)
        ds.Rows, ds.Columns = pixels.shape
        ds.ImageOrientationPatient, ds.PixelSpacing = [0, 1, 0, 0, 0, -1], [SPACING[0], SPACING[1]]
        ds.ImagePositionPatient = [x + column * SPACING[2], y, top]
        ds.PixelData = pixels.tobytes()
        made.append(file_of(ds))
    return made


def enhanced(slices: Slices) -> list[bytes]:
    """Write one Enhanced CT object: what differs from frame to frame stands in functional groups."""
    ds = many_frames(slices)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    shared = Dataset()
    shared.PixelMeasuresSequence = Items([picked(ds, "PixelSpacing")])
    shared.PlaneOrientationSequence = Items([picked(ds, "ImageOrientationPatient")])
    shared.PixelValueTransformationSequence = Items([picked(ds, "RescaleSlope", "RescaleIntercept")])
    shared.FrameVOILUTSequence = Items([picked(ds, "WindowCenter", "WindowWidth")])
    ds.SharedFunctionalGroupsSequence = Items([shared])
    ds.PerFrameFunctionalGroupsSequence = Items([in_group(one) for one in slices])
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        delattr(ds, keyword)
    del ds.RescaleIntercept, ds.WindowCenter, ds.WindowWidth
    return [file_of(ds)]


def in_group(one: Dataset) -> Dataset:
    group = Dataset()
    group.PlanePositionSequence = Items([picked(one, "ImagePositionPatient")])
    return group


def enhanced_backwards(slices: Slices) -> list[bytes]:
    return enhanced(slices[::-1])


def picked(ds: Dataset, *keywords: str) -> Dataset:
    item = Dataset()
    for keyword in keywords:
        setattr(item, keyword, ds[keyword].value)
    return item


def many_frames(slices: Slices) -> Dataset:
    """Join slices into one object that keeps what the first one says."""
    ds = deepcopy(slices[0])
    ds.NumberOfFrames = len(slices)
    ds.PixelData = b"".join(one.PixelData for one in slices)
    return ds


def without_positions(slices: Slices) -> list[bytes]:
    """Say how far apart the frames are, not where they lie."""
    ds = many_frames(slices)
    ds.SpacingBetweenSlices = SPACING[0]
    return [file_of(ds)]


def written_as(syntax: str) -> Callable[[Slices], list[bytes]]:
    """Write by pydicom: implicit, big endian, deflated."""

    def write(slices: Slices) -> Iterator[bytes]:
        for ds in slices:
            ds.file_meta.TransferSyntaxUID = UID(syntax)
            if syntax == f"{ROOT}.2":
                ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
            yield file_of(ds)

    return lambda slices: list(write(slices))


def framed(syntax: str, code: Callable[[bytes], bytes]) -> Callable[[Slices], list[bytes]]:
    """Put each frame as it is coded into a fragment of its own."""

    def write(ds: Dataset) -> bytes:
        known = syntax if UID(syntax).is_transfer_syntax else STANDS_IN
        ds.file_meta.TransferSyntaxUID = UID(known)
        ds.PixelData = encapsulate([code(ds.PixelData)])
        ds["PixelData"].VR = "OB"
        return file_of(ds).replace(padded(known), padded(syntax), 1)

    return lambda slices: [write(ds) for ds in slices]


def padded(uid: str) -> bytes:
    """Give a UID as it is written: of even length."""
    return uid.encode() + b"\0" * (len(uid) % 2)


def deflated(frame: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-15)
    coded = coder.compress(frame) + coder.flush()
    return coded + b"\0" * (len(coded) % 2)


def as_high_throughput(*options: str) -> Callable[[bytes], bytes]:
    """Code a frame by OpenJPH."""

    def code(frame: bytes) -> bytes:
        with TemporaryDirectory() as folder:
            plain, coded = Path(folder, "plain.pgm"), Path(folder, "coded.j2c")
            pixels = np.frombuffer(frame, "<u2").astype(">u2").tobytes()
            plain.write_bytes(b"P5 %d %d 4095\n" % (SHAPE[2], SHAPE[1]) + pixels)
            subprocess.run(["ojph_compress", "-i", plain, "-o", coded, *options], check=True, capture_output=True)
            return coded.read_bytes()

    return code


def by_dcmtk(*command: str) -> Callable[[Slices], list[bytes]]:
    """Compress by one of DCMTK's programs."""

    def compress(ds: Dataset) -> bytes:
        with TemporaryDirectory() as folder:
            plain, coded = Path(folder, "plain"), Path(folder, "coded")
            plain.write_bytes(file_of(ds))
            subprocess.run([*command, plain, coded], check=True, capture_output=True)
            return coded.read_bytes()

    return lambda slices: [compress(ds) for ds in slices]


def by_openjpeg(syntax: str, psnr: list[float] | None = None) -> Callable[[Slices], list[bytes]]:
    """Compress by OpenJPEG through pydicom."""

    def compress(ds: Dataset) -> bytes:
        ds.compress(UID(syntax), generate_instance_uid=False, j2k_psnr=psnr)
        return file_of(ds)

    return lambda slices: [compress(ds) for ds in slices]


def in_eight_bits(coded: Callable[[Slices], list[bytes]]) -> Callable[[Slices], list[bytes]]:
    """Keep the upper eight of the twelve bits: some codings know no more."""

    def shrink(ds: Dataset) -> Dataset:
        ds.PixelData = (ds.pixel_array >> 4).astype(np.uint8).tobytes()
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit, ds.RescaleSlope = 7, "16"
        ds["PixelData"].VR = "OB"
        return ds

    return lambda slices: coded([shrink(ds) for ds in slices])


def progressive(frame: bytes) -> bytes:
    coded = BytesIO()
    Image.frombytes("L", (SHAPE[2], SHAPE[1]), frame).save(coded, "JPEG", progressive=True, quality=95)
    return coded.getvalue() + b"\0" * (coded.tell() % 2)


def file_of(ds: Dataset) -> bytes:
    """Write a dataset as Part 10 in the transfer syntax that it names."""
    out = BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


LAID = [
    Form("single slices", in_order),
    Form("last slice first", backwards),
    Form("slices in any order", shuffled),
    Form("normal to the feet", seen_from_above),
    Form("rows from the back", upside_down),
    Form("sagittal slices", as_sagittal_slices),
    Form("enhanced, many frames", enhanced),
    Form("enhanced, last frame first", enhanced_backwards),
    Form("many frames without positions", without_positions),
]
CODED = [
    Form("implicit", written_as(ROOT)),
    Form("big endian", written_as(f"{ROOT}.2")),
    Form("deflated", written_as(f"{ROOT}.1.99")),
    Form("encapsulated, uncompressed", framed(f"{ROOT}.1.98", bytes)),
    Form("deflated by frame", framed(f"{ROOT}.8.1", deflated)),
    Form("RLE", by_dcmtk("dcmcrle")),
    Form("JPEG lossless", by_dcmtk("dcmcjpeg", "+el")),
    Form("JPEG lossless, first order", by_dcmtk("dcmcjpeg", "+e1")),
    Form("JPEG-LS", by_dcmtk("dcmcjpls", "+el")),
    Form("JPEG-LS, near 2", by_dcmtk("dcmcjpls", "+en"), 2),
    Form("JPEG 2000, lossless", by_openjpeg(f"{ROOT}.4.90")),
    Form("JPEG 2000", by_openjpeg(f"{ROOT}.4.91", psnr=[75]), 4),
    Form("HTJ2K, lossless", framed(f"{ROOT}.4.201", as_high_throughput("-reversible", "true"))),
    Form(
        "HTJ2K by resolution", framed(f"{ROOT}.4.202", as_high_throughput("-reversible", "true", "-prog_order", "RPCL"))
    ),
    Form("HTJ2K", framed(f"{ROOT}.4.203", as_high_throughput("-qstep", "0.001")), 20),
    Form("JPEG, 12 bits", by_dcmtk("dcmcjpeg", "+ee", "+q", "100"), 40),
    Form("JPEG, 8 bits", in_eight_bits(by_dcmtk("dcmcjpeg", "+eb", "+q", "100")), 80),
    Form("JPEG, 8 bits, progressive", in_eight_bits(framed(f"{ROOT}.4.55", progressive)), 200),
]
