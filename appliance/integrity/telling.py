"""Tells the clinic what proofs and readings found, and writes it for whoever measures the box.

Guards: numbers and row keys only. The metric is a file that is renamed into
place whole: a collector on the machine reads it (node_exporter's text files),
no port is opened for it, and on a locked box the last figures stay.

Source: Prometheus text exposition format.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from appliance.errors import Unavailable
from appliance.integrity import queries_pages as queries
from appliance.integrity.findings import Place
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.queries_pages import TestRow
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.store.files import clear_drafts, replace_durably, storage_faults
from appliance.store.transactions import ReadTransaction, WriteTransaction

METRICS_FILE = "backup/metrics/enamel-proofs.prom"  # below the data folder
READING_LATE_AFTER = timedelta(days=35)  # a month, and a week in which the box may have been off
_READABLE = 0o644  # nothing in it is secret, and a collector has a user of its own
_VERDICTS = {"proved": 1, "failed": 0, "could not run": -1}
_TARGET = "target"


def tell(parts: IntegrityParts) -> None:
    """Raise or end notices by what is known now, and write the metrics; a disk that refuses those is no fault."""
    now = parts.clock.now()
    with parts.database.write() as tx:
        for test in queries.last_of_each(tx):
            subject = (_TARGET, test.target_key)
            if test.verdict == "failed":
                raise_notice(tx, NoticeCode.RESTORE_TEST_FAILED, Severity.ALARM, now, subject, test.fault_count)
            elif test.verdict == "proved":
                end_notice(tx, NoticeCode.RESTORE_TEST_FAILED, now, subject)
        _tell_of_faults(tx, parts)
        _tell_of_late_reading(tx, now)
    with suppress(Unavailable):
        write_metrics(parts)


def _tell_of_faults(tx: WriteTransaction, parts: IntegrityParts) -> None:
    here = {place: count for place, count in queries.count_open(tx).items() if place in {"vault", "catalogue", "audit"}}
    now, count = parts.clock.now(), sum(here.values())
    if count:
        raise_notice(tx, NoticeCode.INTEGRITY_FAULTS, Severity.ALARM, now, None, count)
    else:
        end_notice(tx, NoticeCode.INTEGRITY_FAULTS, now)


def _tell_of_late_reading(tx: WriteTransaction, now: datetime) -> None:
    late = queries.count_late(tx, now - READING_LATE_AFTER)
    if late:
        raise_notice(tx, NoticeCode.READING_LATE, Severity.WARNING, now, None, late)
    else:
        end_notice(tx, NoticeCode.READING_LATE, now)


def write_metrics(parts: IntegrityParts) -> None:
    """Write the metrics' file.

    Raises:
        Unavailable: The disk refused; the last one stays.
    """
    with parts.database.read() as tx:
        text = "".join(f"{line}\n" for line in metrics(tx, parts.clock.now()))
    path = parts.data_folder / METRICS_FILE
    with storage_faults():
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        clear_drafts(path.parent, path.name)  # of a run that was cut off; who writes meanwhile writes the same
        replace_durably(parts.files, path, text.encode(), _READABLE)


_Figures = tuple[tuple[str, str, Callable[[TestRow], float]], ...]
_OF_TESTS: _Figures = (
    ("verdict", "1 proved, 0 failed, -1 could not run", lambda test: _VERDICTS.get(test.verdict or "", -1)),
    ("finished_seconds", "When it ended, since 1970", lambda test: _seconds(test.finished_at)),
    ("duration_seconds", "How long it took", lambda test: _seconds(test.finished_at) - _seconds(test.started_at)),
    ("files", "Stored files that were restored and compared", lambda test: test.file_count),
    ("bytes", "Bytes that were restored and compared", lambda test: test.bytes),
    ("faults", "What it found wrong", lambda test: test.fault_count),
)


def metrics(tx: ReadTransaction, now: datetime) -> Iterator[str]:
    """Give the lines of the file."""
    tests, found, oldest = queries.last_of_each(tx), queries.count_open(tx), queries.reading(tx).oldest_at
    for name, about, figure in _OF_TESTS:
        yield from _head(f"restore_test_{name}", about)
        yield from (f'enamel_restore_test_{name}{{target="{one.target_key}"}} {figure(one):.0f}' for one in tests)
    yield from _head("integrity_faults", "What is wrong now, by place")
    yield from (f'enamel_integrity_faults{{place="{place}"}} {found.get(place, 0)}' for place in Place)
    if oldest is not None:
        yield from _head("scrub_oldest_seconds", "How long ago the file was read that was read longest ago")
        yield f"enamel_scrub_oldest_seconds {(now - oldest).total_seconds():.0f}"


def _head(name: str, about: str) -> tuple[str, str]:
    return f"# HELP enamel_{name} {about}", f"# TYPE enamel_{name} gauge"


def _seconds(at: datetime | None) -> float:
    return 0.0 if at is None else at.timestamp()
