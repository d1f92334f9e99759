"""What each target still holds of an erasure is told by what was seen there, never by a date alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.clock import microseconds
from appliance.retention.erasing import ErasingParts, erase, get_erasure
from appliance.retention.proofs import KEYS_KEPT, Proof, Standing, proofs_of, update_all
from appliance.retention.queries_erasing import Erasure
from appliance.retention.queries_proofs import unproved
from appliance.retention.tombstones import apply_tombstones
from tests.retention.an_archive import Archive, make

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return make(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def archive(filled: Archive, tmp_path: Path) -> Archive:
    return filled.copied_to(tmp_path / "box")


class Shelf:
    """Targets and snapshots as backup notes them."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.now = archive.clock.now()

    def target(self, key: int, name: str, *, append_only: bool = False) -> None:
        with self.archive.database.write() as tx:
            tx.change(
                "INSERT INTO backup_targets (target_key, target_id, name, kind, location, append_only, schedule, "
                "warn_after_seconds, alarm_after_seconds, created_at, seen_at) "
                "VALUES (:key, :id, :name, 'folder', '{}', :append_only, '{}', 1, 1, 0, :now)",
                key=key, id=bytes([key]) * 16, name=name, append_only=append_only, now=microseconds(self.now),
            )  # fmt: skip

    def snapshot(self, target: int, name: str, *, days: float = 0, repository: str = "keys") -> None:
        """Note a snapshot of the catalogue as it is now, as if taken so many days from `now`."""
        with self.archive.database.write() as tx:
            tx.change(
                "INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at, audit_sequence, "
                "audit_chain, file_count, bytes) VALUES (:target, :repository, :name, 'night', :at, "
                "(SELECT max(sequence) FROM audit_events), x'', 1, 1)",
                target=target, repository=repository, name=name, at=microseconds(self.now + days * DAY),
            )  # fmt: skip

    def set(self, sql: str, **values: object) -> None:
        with self.archive.database.write() as tx:
            tx.change(sql, **values)

    def erase(self, key: int = 1) -> Erasure:
        return erase(self.archive.erasing(), "study", key, "request", OPERATOR)

    def proof(self, erasure: Erasure, days: float = 0) -> Proof:
        with self.archive.database.read() as tx:
            return proofs_of(tx, erasure, self.now + days * DAY)[0]


@pytest.fixture
def shelf(archive: Archive) -> Shelf:
    one = Shelf(archive)
    one.target(1, "USB A")
    return one


def test_a_target_holds_a_key_until_its_last_older_copy_was_seen_to_be_gone(shelf: Shelf) -> None:
    shelf.snapshot(1, "first", days=-2)
    shelf.snapshot(1, "last", days=-1)
    erasure = shelf.erase()
    shelf.snapshot(1, "later", days=1)
    proof = shelf.proof(erasure)
    assert (proof.standing, proof.last_snapshot_id, proof.is_proved) == (Standing.HOLDS, "last", False)
    assert proof.expected_on is not None
    assert abs(proof.expected_on - (shelf.now - DAY + KEYS_KEPT)) < timedelta(seconds=1)
    gone = microseconds(shelf.now + 27 * DAY)
    shelf.set("UPDATE backup_snapshots SET gone_at = :at WHERE snapshot_id = 'first'", at=gone)
    assert shelf.proof(erasure).standing is Standing.HOLDS
    shelf.set("UPDATE backup_snapshots SET gone_at = :at WHERE snapshot_id = 'last'", at=gone)
    proof = shelf.proof(erasure, 28)
    assert (proof.standing, proof.last_snapshot_id, proof.expected_on) == (Standing.PRUNED, "last", None)
    assert proof.ended_at == datetime.fromtimestamp(gone / 1_000_000, UTC)


def test_time_alone_proves_nothing(shelf: Shelf) -> None:
    shelf.snapshot(1, "last", days=-1)
    erasure = shelf.erase()
    shelf.set("UPDATE backup_targets SET seen_at = :at", at=microseconds(shelf.now + 40 * DAY))
    assert shelf.proof(erasure, 40).standing is Standing.LATE
    assert shelf.proof(erasure, 400).standing is Standing.UNSEEN


def test_a_disk_in_a_drawer_counts_as_holding_until_it_is_seen_or_declared_destroyed(shelf: Shelf) -> None:
    shelf.snapshot(1, "last", days=-1)
    erasure = shelf.erase()
    proof = shelf.proof(erasure, 100)
    assert (proof.standing, proof.seen_at, proof.is_proved) == (Standing.UNSEEN, shelf.now, False)
    shelf.set("UPDATE backup_targets SET removed_at = seen_at")
    assert shelf.proof(erasure, 1).standing is Standing.UNSEEN
    at = microseconds(shelf.now + 101 * DAY)
    shelf.set("UPDATE backup_targets SET destroyed_at = :at", at=at)
    proof = shelf.proof(erasure, 102)
    assert (proof.standing, proof.is_proved) == (Standing.DESTROYED, True)


def test_a_place_of_a_root_of_before_is_pruned_on_and_not_told_to_be_plugged_in(shelf: Shelf) -> None:
    shelf.snapshot(1, "last", days=-1)
    erasure = shelf.erase()
    shelf.set("INSERT INTO roots (root_key, fingerprint, since) VALUES (1, x'00', 1)")
    shelf.set("UPDATE backup_targets SET removed_at = seen_at, root_key = 1")
    proof = shelf.proof(erasure, 1)
    assert (proof.standing, proof.expected_on is not None) == (Standing.HOLDS, True)
    assert shelf.proof(erasure, 100).standing is Standing.UNSEEN  # it is not reached any more


def test_an_append_only_repository_of_files_keeps_ciphertext_and_says_so(archive: Archive) -> None:
    shelf = Shelf(archive)
    shelf.target(1, "rest", append_only=True)
    shelf.snapshot(1, "files", repository="files")
    shelf.snapshot(1, "keys")
    erasure = shelf.erase()
    shelf.set("UPDATE backup_snapshots SET gone_at = 1 WHERE repository = 'keys'")
    proof = shelf.proof(erasure)
    assert (proof.standing, proof.keeps_ciphertext, proof.append_only) == (Standing.PRUNED, True, True)


def test_a_target_that_came_later_never_held_a_key(shelf: Shelf) -> None:
    erasure = shelf.erase()
    shelf.snapshot(1, "later", days=1)
    assert shelf.proof(erasure, 2).standing is Standing.NEVER_HELD


def begun(shelf: Shelf, sequence: int) -> None:
    sql = "INSERT INTO begun_copies (target_key, audit_sequence, taken_at) VALUES (1, :sequence, 0)"
    shelf.set(sql, sequence=sequence)


def test_a_copy_that_was_begun_before_proves_nothing_until_it_is_cleared_and_one_begun_later_does(shelf: Shelf) -> None:
    shelf.snapshot(1, "last", days=-1)
    erasure = shelf.erase()
    shelf.set("UPDATE backup_snapshots SET gone_at = :at", at=microseconds(shelf.now + 27 * DAY))
    assert erasure.gone_sequence is not None
    begun(shelf, erasure.gone_sequence)
    assert shelf.proof(erasure, 28).standing is Standing.PRUNED
    begun(shelf, erasure.gone_sequence - 1)
    proof = shelf.proof(erasure, 28)
    assert (proof.standing, proof.ended_at, proof.last_snapshot_id) == (Standing.UNSEEN, None, "last")
    shelf.set("UPDATE erasures SET scope = 'box' WHERE erasure_key = :key", key=erasure.erasure_key)
    box = get_erasure(shelf.archive.erasing(), erasure.erasure_key)
    assert shelf.proof(box, 28).standing is Standing.UNSEEN
    shelf.set("DELETE FROM begun_copies")
    assert shelf.proof(erasure, 28).standing is Standing.PRUNED


def test_what_a_lost_box_began_on_a_target_is_not_known_to_the_one_that_came_back(shelf: Shelf) -> None:
    erasure = shelf.erase()
    assert shelf.proof(erasure).standing is Standing.NEVER_HELD
    shelf.target(2, "destroyed")
    shelf.set("UPDATE backup_targets SET destroyed_at = 1 WHERE target_key = 2")
    for _ in range(2):
        apply_tombstones(shelf.archive.erasing(), [])
    erasure = get_erasure(shelf.archive.erasing(), erasure.erasure_key)
    assert shelf.proof(erasure).standing is Standing.UNSEEN
    assert shelf.archive.rows("SELECT target_key, audit_sequence FROM begun_copies") == [(1, 0)]


def test_a_copy_that_was_being_made_while_it_was_erased_counts_as_holding(shelf: Shelf) -> None:
    erasure = shelf.erase()
    shelf.snapshot(1, "meanwhile", days=10 / 1440)
    assert shelf.proof(erasure).standing is Standing.HOLDS


def test_a_clock_that_ran_a_year_ahead_while_it_was_erased_keeps_no_later_copy_counting(shelf: Shelf) -> None:
    shelf.snapshot(1, "last", days=-1)
    erasure = shelf.erase()
    ahead = microseconds(shelf.now + 365 * DAY)
    shelf.set("UPDATE erasures SET files_gone_at = :at", at=ahead)
    shelf.set("UPDATE backup_snapshots SET gone_at = :at", at=microseconds(shelf.now + 27 * DAY))
    shelf.snapshot(1, "after the clock was set right", days=1)
    erasure = get_erasure(shelf.archive.erasing(), erasure.erasure_key)
    assert shelf.proof(erasure, 28).standing is Standing.PRUNED
    shelf.snapshot(1, "at that moment", days=365)
    assert shelf.proof(erasure, 366).standing is not Standing.PRUNED


def test_nothing_is_proved_while_the_box_itself_is_not_done(shelf: Shelf) -> None:
    erasure = shelf.erase()
    shelf.set("UPDATE erasures SET files_gone_at = NULL, gone_sequence = NULL")
    assert shelf.proof(get_erasure(shelf.archive.erasing(), erasure.erasure_key)).standing is Standing.BOX_FIRST


def test_what_ends_is_written_once_with_its_event(shelf: Shelf) -> None:
    shelf.target(2, "USB B")
    for target in (1, 2):
        shelf.snapshot(target, "last", days=-1)
    shelf.erase()
    parts: ErasingParts = shelf.archive.erasing()

    def update(days: float) -> int:
        with parts.database.write() as tx:
            return update_all(tx, parts.audit, shelf.now + days * DAY)

    assert update(0) == 0
    shelf.set("UPDATE backup_snapshots SET gone_at = :at WHERE target_key = 1", at=microseconds(shelf.now + 27 * DAY))
    assert (update(28), update(28)) == (1, 0)
    proofs = shelf.archive.rows("SELECT target_key, last_snapshot_id, ended_by FROM erasure_proofs ORDER BY 1")
    assert proofs == [(1, "last", "pruned"), (2, "last", None)]
    events = shelf.archive.rows("SELECT subject_key, number FROM audit_events WHERE event = 'erasure proved'")
    assert events == [(1, 1)]
    with parts.database.read() as tx:
        assert unproved(tx) == [1]
    shelf.set("UPDATE backup_targets SET destroyed_at = 5 WHERE target_key = 2")
    assert update(29) == 1
    with parts.database.read() as tx:
        assert unproved(tx) == []


def test_of_a_box_out_of_service_nobody_prunes_any_more(shelf: Shelf) -> None:
    shelf.snapshot(1, "last", days=-1)
    shelf.target(2, "Never used")
    erasure = shelf.erase()
    shelf.set("UPDATE erasures SET scope = 'box' WHERE erasure_key = :key", key=erasure.erasure_key)
    box = get_erasure(shelf.archive.erasing(), erasure.erasure_key)
    with shelf.archive.database.read() as tx:
        told = {proof.target_name: proof.standing for proof in proofs_of(tx, box, shelf.now + 90 * DAY)}
    assert told == {"USB A": Standing.UNSEEN, "Never used": Standing.NEVER_HELD}
