"""What a graphics card may do: be taken away and come back, refuse a texture, or have to fill two 4K screens."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.viewer.ball import DIAMETER_MM, MIDDLE, VOXELS, ball_slices, ball_values, place_of
from tests.viewer.conftest import Desk
from tests.viewer.hands import Person
from tests.viewer.seen import HALF
from tests.viewer.web_driver import BROWSERS, PEERS

EACH = [pytest.param(name, marks=pytest.mark.peer(*PEERS[name])) for name in BROWSERS]
SHRINKING = [one for one in EACH if "webkit" not in one.values]  # whose window keeps its focus when it is made smaller
RESTED = 0.6  # seconds: by then what does not move was drawn finely
STEP = 4  # of 255: in air a ray takes two samples at once, from wherever it came into it
TWO_4K = (7680, 2160)
NOTICE = "const notice = document.querySelector('.notice'); return notice.hidden ? '' : notice.textContent;"
LOSE = """
const canvas = document.querySelector("canvas");
const extension = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
const event = (name) => new Promise((done) =>
  canvas.addEventListener(name, () => setTimeout(done, 60), { once: true }));
return (async () => {
  const lost = event("webglcontextlost");
  extension.loseContext();
  await lost;
  const notice = document.querySelector(".notice").textContent;
  const restored = event("webglcontextrestored");
  extension.restoreContext();
  await restored;
  return notice;
})();
"""
BRIGHTNESS = "return window.enamelViewer.cellBrightness('sagittal', arguments[0]);"
LOOK = """
const looks = [...document.querySelectorAll("select")].find((one) => one.querySelector("[value=brightest]"));
looks.value = arguments[0];
looks.dispatchEvent(new Event("change", { bubbles: true }));
"""
BODY = """
const { left, top, width, height } = document.querySelector(".cell.solid").getBoundingClientRect();
return [left, top, width, height];
"""
CANVAS = """
const canvas = document.querySelector("canvas");
const gl = canvas.getContext("webgl2");
return [canvas.width, canvas.height, gl.drawingBufferWidth, gl.drawingBufferHeight];
"""


@pytest.mark.parametrize("desk", EACH, indirect=True, scope="module")
def test_a_lost_card_gives_the_same_picture_again(desk: Desk) -> None:
    desk.show(ball_slices())
    desk.person.press("x", "x")  # the body beside the planes is drawn as finely as there is time for
    before = desk.person.picture()
    assert "interrupted" in desk.person.run(LOSE)
    x, y = (round(part) for part in desk.person.place("axial", MIDDLE))
    part = np.s_[y - 150 : y + 150, x - 150 : x + 150]  # words at the panes' edges may be smoothed otherwise
    assert before[part].std() > 100, "the ball in air"
    desk.person.until(lambda: np.abs((desk.person.picture() - before)[part]).max(), lambda most: most <= 1, 10)
    assert desk.person.run(NOTICE) == ""


@pytest.mark.parametrize("desk", EACH, indirect=True, scope="module")
def test_a_refused_texture_is_halved_and_said_and_reads_exactly(desk: Desk) -> None:
    desk.show(ball_slices(), "?0.15")
    person = desk.person
    assert person.state()["factor"] == 2
    assert "1/2 resolution" in person.run(NOTICE.replace(".notice", ".lasting"))
    x, y, z = VOXELS["on the ramp"]
    point_to(person, place_of(x, y, z))
    assert person.cell("axial").value == f"Grey value {ball_values()[z, y, x]}"


def point_to(person: Person, point: list[float]) -> None:
    """Bring the axial plane to a point and the mouse over it."""
    person.press("c")
    at = person.state()["planes"]["crosshair"]["at"]
    person.drag("mouse", person.place("coronal", at), person.place("coronal", point))
    person.point_at(person.place("axial", point))


@pytest.mark.peer(*PEERS["chromium"])
def test_two_4k_screens_are_filled(desk: Desk) -> None:
    person = desk.person
    person.fit(*TWO_4K)
    try:
        desk.show(ball_slices())
        across, down, *drawn = person.run(CANVAS)
        assert across == TWO_4K[0]
        assert down > TWO_4K[1] - 300
        assert drawn == [across, down], "the card gives as large a buffer as the screens are"
        person.press("x", "x")
        assert person.place("sagittal", MIDDLE)[0] > 2 / 3 * TWO_4K[0]
        (x, y, z), half = MIDDLE, DIAMETER_MM / 2
        line = [[x, y + by, z] for by in (-half - 0.6, -half + 0.6, 0, half - 0.6, half + 0.6)]
        levels = person.run(BRIGHTNESS, line)
        assert [level > HALF for level in levels] == [False, True, True, True, False], "the ball, where it is"
    finally:
        person.fit(1440, 900)


def body(desk: Desk, look: str) -> NDArray[np.float64]:
    """Give the picture of the body at its finest, without the words at its edges."""

    def scale() -> object:
        for one in ("skin", look):  # drawn anew: on a busy machine it was too slow to be drawn finely
            desk.person.run(LOOK, one)
        time.sleep(RESTED)
        return desk.person.state()["bodyScale"]

    desk.person.until(scale, lambda found: found == 1)
    left, top, width, height = (round(float(one)) for one in desk.person.run(BODY))
    return desk.person.picture()[top + 24 : top + height - 24, left + 24 : left + width - 24]


@pytest.mark.parametrize("desk", SHRINKING, indirect=True, scope="module")
def test_a_body_looks_the_same_whether_empty_blocks_are_skipped_or_looked_through(desk: Desk) -> None:
    desk.person.fit(800, 600)  # so few pixels that every device draws all of them
    desk.show(ball_slices())
    skipping = {look: body(desk, look) for look in ("bone", "brightest")}
    desk.person.open(desk.person.run("return location.href").replace("/view/", "/bare/"))
    for look, picture in skipping.items():
        assert picture.std() > 10, "there is a body"
        assert np.abs(body(desk, look) - picture).max() <= STEP
    desk.person.fit(1440, 900)
