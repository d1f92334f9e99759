"""The viewer in Chromium, opened over the box's TLS address, beside other viewers: `python -m benchmarks.viewer`.

A demonstration box receives the phantom jaw as 400 slices of 512 x 512 (210 MB); a dentist signs in and opens it,
each time in a browser that has nothing of it yet. Cornerstone3D and vtk.js open the same from the same box in turn.
Then a volume of 768 x 768 x 600, and the first one through a slow line. Chromium draws in software here.
How the others are set up: benchmarks/viewer_peers/README.md.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.results import write_section
from benchmarks.viewer_box import (
    Shape,
    box_with_volume,
    built_peers,
    driven,
    facts_of,
    say,
    series_asked,
    serve_peers,
    versions,
)
from benchmarks.viewer_slow import slow_lines

MEGABYTE = 1e6
MOST_SECONDS = 120  # for one opening
LARGE_SLICES = 600 / 768  # of a side
VIEWERS = ("enamel", "cornerstone", "vtk")
Run = Mapping[str, Any]
# What is told: key, words, unit's size (0: the raw volume), what the issue asks at most.
ROWS: Sequence[tuple[str, str, float, str]] = (
    ("first", "first picture, s", 1e3, "1.0"),
    ("all", "every slice in the browser, s", 1e3, "2.0"),
    ("planes", "three planes of all slices drawn, s", 1e3, ""),
    ("drawn", "all planes and 3D drawn, s", 1e3, "2.5"),
    ("memory", "page memory, times the raw volume", 0, "2.5"),
    ("renderer", "renderer process, times the raw volume", 0, ""),
    ("rendererMost", "renderer process at most, times", 0, ""),
    ("graphics", "graphics process, times", 0, ""),
    ("scroll", "a step of scrolling, ms", 1, ""),
    ("oblique", "a step of turning a plane, ms", 1, ""),
    ("solid", "a step of turning the body, ms", 1, ""),
)


def main() -> None:
    """Measure and write down."""
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="enamel-bench-") as name:
        lines = [line for part in _parts(Path(name), asked) for line in [*part, ""]]
    if asked.no_write:
        print("\n".join(lines))
    else:
        write_section("Looking", lines)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The viewer in Chromium, beside others")
    parser.add_argument("--reps", type=int, default=5, help="how often each viewer opens the volume; 0: not at all")
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--alone", action="store_true", help="without the other viewers, which npm has to fetch")
    parser.add_argument("--shape", type=int, default=768, help="side of the large volume; 0: none")
    parser.add_argument("--mbit", type=float, default=50, help="speed of the slow line in Mbit/s; 0: none")
    parser.add_argument("--port", type=int, default=21500)
    parser.add_argument("--pictures", help="a folder for a picture of each viewer")
    parser.add_argument("--no-write", action="store_true", help="print only, leave results.md alone")
    return parser.parse_args()


def _parts(folder: Path, asked: argparse.Namespace) -> Iterator[Sequence[str]]:
    shape = (asked.slices, asked.side, asked.side)
    if asked.reps:
        yield _side_by_side(_fresh(folder, "usual"), shape, asked)
    if asked.shape:
        large = (round(asked.shape * LARGE_SLICES), asked.shape, asked.shape)
        yield [_large(_fresh(folder, "large"), large, asked.port)]
    if asked.mbit:
        yield slow_lines(_fresh(folder, "slow"), shape, asked.mbit, asked.port)


def _fresh(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _side_by_side(folder: Path, shape: Shape, asked: argparse.Namespace) -> Sequence[str]:
    """Open one volume in each viewer in turn, again and again."""
    viewers = VIEWERS[:1] if asked.alone else VIEWERS
    pages = None if asked.alone else built_peers(folder / "pages")
    with box_with_volume(folder, shape, asked.port) as clinic:
        plan = facts_of(clinic) | {"reps": asked.reps, "viewers": viewers, "asked": series_asked(clinic)}
        more = {"most_seconds": MOST_SECONDS, "peers": pages and serve_peers(clinic, pages), "pictures": asked.pictures}
        runs = driven(plan | more, folder)
    return table({name: [run for run in runs if run["viewer"] == name] for name in viewers}, shape)


def table(runs: Mapping[str, Sequence[Run]], shape: Shape) -> Sequence[str]:
    """Write medians with the fastest and the slowest; beside the other viewers' how many times ours theirs is."""
    others = [name for name in runs if name != "enamel"]
    told = versions() if others else {}
    raw = raw_bytes(shape)
    lines = [
        f"{shape[0]} slices of {shape[2]} x {shape[1]} ({raw / MEGABYTE:.0f} MB), {len(runs['enamel'])} interleaved "
        "runs, each in a fresh Chromium; medians, in brackets the fastest and the slowest; ratios to Enamel's median. "
        "How each is set up: [viewer_peers](viewer_peers/README.md).",
        "",
        "| what | Enamel | at most | " + "".join(f"{told[name]} | ratio | " for name in others),
        "|---|---|---|" + "---|---|" * len(others),
    ]
    for key, words, size, most in ROWS:
        ours = _values(runs["enamel"], key, size or raw)
        cells = [cell for name in others for cell in _beside(_values(runs[name], key, size or raw), ours)]
        lines.append(f"| {words} | {_spread(ours)} | {most} | " + "".join(f"{cell} | " for cell in cells))
    return [*(line.rstrip() for line in lines), *_failures(runs)]


def raw_bytes(shape: Shape) -> int:
    """Give what a volume's voxels take, two bytes each."""
    return shape[0] * shape[1] * shape[2] * 2


def _values(runs: Sequence[Run], key: str, size: float) -> list[float]:
    return sorted(run[key] / size for run in runs if run.get(key) is not None)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({values[0]:.2f}-{values[-1]:.2f})" if values else ""


def _beside(theirs: Sequence[float], ours: Sequence[float]) -> tuple[str, str]:
    ratio = f"{median(theirs) / median(ours):.1f}x" if theirs and ours else ""
    return _spread(theirs), ratio


def _failures(runs: Mapping[str, Sequence[Run]]) -> list[str]:
    failed = [f"{name}: {run['failed']}" for name, all_of in runs.items() for run in all_of if "failed" in run]
    return ["", *(f"Did not finish: {words}" for words in failed)] if failed else []


def _large(folder: Path, shape: Shape, port: int) -> str:
    """Open a large volume once."""
    raw = raw_bytes(shape)
    with box_with_volume(folder, shape, port) as clinic:
        plan = facts_of(clinic) | {"reps": 1, "viewers": ["enamel"], "most_seconds": MOST_SECONDS}
        (run,) = driven(plan, folder)
    size = f"{shape[2]} x {shape[1]} x {shape[0]} ({raw / MEGABYTE:.0f} MB)"
    if "failed" in run:
        return f"A volume of {size} did not open: {run['failed']}"
    say(f"the large volume: {run}")
    return (
        f"A volume of {size}, one run: first picture {run['first'] / 1e3:.2f} s, every slice in the browser "
        f"{run['all'] / 1e3:.2f} s, all planes and 3D drawn {run['drawn'] / 1e3:.2f} s, page memory "
        f"{run['memory'] / raw:.2f} times the volume, renderer process {run['renderer'] / raw:.2f} times, a step of "
        f"scrolling {run['scroll']:.0f} ms; one texel stands for {run['factor']} voxel(s) a side."
    )


if __name__ == "__main__":
    main()
