"""Intra-oral pictures of two series hang where their codes say, in Chromium by real mouse and keys."""

import json
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DigitalIntraOralXRayImageStorageForPresentation

from appliance.dicom.phantom.films import tooth_code
from tests.viewer.conftest import Show
from tests.viewer.page_server import PAGE
from tests.viewer.samples import grey_dataset
from tests.viewer.series_stream import sample_of, series_stream

Found = dict[str, Any]
MAXILLA, CANINE_REGION = "70925003", "699510004"
OTHERS = """<nav class="others">
<a href="/mount" data-stream="/stream/films" data-modality="IO" aria-current="page"><b>One</b></a>
<a href="/view/again" data-stream="/stream/again" data-modality="IO"><b>Two</b></a>
<a href="/view/volume" data-stream="/stream/volume" data-modality="CT"><b>CT</b></a></nav>"""


def film(grey: int, teeth: tuple[int, ...] = (), **facts: object) -> Dataset:
    """A sensor's picture of one grey, shown by a window of its own."""
    picture = np.full((48, 64), grey, np.int16)
    window = {"WindowCenter": 1000, "WindowWidth": 2001, "ImagerPixelSpacing": [0.1, 0.1]}
    ds = grey_dataset(picture, Modality="IO", **window)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = DigitalIntraOralXRayImageStorageForPresentation
    del ds.ImageOrientationPatient, ds.PixelSpacing
    ds.PrimaryAnatomicStructureSequence = [code(tooth_code(tooth)) for tooth in teeth]
    for keyword, value in facts.items():
        setattr(ds, keyword, value)
    return ds


def code(value: str) -> Dataset:
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value, "SCT", "x"
    return ds


def canine() -> Dataset:
    region = code(MAXILLA)
    region.AnatomicRegionModifierSequence = [code(CANINE_REGION)]
    return film(700, AnatomicRegionSequence=[region], ImageLaterality="R")


@pytest.fixture(scope="module")
def found(show: Show) -> Found:
    first = [
        film(1000, (16, 17), PatientOrientation=["A", "F"]),
        film(600, (26, 27), PatientOrientation=["A", "F"]),  # a left side whose rows lead forwards: seen from inside
        canine(),
        film(800),
        film(900, (16, 17)),
    ]
    second = [film(1200, (41, 42, 31, 32), PatientOrientation=["L", "F"]), film(1300, (16, 17, 46, 47))]
    page = PAGE.format(name="films", more="").replace("</main>", OTHERS + "</main>")
    seen: Found = show(
        "mount",
        {
            "/mount": page.replace('data-modality="CT"', 'data-modality="IO"', 1).encode(),
            "/stream/films": series_stream([sample_of(str(n), ds) for n, ds in enumerate(first)]),
            "/stream/again": series_stream([sample_of(str(n), ds) for n, ds in enumerate(second)]),
            "/expected/mount.json": json.dumps({"images": len(first) + len(second)}).encode(),
        },
    )
    return seen


def test_pictures_of_two_series_hang_where_their_codes_say(found: Found) -> None:
    mount = found["start"]["mount"]
    assert found["start"]["layout"] == "mount"
    assert mount["places"] == {
        "upper right molar": 0,
        "upper left molar": 1,
        "upper right canine": 2,
        "lower middle central": 5,
        "bite right molar": 6,
    }
    assert mount["tray"] == [{"slot": 3, "reason": "unsaid"}, {"slot": 4, "reason": "taken"}]
    assert found["said"] == "7 pictures of 2 series"


def test_the_patients_right_is_on_the_left(found: Found) -> None:
    lefts = found["lefts"]
    assert lefts["upper right molar"] < lefts["upper right canine"] < lefts["upper left molar"]
    assert lefts["upper right molar"] == lefts["bite right molar"], "one above the other"


def test_each_picture_has_its_own_window_and_says_what_it_does_not_know(found: Found) -> None:
    assert found["shades"] == pytest.approx([127.5, 76.5], abs=1)
    right, left = (
        next(one for one in found["labels"] if one.startswith(f"Upper {side}, molars")) for side in ("right", "left")
    )
    assert "teeth 17 16" in right
    assert "at the detector" in right
    assert "lies otherwise" not in right
    assert "lies otherwise" in left
    assert found["universal"] == "2 3"


def test_a_tap_enlarges_and_arrows_go_on_in_mount_order(found: Found) -> None:
    assert found["large"]["shown"] == 0
    assert "Upper right, molars" in found["large"]["said"]
    assert found["large"]["count"] == "1 / 7"
    assert "at the detector" in found["note"]
    assert found["next"]["shown"] == 2, "the canine, which came third"
    assert found["last"]["shown"] == 4
    assert "Not placed" in found["last"]["said"]
    assert found["back"] == {"layout": "mount", "focused": "tray 4"}


def test_how_teeth_are_numbered_outlasts_a_sign_out(found: Found) -> None:
    assert found["numberedAfter"] == "universal"


def test_two_pictures_stand_side_by_side_each_with_its_own_place(found: Found) -> None:
    assert (found["two"]["layout"], found["two"]["shown"], found["two"]["beside"]) == ("two", 0, 1)
    assert found["two"]["grey"] in (127, 128)
    first, second = found["boxes"]
    assert first["width"] == second["width"]
    assert first["x"] + first["width"] <= second["x"]
    assert "600" in found["besideReading"]
    assert found["moved"] == {"beside": 6, "active": 1, "shown": 0}, "arrows mean the pane that was touched"


def test_a_picture_is_placed_by_keys_and_by_mouse_and_stays_after_a_lock(found: Found) -> None:
    assert found["carrying"] == "Choose its place. Esc leaves it where it was."
    assert found["left"] == 2
    assert found["aimed"] == "lower left molar"
    assert found["byKeys"]["places"]["lower left molar"] == 3
    assert [one["slot"] for one in found["byKeys"]["tray"]] == [4]
    assert (found["byMouse"]["upper left molar"], found["byMouse"]["upper right molar"]) == (0, 1)
    assert found["again"] == found["byMouse"]
    assert found["undone"] == found["start"]["mount"]["places"]
    assert not any(start in found["stored"] for start in ("1.2.826", "2.25.")), "no image is named"
