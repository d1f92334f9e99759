"""WADO-RS frames and whole files beside Orthanc's, one connection and six: `python -m benchmarks.read --reps 5`.

Both hold the same series; runs are interleaved and the median is told. Enamel is
reached at the application's unix socket, with a bearer token checked each time,
and reads from sealed files; Orthanc at its loopback port, without a login, from
plain ones. Both find their files in the page cache.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fetching import Connect, Fetched, fetch, to_port, to_unix
from benchmarks.peers import orthanc, upload
from benchmarks.results import write_section
from benchmarks.series import SERIES, STUDY, slices

FRAMES = 'Accept: multipart/related; type="application/octet-stream"; transfer-syntax=*\r\n'
FILES = "Accept: application/dicom\r\n"
CONNECTIONS = (1, 6)
FLOORS = {("frames", 1): 1.5, ("frames", 6): 2.5}


@dataclass(frozen=True)
class Case:
    """One thing that is fetched from one server."""

    name: str
    what: str
    connect: Connect
    paths: Sequence[str]
    headers: str


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description="Read beside Orthanc")
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--port", type=int, default=21400)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, cases(Path(name), asked) as all_cases:
        write_section("Reading", table(measure(all_cases, asked.reps), asked))


@contextmanager
def cases(folder: Path, asked: argparse.Namespace) -> Iterator[list[Case]]:
    """Start both servers with the same series."""
    instances = [f"{SERIES}.{number}" for number in range(1, asked.slices + 1)]
    with orthanc(folder / "orthanc", asked.port, asked.port + 1) as url, enamel(folder / "enamel", asked) as told:
        ids = upload(url, list(slices(asked.slices, asked.size)))
        below = [f"/studies/{STUDY}/series/{SERIES}/instances/{sop}" for sop in instances]
        token = f"Authorization: Bearer {told['token']}\r\n"
        ours, theirs = to_unix(told["socket"]), to_port(asked.port)
        yield [
            Case("Orthanc", "frames", theirs, [f"/dicom-web{path}/frames/1" for path in below], FRAMES),
            Case("Enamel", "frames", ours, [f"/dicomweb{path}/frames/1" for path in below], FRAMES + token),
            Case("Orthanc", "files", theirs, [f"/instances/{one}/file" for one in ids], ""),
            Case("Enamel", "files", ours, [f"/dicomweb{path}" for path in below], FILES + token),
            Case("Enamel", "series stream", ours, ["/series/1/stream"], token),
        ]


@contextmanager
def enamel(folder: Path, asked: argparse.Namespace) -> Iterator[Mapping[str, str]]:
    """Run the application in a process of its own."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.read_server", str(folder), str(asked.slices), str(asked.size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise ValueError("pipes were asked for")
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(20)


def measure(all_cases: Sequence[Case], reps: int) -> dict[tuple[str, str, int], Fetched]:
    """Fetch everything `reps` times, interleaved, after one round that does not count; give medians."""
    runs: dict[tuple[str, str, int], list[Fetched]] = {}
    for rep in range(reps + 1):
        for case in all_cases:
            for connections in CONNECTIONS:
                found = fetch(case.connect, case.paths, connections, case.headers)
                if rep:
                    runs.setdefault((case.name, case.what, connections), []).append(found)
    return {
        key: Fetched(statistics.median(run.seconds for run in found), found[0].body_bytes)
        for key, found in runs.items()
    }


def table(medians: Mapping[tuple[str, str, int], Fetched], asked: argparse.Namespace) -> list[str]:
    """Write the medians as a table, with the ratio to Orthanc and the floor."""
    lines = [
        f"{asked.slices} CT slices of {asked.size} x {asked.size}, {asked.reps} interleaved runs, medians.",
        "",
        "| what | connections | Orthanc, s | Enamel, s | Enamel, MB/s | ratio | floor |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, what, connections), run in sorted(medians.items()):
        if name == "Enamel":
            other = medians.get(("Orthanc", what, connections))
            theirs, ratio = (f"{other.seconds:.3f}", f"{other.seconds / run.seconds:.2f}") if other else ("", "")
            floor = FLOORS.get((what, connections), "")
            rate = run.body_bytes / run.seconds / 1e6
            lines.append(f"| {what} | {connections} | {theirs} | {run.seconds:.3f} | {rate:.0f} | {ratio} | {floor} |")
    return lines


if __name__ == "__main__":
    main()
