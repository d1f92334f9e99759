"""How much slower scans arrive while a night's backup runs: `python -m benchmarks.backup_arrivals --gigabytes 2.6`.

A whole box in processes of its own is filled through its receiver. DCMTK's storescu sends it a series by turns: while
nothing else is done, and in the midst of a first copy of the whole box, which the process `jobs` makes because it was
asked to. Neither what is copied nor the target is in memory beforehand, and both are on one disk, which is the worst
place for copies. `acknowledged` is until the sender has its last answer, `listed` until all is in the catalogue.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from secrets import token_hex

import psutil

from appliance.assembly.backup_parts import backup_parts
from appliance.assembly.box import unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.audit.events import OPERATOR
from appliance.backup.jobs import BACKUP
from appliance.backup.restic import restic_version
from appliance.backup.target import location_of
from appliance.backup.targets import NewTarget, add_target, remove_target
from appliance.clock import SystemClock
from appliance.config import find_settings, read_settings
from appliance.jobs import queries
from appliance.jobs.asking import ask_run
from appliance.keys.hierarchy import Keyring
from appliance.store.runs import RunOutcome
from benchmarks.associations import listed
from benchmarks.ingest import transfer, without_nagle
from benchmarks.results import write_section
from benchmarks.scans import SLICES, make_slices
from benchmarks.servers import Server, Start, running

MOST_SLOWDOWN = 1.25
SLICE_BYTES = 525_000
CALM_SHARE = 0.15  # of one core: what processes take that only look whether there is something to do
_PATIENCE_SECONDS = 900.0
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Taken:
    """What one series took, in seconds."""

    acknowledged: float
    listed: float


@dataclass(frozen=True)
class Figures:
    """Seconds of the medians, and of each round by turns; the slowdowns are busy by quiet.

    Attributes:
        gigabytes: In the vault when the first round began.
        night_seconds: The copy's whole run, the series that came meanwhile included.
    """

    gigabytes: float
    slices: int
    quiet: Taken
    busy: Taken
    acknowledged_slowdown: float
    listed_slowdown: float
    night_seconds: float
    quiet_rounds: list[Taken] = field(repr=False)
    busy_rounds: list[Taken] = field(repr=False)
    restic: str = ""
    machine: str = ""


def main() -> None:
    """Fill a box, measure, write, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description="Measure arrivals while a backup runs")
    parser.add_argument("--gigabytes", type=float, default=2.6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=21480)
    parser.add_argument("--folder", type=Path, help="work below this folder, on the disk that is to be measured")
    parser.add_argument("--write", type=Path, help="write the figures there as JSON, and into results.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        figures = measure(Path(name), asked.gigabytes, asked.rounds, asked.port)
    print(json.dumps(asdict(figures), indent=1))
    if asked.write is not None:
        asked.write.write_text(json.dumps(asdict(figures), indent=1) + "\n")
        write_section("Arrivals while a backup runs", table(figures))
    broken = broken_promises(figures)
    print("\n".join(broken) or "The promise holds.")
    raise SystemExit(1 if broken else 0)


def measure(work: Path, gigabytes: float, rounds: int, port: int, slices: int = SLICES) -> Figures:
    """Measure all of it below a folder."""
    start = Start("enamel", work / "clinic", "127.0.0.1", port, (), without_nagle())
    quiet, busy, nights = list[Taken](), list[Taken](), list[float]()
    with running(start) as server:
        box = Box(server, work / "series")
        for left in range(round(gigabytes * 1e9 / SLICE_BYTES), 0, -SLICES):
            box.make_ready(min(left, SLICES))
            box.take()
        held = sum(path.stat().st_size for path in box.files())
        for _ in range(rounds):
            box.make_ready(slices)
            quiet.append(box.take())
            box.make_ready(slices)
            with night(box, work / "disk") as copying:
                busy.append(box.take())
                if not copying.is_under_way:
                    raise SystemExit("the copy ended before the series was stored: take more gigabytes")
            nights.append(copying.seconds)
            print(f"quiet {quiet[-1]}, while a backup runs {busy[-1]}, the whole run {nights[-1]:.1f} s", flush=True)
        box.close()
    calm, stirred = median(quiet), median(busy)
    return Figures(
        round(held / 1e9, 3), slices, calm, stirred, round(stirred.acknowledged / calm.acknowledged, 3),
        round(stirred.listed / calm.listed, 3), round(statistics.median(nights), 1), quiet, busy,
        restic_version(), f"{platform.machine()}, {os.cpu_count()} processors",
    )  # fmt: skip


def broken_promises(figures: Figures) -> list[str]:
    """Say which of the promises do not hold."""
    return [
        *([] if figures.acknowledged_slowdown <= MOST_SLOWDOWN else ["a backup makes arrivals too slow"]),
        *([] if figures.listed_slowdown <= MOST_SLOWDOWN else ["a backup makes listing too slow"]),
    ]


def table(figures: Figures) -> list[str]:
    """Give the lines of the section."""
    rows = (
        ("acknowledged", figures.quiet.acknowledged, figures.busy.acknowledged, figures.acknowledged_slowdown),
        ("listed", figures.quiet.listed, figures.busy.listed, figures.listed_slowdown),
    )
    return [
        f"{figures.slices} CT slices of 512 x 512 to a whole box of {figures.gigabytes:.1f} GB, "
        f"{len(figures.quiet_rounds)} rounds by turns, medians. The copy takes {figures.night_seconds:.0f} s in all.",
        "",
        "| a series is | quiet, s | while a backup runs, s | slowdown | at most |",
        "|---|---|---|---|---|",
        *(f"| {what} | {calm:.2f} | {busy:.2f} | {by:.2f} | {MOST_SLOWDOWN} |" for what, calm, busy, by in rows),
    ]


def median(rounds: list[Taken]) -> Taken:
    """Give the median of each figure."""
    return Taken(
        round(statistics.median(one.acknowledged for one in rounds), 3),
        round(statistics.median(one.listed for one in rounds), 3),
    )


class Box:
    """A running box, and its rooms beside it as an operator's command opens them; a folder for what is sent to it."""

    def __init__(self, server: Server, series: Path) -> None:
        self.server = server
        settings = read_settings(find_settings(server.folder / "box", None))
        keyring = Keyring.for_process("jobs", unseal_root(Folders.of(settings), None))
        self.rooms: Rooms = open_rooms(settings, keyring, SystemClock())
        self._series = series
        supervisor = psutil.Process(server.process_ids[0]).parent()
        if supervisor is None:
            raise SystemExit("the box ended")
        self._supervisor = supervisor

    def close(self) -> None:
        """Let go of the catalogue."""
        self.rooms.database.close()

    def files(self) -> list[Path]:
        """Give the vault's files."""
        return [path for path in self.rooms.folders.vault.rglob("*") if path.is_file()]

    def make_ready(self, slices: int) -> None:
        """Make a series to send, and wait until the box rests: no pack is wanted, its processes only look around.

        What is in memory is written out, and the vault's files go from there: a box's scans are more than its memory.
        """
        make_slices(self._series, slices)
        until(lambda: not self._packs_wanted() and self._share() < CALM_SHARE)
        os.sync()
        for path in self.files():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)

    def take(self) -> Taken:
        """Have the series sent, and wait until it is listed.

        Raises:
            SystemExit: It was not stored.
        """
        wanted, began = listed(self.rooms) + len(list(self._series.iterdir())), time.perf_counter()
        acknowledged, codes = transfer(self.server, [self._series], "", without_nagle())
        if any(codes):
            raise SystemExit("a series was not stored")
        until(lambda: listed(self.rooms) >= wanted)
        taken = Taken(round(acknowledged, 3), round(time.perf_counter() - began, 3))
        shutil.rmtree(self._series)
        return taken

    def _packs_wanted(self) -> int:
        with self.rooms.database.read() as tx:
            return int(tx.rows("SELECT count(*) FROM packs_wanted")[0][0])

    def _share(self) -> float:
        before = self._cpu_seconds()
        time.sleep(1)
        return self._cpu_seconds() - before

    def _cpu_seconds(self) -> float:
        times = [one.cpu_times() for one in (self._supervisor, *self._supervisor.children(recursive=True))]
        return sum(one.user + one.system for one in times)


class Night:
    """A copy that is being made."""

    def __init__(self, files: Path) -> None:
        self._files = files
        self.seconds = 0.0

    @property
    def is_in_the_vault(self) -> bool:
        """Say whether a part of the vault was copied."""
        return any(self._files.glob("data/*/*"))

    @property
    def is_under_way(self) -> bool:
        """Say whether it has not ended: what is written last is its snapshot."""
        return not any(self._files.glob("snapshots/*"))


@contextmanager
def night(box: Box, disk: Path) -> Iterator[Night]:
    """Have the box copy itself to an empty folder, all through the block and then to its end; nothing of it is kept."""
    disk.mkdir()
    parts, rooms = backup_parts(box.rooms), box.rooms
    new = NewTarget(token_hex(4), location_of("folder", {"path": str(disk), "same_disk": "yes"}))
    target = add_target(parts, new, OPERATOR)
    with rooms.database.write() as tx:
        ask_run(tx, BACKUP, rooms.clock.now())
    begun = Night(disk / "files")
    until(lambda: begun.is_in_the_vault)
    yield begun
    until(lambda: not begun.is_under_way)
    until(lambda: _newest_run(rooms)[0] is not None)
    outcome, begun.seconds = _newest_run(rooms)
    if outcome is not RunOutcome.DONE:
        raise SystemExit(f"the copy {outcome}")
    remove_target(parts, target.target_key, OPERATOR)
    shutil.rmtree(disk)


def until(holds: Callable[[], bool]) -> None:
    """Wait for something.

    Raises:
        SystemExit: It does not come.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("the box does not go on")
        time.sleep(_LOOK_SECONDS)


def _newest_run(rooms: Rooms) -> tuple[RunOutcome | None, float]:
    with rooms.database.read() as tx:
        [run] = queries.runs_of(tx, BACKUP, 1)
    ended_at = rooms.clock.now() if run.finished_at is None else run.finished_at
    return run.outcome, (ended_at - run.started_at).total_seconds()


if __name__ == "__main__":
    main()
