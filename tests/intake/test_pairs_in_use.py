"""Old inbox pairs are found needed or not without reading all that ever settled at once."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.errors import Unavailable
from appliance.identifiers import AssociationId
from appliance.inbox.association import ASSOCIATION_NAME
from appliance.intake.pairs_in_use import BATCH, PairSearch
from appliance.intake.rotation import LOOK_SECONDS, KeyUpkeep, rotate
from appliance.store.rotating_keys import KeyKind
from tests.intake.a_clinic import Clinic, ct_slice
from tests.store.failing_files import FailingFiles

OTHERS = 2 * BATCH + 50


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """Give a clinic whose first pair is retired, with one settled record of it among many that name none."""
    clinic = Clinic(tmp_path)
    clinic.take(ct_slice(1))
    (record,) = clinic.parts.settled.glob(f"*/{ASSOCIATION_NAME}")
    for _ in range(OTHERS):
        other = clinic.parts.settled / str(AssociationId.new())
        other.mkdir()
        (other / ASSOCIATION_NAME).write_bytes(record.read_bytes()[:20])
    rotate(clinic.parts, (KeyKind.INBOX,), OPERATOR)
    clinic.clock.ahead = timedelta(days=3)
    yield clinic
    clinic.database.close()


def real_record(clinic: Clinic) -> Path:
    return max(clinic.parts.settled.glob(f"*/{ASSOCIATION_NAME}"), key=lambda path: path.stat().st_size)


def states(clinic: Clinic) -> list[object]:
    return [row[0] is None for row in clinic.rows("SELECT wrapped_key FROM rotating_keys WHERE kind = 'inbox'")]


def test_no_step_reads_more_than_a_batch_of_settled_records(clinic: Clinic) -> None:
    shutil.rmtree(real_record(clinic).parent)
    files = FailingFiles()
    upkeep = KeyUpkeep(replace(clinic.parts, files=files))
    reads: list[int] = []
    for _ in range(4):
        before = files.done.count("open_read")
        assert states(clinic) == ([False, False] if len(reads) < 3 else [True, False])
        upkeep.step()
        reads.append(files.done.count("open_read") - before)
    assert sum(reads) >= OTHERS
    assert max(reads) <= BATCH + 3, "the key file and what waits, besides"
    assert clinic.rows("SELECT job, outcome, done_count FROM runs ORDER BY run_key DESC LIMIT 1") == [
        ("rotate keys", "done", 1)
    ]


def test_a_pair_that_one_settled_record_names_stays_and_is_found_at_once_the_next_day(clinic: Clinic) -> None:
    files = FailingFiles()
    upkeep = KeyUpkeep(replace(clinic.parts, files=files))
    for _ in range(4):
        upkeep.step()
    assert states(clinic) == [False, False]
    clinic.clock.ahead += timedelta(days=1, seconds=LOOK_SECONDS)
    before = files.done.count("open_read")
    upkeep.step()
    assert files.done.count("open_read") - before <= 3
    shutil.rmtree(real_record(clinic).parent)
    clinic.clock.ahead += timedelta(days=1, seconds=LOOK_SECONDS)
    for _ in range(4):
        upkeep.step()
    assert states(clinic) == [True, False], "the witness is gone, and no other came forward"


def test_a_pair_that_waits_stays_though_it_settles_behind_the_search(clinic: Clinic) -> None:
    named = real_record(clinic).parent
    waiting = clinic.parts.inbox / named.name
    named.rename(waiting)
    upkeep = KeyUpkeep(clinic.parts)
    upkeep.step()
    waiting.rename(named)
    for _ in range(4):
        upkeep.step()
    assert states(clinic) == [False, False]


def test_a_search_that_the_disk_refused_destroys_nothing_and_is_a_failed_run(clinic: Clinic) -> None:
    shutil.rmtree(real_record(clinic).parent)
    files = FailingFiles(("open_read", BATCH + 60))
    upkeep = KeyUpkeep(replace(clinic.parts, files=files))
    upkeep.step()
    with pytest.raises(Unavailable):
        upkeep.step()
    for _ in range(4):
        upkeep.step()
    assert states(clinic) == [False, False]
    failed = clinic.rows("SELECT outcome, failed_count FROM runs WHERE failed_count > 0")
    assert failed == [("failed", 1)]


def test_a_search_ends_as_soon_as_every_pair_was_found(clinic: Clinic) -> None:
    for other in clinic.parts.settled.iterdir():
        if other != real_record(clinic).parent:
            shutil.rmtree(other)
    witnesses: dict[int, AssociationId] = {}
    search = PairSearch(clinic.parts, [1], witnesses)
    assert (search.is_over, search.step(), search.is_over, search.unnamed) == (False, 1, True, set())
    assert set(witnesses) == {1}
    assert PairSearch(clinic.parts, [1], witnesses).is_over
    assert search.step() == 0
