"""Fingers, pen, keyboard, layouts, the lock and a lost card, in a real Chromium."""

from typing import Any

import pytest

from tests.viewer.conftest import Show
from tests.viewer.samples import block_slices, block_values
from tests.viewer.series_stream import series_stream

pytestmark = [pytest.mark.peer("chromium", "node", "npm")]


def test_hands_of_every_kind_do_what_the_sheet_says_and_nothing_is_lost(show: Show) -> None:
    found = show("hands", {"/stream/block": series_stream(block_slices())})
    check_touch(found["touches"])
    assert found["pen"] == {"drawn": 1, "erased": 0}
    check_keys(found["keys"])
    every = ["axial", "coronal", "sagittal", "solid"]
    assert found["layouts"] == {
        "row": every[:3],
        "main": ["axial large", *every[1:]],
        "measuring": ["axial large", *every[1:]],  # two quick clicks with a length are no double click
        "swapped": ["axial", "coronal", "sagittal large", "solid"],
        "alone": ["sagittal"],
        "back": ["axial", "coronal", "sagittal large", "solid"],
    }
    lost = found["lost"]
    assert "interrupted" in lost["gone"]
    assert lost["notice"] == ""
    assert lost["after"] == lost["before"], "planes, crosshair, slab and every brightness are as they were"
    assert len(set(lost["before"]["greys"])) > 1
    listed = found["list"]
    assert (listed["before"], listed["more"], listed["after"]) == (1, 2, 1)
    assert (listed["value"], listed["named"]) == ("5.0 mm · Axial", "Canine")
    assert listed["there"] != listed["away"], "a click goes to where it was measured"
    check_lock(found["locked"])


def check_touch(touches: dict[str, Any]) -> None:
    start, aside, apart = touches["start"], touches["aside"], touches["apart"]
    assert aside["window"]["width"] > start["window"]["width"], "two fingers side by side, across: contrast"
    assert aside["window"]["centre"] < start["window"]["centre"], "and down: brighter"
    assert aside["scale"] == pytest.approx(start["scale"])
    assert apart["scale"] == pytest.approx(2 * start["scale"], rel=0.02), "two fingers apart: zoom alone"
    assert apart["window"] == aside["window"]
    assert start["crosshair"] == aside["crosshair"] == apart["crosshair"]


def check_keys(keys: dict[str, Any]) -> None:
    start, moved = keys["start"], keys["moved"]
    assert moved["crosshair"]["at"] == pytest.approx([start[0] + 2, start[1], start[2] - 0.5])
    assert (moved["slabMm"], moved["slab"]) == (1, "most")
    assert keys["measured"] == [pytest.approx(5)], "ten voxels of 0.5 mm, measured by keys alone"
    assert keys["active"] == "coronal"
    assert keys["turned"][0] == pytest.approx(0.9848, abs=1e-3), "ten degrees"


def check_lock(locked: dict[str, Any]) -> None:
    before, after = locked["before"], locked["after"]
    assert after["planes"] == before["planes"]
    assert after["planes"]["marks"], "a measurement was there to be kept"
    assert after["window"] == before["window"]
    assert "block" in locked["kept"]
    for word in ("Jaw", "Phantom", "CBCT"):
        assert word not in locked["kept"], "what is kept tells nothing of the patient"


def test_a_refused_texture_is_halved_in_the_planes_says_so_and_reads_exactly(show: Show) -> None:
    found = show("halvedPlanes", {"/stream/block": series_stream(block_slices())})
    assert found["state"]["factor"] == 2
    assert "1/2 resolution" in found["notice"]
    assert found["state"]["planes"]["layout"] == "all"
    grey = int(block_values()[20, 20, 40])
    assert found["reading"] == f"Grey value {grey}"
    sharp, coarse = found["sharp"], found["coarse"]
    assert sum(abs(a - b) <= 4 for a, b in zip(sharp, coarse, strict=True)) >= 0.9 * len(sharp)
    assert len(set(sharp)) > 1
