"""Targets on real servers: by SFTP, by REST where nothing can be deleted; what they refuse is told by its kind."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup import queries
from appliance.backup.connecting import find_marker, pack_credentials
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.pruning import prune_target
from appliance.backup.running import Kind, back_up
from appliance.backup.ssh_keys import found_host_key, new_key
from appliance.backup.target import Target, location_of
from appliance.backup.targets import NewTarget, add_target, make_ready, open_target
from appliance.errors import Refused, Unsuitable
from appliance.jobs.clock_marks import believe_clock
from tests.backup.a_backup import BackedUp
from tests.backup.quick_repositories import lay_out
from tests.backup.servers import SSHServer, free_port, rest_server, ssh_server

USER, PASSWORD = "clinic", "a pass/word: of 7"


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    one = BackedUp(tmp_path / "data")
    with one.database.write() as tx:
        believe_clock(tx, one.clock)
    one.scan(count=2)
    return one


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SSHServer]:
    with ssh_server(tmp_path / "ssh") as one:
        yield one


def by_sftp(server: SSHServer, path: Path, **changes: str) -> NewTarget:
    facts = {"host": "127.0.0.1", "port": str(server.port), "user": server.user, "path": str(path),
             "host_key": server.host_key} | changes  # fmt: skip
    return NewTarget("server", location_of("sftp", facts), server.private_key)


def row(clinic: BackedUp, target: Target) -> Target:
    with clinic.database.read() as tx:
        found = queries.find_target(tx, target.target_key)
    assert found is not None
    return found


@pytest.mark.peer("restic", "ssh", "sshd")
def test_an_sftp_server_gets_a_night_and_gives_it_back(clinic: BackedUp, server: SSHServer, tmp_path: Path) -> None:
    place = tmp_path / "on the server"
    target = add_target(clinic.backup, by_sftp(server, place), OPERATOR)
    assert sorted(path.name for path in place.iterdir()) == ["enamel-target.json", "files", "keys"]
    copied = back_up(clinic.backup, target, Kind.NIGHT)
    assert copied.files is not None
    assert copied.files.file_count == 2
    opened = open_target(clinic.backup, row(clinic, target))
    opened.files.restore(copied.files.snapshot_id, tmp_path / "back")
    assert len(list((tmp_path / "back" / "vault").glob("*/*"))) == 2
    assert opened.keys.check("all") == opened.files.check("all") == []
    with pytest.raises(Refused, match="already"):
        add_target(clinic.backup, by_sftp(server, place), OPERATOR)


@pytest.mark.peer("restic", "ssh", "sshd")
def test_what_was_cut_off_on_an_sftp_server_is_cleared_away(
    clinic: BackedUp, server: SSHServer, tmp_path: Path
) -> None:
    place = tmp_path / "on the server"
    lay_out(place, clinic.box_id, clinic.backup.backup_key)
    target = add_target(clinic.backup, by_sftp(server, place), OPERATOR)
    (place / "files" / "config").unlink()
    (lone,) = (place / "files" / "keys").iterdir()
    make_ready(clinic.backup, target)
    assert not lone.exists(), "the key of a making that was cut off"
    half = place / "keys" / "data" / "ab" / f"{'a' * 64}-restic-temp-1234"
    half.write_bytes(b"half of it")
    prune_target(clinic.backup, row(clinic, target))
    assert not half.exists()
    opened = open_target(clinic.backup, row(clinic, target))
    assert opened.keys.check("all") == opened.files.check("all") == []


@pytest.mark.peer("restic", "ssh", "sshd")
def test_a_server_with_another_key_or_that_refuses_ours_is_never_talked_to(
    clinic: BackedUp, server: SSHServer, tmp_path: Path
) -> None:
    assert found_host_key("127.0.0.1", str(server.port)) == server.host_key
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMXZcoQZfGiXmQLWTlKg0bN8pBlVLyuMRO2q4eS8kX0a"
    with pytest.raises(BackupFailed) as failed:
        add_target(clinic.backup, by_sftp(server, tmp_path / "x", host_key=other), OPERATOR)
    assert (failed.value.fault, "another key of its own" in str(failed.value)) == (Fault.DENIED, True)
    (tmp_path / "ssh" / "authorized").write_text("")
    with pytest.raises(BackupFailed) as failed:
        add_target(clinic.backup, by_sftp(server, tmp_path / "x"), OPERATOR)
    assert (failed.value.fault, "user name, password or rights" in str(failed.value)) == (Fault.DENIED, True)
    assert not (tmp_path / "x").exists()


@pytest.mark.peer("restic", "ssh", "sshd")
def test_another_box_s_folder_on_a_server_is_refused(clinic: BackedUp, server: SSHServer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = BackedUp(tmp_path / "other" / "data")
    place = tmp_path / "shared"
    lay_out(place, other.box_id, other.backup.backup_key)
    theirs = add_target(other.backup, by_sftp(server, place), OPERATOR)
    with pytest.raises(NotOurs):
        add_target(clinic.backup, by_sftp(server, place), OPERATOR)
    marker = find_marker(theirs.location, server.private_key)
    assert marker is not None
    assert marker.box_id == other.box_id


def test_a_server_that_does_not_answer_is_told_at_once(clinic: BackedUp) -> None:
    port = free_port()
    for location in (
        location_of("rest", {"url": f"http://127.0.0.1:{port}/x"}),
        location_of("s3", {"endpoint": f"http://127.0.0.1:{port}", "bucket": "b"}),
    ):
        with pytest.raises(BackupFailed) as failed:
            add_target(clinic.backup, NewTarget("x", location, pack_credentials(USER, PASSWORD)), OPERATOR)
        assert failed.value.fault is Fault.UNREACHABLE


def answered(url: str, method: str) -> int:
    """Ask a server as whoever took the box over could, who has its user name and password; give the status."""
    word = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    asked = Request(url, method=method, headers={"Authorization": f"Basic {word}"})  # noqa: S310  a server of this test
    try:
        with urlopen(asked) as answer:  # noqa: S310  a server of this test
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


@pytest.mark.peer("restic", "rclone")
def test_a_server_that_lets_nothing_be_deleted_keeps_every_scan_and_lets_old_keys_go(
    clinic: BackedUp, tmp_path: Path
) -> None:
    given = ("--user", USER, "--pass", PASSWORD)
    with (
        rest_server(tmp_path / "scans", "--append-only", *given) as scans,
        rest_server(tmp_path / "keys", *given) as keys,
    ):
        location = location_of("rest", {"url": scans, "keys_url": keys})
        new = NewTarget("server", location, pack_credentials(USER, PASSWORD), append_only=True)
        target = add_target(clinic.backup, new, OPERATOR)
        first = back_up(clinic.backup, target, Kind.NIGHT)
        clinic.pass_by(timedelta(days=30))
        with clinic.database.write() as tx:
            believe_clock(tx, clinic.clock)
        back_up(clinic.backup, row(clinic, target), Kind.NIGHT)
        prune_target(clinic.backup, row(clinic, target))
        opened = open_target(clinic.backup, row(clinic, target))
        assert len(opened.keys.snapshots()) == 1
        assert first.files is not None
        assert opened.files.snapshots()[0].snapshot_id == first.files.snapshot_id
        assert len(opened.files.snapshots()) == 2
        assert opened.files.check("all") == []
        stored = [path for path in (tmp_path / "scans").rglob("*") if path.parent.name in {"snapshots", "index"}]
        assert stored
        for scan in stored:
            assert answered(f"{scans}/{scan.relative_to(tmp_path / 'scans')}", "DELETE") == 403
            assert scan.exists()
        stranger = replace(row(clinic, target), sealed_credentials=None)
        with pytest.raises(BackupFailed) as failed:
            open_target(clinic.backup, stranger).keys.snapshots()
        assert failed.value.fault is Fault.DENIED


@pytest.mark.peer("ssh")
def test_a_private_key_is_made_in_memory_only(disk_path: Path) -> None:
    with pytest.raises(Unsuitable, match="memory"):
        new_key(disk_path / "key")
    out = Path("/dev/shm") / f"enamel-test-{disk_path.name}"  # noqa: S108  a place in memory is what is asked for
    try:
        public = new_key(out)
        assert public.startswith("ssh-ed25519 ")
        assert out.stat().st_mode & 0o077 == 0
        with pytest.raises(Refused):
            new_key(out)
    finally:
        out.unlink(missing_ok=True)
