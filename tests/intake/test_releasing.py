"""Settled records go once a catalogue with their rows is on a target, and not a moment before."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.audit.queries import head
from appliance.errors import Unavailable
from appliance.inbox.association import ASSOCIATION_NAME
from appliance.intake.releasing import BATCH, Releasing
from appliance.intake.rotation import KeyUpkeep, rotate
from appliance.store.rotating_keys import KeyKind
from tests.intake.a_clinic import Clinic, ct_slice
from tests.store.failing_files import FailingFiles


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path)
    with clinic.database.write() as tx:
        tx.change(
            "INSERT INTO backup_targets (target_id, name, kind, location, append_only, schedule, warn_after_seconds, "
            "alarm_after_seconds, created_at) VALUES (zeroblob(16), 'disk', 'folder', '{}', 0, '{}', 1, 1, 1)"
        )
    yield clinic
    clinic.database.close()


def records(clinic: Clinic) -> int:
    return len(list(clinic.parts.settled.glob(f"*/{ASSOCIATION_NAME}")))


def something_happens(clinic: Clinic) -> None:
    with clinic.database.write() as tx:
        clinic.audit.record(tx, Event(EventCode.AUDIT_READ, OPERATOR))


def snapshot(clinic: Clinic, **changes: object) -> None:
    """Note what a run notes of a catalogue that it copied."""
    with clinic.database.write() as tx:
        now = head(tx)
        facts = {"repository": "keys", "kind": "night", "sequence": now.sequence, "chain": now.chain} | changes
        tx.change(
            "INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at, audit_sequence, "
            "audit_chain, file_count, bytes) VALUES (1, :repository, hex(randomblob(8)), :kind, 1, :sequence, :chain, "
            "1, 1)",
            **facts,
        )


def released(clinic: Clinic, releasing: Releasing | None = None) -> int:
    """Let it work until nothing is due; give how many records went."""
    before, own = records(clinic), releasing or Releasing(clinic.parts)
    while own.step():
        pass
    return before - records(clinic)


def test_a_record_goes_when_a_target_has_a_catalogue_with_its_rows(clinic: Clinic) -> None:
    clinic.take(ct_slice(1))
    releasing = Releasing(clinic.parts)
    assert released(clinic, releasing) == 0
    snapshot(clinic)
    clinic.clock.ahead += timedelta(hours=2)
    assert released(clinic, releasing) == 0, "it may have been taken before the association was seen to be settled"
    something_happens(clinic)
    snapshot(clinic)
    assert released(clinic, releasing) == 0, "it is looked at hourly"
    clinic.clock.ahead += timedelta(hours=2)
    assert released(clinic, releasing) == 1
    assert list(clinic.parts.settled.iterdir()) == []
    assert clinic.rows("SELECT count(*) FROM associations WHERE released_at IS NOT NULL") == [(1,)]
    assert clinic.rows("SELECT job, outcome, done_count FROM runs WHERE job = 'release settled records'") == [
        ("release settled records", "done", 1)
    ]
    assert clinic.rows("SELECT count(*) FROM files WHERE place = 'vault'") == [(1,)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE backup_targets SET removed_at = 1",
        "UPDATE backup_targets SET destroyed_at = 1",
        "UPDATE backup_snapshots SET gone_at = 1",
        "UPDATE backup_snapshots SET repository = 'files'",
        "UPDATE backup_snapshots SET kind = 'tombstones'",
        "UPDATE backup_snapshots SET audit_chain = zeroblob(32)",
        "UPDATE files SET place = 'inbox', association_id = (SELECT association_id FROM associations)",
    ],
)
def test_without_such_a_catalogue_on_a_target_in_use_no_record_goes(clinic: Clinic, change: str) -> None:
    clinic.take(ct_slice(1))
    released(clinic)
    something_happens(clinic)
    snapshot(clinic)
    with clinic.database.write() as tx:
        tx.change(change)
    assert released(clinic) == 0


def test_a_clock_that_ran_ahead_when_it_was_copied_lets_nothing_go_that_came_after(clinic: Clinic) -> None:
    clinic.clock.stepped = timedelta(days=400)
    something_happens(clinic)
    snapshot(clinic)
    clinic.clock.stepped = timedelta()
    clinic.take(ct_slice(1))
    assert released(clinic) == 0


def test_what_lies_in_the_inbox_still_keeps_its_record(clinic: Clinic) -> None:
    clinic.take(ct_slice(1))
    released(clinic)
    (folder,) = clinic.parts.settled.iterdir()
    folder.rename(clinic.folder / "inbox" / folder.name)
    something_happens(clinic)
    snapshot(clinic)
    assert released(clinic) == 0
    assert clinic.rows("SELECT count(*) FROM associations WHERE released_at IS NOT NULL") == [(0,)]
    (clinic.folder / "inbox" / folder.name).rename(folder)
    assert released(clinic) == 1


def test_a_disk_error_at_any_step_leaves_what_the_next_hour_completes(clinic: Clinic) -> None:
    failed = 0
    for nth in count(1):
        clinic.take(ct_slice(nth))
        released(clinic)
        something_happens(clinic)
        snapshot(clinic)
        files = FailingFiles(nth)
        try:
            released(clinic, Releasing(clinic.parts_with(files)))
        except Unavailable:
            failed += 1
        released(clinic)
        assert records(clinic) == 0
        assert clinic.rows("SELECT count(*) FROM associations WHERE released_at IS NULL") == [(0,)]
        if len(files.done) < nth:
            break
    assert failed >= 4, "each record's removal and both syncs"


def test_more_than_a_batch_goes_a_batch_a_step(clinic: Clinic) -> None:
    clinic.take(ct_slice(1))
    with clinic.database.write() as tx:
        columns = "peer_key, calling_ae_title, called_ae_title, address, transport, certificate_sha256, "
        columns += (
            "implementation_class_uid, implementation_version_name, started_at, ended_at, outcome, declared_count, "
        )
        columns += "settled_at"
        for _ in range(BATCH + 1):
            tx.change(
                f"INSERT INTO associations (association_id, {columns}) SELECT randomblob(16), {columns} "  # noqa: S608  its own columns
                "FROM associations LIMIT 1"
            )
    releasing = Releasing(clinic.parts)
    assert [releasing.step() for _ in range(3)] == [BATCH, 1, 0]
    something_happens(clinic)
    snapshot(clinic)
    clinic.clock.ahead += timedelta(hours=2)
    assert [releasing.step() for _ in range(3)] == [BATCH, 2, 0]
    assert records(clinic) == 0


def test_an_old_pair_is_destroyed_once_no_record_names_it(clinic: Clinic) -> None:
    clinic.take(ct_slice(1))
    rotate(clinic.parts, (KeyKind.INBOX,), OPERATOR)
    clinic.clock.ahead += timedelta(days=2)
    upkeep = KeyUpkeep(clinic.parts)
    upkeep.step()
    pair = "SELECT wrapped_key IS NULL FROM rotating_keys WHERE kind = 'inbox' ORDER BY number"
    assert clinic.rows(pair) == [(0,), (0,)]
    released(clinic)
    something_happens(clinic)
    snapshot(clinic)
    assert released(clinic) == 1
    clinic.clock.ahead += timedelta(days=2)
    while upkeep.step():
        pass
    assert clinic.rows(pair) == [(1,), (0,)]
