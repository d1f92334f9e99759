"""A person before the viewer, in whatever browser: what they do with mouse, fingers and keys, and what they see."""

import base64
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.patience import PATIENCE
from tests.viewer.web_driver import Wire

Point = tuple[float, float]
Json = Any  # whatever JSON a page answers with
KEYS = {
    "Tab": "\ue004", "Shift": "\ue008", "Control": "\ue009", "Space": " ", "Home": "\ue011", "Left": "\ue012",
    "Up": "\ue013", "Right": "\ue014", "Down": "\ue015", "Delete": "\ue017", "Enter": "\ue007",
}  # fmt: skip
PANES = ("axial", "coronal", "sagittal")
# Where a point in mm lies is asked of the page, as a person sees it; everything else is done and read as a person does.
PLACE = "const at = window.enamelViewer.cellAt(arguments[0], arguments[1]); return [at.x, at.y];"
FRAMES = "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));"
CELL = """
const cell = document.querySelector(`.cell.${arguments[0]}`);
const box = cell.getBoundingClientRect();
const words = (which) => cell.querySelector(which).textContent;
const ruler = cell.querySelector(".ruler");
return {
  box: [box.left, box.top, box.width, box.height],
  label: words(".label"),
  value: words(".value"),
  edges: [...cell.querySelectorAll(".edge")].map((edge) => edge.textContent),
  ruler: ruler.hidden ? null : { mm: parseFloat(ruler.textContent), pixels: ruler.getBoundingClientRect().width },
  lengths: [...cell.querySelectorAll(".marks text")].map((text) => text.textContent),
};
"""


# WebKitGTK's driver has no fingers: it would move the mouse. Touch is made here; no made pointer can be captured.
MADE_TOUCH = """
const [start, ...way] = arguments[0];
const pane = document.elementFromPoint(...start).closest(".cell");
const finger = { pointerType: "touch", pointerId: 7, isPrimary: true, bubbles: true };
const send = (name, [clientX, clientY], buttons) =>
  pane.dispatchEvent(new PointerEvent(name, { ...finger, clientX, clientY, buttons }));
const capture = pane.setPointerCapture;
pane.setPointerCapture = () => undefined;
send("pointerdown", start, 1);
for (const at of way) send("pointermove", at, 1);
send("pointerup", way.at(-1), 0);
pane.setPointerCapture = capture;
"""


@dataclass(frozen=True)
class Cell:
    """What a pane shows: its box in CSS pixels, its words, letters at its left, right, top and bottom, its scale."""

    box: tuple[float, float, float, float]
    label: str
    value: str
    edges: list[str]
    ruler: Mapping[str, float] | None
    lengths: list[str]


class Person:
    """Guards one page of a browser."""

    def __init__(self, wire: Wire, size: tuple[int, int] = (1440, 900)) -> None:
        self._wire = wire
        self._held = False
        self.fit(*size)

    def fit(self, width: int, height: int) -> None:
        """Give the page itself this size, as near as the browser can."""
        self._wire.ask("SetWindowRect", {"width": width, "height": height})
        inner = self.run("return [innerWidth, innerHeight];")
        wished = {"width": 2 * width - inner[0], "height": 2 * height - inner[1]}
        if inner != [width, height]:
            self._wire.ask("SetWindowRect", wished)

    def open(self, url: str, states: Sequence[str] = ("all",), seconds: float = 60) -> str:
        """Go to a page with a viewer and wait until it is as far as one of these states."""
        self._wire.ask("Navigate", {"url": url})
        ask = "return document.querySelector('#viewer')?.dataset.ready ?? '';"
        state = str(self.until(lambda: self.run(ask), lambda state: state in states, seconds))
        self.until(lambda: self.run("return document.hasFocus();"), bool)  # before that keys are another's
        return state

    def until(self, ask: Callable[[], Any], good: Callable[[Any], bool], seconds: float = 20) -> Json:
        """Ask again and again until the answer is good; give it."""
        end = time.monotonic() + seconds * PATIENCE
        while not good(answer := ask()):
            assert time.monotonic() < end, f"still {answer!r} after {seconds} s"
            time.sleep(0.05)
        return answer

    def run(self, script: str, *given: object) -> Json:
        return self._wire.ask("ExecuteScript", {"script": script, "args": list(given)})

    def state(self) -> Json:
        return self.run("return window.enamelViewer.state();")

    def cell(self, name: str) -> Cell:
        return Cell(**self.run(CELL, name))

    def place(self, cell: str, point: Sequence[float]) -> Point:
        """Give the place on the page, in CSS pixels, where a cell shows a point in mm."""
        x, y = self.run(PLACE, cell, list(point))
        return x, y

    def settle(self) -> None:
        self.run(FRAMES)

    def picture(self) -> NDArray[np.float64]:
        """Take a screenshot: float[rows, columns, red-green-blue] of CSS pixels, 0..255."""
        self.settle()
        png = base64.b64decode(self._wire.ask("TakeScreenshot", {"full": False, "hash": False}))
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)

    def press(self, *chords: str, times: int = 1) -> None:
        """Press keys one after another; of a chord ("Control+Right") the last is pressed so often, the others held."""
        steps: list[dict[str, str]] = []
        for chord in chords:
            *held, last = [KEYS.get(name, name) for name in chord.split("+")]
            steps += [{"type": "keyDown", "value": key} for key in held]
            steps += [{"type": kind, "value": last} for _ in range(times) for kind in ("keyDown", "keyUp")]
            steps += [{"type": "keyUp", "value": key} for key in reversed(held)]
        self._act({"type": "key", "id": "keys", "actions": steps})

    def point_at(self, at: Point) -> None:
        """Move the mouse there."""
        self._pointer("mouse", [_to(at)])

    def drag(self, kind: str, start: Point, *way: Point) -> None:
        """Press with the mouse or one finger, go along a way, let go."""
        if kind == "touch" and not self._wire.has_fingers:
            self.run(MADE_TOUCH, [[round(x), round(y)] for x, y in (start, *way)])
            return self.settle()
        steps: list[dict[str, Any]] = [_to(start), {"type": "pointerDown", "button": 0}]
        for before, after in zip((start, *way), way, strict=False):
            half = ((before[0] + after[0]) / 2, (before[1] + after[1]) / 2)
            steps += [_to(half), _to(after)]
        return self._pointer(kind, [*steps, {"type": "pointerUp", "button": 0}])

    def focus(self, cell: str) -> None:
        """Go from the pane that has the cursor to another by Tab, back by Shift and Tab."""
        for _ in PANES:
            here = self.run("return document.activeElement?.dataset?.cell ?? '';")
            if here == cell:
                return
            self.press("Tab" if PANES.index(here) < PANES.index(cell) else "Shift+Tab")
        raise AssertionError(f"Tab does not come to {cell}")

    def _pointer(self, kind: str, steps: list[dict[str, Any]]) -> None:
        self._act({"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": steps})

    def _act(self, source: dict[str, Any]) -> None:
        self._wire.ask("PerformActions", {"actions": [source]})
        self.settle()


def _to(at: Point) -> dict[str, Any]:
    return {"type": "pointerMove", "duration": 0, "origin": "viewport", "x": round(at[0]), "y": round(at[1])}
