"""Plants faults of seven kinds in everything that keeps scans, and looks whether each is found and named.

`python -m tests.faults.planted --faults 1000 --in-backup 200 --write FILE`

Layers: the vault and the catalogue, which `enamel check` and the scrub read;
and on a target the two repositories' own files and what a snapshot holds,
which the restore test reads. Every fault is planted alone, in a box and on a
disk that are whole, and taken away again. A fault counts as named when the
finding says the file, page, pack or snapshot, or that the catalogue does not
open at all.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.errors import Tampered
from appliance.identifiers import FileId
from appliance.integrity.anchors import remember
from appliance.integrity.checking import check_box
from appliance.integrity.findings import FaultCode, Finding, Place
from appliance.integrity.scrubbing import Slice, scrub
from tests.integrity.a_proof import Proved

BLOCK = 512
SCANS = 24


class Kind(StrEnum):
    """What is done to a file."""

    BIT = "a bit"
    TRUNCATION = "truncation"
    APPENDED = "appended bytes"
    ZEROED = "zeroed block"
    SWAPPED = "two swapped"
    DELETED = "a file deleted"
    OLDER = "an older good copy put back"


@dataclass(frozen=True)
class Outcome:
    """One fault: where, what, and who named it; `found` is empty where nobody did."""

    layer: str
    kind: Kind
    by: str
    planted: str
    found: tuple[str, ...]


def harm(kind: Kind, path: Path, other: Path, rng: random.Random) -> None:
    """Do something to a file that is sure to change it."""
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    if kind is Kind.BIT:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind is Kind.TRUNCATION:
        del content[rng.randrange(len(content)) :]
    elif kind is Kind.APPENDED:
        content += rng.randbytes(rng.choice([1, 16, 4096]))
    elif kind is Kind.ZEROED:
        start = rng.randrange(len(content)) // BLOCK * BLOCK
        zeros = bytes(min(BLOCK, len(content) - start))
        was_zero = content[start : start + len(zeros)] == zeros
        content[start : start + len(zeros)] = b"\1" + zeros[1:] if was_zero else zeros
    elif kind is Kind.SWAPPED:
        other.chmod(0o600)
        kept, content = bytes(content), bytearray(other.read_bytes())
        other.write_bytes(kept)
    elif kind is Kind.DELETED:
        path.unlink()
        return
    path.write_bytes(content)


class Field:
    """A box with two nights behind it, as it was before anything was planted, and its older copies."""

    def __init__(self, folder: Path) -> None:
        self.proved = Proved.in_folder(folder, scans=SCANS)
        box = self.box = self.proved.box
        self.kept = folder / "kept"
        self.kept.mkdir()
        self._keep("catalogue.older")
        self.proved.night()
        shutil.copytree(self.proved.disk, self.kept / "disk.older")
        gone = sorted(box.parts.vault.stored_ids(), key=str)[0]
        self.stray = shutil.copy(box.parts.vault.path_of(gone), self.kept / str(gone))
        box.scan(first=100, count=4)
        with box.database.write() as tx:
            box.audit.record(tx, Event(EventCode.AUDIT_READ, OPERATOR))
        self.proved.night()
        remember(box.integrity)
        self._keep("catalogue")
        shutil.copytree(box.folder / "vault", self.kept / "vault")
        shutil.copytree(self.proved.disk, self.kept / "disk")

    def _keep(self, name: str) -> None:
        self.box.database.close()
        shutil.copy(self.box.folder / "catalogue.db", self.kept / name)

    def mend(self, *, disk_too: bool) -> None:
        """Take everything away that was planted, and what it led to; the disk only where it was harmed or copied to."""
        self.box.database.close()
        for log in ("-wal", "-shm"):
            (self.box.folder / f"catalogue.db{log}").unlink(missing_ok=True)
        shutil.copy(self.kept / "catalogue", self.box.folder / "catalogue.db")
        places = {"vault": self.box.folder / "vault"} | ({"disk": self.proved.disk} if disk_too else {})
        for name, place in places.items():
            shutil.rmtree(place)
            shutil.copytree(self.kept / name, place)

    def stored(self, rng: random.Random) -> tuple[Path, Path]:
        """Choose two stored files."""
        paths = sorted((self.box.folder / "vault").glob("??/*"))
        one, other = rng.sample(paths, 2)
        return one, other


def in_vault(field: Field, kind: Kind, rng: random.Random) -> Outcome:
    """Plant a fault in a stored file, and have check or scrub find it."""
    path, other = field.stored(rng)
    by = rng.choice(["check", "scrub"])
    if kind is Kind.OLDER:  # ids are never used again: what comes back is what was removed
        by, name = "check", f"{rng.randrange(16**32):032x}"
        path = field.box.folder / "vault" / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(field.stray, path)
    else:
        harm(kind, path, other, rng)
    findings = check_box(field.box.integrity).findings if by == "check" else scrubbed(field)
    named = [one.told() for one in findings if str(one.file_id) == path.name]
    both = kind is not Kind.SWAPPED or any(str(one.file_id) == other.name for one in findings)
    return Outcome("vault", kind, by, path.name, tuple(named) if both else ())


def scrubbed(field: Field) -> Sequence[Finding]:
    """Give what one slice of the scrub finds, as its rows keep it."""
    field.box.clock.ahead += timedelta(days=30)
    scrub(field.box.integrity, Slice(lambda: False, lambda _files, _bytes: None, lambda _: None))
    with field.box.database.read() as tx:
        rows = tx.rows("SELECT fault, file_id FROM integrity_faults WHERE repaired_at IS NULL")
    return [Finding(Place.VAULT, FaultCode(code), "", FileId(file_id)) for code, file_id in rows]


def in_catalogue(field: Field, kind: Kind, rng: random.Random) -> Outcome:
    """Plant a fault in the catalogue's file, and have check find it."""
    field.box.database.close()
    catalogue = field.box.folder / "catalogue.db"
    if kind is Kind.OLDER:
        shutil.copy(field.kept / "catalogue.older", catalogue)
    elif kind is Kind.SWAPPED:
        swap_pages(catalogue, rng)
    else:
        harm(kind, catalogue, catalogue, rng)
    found: tuple[str, ...]
    try:
        places = {Place.CATALOGUE, Place.AUDIT}
        found = tuple(one.told() for one in check_box(field.box.integrity).findings if one.place in places)
    except Tampered as fault:
        found = (f"catalogue: {fault}",)
    return Outcome("catalogue", kind, "check", "catalogue.db", found)


def swap_pages(catalogue: Path, rng: random.Random) -> None:
    """Let two pages change places."""
    content = bytearray(catalogue.read_bytes())
    one, other = (4096 * number for number in rng.sample(range(len(content) // 4096), 2))
    content[one : one + 4096], content[other : other + 4096] = content[other : other + 4096], content[one : one + 4096]
    catalogue.write_bytes(content)


def in_repository(field: Field, kind: Kind, rng: random.Random) -> Outcome:
    """Plant a fault in a file of a repository, and have the night's restore test find it."""
    name = rng.choice(["files", "keys"])
    repository = field.proved.disk / name
    if kind is Kind.OLDER:
        shutil.rmtree(repository)
        shutil.copytree(field.kept / "disk.older" / name, repository)
        return tested(field, "repositories", kind, f"{name}, the night before's")
    folder = rng.choice(["data", "data", "data", "index", "snapshots", "keys", "config"])
    there = sorted(path for path in repository.rglob("*") if path.is_file() and "locks" not in path.parts)
    chosen = rng.choice([path for path in there if folder in path.relative_to(repository).parts])
    others = [path for path in there if path != chosen and path.read_bytes() != chosen.read_bytes()]
    same = [path for path in others if path.parent.parts[-2:] == chosen.parent.parts[-2:]]
    harm(kind, chosen, rng.choice(same or others), rng)
    return tested(field, "repositories", kind, str(chosen.relative_to(field.proved.disk)))


def in_snapshot(field: Field, kind: Kind, rng: random.Random) -> Outcome:
    """Plant a fault in what a night copies, as it copies it, and have its restore test find it."""
    path, other = field.stored(rng)
    if kind is Kind.OLDER:
        field.proved.night(catalogue=field.kept / "catalogue.older")
        return tested(field, "snapshots", kind, "catalogue.db")
    if rng.random() < 0.3 and kind is not Kind.DELETED:
        catalogue = Path(shutil.copy(field.kept / "catalogue", field.kept / "catalogue.harmed"))
        if kind is Kind.SWAPPED:
            swap_pages(catalogue, rng)
        else:
            harm(kind, catalogue, catalogue, rng)
        field.proved.night(catalogue=catalogue)
        return tested(field, "snapshots", kind, "catalogue.db")
    harm(kind, path, other, rng)
    field.proved.night()
    return tested(field, "snapshots", kind, path.name)


def tested(field: Field, layer: str, kind: Kind, planted: str) -> Outcome:
    """Run the night's restore test; it has to fail, and to say why."""
    proof = field.proved.test()
    told = tuple(one.told() for one in proof.found) if proof.ending.verdict == "failed" else ()
    return Outcome(layer, kind, "restore test", planted, told)


_LAYERS: tuple[tuple[Callable[[Field, Kind, random.Random], Outcome], int], ...] = (
    (in_vault, 0), (in_catalogue, 0), (in_repository, 1), (in_snapshot, 1),
)  # fmt: skip


def plant(faults: int, in_backup: int, seed: int, folder: Path, seconds: float = 1e9) -> list[Outcome]:
    """Plant so many faults, one after the other, so many of them in a backup; fewer when the time is over."""
    field, rng, kinds = Field(folder), random.Random(seed), [*Kind]  # noqa: S311  the same faults each time
    clean = field.proved.test()
    if clean.ending.verdict != "proved" or check_box(field.box.integrity).faults:
        raise AssertionError("the box is not whole before anything is planted")
    outcomes = []
    ends_at = time.monotonic() + seconds
    for number in range(faults):
        if time.monotonic() > ends_at:
            break
        backup = number * in_backup // faults != (number + 1) * in_backup // faults
        layers = [layer for layer, of_backup in _LAYERS if of_backup == backup]
        layer, kind = layers[number % 3 % len(layers)], kinds[number % len(kinds)]
        outcomes.append(layer(field, kind, rng))
        field.mend(disk_too=backup)
        if number % 20 == 19:
            print(f"{number + 1} of {faults}", file=sys.stderr, flush=True)  # noqa: T201  progress of a long run
    return outcomes


def report(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Count what was planted and what was named."""
    missed = [one for one in outcomes if not one.found]
    return {
        "planted": len(outcomes),
        "named": len(outcomes) - len(missed),
        "in_backup": sum(one.by == "restore test" for one in outcomes),
        "in_backup_failed_the_night": sum(one.by == "restore test" and bool(one.found) for one in outcomes),
        "by_layer": dict(Counter(one.layer for one in outcomes)),
        "by_kind": dict(Counter(one.kind.value for one in outcomes)),
        "by_finder": dict(Counter(one.by for one in outcomes)),
        "missed": [[one.layer, one.kind.value, one.by, one.planted] for one in missed],
    }


def main() -> int:
    """Plant, report, and fail when anything was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--in-backup", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e6, help="plant no more after so long")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    memory = Path("/dev", "shm")  # ciphertext of phantoms; a thousand rounds need no disk
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        told = report(plant(given.faults, given.in_backup, given.seed, Path(folder), 60 * given.minutes))
    text = json.dumps({"command": "make planted-faults", "seed": given.seed, **told}, indent=2)
    print(text)  # noqa: T201  a command answers on standard output
    if given.write is not None:
        given.write.write_text(f"{text}\n")
    return 1 if told["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
