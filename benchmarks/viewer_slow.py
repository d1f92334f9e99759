"""The viewer through a slow line: a bottleneck between browser and box.

Where this runs as root, both live in a network namespace of their own whose loopback lets through only so much
(tc's token bucket; questions and answers share it, and it adds no delay of its own). Elsewhere Chromium throttles
itself.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.viewer_box import Shape, box_with_volume, driven, facts_of, say, wait_for_pack
from tests.stories.clinic import ROOT

MOST_SECONDS = 200
SMALL_PACKETS = 1500  # bytes; loopback's own of 64 KiB would pass in bursts


def slow_lines(folder: Path, shape: Shape, mbit: float, port: int) -> Sequence[str]:
    """Open a volume through a line of so many Mbit/s, and tell when its planes can be used."""
    is_root = os.geteuid() == 0
    inside = [sys.executable, "-m", "benchmarks.viewer_slow", str(folder), str(mbit), str(port), *map(str, shape)]
    command = ["unshare", "--net", *inside, "--bucket"] if is_root else inside
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    runs: Mapping[str, Mapping[str, Any]] = json.loads(told.stdout)
    how = "tc's token bucket in a network namespace" if is_root else "throttled by Chromium itself"
    head = f"Through {mbit:g} Mbit/s ({how}), one run each; three usable planes are wanted within 1.5 s:"
    return [head, "", *(_line(name, run) for name, run in runs.items())]


def _line(name: str, run: Mapping[str, Any]) -> str:
    if "failed" in run:
        return f"* {name}: did not open: {run['failed']}"
    times = {"first picture": "first", "three usable planes": "usable", "every slice in the browser": "all"}
    told = ", ".join(f"{words} {run[key] / 1e3:.2f} s" for words, key in times.items() if run.get(key) is not None)
    return f"* {name}: {told}"


def main() -> None:
    """Be the inside: have a box and a browser at the two ends of the line, and print what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("mbit", type=float)
    parser.add_argument("port", type=int)
    parser.add_argument("shape", type=int, nargs=3)
    parser.add_argument("--bucket", action="store_true")
    asked = parser.parse_args()
    if asked.bucket:
        _run("ip", "link", "set", "lo", "mtu", str(SMALL_PACKETS), "up")
    with box_with_volume(asked.folder, tuple(asked.shape), asked.port, packed=False) as clinic:
        if asked.bucket:
            rate = f"{asked.mbit:g}mbit"
            _run("tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", rate, "burst", "32kb", "limit", "256kb")
        throttle = None if asked.bucket else asked.mbit
        plan = facts_of(clinic) | {"reps": 1, "viewers": ["enamel"], "most_seconds": MOST_SECONDS, "mbit": throttle}
        runs = {"on the fly": driven(plan, asked.folder)[0]}
        wait_for_pack(clinic)
        runs["with its pack"] = driven(plan, asked.folder)[0]
    say(f"the slow line: {runs}")
    print(json.dumps(runs))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
