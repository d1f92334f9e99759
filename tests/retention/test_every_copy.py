"""An erasure followed through real copies: after the policy's days no target that is reached holds its key or a name.

The clock is stepped. One disk is plugged in every night, one lies in a drawer, one is a place that removes no files.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup.engine import Repository
from appliance.backup.pruning import prune_target
from appliance.backup.running import Kind, back_up
from appliance.backup.target import Location, Target, location_of
from appliance.backup.targets import add_target, open_target
from appliance.backup.tombstones import carry_tombstones, gather_tombstones
from appliance.jobs.clock_marks import believe_clock
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.secret import SecretKey
from appliance.retention.erasing import ErasingParts, erase, get_erasure
from appliance.retention.proofs import KEYS_KEPT, Proof, Standing, proofs_of, update_all
from appliance.retention.tombstones import apply_tombstones
from appliance.store.database import Database
from appliance.store.files import RealFiles
from tests.backup.a_backup import BackedUp, new_disk
from tests.intake.a_clinic import ct_slice
from tests.retention.raw_bytes import decrypted, everything_in

DAY = timedelta(days=1)
PORT = 27_011
NAME, NUMBER = "Zylberstein^Quirina", "QX-7071"
KEPT = "Oyelaran^Babatunde"


class Copied(BackedUp):
    """A box with two patients on three targets."""

    def fill(self) -> None:
        for number, name, patient_id in ((1, NAME, NUMBER), (2, KEPT, "KP-1")):
            uids = {"StudyInstanceUID": f"1.2.{number}", "SeriesInstanceUID": f"1.2.{number}.1"}
            told = {"PatientName": name, "PatientID": patient_id} | uids
            self.take(*(ct_slice(at, SOPInstanceUID=f"1.2.{number}.1.{at}", **told) for at in (1, 2)))

    @property
    def erasing(self) -> ErasingParts:
        return ErasingParts(self.folder, self.database, self.audit, RealFiles(), self.clock)

    @property
    def catalogue_key(self) -> SecretKey:
        return Keyring.for_process("intake", self.root).key(Subkey.CATALOGUE)

    def night(self, *targets: Target) -> None:
        self.pass_by(DAY)
        with self.database.write() as tx:
            believe_clock(tx, self.clock)
        for target in targets:
            carry_tombstones(self.backup, target)
            back_up(self.backup, target, Kind.NIGHT)
            prune_target(self.backup, target)

    def proofs(self, erasure_key: int) -> dict[str, Proof]:
        erasure = get_erasure(self.erasing, erasure_key)
        with self.database.write() as tx:
            update_all(tx, self.audit, self.clock.now())
            found = proofs_of(tx, erasure, self.clock.now())
        return {proof.target_name: proof for proof in found}


def restored(repository: Repository, snapshot_id: str, into: Path) -> Path:
    repository.restore(snapshot_id, into)
    return into


@contextmanager
def serving(folder: Path, port: int, *options: str) -> Iterator[str]:
    """Serve a folder to restic on loopback; give its address."""
    folder.mkdir()
    command = ["rclone", "serve", "restic", *options, "--addr", f"127.0.0.1:{port}", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
        server.terminate()


@pytest.fixture
def append_only(tmp_path: Path) -> Iterator[Location]:
    """Serve a place whose files can never be deleted, and beside it one from which keys can."""
    with (
        serving(tmp_path / "served", PORT, "--append-only") as url,
        serving(tmp_path / "served-keys", PORT + 1) as keys_url,
    ):
        yield location_of("rest", {"url": url, "keys_url": keys_url})


def check_copies(box: Copied, target: Target, secrets: list[bytes], into: Path) -> None:
    """Look through every snapshot of keys that a target still has, its catalogue in clear."""
    keys = open_target(box.backup, target).keys
    for one in keys.snapshots():
        there = restored(keys, one.snapshot_id, into.with_name(f"{into.name}-{one.snapshot_id}"))
        if (there / "catalogue.db").exists():
            clear = decrypted(there / "catalogue.db", box.catalogue_key)
            assert KEPT.encode() in clear
            assert [secret for secret in secrets if secret in clear] == []
        assert len([*there.rglob("association")]) <= 1  # of the other patient


def wrapped_keys_of(box: Copied, study_key: int) -> list[bytes]:
    rows = box.rows(
        "SELECT f.wrapped_key FROM files f JOIN versions USING (file_id) JOIN instances USING (instance_key) "
        "JOIN series USING (series_key) WHERE study_key = :key",
        key=study_key,
    )
    return [bytes(row[0]) for row in rows]  # type: ignore[call-overload]  # rows are untyped


@pytest.mark.slow
@pytest.mark.peer("restic", "rclone")
def test_after_the_policys_days_no_target_that_is_reached_holds_key_or_name(
    tmp_path: Path, append_only: Location
) -> None:
    box = Copied(tmp_path / "box")
    box.fill()
    reached, drawer = box.target("reached"), box.target("drawer")
    told = new_disk(tmp_path, "keeps", location=append_only, append_only=True)
    keeps = add_target(box.backup, told, OPERATOR)
    box.night(reached, drawer, keeps)
    older = open_target(box.backup, reached).keys.snapshots()[-1]
    kept = restored(open_target(box.backup, reached).keys, older.snapshot_id, tmp_path / "kept")
    secrets = [*wrapped_keys_of(box, 1), NAME.encode(), NUMBER.encode()]
    assert all(secret in decrypted(kept / "catalogue.db", box.catalogue_key) for secret in secrets)

    erasure = erase(box.erasing, "patient", 1, "request", OPERATOR).erasure_key
    box.pass_by(timedelta(hours=2))
    box.night(reached, keeps)
    at_once = box.proofs(erasure)
    assert {name: proof.standing for name, proof in at_once.items()} == {
        "reached": Standing.HOLDS, "drawer": Standing.HOLDS, "keeps": Standing.HOLDS,
    }  # fmt: skip
    assert at_once["reached"].tombstones_at is not None
    assert at_once["drawer"].tombstones_at is None
    box.pass_by(KEYS_KEPT - DAY)
    box.night(reached, keeps)
    later = box.proofs(erasure)
    assert {name: proof.standing for name, proof in later.items()} == {
        "reached": Standing.PRUNED, "drawer": Standing.UNSEEN, "keeps": Standing.PRUNED,
    }  # fmt: skip
    assert later["reached"].last_snapshot_id == at_once["reached"].last_snapshot_id
    assert (later["keeps"].keeps_ciphertext, later["keeps"].append_only) == (True, True)

    for target in (reached, keeps):
        check_copies(box, target, secrets, tmp_path / target.name)
    raw = b"".join(
        map(everything_in, (tmp_path / "reached", tmp_path / "served", tmp_path / "served-keys", box.folder))
    )
    assert [secret for secret in (*secrets, KEPT.encode()) if secret in raw] == []


@pytest.mark.peer("restic")
def test_a_backup_older_than_an_erasure_comes_back_without_what_was_erased(tmp_path: Path) -> None:
    box = Copied(tmp_path / "box")
    box.fill()
    target, other = box.target("disk"), box.target("other")
    box.night(target, other)
    opened = open_target(box.backup, target)
    older, files = opened.keys.snapshots()[-1], opened.files.snapshots()[-1]
    erasure = erase(box.erasing, "study", 1, "request", OPERATOR)
    carry_tombstones(box.backup, other)

    back = tmp_path / "back"
    restored(opened.keys, older.snapshot_id, back)
    restored(opened.files, files.snapshot_id, back)
    database = Database(back / "catalogue.db", box.catalogue_key, box.clock)
    parts = ErasingParts(back, database, box.audit, RealFiles(), box.clock)
    erased = gather_tombstones([opened.files, open_target(box.backup, other).files], box.backup.audit_key)
    assert len(erased) == erasure.file_count == 2
    assert apply_tombstones(parts, erased) == 2
    with database.read() as tx:
        assert tx.rows("SELECT study_key FROM studies") == [(2,)]
        assert tx.rows("SELECT count(*) FROM files JOIN tombstones USING (file_id)") == [(0,)]
        assert tx.rows("SELECT count(*) FROM files") == [(2,)]
    there = {path.name for path in (back / "vault").rglob("*") if path.is_file()}
    assert len(there) == 2
    assert not there & {str(one) for one in erased}
    assert len([*(back / "settled").rglob("association")]) == 1
    database.close()
