"""A pack in a real Chromium: coarse at once, exact in the end, taken up where a connection broke."""

import json
import struct
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from appliance.archive.queries_packs import find_pack
from appliance.intake.packing import REST_SECONDS, Packing
from appliance.intake.parts import IntakeParts
from appliance.store.stored_files import unseal_row
from tests.intake.a_clinic import Clinic, ct_slice
from tests.viewer.conftest import Show
from tests.viewer.packs import NO_IMAGE, PREVIEW, pack
from tests.viewer.samples import grey_dataset
from tests.viewer.series_stream import Sample, sample_of, series_stream
from tests.viewer.unsteady import Unsteady

pytestmark = [pytest.mark.peer("chromium", "node", "npm")]
STEP_MM = 0.5
FACTOR = (4, 3, 3)
SHAPE = (50, 61, 70)  # no multiple of the factor: the last boxes are cut
CENTRE, WIDTH = 700, 1400


def ramp() -> NDArray[np.int16]:
    """[slice, row, column]: 12 a slice, 8 a row, 4 a column: half a voxel off would be seen."""
    z, y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1], 0 : SHAPE[2]]
    values: NDArray[np.int16] = (12 * z + 8 * y + 4 * x).astype(np.int16)
    return values


def slices(values: NDArray[np.int16]) -> list[Sample]:
    facts = {"PixelSpacing": [STEP_MM, STEP_MM], "WindowCenter": CENTRE, "WindowWidth": WIDTH}
    return [
        sample_of(f"slice {k}", grey_dataset(rows, **facts, ImagePositionPatient=[0, 0, STEP_MM * k]))
        for k, rows in enumerate(values)
    ]


def brightness(grey: float) -> float:
    return min(1.0, max(0.0, (grey - CENTRE + 0.5) / (WIDTH - 1) + 0.5)) * 255


def line(start: tuple[int, int, int], end: tuple[int, int, int], count: int = 9) -> list[list[float]]:
    """Points in mm from one voxel (column, row, slice) to another."""
    return [[STEP_MM * (a + (b - a) * n / (count - 1)) for a, b in zip(start, end, strict=True)] for n in range(count)]


def expected(points: list[list[float]]) -> list[float]:
    return [
        brightness(sum(weight * part / STEP_MM for weight, part in zip((4, 8, 12), point, strict=True)))
        for point in points
    ]


def checked(values: NDArray[np.generic]) -> float:
    """Add up a slice's stored values as the page does, each with a weight of its place."""
    flat = values.astype(np.int64).ravel()
    return float((flat * (1 + np.arange(flat.size) % 97)).sum() % 1e9)


def test_planes_are_coarse_at_once_and_exact_in_the_end(show: Show) -> None:
    samples = slices(ramp())
    made = pack(samples, FACTOR)
    against = pack(samples[::-1], FACTOR)  # shown from its last image to its first
    middle = (34.5, 30, 24.5)
    lines = {
        "axial": line((4, 30, 24), (64, 30, 24)),
        "coronal": line((34, 30, 5), (34, 30, 43)),
        "sagittal": line((34, 5, 24), (34, 55, 24)),
    }
    ask = {
        "lines": lines,
        "point": [STEP_MM * v for v in middle],
        "from": [5, 15, 5],
        "to": [15, 15, 5],
        "some": 2,
    }
    found = show(
        "preview",
        {
            "/stream/small": made.body,
            "/stream/ask.json": json.dumps(ask).encode(),
            "/stream/held": Unsteady(made.body, holds=[made.ends[0], made.ends[2]]),
            "/stream/lost": Unsteady(against.body, holds=[against.ends[0]]),
            "/stream/waiting": Unsteady(made.body, holds=[made.ends[0], made.ends[2]]),
        },
    )
    check_coarse(found, lines)
    assert found["small"][:2] == [24, 21]
    assert found["small"][2] == pytest.approx(brightness(12 * 25.5 + 8 * 31 + 4 * 37), abs=3), "its middle"
    assert found["lost"]["before"] == pytest.approx(expected(lines["coronal"]), abs=2)
    assert found["lost"]["after"] == found["lost"]["before"]
    assert found["some"]["coming"].startswith("Coarse: 2 of 50 slices")
    assert found["after"]["coming"] == ""
    value = int(ramp()[24, 30, 34])
    for seen in (found["some"], found["after"], found["waiting"]["some"], found["waiting"]["after"]):
        for name, points in lines.items():
            assert seen["greys"][name] == pytest.approx(expected(points), abs=2), (name, seen["loaded"])
    assert found["after"]["reading"].startswith("Grey value ")
    assert abs(int(found["after"]["reading"].split()[-1]) - value) <= 24
    assert found["stored"] == [checked(one) for one in ramp()]


def check_coarse(found: dict[str, object], lines: dict[str, list[list[float]]]) -> None:
    before = found["before"]
    assert isinstance(before, dict)
    assert before["loaded"] == 0
    for name, points in lines.items():
        assert before["greys"][name] == pytest.approx(expected(points), abs=2), (
            f"{name}: the small volume lies elsewhere"
        )
    assert before["coming"].startswith("Coarse: 0 of 50 slices")
    assert before["reading"] == "coarse, no value yet"
    assert found["length"] == pytest.approx(10, abs=0.3)
    assert found["slices"] == 50
    solid = found["solid"]
    assert isinstance(solid, list)
    assert max(solid) > 20, "a body is there with the preview"


def test_a_page_keeps_no_voxels_and_shows_them_all_the_same(show: Show) -> None:
    usual, wide = ramp(), ramp()
    wide[-1, 0, 0] = 20_000  # the slice that comes last reaches beyond what the card was told
    lines = {"axial": line((4, 30, 24), (64, 30, 24)), "coronal": line((34, 30, 5), (34, 30, 43))}
    places = {"point": [STEP_MM * v for v in (34, 30, 24)], "other": [STEP_MM * v for v in (34, 30, 41)]}
    ask = {"lines": lines, **places}
    streams = {
        f"/stream/{name}": pack(slices(values), FACTOR).body for name, values in (("usual", usual), ("wide", wide))
    }
    found = show("kept", {**streams, "/stream/ask.json": json.dumps(ask).encode()})
    for name, values in (("usual", usual), ("wide", wide)):
        seen = found[name]
        assert (seen["kept"], seen["keptAgain"]) == (50, 50), name
        for when in ("all", "again"):
            for cell, points in lines.items():
                assert seen[when]["greys"][cell] == pytest.approx(expected(points), abs=2), (name, when, cell)
            assert seen[when]["reading"] == f"Grey value {values[25, 30, 34]}", (name, when)  # its plane lies on 24.5
        assert seen["other"] == f"Grey value {values[41, 30, 34]}", f"{name}: a slice that nobody had read before"
        shown = expected(lines["coronal"])
        for grey, at in seen["early"]:
            assert grey == pytest.approx(shown[at], abs=12), f"{name}: coarse at most, never another slice's"
        assert max(seen["solid"]) > 20, name


def test_the_boxs_own_pack_is_shown_the_same_way(show: Show, tmp_path: Path) -> None:
    z, y, x = np.ogrid[0:40, 0:170, 0:330]
    values = (6 * z + 3 * y + 2 * x).astype(np.uint16)
    facts = {"Rows": 170, "Columns": 330, "PixelSpacing": [STEP_MM] * 2, "WindowCenter": CENTRE, "WindowWidth": WIDTH}
    made = packed([ct_slice(k + 1, **facts, PixelData=v.tobytes()) for k, v in enumerate(values)], tmp_path)
    first = made.index(struct.pack("<II", NO_IMAGE, PREVIEW))
    after = first + 20 + struct.unpack_from("<Q", made, first + 8)[0]
    middle = [0.3 * 85, 0.5 * 80, 0.3 * 20]
    lines = {"axial": [[0.5 * (20 + 30 * n), 0.5 * 80, 0.3 * 21] for n in range(9)]}
    ask = {"lines": lines, "point": middle, "from": [5, 40, 2.4], "to": [15, 40, 2.4], "some": 0}
    held = Unsteady(made, holds=[after, after + 1])
    lost = Unsteady(made, holds=[after])
    waiting = Unsteady(made, holds=[after, after + 1])
    streams: dict[str, bytes | int | Unsteady] = {
        "/stream/small": made,
        "/stream/held": held,
        "/stream/lost": lost,
        "/stream/waiting": waiting,
    }
    found = show("preview", streams | {"/stream/ask.json": json.dumps(ask).encode()})
    shown = [brightness(2 * p[0] / 0.5 + 3 * p[1] / 0.5 + 6 * (p[2] / 0.3 - 1)) for p in lines["axial"]]
    assert found["before"]["loaded"] == 0
    assert found["small"][:2] == [96, 49]
    for when in ("before", "after"):
        assert found[when]["greys"]["axial"] == pytest.approx(shown, abs=2), when
    assert found["length"] == pytest.approx(10, abs=0.3)
    assert found["stored"] == [checked(one) for one in values]


def packed(datasets: Sequence[Dataset], folder: Path) -> bytes:
    """Have a box take a series in and prepare it; give what it would send."""
    box = Clinic(folder)
    box.take(*datasets)
    box.clock.ahead += timedelta(seconds=REST_SECONDS + 1)
    intake = box.intake()
    intake.step()
    intake.close()
    parts = IntakeParts(folder, box.box_id, box.database, box.keys, box.audit, box.files, box.clock)
    packing = Packing(parts, disk=lambda _: SimpleNamespace(total=10**12, free=10**12))
    while packing.step():
        pass
    with box.database.read() as tx:
        made = find_pack(tx, 1)
        assert made is not None
        sealed = unseal_row(tx, box.keys, made.file.file_id)
    with sealed.open(box.parts.vault) as stream:
        return stream.read(0, stream.plaintext_bytes)


def test_a_connection_that_breaks_is_taken_up_where_it_stopped(show: Show) -> None:
    samples = slices(ramp())
    made = pack(samples, FACTOR)
    whole = series_stream(samples)
    third = len(whole) // 3
    resumed = Unsteady(made.body, cuts=[made.ends[1] - 100, made.ends[1], made.ends[9] + 7])
    anew = Unsteady(whole, cuts=[third], ranges=False)
    locked = Unsteady(made.body, cuts=[made.ends[4]], refuse={1: 423})
    other = pack(slices(ramp()[:40]), FACTOR)
    changed = Unsteady(made.body, cuts=[made.ends[4]], then=other.body)
    busy = Unsteady(made.body, cuts=[made.ends[4]], refuse={1: 503, 2: 416})
    endless = Unsteady(whole, cuts=[third] * 99, ranges=False)
    streams = {"busy": busy, "resumed": resumed, "anew": anew, "locked": locked, "changed": changed, "endless": endless}
    found = show("cuts", {f"/stream/{name}": stream for name, stream in streams.items()})
    assert resumed.asked == [None, *(f"bytes={end}-" for end in resumed.cuts)]
    assert anew.asked == [None, None]
    assert busy.asked == [None, *[f"bytes={made.ends[4]}-"] * 2, None], "a range that is refused is not asked for again"
    for name in ("busy", "resumed", "anew"):
        assert (found[name]["ready"], found[name]["loaded"], found[name]["left"]) == ("all", 50, ""), name
        assert any("interrupted" in words for words in found[name]["said"]), name
        assert not any(found[name]["problems"])
    assert found["locked"]["ready"] == "refused"
    assert "locked" in found["locked"]["message"]
    assert len(locked.asked) == 2, "a locked box is not asked again"
    assert (found["changed"]["ready"], found["changed"]["loaded"]) == ("all", 4)
    assert "New images" in found["changed"]["notice"]
    assert 5 <= len(endless.asked) <= 8, "what is never given to its end is not fetched for ever"
    assert (found["endless"]["ready"], 10 < found["endless"]["loaded"] < 30) == ("all", True)
    assert any(found["endless"]["problems"]), "and what did not come is said"


def test_a_narrow_line_shows_planes_soon_and_says_how_long_the_rest_takes(show: Show) -> None:
    side, count = 256, 96
    noise = np.random.default_rng(3).normal(0, 40, (count, side, side)).astype(np.float32)
    z, y, x = np.ogrid[0:count, 0:side, 0:side]
    values = (900 + 600 * np.sin(x / 17) * np.cos(y / 23) * np.sin(z / 11) + noise).astype(np.int16)
    made = pack(slices(values), (2, 3, 3))
    stream = Unsteady(made.body, holds=made.ends[:1], rate=10e6 / 8)  # behind the preview it waits until it is let go
    found = show("narrow", {"/stream/narrow": stream})
    assert found["planes"]
    assert found["share"] <= made.ends[0] / len(made.body), "planes are there with the preview, not with the slices"
    assert " of 96 slices, about " in found["coming"]
