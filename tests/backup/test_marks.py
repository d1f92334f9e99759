"""Where the trail stood: which catalogue is the later one, and whether the box's own is behind what was copied."""

from pathlib import Path

import pytest

from appliance.audit.chain import Fault, Head
from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.audit.queries import verify
from appliance.backup.anchors import anchors_on
from appliance.backup.jobs import COPY_ARRIVALS
from appliance.backup.marks import Mark, is_behind, is_bound, mark_now, newest_of_each_line, read_mark
from appliance.backup.targets import open_target
from tests.backup.a_backup import BackedUp
from tests.backup.doing_jobs import do


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return BackedUp(tmp_path / "data")


def happen(clinic: BackedUp, code: EventCode = EventCode.AUDIT_READ) -> Mark:
    with clinic.database.write() as tx:
        clinic.audit.record(tx, Event(code, OPERATOR))
        return mark_now(tx)


def judged(clinic: BackedUp, mark: Mark) -> bool:
    with clinic.database.read() as tx:
        return is_behind(tx, mark)


def test_a_mark_is_read_back_and_nothing_else_is_one() -> None:
    mark = Mark(2, Head(17, bytes(range(32))))
    assert read_mark(mark.encode()) == mark
    for word in ("", "night", "trail-1-2-abc", mark.encode() + "0", mark.encode().upper()):
        assert read_mark(word) is None
    later = Mark(2, Head(18, bytes(32)))
    words = [later.encode(), mark.encode(), "x", Mark(0, Head(99, bytes(32))).encode()]
    assert newest_of_each_line(words) == [Mark(0, Head(99, bytes(32))), later]


def test_what_this_trail_went_through_is_not_ahead_of_it_and_what_it_did_not_is(clinic: BackedUp) -> None:
    first, second = happen(clinic), happen(clinic)
    assert not judged(clinic, first)
    assert not judged(clinic, second)
    assert judged(clinic, Mark(0, Head(second.head.sequence + 1, bytes(32)))), "a later catalogue was copied"
    assert judged(clinic, Mark(0, Head(first.head.sequence, bytes(32)))), "one that went another way was"
    assert judged(clinic, Mark(1, first.head)), "one that was restored, and this one is of before that"


def test_after_a_restore_what_the_lost_box_did_since_is_no_fault(clinic: BackedUp) -> None:
    before = happen(clinic)
    restored = happen(clinic, EventCode.BOX_RESTORED)
    assert (restored.line, before.line) == (1, 0)
    assert not judged(clinic, Mark(0, Head(restored.head.sequence, bytes(32))))
    assert not judged(clinic, Mark(0, Head(restored.head.sequence + 50, bytes(32))))
    assert judged(clinic, Mark(0, Head(before.head.sequence, bytes(32)))), "before that it is the same trail"
    assert judged(clinic, Mark(1, Head(restored.head.sequence + 50, bytes(32))))


def test_the_trail_is_bound_to_go_through_a_mark_unless_a_lost_box_made_it_after_the_copy() -> None:
    began = [10, 20]
    bound = [(0, 9), (1, 19), (1, 12), (2, 5), (2, 99), (3, 1)]
    free = [(0, 10), (0, 15), (1, 20), (2, 0)]
    for expected, places in ((True, bound), (False, free)):
        assert {is_bound(Mark(line, Head(sequence, bytes(32))), began) for line, sequence in places} == {expected}


@pytest.mark.peer("restic")
def test_a_record_written_anew_with_its_key_shows_against_the_anchors_on_a_target(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    do(clinic, COPY_ARRIVALS)
    carried = anchors_on(clinic.backup, target).binding
    with clinic.database.write() as tx:
        assert verify(tx, clinic.backup.audit_key, carried).fault is None
        tx.change("DELETE FROM audit_events WHERE sequence >= :last", last=carried[-1].sequence)
        tx.change("UPDATE backup_snapshots SET audit_sequence = 0")
    for _ in range(9):
        happen(clinic)
    anchors = anchors_on(clinic.backup, target)
    with clinic.database.read() as tx:
        assert verify(tx, clinic.backup.audit_key).fault is None, "with its key another record can be written"
        told = verify(tx, clinic.backup.audit_key, anchors.binding)
    assert (told.fault, told.sequence) == (Fault.REWRITTEN, carried[-1].sequence)
    assert anchors.freed == {}


@pytest.mark.peer("restic")
def test_a_record_written_anew_that_says_it_was_restored_is_told_with_all_that_it_frees_itself_of(
    clinic: BackedUp,
) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    happen(clinic)
    do(clinic, COPY_ARRIVALS)
    carried = anchors_on(clinic.backup, target).binding
    with clinic.database.write() as tx:
        tx.change("DELETE FROM audit_events WHERE sequence >= :last", last=carried[0].sequence - 1)
        tx.change("UPDATE backup_snapshots SET audit_sequence = 0")
    lie = happen(clinic, EventCode.BOX_RESTORED)
    for _ in range(9):
        happen(clinic)
    anchors = anchors_on(clinic.backup, target)
    assert anchors.binding == ()
    assert anchors.freed == {lie.head.sequence: len(carried)}


@pytest.mark.peer("restic")
def test_every_snapshot_of_a_run_bears_where_the_trail_stood(clinic: BackedUp) -> None:
    clinic.scan(count=1)
    target = clinic.target()
    do(clinic, COPY_ARRIVALS)
    opened = open_target(clinic.backup, target)
    marks = {read_mark(one.mark) for one in (*opened.keys.snapshots(), *opened.files.snapshots())}
    kept = clinic.rows("SELECT DISTINCT audit_sequence, audit_chain FROM backup_snapshots")
    assert [(one.line, one.head.sequence, one.head.chain) for one in marks if one is not None] == [(0, *kept[0])]
    assert len(kept) == 1
