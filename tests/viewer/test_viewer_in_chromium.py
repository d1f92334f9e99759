"""What a real Chromium shows of a series, under the page's strict policy."""

import json
import math
import struct
from dataclasses import replace

import numpy as np
import pytest

from tests.viewer.conftest import Show
from tests.viewer.samples import (
    BLOCK_HIGH,
    BLOCK_LOW,
    BLOCK_MM,
    BLOCK_STEP,
    block_slices,
    block_values,
    grey_dataset,
    phantom,
    ramp,
    real_pictures,
    written_odd_ways,
)
from tests.viewer.series_stream import Sample, sample_of, series_stream

pytestmark = [pytest.mark.peer("chromium", "node", "npm", "dcmdjpeg")]
# Files of the corpus that lie about how they are written; the viewer says so on the picture.
LYING = {"SC_rgb_jpeg.dcm"}  # Implicit VR under a transfer syntax that says Explicit


def frames_of(samples: list[Sample]) -> list[tuple[Sample, int]]:
    return [(s, f) for s in samples for f in range(int(s.dataset.get("NumberOfFrames") or 1))]


@pytest.mark.slow
def test_every_voxel_of_every_transfer_syntax_is_what_another_decoder_reads(show: Show) -> None:
    samples = real_pictures() + written_odd_ways()
    slots = frames_of(samples)
    contents: dict[str, bytes | int] = {"/stream/series": series_stream(samples)}
    for slot, (sample, frame) in enumerate(slots):
        if sample.expected is not None:
            contents[f"/expected/{slot}.bin"] = sample.expected[frame].astype("<f8").tobytes()
    found = show("values", contents)["compared"]
    assert len(found) == len(slots)
    wrong = []
    for result, (sample, frame) in zip(found, slots, strict=True):
        told = result["problem"] is not None
        same = result["decoded"] == result["expected"] and result["most"] <= sample.tolerance
        if sample.name in LYING or sample.expected is None:
            same = told or result["decoded"] is not None
        if not same:
            wrong.append((sample.name, frame, result))
    assert wrong == []


def test_hands_and_readings_agree_with_the_stored_values(show: Show) -> None:
    found = show("phantom", {"/stream/phantom": series_stream(phantom(9))})
    start = found["start"]
    assert (start["loaded"], start["shown"], start["isVolume"], start["factor"]) == (9, 4, True, 1)
    assert found["edges"] == ["R", "L", "A", "P"]
    assert found["image"] == "Image 5 of 9"
    assert found["reading"] == f"Grey value −{-int(ramp(4)[33, 57])}\ncolumn 58, row 34"
    assert int(ramp(4)[42, 113]) == 200, "the pixel that lies on the window's centre"
    assert found["brightness"][0][0] in {127, 128}
    assert found["brightness"][1] == [0, 0, 0]
    assert found["inverted"][0] in {127, 128}
    assert found["wheel"] == 5
    assert found["readingAfterWheel"].startswith(f"Grey value −{-int(ramp(5)[33, 57])}\n")
    assert found["keys"] == 1
    assert found["dragged"]["width"] > 400
    assert found["dragged"]["centre"] > 200
    assert f"Width {found['dragged']['width']:.1f}" in found["saysWindow"]
    assert found["zoom"]["zoom"] == pytest.approx(2**0.5)
    assert found["stillUnder"].endswith("column 21, row 71")
    assert found["panned"]["centre"]["x"] < found["zoom"]["centre"]["x"]
    assert found["pinched"] == pytest.approx(2, abs=0.05)
    assert found["lost"]["before"] == found["lost"]["after"]
    assert found["lost"]["notice"] == ""


VOXELS = {
    "in the block": (15, 40, 20),
    "beside it": (5, 20, 11),
    "far from it": (60, 33, 2),
    "on the centre": (50, 8, 33),
}
PLANES = ("axial", "coronal", "sagittal")


def mm(voxel: tuple[float, float, float]) -> list[float]:
    return [BLOCK_STEP * part for part in voxel]


def told_block() -> bytes:
    """What a hand needs to know of the block: its outer faces, and voxels with the plane to read each in."""
    voxels = {name: {"point": mm(voxel), "cell": PLANES[i % 3]} for i, (name, voxel) in enumerate(VOXELS.items())}
    low, high = ([BLOCK_STEP * (part - 0.5) for part in end] for end in (BLOCK_LOW, BLOCK_HIGH))
    return json.dumps({"block": {"low": low, "high": high, "voxels": voxels}}).encode()


def test_planes_measure_read_and_show_what_lies_in_the_patient(show: Show) -> None:
    found = show("planes", {"/stream/block": series_stream(block_slices()), "/expected/block.json": told_block()})
    assert (found["start"]["layout"], found["start"]["oddities"]) == ("all", [])
    assert found["edges"] == {
        "axial": ["R", "L", "A", "P"], "coronal": ["R", "L", "H", "F"], "sagittal": ["A", "P", "H", "F"],
    }  # fmt: skip
    assert found["aimed"] == pytest.approx([9.75, 19.75, 8.75], abs=0.3)
    for cell in (*PLANES, "oblique"):
        assert found["measured"][cell] == pytest.approx(BLOCK_MM, abs=0.1), cell
    assert found["clicked"] == {"l": pytest.approx(BLOCK_MM, abs=0.1), "a": pytest.approx(90, abs=1), "left": 0}
    for cell in PLANES:
        assert found["seen"][cell] == pytest.approx(BLOCK_MM, abs=0.1), cell
    across = BLOCK_MM / math.cos(math.radians(30))
    assert found["seen"]["oblique"] == pytest.approx(across, abs=0.15), "a cube cut at 30 degrees is longer"
    values = block_values()
    for name, (x, y, z) in VOXELS.items():
        assert found["readings"][name]["words"] == f"Grey value {values[z, y, x]}", name
    assert found["readings"]["on the centre"]["grey"] in {127, 128}
    assert found["turned"]["crosshair"]["left"][0] == pytest.approx(math.cos(math.radians(30)), abs=0.01)
    assert found["turned"]["crosshair"]["head"] == pytest.approx([0, 0, 1], abs=1e-6)
    assert found["touched"]["before"] == found["touched"]["after"], "two fingers zoom, they do not move the crosshair"
    assert [mark["plane"] for mark in found["end"]["marks"]] == ["coronal"], "a reset takes no measurement away"


@pytest.mark.slow
def test_a_card_that_refuses_the_volume_shows_it_coarser_says_so_and_reads_exactly(show: Show) -> None:
    found = show("halved", {"/stream/phantom": series_stream(phantom(9))})
    assert found["state"]["factor"] == 2
    assert "1/2 resolution" in found["notice"]
    assert found["reading"].startswith(f"Grey value −{-int(ramp(4)[33, 57])}\n")
    assert abs(found["brightness"][0] - 128) <= 4, "a coarser picture of a ramp is nearly the same"


@pytest.mark.slow
def test_slices_far_outside_the_first_ones_range_keep_all_brightness_right(show: Show) -> None:
    values = [0, 4000, 20000, -30000, 1000]
    flat = [np.full((96, 128), value, np.int16) for value in values]
    window = {"WindowCenter": 1000, "WindowWidth": 40000}
    found = show("wide", {"/stream/wide": series_stream([sample_of("s", grey_dataset(one, **window)) for one in flat])})
    said = [reading.partition("\n")[0] for reading in found["readings"]]
    assert said == [f"Grey value {value}".replace("-", "−") for value in values]
    expected = [min(1, max(0, (value - 999.5) / 39999 + 0.5)) * 255 for value in values]
    assert found["brightness"] == pytest.approx(expected, abs=1)


@pytest.mark.slow
def test_troubles_are_told_plainly_and_what_is_whole_is_shown(show: Show) -> None:
    good = phantom(3)
    cut = replace(good[1], part10=good[1].part10[:-5000])
    unknown = sample_of("unknown", grey_dataset(ramp(1)))
    unknown = replace(unknown, part10=unknown.part10.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0", 1))
    small = sample_of("small", grey_dataset(ramp(0, 40, 50)))
    whole = series_stream(good)
    contents: dict[str, bytes | int] = {f"/stream/{status}": status for status in (401, 403, 404, 423, 500)}
    contents["/stream/garbage"] = b"<!doctype html><p>not a stream"
    contents["/stream/short"] = whole[: -len(good[2].part10) // 2]
    contents["/stream/mixed"] = series_stream([good[0], cut, unknown, small, good[2]])
    contents["/stream/rotten"] = series_stream(good, damaged=frozenset({1}))
    contents["/stream/empty"] = b"ENSTREAM" + struct.pack("<II", 4, 40) + b'{"series":"1","instances":[],"order":[]}'
    found = show("troubles", contents)
    said = {name: found[name]["message"] for name in found}
    assert "not signed in" in said["401"]
    assert "may not see" in said["403"]
    assert "not on the box" in said["404"]
    assert "locked" in said["423"]
    assert "500" in said["500"]
    assert "not in a form" in said["garbage"]
    assert "no images" in said["empty"]
    assert found["short"]["state"]["loaded"] == 2
    assert "interrupted" in found["short"]["notice"]
    rotten = found["rotten"]["state"]
    assert (rotten["loaded"], [bool(problem) for problem in rotten["problems"]]) == (2, [False, True, False])
    assert "not what was stored" in rotten["problems"][1]
    mixed = found["mixed"]["state"]
    assert mixed["loaded"] == 3
    assert "damaged" in mixed["problems"][1]
    assert "cannot open" in mixed["problems"][2]
    assert [bool(problem) for problem in mixed["problems"]] == [False, True, True, False, False]
    assert "cannot be shown" in found["mixed"]["notice"]
