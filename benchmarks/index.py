"""Look-ups in an encrypted catalogue of a million instances: `python -m benchmarks.index`.

One connection as a process holds it, every look-up in a read transaction of its own; nothing is warmed up first.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from appliance.archive.matching import Key, Level, Search, match_for
from appliance.archive.queries_retrieve import one_instance, series_instances
from appliance.archive.queries_search import search_rows
from appliance.archive.studies import get_study, list_studies, search_studies
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction
from benchmarks.catalogue import PER_STUDY, ROOT, build
from benchmarks.results import write_section

PAGE = 50
LIMIT_MS = 1.0
Look = Callable[[ReadTransaction, int], object]


def main() -> None:
    """Build, look up, write the results."""
    parser = argparse.ArgumentParser(description="Look up in a large catalogue")
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--reps", type=int, default=500)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.db"
        begin = time.perf_counter()
        database, names = build(path, asked.studies)
        built = time.perf_counter() - begin
        lines = [
            f"{asked.studies * PER_STUDY:,} instances in {asked.studies:,} studies, SQLCipher file of "
            f"{path.stat().st_size / 1e6:.0f} MB, built in {built:.0f} s; {asked.reps} look-ups each, "
            f"p99 at most {LIMIT_MS:g} ms is wanted.",
            "",
            "| look-up | p50, ms | p99, ms | rows |",
            "|---|---|---|---|",
        ]
        for name, look in looks(asked.studies, names).items():
            lines.append(timed(database, name, look, asked.reps))
        write_section("Looking up", lines)


def looks(studies: int, names: Sequence[str]) -> Mapping[str, Look]:
    """Give what is looked up, by name; each takes a number that chooses what."""

    def key(number: int) -> int:
        return number * 7919 % studies + 1

    def name(number: int) -> str:
        return names[number * 6151 % len(names)]

    def uid(number: int) -> str:
        return f"{ROOT}{key(number)}"

    def qido(level: Level, chosen: Callable[[int], Mapping[Key, str]], *, fuzzy: bool = False) -> Look:
        def look(tx: ReadTransaction, number: int) -> object:
            found = {key: match_for(key, value, fuzzy=fuzzy) for key, value in chosen(number).items()}
            return search_rows(tx, Search(level, {key: match for key, match in found.items() if match}, PAGE))

        return look

    def sop(tx: ReadTransaction, number: int) -> object:
        series = f"{uid(number)}.1"
        return one_instance(tx, uid(number), series, f"{series}.{number % PER_STUDY + 1}")

    return {
        "list, newest 50": lambda tx, _: list_studies(tx, PAGE),
        "search, beginning of a name": lambda tx, n: search_studies(tx, name(n)[:6], PAGE),
        "search, a whole name": lambda tx, n: search_studies(tx, name(n), PAGE),
        "study page": lambda tx, n: get_study(tx, key(n)),
        "instance by its UIDs": sop,
        "instances of a series (50)": lambda tx, n: series_instances(tx, uid(n), f"{uid(n)}.1"),
        "QIDO newest 50 studies": qido(Level.STUDY, lambda _: {}),
        "QIDO name, prefix*": qido(Level.STUDY, lambda n: {Key.PATIENT_NAME: name(n)[:5] + "*"}),
        "QIDO name, fuzzy": qido(Level.STUDY, lambda n: {Key.PATIENT_NAME: name(n)}, fuzzy=True),
        "QIDO patient id": qido(Level.STUDY, lambda n: {Key.PATIENT_ID: f"P{key(n) // 2 + 1:06d}"}),
        "QIDO accession number": qido(Level.STUDY, lambda n: {Key.ACCESSION_NUMBER: f"A{key(n):07d}"}),
        "QIDO one month, 50 of it": qido(
            Level.STUDY, lambda n: {Key.STUDY_DATE: f"20{18 + n % 9}0301-20{18 + n % 9}0331"}
        ),
        "QIDO series of a study": qido(Level.SERIES, lambda n: {Key.STUDY_INSTANCE_UID: uid(n)}),
        "QIDO instances of a series (50)": qido(Level.INSTANCE, lambda n: {Key.SERIES_INSTANCE_UID: f"{uid(n)}.1"}),
        "QIDO instance by UID": qido(Level.INSTANCE, lambda n: {Key.SOP_INSTANCE_UID: f"{uid(n)}.1.7"}),
    }


def timed(database: Database, name: str, look: Look, reps: int) -> str:
    """Look up so often and give a line of the table."""
    taken, rows = [], 0
    for number in range(reps):
        begin = time.perf_counter()
        with database.read() as tx:
            found = look(tx, number)
        taken.append((time.perf_counter() - begin) * 1e3)
        rows = len(found) if isinstance(found, Sequence) else 1
    taken.sort()
    return f"| {name} | {statistics.median(taken):.3f} | {taken[int(reps * 0.99)]:.3f} | {rows} |"


if __name__ == "__main__":
    main()
