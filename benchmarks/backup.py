"""Backup and restore against restic alone on the same files: `python -m benchmarks.backup --gigabytes 2.6`.

A whole box is filled through its own inbox with slices of half a megabyte of noise. Restic alone copies and restores
its vault with the same options; the box copies inbox, catalogue and vault, and comes back decrypted, compared and
entered in the trail. Both run by turns; each figure is the median of `--rounds`, each with a sync of the disk in it.
"""

import argparse
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from pydicom.dataset import Dataset

from appliance.assembly.restoring import Choice, NewSeal, Restoring
from appliance.assembly.restoring_targets import gather_erased, open_source, parse_where
from appliance.backup.restic import restic_version
from appliance.backup.running import Kind, back_up
from appliance.clock import SystemClock
from appliance.config import Settings, in_folders
from appliance.store.files import sync_disk
from tests.assembly.a_full_box import FullBox, as_it_is, backup_parts, new_target, study_slice

SIDE = 512
SLICE_BYTES = 2 * SIDE * SIDE
PER_STUDY = 100
LEAST_RESTORE_SHARE, MOST_FULL_SHARE, MOST_UNCHANGED_SECONDS = 0.7, 1.3, 3.0
NIGHTS_GIGABYTES = 3.0


@dataclass(frozen=True)
class Figures:
    """Seconds, the median of all rounds; each of ours as a share of restic's own where that is what is promised.

    Attributes:
        restore_speed_share: Of restic's own speed.
        full_share: Of restic's own time.
        restored_identical: Every file of the restored vault has the bytes of the one that was lost.
    """

    gigabytes: float
    files: int
    restic_full_seconds: float
    full_seconds: float
    full_share: float
    restic_unchanged_seconds: float
    unchanged_seconds: float
    restic_restore_seconds: float
    restore_seconds: float
    restore_speed_share: float
    restored_identical: bool
    rounds: int
    restic: str
    machine: str


def main() -> None:
    """Fill a box, measure, write, and say whether the promises hold."""
    parser = argparse.ArgumentParser(description="Measure backup and restore against restic alone")
    parser.add_argument("--gigabytes", type=float, default=2.6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="work below this folder, on the disk that is to be measured")
    parser.add_argument("--write", type=Path, help="write the figures there as JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        figures = measure(Path(name), asked.gigabytes, asked.rounds)
    print(json.dumps(asdict(figures), indent=1))
    if asked.write is not None:
        asked.write.write_text(json.dumps(asdict(figures), indent=1) + "\n")
    broken = broken_promises(figures)
    print("\n".join(broken) or "All promises hold.")
    raise SystemExit(1 if broken else 0)


def measure(folder: Path, gigabytes: float, rounds: int) -> Figures:
    """Measure all of it below a folder."""
    box = filled_box(folder / "data", gigabytes)
    clock = SystemClock()
    alone, ours, identical = [], [], True
    for number in range(rounds):
        alone.append(restic_alone(folder / f"alone-{number}", box.folders.vault, clock))
        *seconds, same = the_box(folder / f"ours-{number}", box, clock)
        ours.append(seconds)
        identical = identical and same
        print(f"restic alone {alone[-1]}, the box {seconds}", flush=True)
    (full, unchanged, restored), (own_full, own_unchanged, own_restored) = _medians(alone), _medians(ours)
    sizes = [path.stat().st_size for path in box.folders.vault.rglob("*") if path.is_file()]
    box.close()
    return Figures(
        round(sum(sizes) / 1e9, 3), len(sizes), full, own_full, round(own_full / full, 3), unchanged, own_unchanged,
        restored, own_restored, round(restored / own_restored, 3), identical, rounds,
        restic_version(), f"{platform.machine()}, {os.cpu_count()} processors",
    )  # fmt: skip


def broken_promises(figures: Figures) -> list[str]:
    """Say which of the promises do not hold; how long nights take is promised of 2.6 GB, a restore of any size."""
    of_nights = [
        *([] if figures.full_share <= MOST_FULL_SHARE else ["a full run is too slow"]),
        *([] if figures.unchanged_seconds <= MOST_UNCHANGED_SECONDS else ["a night without changes is too slow"]),
    ]
    return [
        *([] if figures.restored_identical else ["what came back is not what was lost"]),
        *([] if figures.restore_speed_share >= LEAST_RESTORE_SHARE else ["a restore is too slow"]),
        *(of_nights if figures.gigabytes <= NIGHTS_GIGABYTES else []),
    ]


def filled_box(data: Path, gigabytes: float) -> FullBox:
    """Make a box and send it so much noise."""
    box, slices = FullBox(data), max(2, round(gigabytes * 1e9 / SLICE_BYTES))
    for first in range(0, slices, PER_STUDY):
        number = first // PER_STUDY + 1
        box.receive([noise(number, place) for place in range(1, min(PER_STUDY, slices - first) + 1)])
        box.take_in()
    return box


def noise(number: int, place: int) -> Dataset:
    """Make a slice whose pixels nothing compresses."""
    one = study_slice(number, place)
    one.Rows = one.Columns = SIDE
    one.PixelData = os.urandom(SLICE_BYTES)
    return one


def restic_alone(folder: Path, vault: Path, clock: SystemClock) -> tuple[float, float, float]:
    """Copy, copy again and restore a vault by restic itself."""
    folder.mkdir()
    environment = {**os.environ, "RESTIC_PASSWORD": "of a benchmark", "RESTIC_REPOSITORY": str(folder / "repository")}

    def restic(*words: str) -> None:
        subprocess.run(["restic", "-q", *words], check=True, cwd=vault.parent, env=environment)

    restic("init")
    copying = ("backup", "--compression", "off", "vault")
    full, unchanged = (timed(clock, folder, lambda: restic(*copying)) for _ in range(2))
    restored = timed(clock, folder, lambda: restic("restore", "latest", "--target", str(folder / "back")))
    make_room(folder)
    return full, unchanged, restored


def the_box(folder: Path, box: FullBox, clock: SystemClock) -> tuple[float, float, float, bool]:
    """Copy, copy again and restore a box."""
    folder.mkdir()
    target = new_target(box, folder / "disk", quick=False)

    def copy() -> None:
        back_up(backup_parts(box), as_it_is(box, target), Kind.NIGHT)

    full, unchanged = (timed(clock, folder, copy) for _ in range(2))
    new = folder / "new"

    def restore() -> None:
        source = open_source(parse_where(f"folder:{folder / 'disk'}"), None, box.root)
        settings = in_folders(Settings(), str(new), str(new / "run"))
        restoring = Restoring(settings, box.root, [source], clock)
        restoring.run(Choice(), NewSeal(None), gather_erased([source], box.root))

    restored = timed(clock, folder, restore)
    same = same_files(box.folders.vault, new / "vault")
    make_room(folder)
    return full, unchanged, restored, same


def same_files(one: Path, other: Path) -> bool:
    """Say whether two folders hold the same names with the same bytes."""
    names = [
        sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()) for folder in (one, other)
    ]
    return names[0] == names[1] and all((one / name).read_bytes() == (other / name).read_bytes() for name in names[0])


def make_room(folder: Path) -> None:
    """Empty what is not needed any more.

    Removed, it would slow whoever makes files next: ext4 looks long for an inode that nobody gave up a moment ago.
    """
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o600)
            os.truncate(path, 0)


def timed(clock: SystemClock, folder: Path, work: Callable[[], object]) -> float:
    """Give the seconds that something takes until it is on the disk; what came before is there already."""
    sync_disk(folder)
    began = clock.monotonic()
    work()
    sync_disk(folder)
    return round(clock.monotonic() - began, 2)


def _medians(rounds: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    full, unchanged, restored = (round(median(column), 2) for column in zip(*rounds, strict=True))
    return full, unchanged, restored


if __name__ == "__main__":
    main()
