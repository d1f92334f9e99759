"""The study list as a person's browser gets it, in a catalogue of a million instances: `python -m benchmarks.pages`.

Each request goes through the whole staff app: session, filters, queries, audit event on the disk, template. Left out
are the socket and TLS, which `benchmarks.read` measures. Each request is for another page, so its rows are not warm.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.accounts.roles import Role
from appliance.archive.studies import devices
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from benchmarks.catalogue import PER_STUDY, VOLUME_EVERY, build
from benchmarks.results import write_section
from tests.web.a_clinic import AClinic, Browser

LIMIT_MS = 50.0
ROOT_KEY = SecretKey(bytes(32))  # of invented people
HEAD = ("| page | p50, ms | p95, ms | p95 as wanted | processor's p95, ms |", "|---|---|---|---|---|")
Address = Callable[[int], str]


def main() -> None:
    """Build, ask, write the results."""
    parser = argparse.ArgumentParser(description="Ask for pages of a large catalogue")
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--reps", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        key = Keyring.for_process("staff", ROOT_KEY).key(Subkey.CATALOGUE)
        vary(build(folder / "catalogue.db", asked.studies, key))
        clinic = AClinic(folder, root=ROOT_KEY)
        browser = clinic.signed_in(clinic.person(Role.DENTIST, image_right=True))
        with clinic.database.read() as tx:
            scanner = devices(tx)[-1].series_key
        rows = [timed(browser, name, at, asked.reps) for name, at in pages(asked.studies, scanner).items()]
    about = (
        f"{asked.studies * PER_STUDY:,} instances in {asked.studies:,} studies; {asked.reps} requests each, one after "
        f"the other, through the whole staff app. A p95 of at most {LIMIT_MS:g} ms is wanted; the processor's "
        "time, browser's side included, does not depend on what else the machine does."
    )
    write_section("Pages", [about, "", *HEAD, *rows])


def vary(database: Database) -> None:
    """Give the catalogue the kinds, scanners and states of a clinic after some years, the rare ones long ago."""
    with database.write() as tx:
        tx.change("UPDATE series SET modality = 'PX' WHERE study_key % :every <> 0", every=VOLUME_EVERY)
        tx.change("UPDATE series SET modality = 'IO' WHERE modality = 'PX' AND study_key < 3000")
        tx.change("UPDATE series SET manufacturer = 'Maker', manufacturer_model_name = 'New' WHERE study_key >= 5000")
        tx.change("UPDATE series SET manufacturer = 'Maker', manufacturer_model_name = 'Old' WHERE study_key < 5000")
        tx.change("UPDATE studies SET gappy_series = 1 WHERE study_key % 50 = 0")
        tx.change("UPDATE studies SET unchecked_series = 1 WHERE study_key % 200 = 1")


def pages(studies: int, scanner: int) -> Mapping[str, Address]:
    """Give the addresses that are asked for, by name; each takes a number that chooses where the page begins."""

    def after(number: int) -> str:
        key = number * 7919 % studies + 1
        return f"after={key * 1_000_000}.{key}"

    return {
        "the list, its first page": lambda _: "/studies",
        "a later page": lambda n: f"/studies?{after(n)}",
        "by name, a later page": lambda n: f"/studies?sort=name&{after(n)}",
        "by day taken, a later page": lambda n: f"/studies?sort=taken&{after(n)}",
        "one kind": lambda n: f"/studies?modality=CT&{after(n)}",
        "a kind of long ago": lambda _: "/studies?modality=IO",
        "a scanner of long ago, by name": lambda _: f"/studies?device={scanner}&sort=name",
        "what needs a look": lambda n: f"/studies?state=check&{after(n)}",
        "what needs none, by day taken": lambda n: f"/studies?state=whole&sort=taken&{after(n)}",
        "a patient": lambda n: f"/patients/{n * 7919 % (studies // 2) + 1}",
        "a study": lambda n: f"/studies/{n * 7919 % studies + 1}",
    }


def timed(browser: Browser, name: str, address: Address, reps: int) -> str:
    """Ask so often and give the table's row."""
    taken, worked = [], []
    for number in range(reps):
        begin, work = time.perf_counter(), time.process_time()
        answer = browser.get(address(number))
        taken.append((time.perf_counter() - begin) * 1e3)
        worked.append((time.process_time() - work) * 1e3)
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
    p95, work95 = sorted(taken)[int(reps * 0.95)], sorted(worked)[int(reps * 0.95)]
    kept = "yes" if p95 <= LIMIT_MS else "**no**"
    return f"| {name} | {statistics.median(taken):.1f} | {p95:.1f} | {kept} | {work95:.1f} |"


if __name__ == "__main__":
    main()
