"""A repository that was just made opens at once, on a disk and over SFTP; cut off anywhere, it opens all the same."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup.connecting import put_file, read_the_one
from appliance.backup.faults import BackupFailed, Fault
from appliance.backup.opening import open_at_once
from appliance.backup.target import Location, location_of
from appliance.backup.targets import add_target, open_target
from appliance.keys.hierarchy import repository_password
from appliance.keys.repository_keys import key_file_name
from appliance.keys.secret import SecretKey
from tests.backup.a_backup import BackedUp, new_disk
from tests.backup.servers import SSHServer, ssh_server
from tests.backup.test_servers import by_sftp

PASSWORD = SecretKey(b"\x17" * 32)


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return BackedUp(tmp_path / "data")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SSHServer]:
    with ssh_server(tmp_path / "ssh") as one:
        yield one


def check_opens_at_once(repository: Path) -> None:
    (path,) = (repository / "keys").iterdir()
    facts = json.loads(path.read_bytes())
    assert path.name == key_file_name(path.read_bytes())
    assert (facts["N"], facts["hostname"], facts["username"]) == (16, "", "")


@pytest.mark.peer("restic", "ssh", "sshd")
def test_both_repositories_of_a_server_open_at_once(clinic: BackedUp, server: SSHServer, tmp_path: Path) -> None:
    place = tmp_path / "on the server"
    target = add_target(clinic.backup, by_sftp(server, place), OPERATOR)
    for name in ("files", "keys"):
        check_opens_at_once(place / name)
        assert not (place / name / "draft").exists()
    opened = open_target(clinic.backup, target)
    assert opened.files.exists()
    assert opened.keys.check("all") == []


@pytest.mark.peer("restic")
def test_both_repositories_of_a_new_disk_open_at_once_and_cut_off_at_any_change(clinic: BackedUp) -> None:
    place = clinic.disk()
    target = add_target(clinic.backup, new_disk(place), OPERATOR)
    for name in ("files", "keys"):
        check_opens_at_once(place / name)
    assert open_target(clinic.backup, target).keys.check("all") == []
    keys = place / "files" / "keys"
    before = sorted(keys.iterdir())
    (keys / f".{before[0].name}.{'a' * 16}").write_bytes(b"{")
    (place / "files" / "draft").write_bytes(b"{")
    password = repository_password(clinic.backup.backup_key, target.target_id, "files")
    open_at_once(target.location, None, "files", password)
    assert sorted(keys.iterdir()) == before
    assert not (place / "files" / "draft").exists()
    other = json.dumps(json.loads(before[0].read_bytes()) | {"created": "2026-02-03T04:05:06Z"}).encode()
    (keys / key_file_name(other)).write_bytes(other)
    open_at_once(target.location, None, "files", password)
    assert len(sorted(keys.iterdir())) == 2
    assert open_target(clinic.backup, target).files.exists()


@pytest.mark.peer("ssh", "sshd")
def test_what_a_server_does_not_take_is_told(server: SSHServer, tmp_path: Path) -> None:
    location = by_sftp(server, tmp_path / "nowhere").location
    assert read_the_one(location, server.private_key, "files", "keys/*") is None
    with pytest.raises(BackupFailed) as failed:
        put_file(location, server.private_key, "files", "keys/x", b"x")
    assert failed.value.fault is Fault.DENIED


@pytest.mark.parametrize(
    "location",
    [
        location_of("rest", {"url": "http://127.0.0.1:1/x"}),
        location_of("s3", {"endpoint": "http://127.0.0.1:1", "bucket": "b"}),
    ],
    ids=["rest", "s3"],
)
def test_servers_whose_files_cannot_be_reached_are_left_alone(location: Location) -> None:
    open_at_once(location, None, "files", PASSWORD)
