"""What pixels of a screenshot say, whatever the page says of itself."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float64]
HALF = 127.5
BESIDE_LINE = 4  # pixels: the crosshair's lines and what softens them are left out


def span(levels: NDArray[np.float64], middle: float) -> tuple[float, float]:
    """Find where brightness falls to its half on both sides of a middle, between pixels.

    The search begins outside the crosshair's line. Positions count pixel edges: 0 is the left edge of the first.
    """
    start = round(middle)
    right = start + BESIDE_LINE * 5 + int(np.argmax(levels[start + BESIDE_LINE * 5 :] < HALF))
    left = start - BESIDE_LINE * 5 - int(np.argmax(levels[start - BESIDE_LINE * 5 :: -1] < HALF))
    return left + 0.5 + _share(levels, left, left + 1), right - 0.5 + _share(levels, right - 1, right)


def _share(levels: NDArray[np.float64], low: int, high: int) -> float:
    """How far from one pixel to the next brightness is at its half."""
    return float((HALF - levels[low]) / (levels[high] - levels[low]))


def disc(picture: Picture, middle: Sequence[float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Find the left and right, and the upper and lower edge of a disc round a place, beside the crosshair's lines."""
    grey = picture.mean(axis=2)
    x, y = middle
    across = np.mean([span(grey[round(y) + by], x) for by in (-BESIDE_LINE, BESIDE_LINE)], axis=0)
    down = np.mean([span(grey[:, round(x) + by], y) for by in (-BESIDE_LINE, BESIDE_LINE)], axis=0)
    return (float(across[0]), float(across[1])), (float(down[0]), float(down[1]))


def centre_of(picture: Picture, box: Sequence[float], level: float, within: float = 6) -> tuple[float, float]:
    """Give the middle of all grey pixels of about one brightness in a box, as shares of its width and height."""
    left, top, width, height = (round(part) for part in box)
    part = picture[top : top + height, left : left + width]
    like = (np.abs(part - level) <= within).all(axis=2)
    rows, columns = np.nonzero(like)
    assert rows.size > 100, "nothing of this brightness is there"
    return float(columns.mean() / width), float(rows.mean() / height)
