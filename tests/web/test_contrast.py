"""Text can be read: the colours of both rooms keep WCAG 2.2 AA.

Source: WCAG 2.2 1.4.3 (4.5:1 for text), 1.4.11 (3:1 for what marks a control or the focus).
"""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "appliance" / "web" / "static"
TEXT_PAIRS = [
    ("ink", "ground"), ("ink", "surface"), ("ink", "sunken"), ("ink-soft", "ground"), ("ink-soft", "surface"),
    ("ink-soft", "sunken"), ("accent", "surface"), ("accent-strong", "accent-soft"), ("on-accent", "accent"),
    ("good", "surface"), ("warn", "surface"), ("bad", "surface"), ("calm", "surface"), ("good", "good-soft"),
    ("warn", "warn-soft"), ("bad", "bad-soft"), ("calm", "calm-soft"),
]  # fmt: skip
MARK_PAIRS = [("line-strong", "surface"), ("focus", "surface"), ("focus", "ground"), ("accent", "ground")]
DARK_TEXT_PAIRS = [("ink", "ground"), ("ink", "surface"), ("ink-soft", "surface"), ("on-accent", "accent")]


def colours(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", (STATIC / sheet).read_text()))


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_ratio_is_computed_as_the_standard_says() -> None:
    assert ratio("#000000", "#ffffff") == pytest.approx(21)
    assert ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_of_the_office_is_readable(front: str, back: str) -> None:
    palette = colours("base.css")
    assert ratio(palette[front], palette[back]) >= 4.5


@pytest.mark.parametrize(("front", "back"), MARK_PAIRS)
def test_controls_and_focus_can_be_seen(front: str, back: str) -> None:
    palette = colours("base.css")
    assert ratio(palette[front], palette[back]) >= 3


@pytest.mark.parametrize(("front", "back"), DARK_TEXT_PAIRS)
def test_text_of_the_viewing_room_is_readable(front: str, back: str) -> None:
    palette = colours("viewing.css")
    assert ratio(palette[front], palette[back]) >= 4.5
