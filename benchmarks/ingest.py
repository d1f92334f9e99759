"""Ingest, side by side: python -m benchmarks.ingest --reps 5 [--cases one,three] [--servers orthanc,enamel].

Real senders (DCMTK's storescu), servers interleaved (A B C A B C ...) so that
the machine's moods fall on all alike; medians and ratios go into a section of
results.md. Cases: `one` and `three` associations of 400 CT slices, `multi` one
multi-frame object of 210 MB, each with 128 KiB PDUs; `-16k` limits the sender
to 16 KiB, `-nagle` leaves Nagle's algorithm on as Debian's DCMTK does, `-mtu`
goes through a network namespace with an MTU of 1500. `idle` is the processor
time of four idle associations.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.dicom_scp.pdu import ProposedContext
from appliance.dicom_scp.sender import Association, Destination
from benchmarks.results import write_section
from benchmarks.scans import make_series
from benchmarks.servers import COMMANDS, Server, Start, running

CASES = ("one", "one-16k", "one-nagle", "one-mtu", "three", "three-16k", "multi", "multi-16k", "idle")
FOLDERS = {"one": ("series1",), "three": ("series1", "series2", "series3"), "multi": ("multi",)}
NAMESPACE, INSIDE, OUTSIDE = "enamel-bench", "10.77.31.2", "10.77.31.1"
IDLE_SECONDS = 5.0
STORED_SECONDS = 10.0


@dataclass(frozen=True)
class Run:
    """What one run took."""

    seconds: float
    megabytes: float
    cpu_seconds: float
    peak_megabytes: float


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--servers", default="orthanc,orthanc-tuned,storescp,enamel")
    parser.add_argument("--port", type=int, default=21180)
    parser.add_argument("--data", type=Path, help="keep the made series here, 840 MB")
    parser.add_argument("--work", type=Path, help="on the disk that is to be measured")
    parser.add_argument("--no-write", action="store_true", help="print only, leave results.md alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        data = options.data or Path(work, "data")
        make_series(data)
        sections = []
        for case in options.cases.split(","):
            sections.append(measure(case, options, data, Path(work, "server")))
            print(sections[-1], flush=True)
    if not options.no_write:
        told = f"{options.reps} runs each, interleaved; medians, in brackets the fastest and the slowest."
        write_section("Ingest", [told, *(line for section in sections for line in ("", *section.splitlines()))])


def measure(case: str, options: argparse.Namespace, data: Path, work: Path) -> str:
    """Give a case's table."""
    names = [name for name in options.servers.split(",") if name in COMMANDS]
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for _ in range(options.reps):
        for name in names:
            runs[name].append(run(case, name, data, work, options.port))
            shutil.rmtree(work, ignore_errors=True)
    return idle_table(runs) if case == "idle" else speed_table(case, runs)


def run(case: str, name: str, data: Path, work: Path, port: int) -> Run:
    """Send once to one server."""
    kind, _, way = case.partition("-")
    with ExitStack() as stack:
        address = stack.enter_context(small_packets()) if way == "mtu" else "127.0.0.1"
        prefix = ("ip", "netns", "exec", NAMESPACE) if way == "mtu" else ()
        alone = "receiver" if name == "enamel" and way == "mtu" else name  # a demo box listens on loopback only
        environment = without_nagle() if way != "nagle" else dict(os.environ)
        server = stack.enter_context(running(Start(alone, work, address, port, prefix, environment)))
        if kind == "idle":
            return idle(server)
        return send(server, [data / folder for folder in FOLDERS[kind]], way, environment)


def without_nagle() -> dict[str, str]:
    """Give an environment in which DCMTK, as client and inside Orthanc, turns Nagle's algorithm off."""
    return {**os.environ, "TCP_NODELAY": "1"}


def send(server: Server, folders: Sequence[Path], way: str, environment: Mapping[str, str]) -> Run:
    """Send each folder in an association of its own, all at once."""
    size, cpu = sum(file.stat().st_size for folder in folders for file in folder.iterdir()), server.cpu_seconds()
    seconds, codes = transfer(server, folders, way, environment)
    cpu_after, peak = server.cpu_seconds(), server.peak_megabytes()
    end = time.monotonic() + STORED_SECONDS  # a file on its way from one folder to another is counted in neither
    while (stored := server.stored_bytes()) < 0.9 * size and time.monotonic() < end:
        time.sleep(0.1)
    if any(codes) or stored < 0.9 * size:
        raise SystemExit(f"not all was stored: {codes}, {stored} of {size} bytes")
    return Run(seconds, size / 1e6, cpu_after - cpu, peak)


def transfer(
    server: Server, folders: Sequence[Path], way: str, environment: Mapping[str, str]
) -> tuple[float, list[int]]:
    """Have DCMTK's storescu send each folder; give the seconds until all is acknowledged, and how each sender ended."""
    pdu = ["--max-send-pdu", "16384"] if way == "16k" else []
    command = ["storescu", "-R", "+sd", *pdu, "-aec", server.ae_title, server.address, str(server.port)]
    begun = time.perf_counter()
    senders = [subprocess.Popen([*command, str(folder)], env=environment) for folder in folders]
    codes = [sender.wait() for sender in senders]
    return time.perf_counter() - begun, codes


def idle(server: Server) -> Run:
    """Hold four associations that say nothing."""
    destination = Destination(server.address, server.port, server.ae_title, "BENCH")
    contexts = [ProposedContext(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",))]
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(Association(destination, contexts))
        cpu = server.cpu_seconds()
        time.sleep(IDLE_SECONDS)
        return Run(IDLE_SECONDS, 0, server.cpu_seconds() - cpu, server.peak_megabytes())


@contextmanager
def small_packets() -> Iterator[str]:
    """Make a network namespace behind a pair of interfaces with MTU 1500; needs root."""
    _ip("netns", "add", NAMESPACE)
    try:
        # A namespace ends some time after its last process; the pair that the run before made may still be there.
        subprocess.run(["ip", "link", "del", "eb-out"], check=False, stderr=subprocess.DEVNULL)
        _ip("link", "add", "eb-out", "mtu", "1500", "type", "veth", "peer", "name", "eb-in", "netns", NAMESPACE)
        _ip("addr", "add", f"{OUTSIDE}/30", "dev", "eb-out")
        _ip("link", "set", "eb-out", "up")
        _ip("-n", NAMESPACE, "addr", "add", f"{INSIDE}/30", "dev", "eb-in")
        _ip("-n", NAMESPACE, "link", "set", "eb-in", "mtu", "1500", "up")
        yield INSIDE
    finally:
        _ip("netns", "del", NAMESPACE)


def speed_table(case: str, runs: dict[str, list[Run]]) -> str:
    """Give one line a server; ratios are to the first."""
    first = statistics.median(run.seconds for run in next(iter(runs.values())))
    head = f"### {case}\n\n| server | seconds | MB/s | ratio | CPU s | peak MB |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_speed_line(name, of, first) for name, of in runs.items())])


def idle_table(runs: dict[str, list[Run]]) -> str:
    """Give the share of a core that four idle associations cost."""
    head = "### Four idle associations\n\n| server | % of a core |\n|---|---|"
    shares = {name: statistics.median(100 * run.cpu_seconds / run.seconds for run in of) for name, of in runs.items()}
    return "\n".join([head, *(f"| {name} | {share:.1f} |" for name, share in shares.items())])


def _speed_line(name: str, runs: Sequence[Run], first: float) -> str:
    seconds = sorted(run.seconds for run in runs)
    middle = statistics.median(seconds)
    cpu, peak = (
        statistics.median(of) for of in zip(*((run.cpu_seconds, run.peak_megabytes) for run in runs), strict=True)
    )
    return (
        f"| {name} | {middle:.2f} ({seconds[0]:.2f}-{seconds[-1]:.2f}) | {runs[0].megabytes / middle:.0f} "
        f"| {first / middle:.2f}x | {cpu:.2f} | {peak:.0f} |"
    )


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


if __name__ == "__main__":
    main()
