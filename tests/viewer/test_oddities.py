"""Each oddity of a scan is said on the picture, measured only where that is safe, and never turns left into right."""

import pytest

from tests.viewer.ball import MARK, ball_facts, ball_values, place_of
from tests.viewer.conftest import Desk
from tests.viewer.forms import in_order, seen_from_above, upside_down
from tests.viewer.hands import Person
from tests.viewer.oddities import LETTERS, ODDITIES, Odd, samples_of
from tests.viewer.samples import grey_dataset
from tests.viewer.seen import centre_of
from tests.viewer.series_stream import sample_from_bytes

pytestmark = pytest.mark.peer("chromium", "chromedriver")
NOTICE = "const notice = document.querySelector('.notice'); return notice.hidden ? '' : notice.textContent;"
LASTING = NOTICE.replace(".notice", ".lasting")


def measures(person: Person, pane: str) -> bool:
    """Try to measure in a pane by mouse; say whether there is a length with its words, and that a refusal is told."""
    left, top, width, height = person.cell(pane).box
    person.press("l")
    at = (left + width / 2 - 40, top + height / 2 - 40)
    person.drag("mouse", at, (at[0] + 60, at[1]))
    lengths = person.cell(pane).lengths
    if not lengths:
        assert person.run(NOTICE) == "Nothing can be measured here"
    assert (person.cell(pane).ruler is not None) == bool(lengths), "no scale where nothing is measured"
    return bool(lengths)


@pytest.mark.parametrize("odd", ODDITIES, ids=lambda odd: odd.name)
def test_an_oddity_is_said_and_measured_only_where_that_is_safe(desk: Desk, odd: Odd) -> None:
    desk.show(samples_of(odd))
    person = desk.person
    lasting = person.run(LASTING)
    assert odd.said in lasting if odd.said else lasting == ""
    planes = person.state()["planes"]
    assert planes["slices"] == list(odd.slots)
    assert {pane: "".join(person.cell(pane).edges) for pane in LETTERS} == dict(odd.letters)
    assert (measures(person, "axial"), measures(person, "coronal")) == odd.measured
    assert person.run(LASTING) == lasting, "what is told meanwhile does not take its place"


WAYS = {"rows to the left": in_order, "rows to the right": seen_from_above, "columns to the front": upside_down}


@pytest.mark.parametrize("way", WAYS)
def test_right_stays_on_the_left_however_the_pixels_lie(desk: Desk, way: str) -> None:
    slices = [
        grey_dataset(rows, **ball_facts(), ImagePositionPatient=place_of(0, 0, k))
        for k, rows in enumerate(ball_values())
    ]
    desk.show([sample_from_bytes(way, content) for content in WAYS[way](slices)])
    person = desk.person
    person.press("c")
    for pane in ("axial", "coronal"):
        at = person.state()["planes"]["crosshair"]["at"]
        person.drag("mouse", person.place(pane, at), person.place(pane, place_of(7, 8, 33)))
    person.press("l")
    picture = person.picture()
    for pane, letters in LETTERS.items():
        cell = person.cell(pane)
        assert "".join(cell.edges) == letters
        x, y = centre_of(picture, cell.box, 255 * MARK / 2000)
        assert (x < 0.45, y < 0.45) == (True, True), f"the mark at the right, front and head is not there in {pane}"
