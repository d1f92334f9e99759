"""Look-ups in an encrypted catalogue of a million instances: `python -m benchmarks.index`.

One connection as a process holds it, every look-up in a read transaction of its own; nothing is warmed up first.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.archive.matching import Key, Level, Search, match_for
from appliance.archive.queries_retrieve import one_instance, series_instances
from appliance.archive.queries_search import search_rows
from appliance.archive.reading.queries import change_mark, count_quarantined, quarantined
from appliance.archive.reading.rows import Position
from appliance.archive.studies import get_study, list_studies, search_studies
from appliance.clock import SystemClock
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction
from benchmarks.catalogue import PER_STUDY, ROOT, VOLUME, VOLUME_EVERY, build, images_of, patient_names
from benchmarks.results import write_section

PAGE = 50
LIMIT_MS = 1.0
KEPT_KEY = SecretKey(bytes(32))  # of invented people
Look = Callable[[ReadTransaction, int], object]


@dataclass(frozen=True)
class Measured:
    """One look-up's times, in ms, and how many rows its last one gave."""

    name: str
    p50_ms: float
    p99_ms: float
    rows: int


def main() -> None:
    """Build, look up, write the results."""
    parser = argparse.ArgumentParser(description="Look up in a large catalogue")
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--reps", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="build the catalogue here, and use again the one that is there")
    asked = parser.parse_args()
    with catalogue(asked.keep, asked.studies) as (database, path, how):
        with database.read() as tx:
            names = patient_names(tx)
        measured = [timed(database, name, look, asked.reps) for name, look in looks(asked.studies, names).items()]
        about = (
            f"{asked.studies * PER_STUDY:,} instances in {asked.studies:,} studies, SQLCipher file of "
            f"{path.stat().st_size / 1e6:.0f} MB, {how}; {asked.reps} look-ups each."
        )
        write_section("Looking up", [about, "", *table(measured)])


@contextmanager
def catalogue(keep: Path | None, studies: int) -> Iterator[tuple[Database, Path, str]]:
    """Give a catalogue, its file, and how it came to be."""
    with tempfile.TemporaryDirectory() as folder:
        path = (keep or Path(folder)) / f"catalogue-{studies}.db"
        if path.exists():
            database = Database(path, KEPT_KEY, SystemClock())
            database.create_or_migrate()
            yield database, path, "built before"
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        begin = time.perf_counter()
        database = build(path, studies, KEPT_KEY)
        yield database, path, f"built in {time.perf_counter() - begin:.0f} s"


def looks(studies: int, names: Sequence[str]) -> Mapping[str, Look]:
    """Give what is looked up, by name; each takes a number that chooses what."""
    return {**page_looks(studies, names), **wado_looks(studies), **qido_looks(studies, names)}


def page_looks(studies: int, names: Sequence[str]) -> Mapping[str, Look]:
    """Give what people's pages look up."""

    def typed(number: int) -> str:
        return names[number * 6151 % len(names)]

    def later(number: int) -> Position:
        return Position(*([number * 7919 % studies * 1_000_000 + PAGE * 1_000_000] * 2))

    return {
        "list, newest 50": lambda tx, _: list_studies(tx, PAGE),
        "list, an older page": lambda tx, n: list_studies(tx, PAGE, later(n)),
        "search, one letter": lambda tx, n: search_studies(tx, typed(n)[:1], PAGE),
        "search, beginning of a name": lambda tx, n: search_studies(tx, typed(n)[:6], PAGE),
        "search, a whole name": lambda tx, n: search_studies(tx, typed(n), PAGE),
        "search, patient id": lambda tx, n: search_studies(tx, f"P{n * 7919 % len(names) + 1:06d}", PAGE),
        "search, a word in all": lambda tx, _: search_studies(tx, "cbct", PAGE),
        "study page of a volume": lambda tx, n: get_study(tx, _volume(studies, n)),
        "study page of pictures": lambda tx, n: get_study(tx, _volume(studies, n) - 1),
        "has the list changed": lambda tx, _: change_mark(tx),
        "quarantine, newest 50": lambda tx, _: quarantined(tx, PAGE, None),
        "quarantine, how many": lambda tx, _: count_quarantined(tx),
    }


def wado_looks(studies: int) -> Mapping[str, Look]:
    """Give what retrieving looks up."""

    def sop(tx: ReadTransaction, number: int) -> object:
        study = number * 7919 % studies + 1
        series = f"{ROOT}{study}.1"
        return one_instance(tx, f"{ROOT}{study}", series, f"{series}.{number % images_of(study) + 1}")

    def series(tx: ReadTransaction, number: int) -> object:
        study = f"{ROOT}{_volume(studies, number)}"
        return series_instances(tx, study, f"{study}.1")

    return {"instance by its UIDs": sop, f"instances of a volume ({VOLUME})": series}


def qido_looks(studies: int, names: Sequence[str]) -> Mapping[str, Look]:
    """Give what searches of machines look up."""

    def name(number: int) -> str:
        return names[number * 6151 % len(names)]

    def key(number: int) -> int:
        return number * 7919 % studies + 1

    def uid(number: int) -> str:
        return f"{ROOT}{_volume(studies, number)}"

    return {
        "QIDO newest 50 studies": qido(Level.STUDY, lambda _: {}),
        f"QIDO studies, 50 after {studies // 2:,}": qido(Level.STUDY, lambda _: {}, offset=studies // 2),
        "QIDO name, prefix*": qido(Level.STUDY, lambda n: {Key.PATIENT_NAME: name(n)[:5] + "*"}),
        "QIDO name, fuzzy": qido(Level.STUDY, lambda n: {Key.PATIENT_NAME: name(n)}, fuzzy=True),
        "QIDO patient id": qido(Level.STUDY, lambda n: {Key.PATIENT_ID: f"P{key(n) // 2 + 1:06d}"}),
        "QIDO accession number": qido(Level.STUDY, lambda n: {Key.ACCESSION_NUMBER: f"A{key(n):07d}"}),
        "QIDO one month, 50 of it": qido(
            Level.STUDY, lambda n: {Key.STUDY_DATE: f"20{18 + n % 9}0301-20{18 + n % 9}0331"}
        ),
        "QIDO series of a study": qido(Level.SERIES, lambda n: {Key.STUDY_INSTANCE_UID: uid(n)}),
        "QIDO newest 50 series": qido(Level.SERIES, lambda _: {}),
        f"QIDO instances of a volume (50 of {VOLUME})": qido(
            Level.INSTANCE, lambda n: {Key.STUDY_INSTANCE_UID: uid(n), Key.SERIES_INSTANCE_UID: f"{uid(n)}.1"}
        ),
        "QIDO instance by UID": qido(Level.INSTANCE, lambda n: {Key.SOP_INSTANCE_UID: f"{uid(n)}.1.7"}),
    }


def qido(level: Level, chosen: Callable[[int], Mapping[Key, str]], *, fuzzy: bool = False, offset: int = 0) -> Look:
    """Give a search by what a number chooses."""

    def look(tx: ReadTransaction, number: int) -> object:
        found = {key: match_for(key, value, fuzzy=fuzzy) for key, value in chosen(number).items()}
        return search_rows(tx, Search(level, {key: match for key, match in found.items() if match}, PAGE, offset))

    return look


def table(measured: Sequence[Measured]) -> list[str]:
    """Give the table, in which a look-up whose p99 is above what is wanted says so."""
    slow = [one for one in measured if one.p99_ms > LIMIT_MS]
    lines = [
        f"A p99 of at most {LIMIT_MS:g} ms is wanted: {len(measured) - len(slow)} of {len(measured)} look-ups have it.",
        "",
        f"| look-up | p50, ms | p99, ms | p99 within {LIMIT_MS:g} ms | rows |",
        "|---|---|---|---|---|",
    ]
    for one in measured:
        kept = "**no**" if one in slow else "yes"
        lines.append(f"| {one.name} | {one.p50_ms:.3f} | {one.p99_ms:.3f} | {kept} | {one.rows} |")
    return lines


def timed(database: Database, name: str, look: Look, reps: int) -> Measured:
    """Look up so often and give how long it took."""
    taken, rows = [], 0
    for number in range(reps):
        begin = time.perf_counter()
        with database.read() as tx:
            found = look(tx, number)
        taken.append((time.perf_counter() - begin) * 1e3)
        rows = len(found) if isinstance(found, Sequence) else 1
    taken.sort()
    return Measured(name, statistics.median(taken), taken[int(reps * 0.99)], rows)


def _volume(studies: int, number: int) -> int:
    """Give the row key of a study that has a volume."""
    return (number * 7919 % (studies // VOLUME_EVERY) + 1) * VOLUME_EVERY


if __name__ == "__main__":
    main()
