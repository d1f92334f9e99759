"""The viewer's table tells medians, how many times ours the others' are, and what did not finish."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.viewer import table
from benchmarks.viewer_box import PEERS, versions

SHAPE = (10, 100, 100)  # 200 kB
RUNS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "enamel": [{"first": 500.0, "memory": 400_000, "scroll": 5.0}, {"first": 700.0}, {"first": 600.0}],
    "cornerstone": [{"first": 1800.0, "memory": 600_000}, {"failed": "it was late"}],
    "vtk": [{"failed": "dark"}],
}


def row(lines: Sequence[str], words: str) -> list[str]:
    """Give the cells of the row that begins so."""
    (found,) = [line for line in lines if line.startswith(f"| {words}")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_a_row_tells_the_median_its_bounds_and_the_others_ratio() -> None:
    lines = list(table(RUNS, SHAPE))
    assert row(lines, "first picture")[1:5] == ["0.60 (0.50-0.70)", "1.0", "1.80 (1.80-1.80)", "3.0x"]
    assert row(lines, "page memory")[1:5] == ["2.00 (2.00-2.00)", "2.5", "3.00 (3.00-3.00)", "1.5x"]


def test_what_nobody_measured_stays_empty_and_what_failed_is_named() -> None:
    lines = list(table(RUNS, SHAPE))
    assert row(lines, "a step of scrolling")[1:] == ["5.00 (5.00-5.00)", "", "", "", "", ""]
    assert lines[-2:] == ["Did not finish: cornerstone: it was late", "Did not finish: vtk: dark"]


def test_the_other_viewers_are_locked_and_their_registry_is_not_named() -> None:
    assert set(versions()) == {"cornerstone", "vtk"}
    packages = json.loads((PEERS / "package-lock.json").read_bytes())["packages"]
    assert not [name for name, about in packages.items() if "resolved" in about]
