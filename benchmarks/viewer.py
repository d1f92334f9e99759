"""The viewer in Chromium, opened over the box's TLS address: `python -m benchmarks.viewer --reps 5`.

A demonstration box receives the phantom jaw as 400 slices of 512 x 512 (210 MB); a dentist signs in and opens it,
each time in a browser that has nothing of it yet. Chromium draws in software here.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, Scan
from benchmarks.results import write_section
from tests.stories.clinic import ROOT, RunningClinic, until, written

LISTED_SECONDS = 120.0
MEGABYTE = 1e6
# What is told: key, words, unit's size, what the issue asks at most.
ROWS: Sequence[tuple[str, str, float, str]] = (
    ("first", "first picture, s", 1e3, "1.0"),
    ("all", "every slice in the browser, s", 1e3, "2.0"),
    ("drawn", "all planes and 3D drawn, s", 1e3, "2.5"),
    ("memory", "page memory, times the raw volume", 0, "2.5"),
    ("scroll", "a step of scrolling, ms", 1, ""),
    ("oblique", "a step of turning a plane, ms", 1, ""),
    ("solid", "a step of turning the body, ms", 1, ""),
)


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(description="The viewer in Chromium")
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--port", type=int, default=21500)
    parser.add_argument("--no-write", action="store_true", help="print only, leave results.md alone")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="enamel-bench-") as name:
        runs = measure(Path(name), asked)
    lines = table(runs, asked)
    if asked.no_write:
        print("\n".join(lines))
    else:
        write_section("Looking", lines)


def measure(folder: Path, asked: argparse.Namespace) -> list[Mapping[str, float]]:
    """Store the phantom in a box and open it again and again."""
    shape = (asked.slices, asked.side, asked.side)
    scan = Scan(PATIENTS[0], Jaw(11), "20260912", shape, (56 / asked.slices, 100 / asked.side, 100 / asked.side))
    count = len(written(folder / "scan", scan.slices()))
    with RunningClinic(folder / "data", asked.port) as clinic:
        sent = clinic.storescu(folder / "scan")
        if sent.returncode:
            raise RuntimeError(sent.stderr)
        until(lambda: kept(clinic) == count, LISTED_SECONDS)
        plan = folder / "plan.json"
        plan.write_text(json.dumps(clinic.facts | {"reps": asked.reps}))
        told = subprocess.run(
            ["node", "benchmarks/viewer.mjs", str(plan)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
    found: list[Mapping[str, float]] = json.loads(told.stdout)
    return found


def kept(clinic: RunningClinic) -> int:
    """Say how many instances are listed."""
    answer: list[Any] = clinic.dicomweb("/instances?limit=1000").json() if clinic.keys() == "open" else []
    return len(answer)


def table(runs: Sequence[Mapping[str, float]], asked: argparse.Namespace) -> list[str]:
    """Write medians with the fastest and the slowest."""
    raw = asked.slices * asked.side * asked.side * 2
    lines = [
        f"{asked.slices} slices of {asked.side} x {asked.side} ({raw / MEGABYTE:.0f} MB), {len(runs)} runs; medians, "
        "in brackets the fastest and the slowest.",
        "",
        "| what | Enamel | at most |",
        "|---|---|---|",
    ]
    for key, words, size, most in ROWS:
        values = sorted(run[key] / (size or raw) for run in runs)
        lines.append(f"| {words} | {statistics.median(values):.2f} ({values[0]:.2f}-{values[-1]:.2f}) | {most} |")
    return lines


if __name__ == "__main__":
    main()
