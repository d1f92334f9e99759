"""Radiographs and photos one by one: brightness as pydicom finds it, sizes as the image says them, marks that stay."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space
from pydicom.pixels.utils import pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import DigitalIntraOralXRayImageStorageForPresentation, SecondaryCaptureImageStorage

from tests.viewer.conftest import Show
from tests.viewer.samples import grey_dataset
from tests.viewer.series_stream import Sample, sample_of, series_stream

pytestmark = [pytest.mark.peer("chromium", "node", "npm")]
POINTS = [(2, 2), (41, 10), (66, 49), (101, 70), (125, 94)]  # inside their squares
SHADE = 1.2  # of 255: rounding on the card


def flats(top: int = 4096) -> NDArray[np.uint16]:
    """Squares of 4 pixels, each of one grey, so that what lies beside a pixel is like it; from 0 to `top`."""
    y, x = np.mgrid[0:24, 0:32]
    squares = (x * 97 + y * 41) * 13 % top
    return np.kron(squares, np.ones((4, 4))).astype(np.uint16)


def radiograph(pixels: NDArray[Any], **facts: object) -> Dataset:
    """An intra-oral picture of 12 bits that says nothing of its size."""
    ds = grey_dataset(pixels.astype(np.uint16).view(np.int16), BitsStored=12, HighBit=11, PixelRepresentation=0)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = DigitalIntraOralXRayImageStorageForPresentation
    ds.Modality = "IO"
    for keyword in ("PixelSpacing", "ImageOrientationPatient", "WindowCenter", "WindowWidth"):
        del ds[keyword]
    for keyword, value in facts.items():
        setattr(ds, keyword, value)
    return ds


def table(
    first: int, entries: NDArray[np.uint16], bits: int, vr: str = "US", name: str = "", bytes_each: int = 2
) -> Dataset:
    """One item of a VOI LUT Sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [len(entries) % 65536, first, bits])
    item.LUTExplanation = name
    item.add_new("LUTData", "OW", entries.astype(f"<u{bytes_each}").tobytes())
    return item


def curve(count: int, bits: int) -> NDArray[np.uint16]:
    """A film-like curve that no straight line is near."""
    shades: NDArray[np.uint16] = np.round((np.linspace(0, 1, count) ** 0.7) * (2**bits - 1)).astype(np.uint16)
    return shades


def greys() -> list[tuple[str, Dataset]]:
    """Grey pictures under every kind of window and table."""
    window = {"WindowCenter": 1800, "WindowWidth": 1600}
    inverse, film = {"PhotometricInterpretation": "MONOCHROME1"}, table(0, curve(4096, 12), 12)
    signed = radiograph(
        flats(), PixelRepresentation=1, BitsStored=16, HighBit=15, RescaleIntercept="-1000", RescaleSlope="1"
    )
    signed.VOILUTSequence = Sequence([table(-1000, curve(4096, 12), 12, "SS", "Film")])
    return [
        ("linear", radiograph(flats(), **window)),
        ("exact", radiograph(flats(), **window, VOILUTFunction="LINEAR_EXACT")),
        ("sigmoid", radiograph(flats(), **window, VOILUTFunction="SIGMOID")),
        ("monochrome 1", radiograph(flats(), **window, PhotometricInterpretation="MONOCHROME1")),
        ("table", radiograph(flats(), VOILUTSequence=Sequence([table(0, curve(4096, 16), 16)]), **window)),
        ("table of part", radiograph(flats(), VOILUTSequence=Sequence([table(700, curve(1500, 12), 12, name="Endo")]))),
        ("table of 8 bits", radiograph(flats(), VOILUTSequence=Sequence([table(0, curve(4096, 8), 8)]))),
        ("table of bytes", radiograph(flats(), VOILUTSequence=Sequence([table(0, curve(4096, 8), 8, bytes_each=1)]))),
        ("signed table", signed),
        ("two tables", radiograph(flats(), VOILUTSequence=Sequence([table(0, curve(4096, 12)[::-1], 12), film]))),
        ("table, monochrome 1", radiograph(flats(), VOILUTSequence=Sequence([film]), **inverse)),
    ]  # fmt: skip


def shade_of(ds: Dataset) -> NDArray[np.float64]:
    """Brightness 0..255 as pydicom finds it: modality, then VOI with tables first, then the photometric meaning."""
    values = apply_modality_lut(ds.pixel_array, ds)
    if "VOILUTSequence" in ds:
        item = ds.VOILUTSequence[0]
        if (
            item.LUTDescriptor[2] == 8
        ):  # pydicom counts entries of such tables in bytes, so that those above 255 are lost
            return np.asarray(curve(4096, 8)[values], np.float64)
        level = apply_voi_lut(values.astype(np.int64), ds, index=0, prefer_lut=True) / (2 ** item.LUTDescriptor[2] - 1)
    else:
        # pydicom gives the window's brightness over the range of the stored bits
        level = apply_voi_lut(values, ds) / (2**ds.BitsStored - 1)
    level = np.asarray(np.clip(level, 0, 1) * 255, np.float64)
    return 255 - level if ds.PhotometricInterpretation == "MONOCHROME1" else level


def test_greys_are_as_bright_as_the_scanner_wished(show: Show) -> None:
    found = show("shades", contents_of([ds for _, ds in greys()]))
    for (name, ds), seen in zip(greys(), found, strict=True):
        wished = shade_of(ds)
        expected = [wished[row, column] for column, row in POINTS]
        assert [shade[0] for shade in seen["seen"]] == pytest.approx(expected, abs=SHADE), name


def colours() -> list[tuple[str, Dataset]]:
    """Photos and captures: the same colours said in every way that is written plainly."""
    y, x = np.mgrid[0:24, 0:32]
    small = np.stack([x * 8 % 256, y * 10 % 256, (x * 5 + y * 3) % 256], axis=-1)
    rgb = np.kron(small, np.ones((4, 4, 1))).astype(np.uint8)
    ybr = convert_color_space(rgb, "RGB", "YBR_FULL")
    pairs = np.stack([ybr[:, 0::2, 0], ybr[:, 1::2, 0], ybr[:, 0::2, 1], ybr[:, 0::2, 2]], axis=-1)
    index = np.kron((x + y) % 256, np.ones((4, 4))).astype(np.uint8)
    palette = {
        f"{colour}PaletteColorLookupTableData": curve(256, 16)[::step].astype("<u2").tobytes()
        for colour, step in (("Red", 1), ("Green", -1), ("Blue", 1))
    }
    descriptors = {f"{colour}PaletteColorLookupTableDescriptor": [256, 0, 16] for colour in ("Red", "Green", "Blue")}
    return [
        ("rgb", photo(rgb, "RGB")),
        ("rgb by planes", photo(rgb.transpose(2, 0, 1), "RGB", PlanarConfiguration=1)),
        ("ybr", photo(ybr, "YBR_FULL")),
        ("ybr 4:2:2", photo(pairs, "YBR_FULL_422")),
        ("palette", photo(index, "PALETTE COLOR", **descriptors, **palette)),
    ]


def photo(pixels: NDArray[np.uint8], photometric: str, **facts: object) -> Dataset:
    ds = grey_dataset(np.zeros((96, 128), np.int16), Modality="XC", PhotometricInterpretation=photometric)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 3, 8, 8, 7, 0
    if photometric == "PALETTE COLOR":
        ds.SamplesPerPixel = 1
    else:
        ds.PlanarConfiguration = 0
    for keyword in ("PixelSpacing", "ImageOrientationPatient", "WindowCenter", "WindowWidth"):
        del ds[keyword]
    for keyword, value in facts.items():
        setattr(ds, keyword, value)
    ds.PixelData = np.ascontiguousarray(pixels, np.uint8).tobytes()
    return ds


def colour_of(sample: Sample) -> NDArray[np.uint8]:
    """What pydicom makes of it."""
    ds = sample.dataset
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        return (apply_color_lut(ds.pixel_array, ds) >> 8).astype(np.uint8)
    return pixel_array(ds, raw=False).astype(np.uint8)


def test_colours_are_those_that_pydicom_finds(show: Show) -> None:
    pictures = colours()
    found = show("shades", contents_of([ds for _, ds in pictures]))
    for (name, ds), seen in zip(pictures, found, strict=True):
        wished = colour_of(sample_of(name, ds))
        for shade, (column, row) in zip(seen["seen"], POINTS, strict=True):
            assert shade == pytest.approx(wished[row, column].tolist(), abs=2), (name, column, row)
        assert "mm" not in seen["series"], "a photo says no size"


def sized(**facts: object) -> Dataset:
    return radiograph(flats(), WindowCenter=2048, WindowWidth=4096, **facts)


AT_DETECTOR = ["10.0 mm at the detector"] * 2
TYPE = "PixelSpacingCalibrationType"
SIZES: list[tuple[dict[str, object], str, list[str]]] = [
    ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.25, 0.25]}, "does not say how", ["10.0 mm", "10.0 mm"]),
    ({"PixelSpacing": [0.2, 0.2], TYPE: "FIDUCIAL"}, "object of known size", ["10.0 mm", "10.0 mm"]),
    ({"PixelSpacing": [0.2, 0.2], TYPE: "GEOMETRY"}, "magnification", ["10.0 mm", "10.0 mm"]),
    ({"PixelSpacing": [0.2, 0.2]}, "as the image gives it", ["10.0 mm", "10.0 mm"]),
    ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, "at the detector", AT_DETECTOR),
    ({"ImagerPixelSpacing": [0.2, 0.2]}, "at the detector", AT_DETECTOR),
    ({"NominalScannedPixelSpacing": [0.2, 0.2]}, "scanned film", ["10.0 mm on the film"] * 2),
    ({"PixelSpacing": [0.4, 0.2], "PatientOrientation": ["A", "F"]}, "as the image gives it", ["10.0 mm", "20.0 mm"]),
]  # fmt: skip


def test_lengths_say_what_they_are_lengths_of_and_stay_with_their_picture(show: Show) -> None:
    unsized = [sized(), sized(PixelAspectRatio=["2", "1"])]
    found = show("sizes", contents_of([sized(**facts) for facts, _, _ in SIZES] + unsized))
    for (facts, note, lengths), seen in zip(SIZES, found["pictures"], strict=False):
        assert note in seen["note"], facts
        assert seen["words"][:2] == lengths, facts
    angles = [seen["words"][-1] for seen in found["pictures"]]
    assert angles[:7] == ["45.0°"] * 7, "20 pixels across, 20 up"
    assert angles[7:] == ["63.4°", "45.0°", "63.4°"], "pixels twice as high as wide"
    for seen in found["pictures"][-2:]:
        assert "not known" in seen["note"]
        assert "does not say how large" in seen["notice"]
        assert len(seen["words"]) == 1, "the angle alone"
    assert found["pictures"][0]["edges"] == ["", "", "", ""]
    assert found["pictures"][7]["edges"] == ["P", "A", "H", "F"]
    assert found["again"] == found["pictures"][0]["words"], "marks belong to their picture"
    assert found["moved"][0] == "5.0 mm"
    assert len(found["deleted"]) == len(found["moved"]) - 1
    assert len(found["marks"]) == 3 * len(SIZES) + 2 - 1
    assert found["rows"][0] == "5.0 mm · Image 1 of 10"
    assert len(found["rows"]) == len(found["marks"])
    assert (found["gone"], found["rowsAfter"]) == (9, len(found["marks"]) - 1)
    assert found["after"] == found["before"], "a lock, a reload: marks and brightness are as before"
    assert len(found["after"]["marks"]) == len(found["marks"]) - 1
    assert found["name"] == "Root"
    assert found["before"]["window"]["centre"] != found["otherWindow"]["centre"], "brightness belongs to its picture"


def contents_of(datasets: list[Dataset]) -> Mapping[str, bytes | int]:
    stream = series_stream([sample_of(str(i), ds) for i, ds in enumerate(datasets)])
    return {"/stream/series": stream, "/expected/points.json": json.dumps(POINTS).encode()}
