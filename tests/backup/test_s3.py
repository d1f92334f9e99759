"""A target in a bucket of a real S3 server, SeaweedFS: copies, their proof, what goes again, and who is refused."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup import queries
from appliance.backup.connecting import pack_credentials
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.pruning import prune_target
from appliance.backup.running import Kind, back_up
from appliance.backup.target import Target, location_of
from appliance.backup.targets import NewTarget, add_target, make_ready, open_target, seal
from appliance.jobs.clock_marks import believe_clock
from tests.backup.a_backup import BackedUp
from tests.backup.servers import s3_server
from tests.integrity.a_proof import Proved

OURS, THEIRS = ("CLINICKEY", "a/secret+of: 1"), ("OTHERKEY", "another/secret")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3"), {"ours": OURS, "theirs": THEIRS}) as address:
        yield address


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return with_three_slices(tmp_path / "data")


def with_three_slices(folder: Path) -> BackedUp:
    one = BackedUp(folder)
    with one.database.write() as tx:
        believe_clock(tx, one.clock)
    one.scan(count=3)
    return one


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, endpoint: str) -> tuple[BackedUp, Target]:
    """Give a clinic that had a night in its bucket, which takes long to make."""
    clinic = with_three_slices(tmp_path_factory.mktemp("used") / "data")
    target = add_target(clinic.backup, in_bucket(endpoint), OPERATOR)
    back_up(clinic.backup, row(clinic, target), Kind.NIGHT)
    return clinic, target


def in_bucket(endpoint: str, bucket: str = "ours", login: tuple[str, str] = OURS) -> NewTarget:
    location = location_of("s3", {"endpoint": endpoint, "bucket": bucket, "prefix": "archive/scans"})
    return NewTarget("bucket", location, pack_credentials(*login))


def row(clinic: BackedUp, target: Target) -> Target:
    with clinic.database.read() as tx:
        found = queries.find_target(tx, target.target_key)
    assert found is not None
    return found


def test_a_bucket_gets_nights_and_arrivals_proves_them_and_gives_them_back(
    clinic: BackedUp, endpoint: str, tmp_path: Path
) -> None:
    target = add_target(clinic.backup, in_bucket(endpoint), OPERATOR)
    clinic.pass_by(timedelta(minutes=10))
    night = back_up(clinic.backup, row(clinic, target), Kind.NIGHT)
    clinic.pass_by(timedelta(minutes=10))
    clinic.scan(first=7, count=2, study="1.2.3.2")
    arrivals = back_up(clinic.backup, row(clinic, target), Kind.ARRIVALS)
    assert night.files is not None
    assert arrivals.files is not None
    assert (night.files.file_count, arrivals.files.file_count) == (3, 2)
    proof = Proved(clinic, row(clinic, target)).test(in_full=True)
    assert (proof.ending.verdict, proof.ending.file_count) == ("proved", 3), "of the night, which is what a proof reads"
    opened = open_target(clinic.backup, row(clinic, target))
    for snapshot in opened.files.snapshots():
        opened.files.restore(snapshot.snapshot_id, tmp_path / "back")
    back = {path.name: path.read_bytes() for path in (tmp_path / "back" / "vault").glob("*/*")}
    vault = clinic.parts.vault
    assert back == {str(file_id): vault.path_of(file_id).read_bytes() for file_id in vault.stored_ids()}


def test_old_keys_go_from_a_bucket_and_what_stays_is_whole(used: tuple[BackedUp, Target]) -> None:
    clinic, target = used
    clinic.pass_by(timedelta(days=30))
    with clinic.database.write() as tx:
        believe_clock(tx, clinic.clock)
    newest = back_up(clinic.backup, row(clinic, target), Kind.NIGHT)
    prune_target(clinic.backup, row(clinic, target))
    opened = open_target(clinic.backup, row(clinic, target))
    assert [one.snapshot_id for one in opened.keys.snapshots()] == [newest.keys.snapshot_id]
    assert opened.keys.check("all") == opened.files.check("all") == []


def test_a_bucket_of_somebody_else_is_refused_and_is_no_target(clinic: BackedUp, endpoint: str) -> None:
    with pytest.raises(BackupFailed) as failed:
        add_target(clinic.backup, in_bucket(endpoint, "theirs"), OPERATOR)
    assert failed.value.fault is Fault.DENIED
    with clinic.database.read() as tx:
        assert queries.used_targets(tx) == []


def test_another_box_s_repository_in_a_bucket_is_refused_and_stays_as_it_is(
    used: tuple[BackedUp, Target], tmp_path: Path
) -> None:
    clinic, target = used
    opened = open_target(clinic.backup, row(clinic, target))
    before = opened.keys.snapshots()
    assert before != []
    other = BackedUp(tmp_path / "data")
    sealed = seal(other.backup.key_wrapping, target.target_id, pack_credentials(*OURS))
    with pytest.raises(NotOurs):
        make_ready(other.backup, replace(target, sealed_credentials=sealed))
    assert opened.keys.snapshots() == before


@pytest.mark.parametrize("login", [(OURS[0], "wrong"), ("NOBODY", OURS[1]), THEIRS])
def test_a_wrong_key_or_secret_is_told_as_that_and_soon(
    clinic: BackedUp, endpoint: str, login: tuple[str, str]
) -> None:
    began = time.monotonic()
    with pytest.raises(BackupFailed) as failed:
        add_target(clinic.backup, in_bucket(endpoint, login=login), OPERATOR)
    assert failed.value.fault is Fault.DENIED
    assert time.monotonic() - began < 50, "restic alone would ask for a minute"
