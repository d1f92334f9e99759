"""Chromium, Firefox and WebKitGTK show a phantom of known geometry alike: true in size, side, brightness and value.

One table for all: every cut, by mouse, by finger and by keys, from the tool and from the pixels of a screenshot.
"""

import math

import pytest

from tests.viewer.ball import DIAMETER_MM, MARK, MIDDLE, STEP, VOXELS, ball_slices, ball_values, place_of
from tests.viewer.conftest import Desk
from tests.viewer.hands import Person, Point
from tests.viewer.seen import centre_of, disc
from tests.viewer.web_driver import BROWSERS, PEERS

EACH = [pytest.param(name, marks=pytest.mark.peer(*PEERS[name])) for name in BROWSERS]
pytestmark = pytest.mark.parametrize("desk", EACH, indirect=True, scope="module")

PANES = ("axial", "coronal", "sagittal")
HANDS = ("mouse", "touch", "keys")
TABLE = [(pane, means) for pane in PANES for means in (*HANDS, "pixels")] + [
    (f"oblique, turned by {hand}", means) for hand in HANDS for means in (hand, "pixels")
]
TURN_DEGREES = 30


@pytest.fixture(scope="module")
def person(desk: Desk) -> Person:
    """Sit down before the ball, its three planes side by side."""
    desk.show(ball_slices())
    desk.person.press("x", "x")
    assert desk.person.state()["planes"]["layout"] == "row"
    return desk.person


def aim(person: Person, point: tuple[float, ...]) -> None:
    """Drag the crosshair to a point in mm, in one plane, then in another."""
    person.press("c")
    for cell in ("axial", "coronal"):
        at = person.state()["planes"]["crosshair"]["at"]
        person.drag("mouse", person.place(cell, at), person.place(cell, point))


def turn(person: Person, hand: str) -> None:
    """Turn coronal and sagittal by 30 degrees: by a handle in the axial pane, or by keys."""
    person.press("r")
    aim(person, MIDDLE)
    if hand == "keys":
        person.focus("axial")
        person.press("E", times=TURN_DEGREES // 10)
        return
    x, y = person.place("axial", person.state()["planes"]["crosshair"]["at"])
    far = 0.36 * min(person.cell("axial").box[2:])

    def at(degrees: float) -> Point:
        return x + far * math.cos(math.radians(degrees)), y + far * math.sin(math.radians(degrees))

    person.drag(hand, at(0), at(TURN_DEGREES / 2), at(TURN_DEGREES))


def cut_through_the_ball(desk: Desk, cut: str) -> str:
    """Show a cut through the ball's middle, unless it is what is shown; give the pane that shows it."""
    person = desk.person
    plain, _, hand = cut.partition(", turned by ")
    if desk.notes.get("cut") != cut and hand:
        turn(person, hand)
        assert person.state()["planes"]["crosshair"]["left"][0] == pytest.approx(math.cos(math.radians(30)), abs=0.01)
        assert person.cell("coronal").label == "Coronal, turned"
    elif desk.notes.get("cut") not in PANES and not hand:
        person.press("r")
        aim(person, MIDDLE)
    desk.notes["cut"] = cut
    return "coronal" if hand else plain


def edges(person: Person, pane: str) -> tuple[tuple[float, float], tuple[float, float], Point]:
    """Find the disc that a pane shows in a screenshot, beside the crosshair's lines."""
    middle = person.place(pane, MIDDLE)
    return *disc(person.picture(), middle), middle


def measure(person: Person, pane: str, hand: str) -> None:
    """Measure the ball from edge to edge as they are seen, or a row of voxels by keys."""
    if hand == "keys":
        person.focus(pane)
        person.press("l", "Space")
        person.press("Control+Right", times=round(DIAMETER_MM / min(STEP)))
        person.press("Space")
        person.press("Control+Left", times=round(DIAMETER_MM / min(STEP)))
        return
    (left, right), _, (_, y) = edges(person, pane)
    person.press("l")
    person.drag(hand, (left, y), (right, y))


@pytest.mark.parametrize(("cut", "means"), TABLE)
def test_ten_millimetres_read_ten(desk: Desk, person: Person, cut: str, means: str) -> None:
    pane = cut_through_the_ball(desk, cut)
    if means == "pixels":
        ten_by_pixels(person, pane)
        return
    measure(person, pane, means)
    (mark,) = person.state()["planes"]["marks"]
    lengths = person.cell(pane).lengths
    person.press("Delete", "c")
    assert (mark["kind"], mark["plane"]) == ("length", pane)
    assert mark["value"] == pytest.approx(DIAMETER_MM, abs=0.1)
    assert lengths == [f"{mark['value']:.1f} mm"]


def ten_by_pixels(person: Person, pane: str) -> None:
    """Count the pixels of the ball, across and down, against the scale that the picture itself shows."""
    across, down, _ = edges(person, pane)
    ruler = person.cell(pane).ruler
    assert ruler is not None
    mm = ruler["mm"] / ruler["pixels"]
    assert (across[1] - across[0]) * mm == pytest.approx(DIAMETER_MM, abs=0.1)
    assert (down[1] - down[0]) * mm == pytest.approx(DIAMETER_MM, abs=0.1)


@pytest.mark.parametrize("name", VOXELS)
def test_a_voxel_reads_its_stored_value_in_every_plane(person: Person, name: str) -> None:
    x, y, z = VOXELS[name]
    if name == next(iter(VOXELS)):
        person.press("r")
    aim(person, tuple(place_of(x, y, z)))
    for pane in PANES:
        person.point_at(person.place(pane, place_of(x, y, z)))
        assert person.cell(pane).value == f"Grey value {ball_values()[z, y, x]}", pane


def test_the_window_centre_is_middle_grey_on_the_screen(person: Person) -> None:
    point = place_of(*VOXELS["on the centre"])
    person.press("r")
    aim(person, tuple(point))
    picture = person.picture()
    for pane in PANES:
        x, y = person.place(pane, point)
        assert set(picture[int(y), int(x)]) <= {127.0, 128.0}, pane


def test_right_is_left_front_and_head_are_up_by_letters_and_by_pixels(person: Person) -> None:
    person.press("r")
    aim(person, tuple(place_of(7, 8, 33)))
    person.press("l")  # no handles
    picture = person.picture()
    for pane, letters in zip(PANES, ("RLAP", "RLHF", "APHF"), strict=True):
        assert person.cell(pane).edges == list(letters)
        x, y = centre_of(picture, person.cell(pane).box, 255 * MARK / 2000)
        assert x < 0.45, pane
        assert y < 0.45, pane
