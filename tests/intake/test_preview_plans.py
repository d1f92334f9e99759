"""Which series are made small: volumes that surely are some, and how small."""

import json
from dataclasses import replace

import pytest

from appliance.archive.located import Image, Located
from appliance.dicom.preview_plan import Plan
from appliance.identifiers import FileId
from appliance.intake.preview_plans import plan_preview
from appliance.store.stored_files import StoredFile

EXPLICIT, DEFLATED, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.70"
ALONG = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def one(number: int, frames: int | None = None, **geometry: object) -> Located:
    told = {"position": [0, 0, 0.4 * number], "orientation": ALONG, "pixel_spacing": [0.2, 0.2]} | geometry
    image = Image(512, 500, frames, 16, 1, 1000, 512_000, None, json.dumps(told))
    file = StoredFile(FileId.new(), b"", 1, 513_000 + number, None, in_vault=True)
    return Located(1, 1, 1, number, "1.2", "1.3", f"1.4.{number}", "1.5", number, EXPLICIT, 300, file, image)


def volume(count: int = 400) -> list[Located]:
    return [one(number) for number in range(count)]


def changed(located: Located, **image: object) -> Located:
    return replace(located, image=replace(located.image, **image))  # type: ignore[arg-type]  # each test names a field


def test_a_volume_is_made_as_small_as_fits() -> None:
    shown = volume()
    plan = plan_preview(shown)
    assert plan is not None
    assert (plan.shape, plan.factor, plan.small_shape) == ((400, 512, 500), (3, 4, 4), (134, 128, 125))
    assert [part.start for part in plan.parts[:3]] == [0, 513_000, 1_026_001]
    assert sum(part.total_bytes for part in plan.parts) == sum(located.file.plaintext_bytes for located in shown)


def test_the_frames_of_one_object_are_left_to_the_child_that_reads_them() -> None:
    assert plan_preview([one(1, 300)]) == Plan(plan_preview([one(1, 300)]).parts, (300, 512, 500), (2, 4, 4))  # type: ignore[union-attr]  # it is one
    assert plan_preview([one(1)]) is None
    assert plan_preview([one(1, 7)]) is None


@pytest.mark.parametrize(
    "odd",
    [
        one(9, position=[0, 0, 3.7]), one(9, position=[0.1, 0, 3.6]), one(9, position=None),
        one(9, orientation=[0.0, 1.0, 0.0, 1.0, 0.0, 0.0]), one(9, orientation=None), one(9, pixel_spacing=[0.2, 0.3]),
        one(9, pixel_spacing=None), one(9, 2), changed(one(9), rows=511), changed(one(9), columns=1),
        changed(one(9), bits_allocated=8), changed(one(9), samples_per_pixel=3),
        replace(one(9), transfer_syntax_uid=JPEG),
    ],
)  # fmt: skip
def test_one_odd_slice_makes_it_unsure(odd: Located) -> None:
    assert plan_preview([*volume(9), odd, *volume(20)[10:]]) is None


@pytest.mark.parametrize("image", [{"bits_allocated": 8}, {"samples_per_pixel": 3}, {"rows": None}, {"rows": 20_000}])
def test_other_pixels_than_single_words_of_a_bounded_slice_make_none(image: dict[str, object]) -> None:
    assert plan_preview([changed(located, **image) for located in volume(20)]) is None


@pytest.mark.parametrize("syntax", [DEFLATED, JPEG])
def test_pixels_that_would_have_to_be_decoded_make_none(syntax: str) -> None:
    assert plan_preview([replace(located, transfer_syntax_uid=syntax) for located in volume(20)]) is None


def test_a_preview_so_coarse_that_the_viewer_takes_none_is_not_made() -> None:
    small = {"rows": 64, "columns": 64}
    assert plan_preview([changed(one(1, 64 * 160), **small)]) is not None
    assert plan_preview([changed(one(1, 64 * 160 + 1), **small)]) is None


def test_a_small_volume_needs_none() -> None:
    assert plan_preview([changed(located, rows=160, columns=160) for located in volume(160)]) is None
    assert plan_preview(volume(7)) is None
    assert plan_preview([one(2), *volume(2), one(2)] * 3) is None, "the same place again and again"
