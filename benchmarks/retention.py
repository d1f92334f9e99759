"""How long the list of what is due takes: `python -m benchmarks.retention`; writes benchmarks/results/retention.json.

The catalogue has 100,000 studies of 50,000 invented patients, which stand for
five million images: nothing here touches an image. A third of the studies is due.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from appliance.audit.events import OPERATOR, AuditLog
from appliance.clock import SystemClock
from appliance.keys.secret import SecretKey
from appliance.retention import queries
from appliance.retention.context import Retention
from appliance.retention.ends import BEGINNING, due_page, end_of_study, refresh_ends
from appliance.retention.policy import choose_jurisdiction
from appliance.retention.rules import ended_by
from appliance.store.database import Database

T = TypeVar("T")
STUDIES, PER_PATIENT, MOST_PAGES = 100_000, 2, 1000
RESULT = Path(__file__).parent / "results" / "retention.json"
_PATIENTS = """INSERT INTO patients (patient_key, patient_id, issuer_of_patient_id, patient_name, patient_name_folded,
  patient_birth_date, patient_sex, created_at)
  WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :most)
  SELECT n, 'P' || n, '', 'Invented^' || n, 'invented ' || n,
    CASE WHEN n % 20 = 0 THEN '' ELSE CAST(1930 + n % 85 AS TEXT) || '0412' END, '', 0 FROM n"""
_STUDIES = """INSERT INTO studies (study_key, patient_key, study_instance_uid, study_date, study_time, study_id,
  study_description, accession_number, referring_physician_name, modalities, series_count, instance_count,
  first_arrived_at, last_arrived_at)
  WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :most)
  SELECT n, (n + 1) / 2, '2.25.' || n, CAST(2000 + n % 26 AS TEXT) || '0607', '', '', '', '', '', 'CT', 1, 50,
    (2000 + n % 26 - 1970) * 31557600 * 1000000, (2000 + n % 26 - 1970) * 31557600 * 1000000 FROM n"""


def main() -> int:
    """Build, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=STUDIES)
    studies = parser.parse_args().studies
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), studies)
    text = json.dumps(result, indent=2)
    if studies == STUDIES:
        RESULT.write_text(text + "\n")
    print(text)
    return 0


def measure(folder: Path, studies: int) -> dict[str, object]:
    """Give the figures, in milliseconds but where a name says otherwise."""
    clock = SystemClock()
    database = Database(folder / "catalogue.db", SecretKey.new(), clock)
    database.create_or_migrate()
    with database.write() as tx:
        tx.change(_PATIENTS, most=studies // PER_PATIENT)
        tx.change(_STUDIES, most=studies)
    room = Retention(database, AuditLog(SecretKey.new(), clock), clock, UTC, lambda _tx: False)
    choose_jurisdiction(room, "de", OPERATOR)
    first, _changed = timed(partial(refresh_ends, room))
    again, changed = timed(partial(refresh_ends, room))
    pages: list[float] = []
    with database.read() as tx:
        due = queries.count_ended(tx, ended_by(room.today()))
        after: tuple[date, int] | None = BEGINNING
        while after is not None and len(pages) < MOST_PAGES:
            took, page = timed(partial(due_page, tx, room, after))
            pages.append(took)
            after = page.after
        some = range(1, studies, max(1, studies // 500))
        one = [timed(partial(end_of_study, tx, room, key))[0] for key in some]
    return {
        "measured_on": datetime.now(UTC).date().isoformat(), "studies": studies, "due": due,
        "list_made_seconds": round(first / 1000, 2), "list_looked_through_seconds": round(again / 1000, 2),
        "changed_the_second_time": changed, "pages_of_50": len(pages),
        "page_median": round(statistics.median(pages), 2), "page_slowest": round(max(pages), 2),
        "last_page": round(pages[-1], 2), "one_study_median": round(statistics.median(one), 3),
    }  # fmt: skip


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Do it, and give the milliseconds it took with what it gave."""
    began = time.perf_counter()
    given = work()
    return (time.perf_counter() - began) * 1000, given


if __name__ == "__main__":
    sys.exit(main())
