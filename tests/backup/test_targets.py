"""Targets: added once, known again, refused where they are somebody else's."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.backup import queries
from appliance.backup.connecting import connection, pack_credentials
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.marker import MARKER, Marker, read_marker
from appliance.backup.target import Target, location_of, read_location
from appliance.backup.targets import (
    NewTarget,
    add_target,
    declare_destroyed,
    make_ready,
    open_target,
    remove_target,
    seal,
    unseal,
)
from appliance.errors import NotFound, Refused, Unsuitable, WrongKey
from appliance.identifiers import BoxId
from appliance.keys.secret import SecretKey
from tests.backup.a_backup import BackedUp, new_disk

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    return BackedUp(tmp_path / "data")


def rows(clinic: BackedUp) -> list[Target]:
    with clinic.database.read() as tx:
        return queries.targets(tx)


@pytest.mark.peer("restic")
def test_a_disk_is_marked_and_holds_two_repositories_that_only_this_box_opens(clinic: BackedUp) -> None:
    target = clinic.target()
    place = clinic.disk()
    assert sorted(path.name for path in place.iterdir()) == [MARKER, "files", "keys"]
    assert read_marker((place / MARKER).read_bytes()) == Marker(target.target_id, clinic.box_id)
    opened = open_target(clinic.backup, target)
    assert opened.files.snapshots() == opened.keys.snapshots() == []
    assert rows(clinic) == [target]
    events = clinic.rows("SELECT event, subject_kind, subject_key FROM audit_events")
    assert events[-1] == ("backup target added", "backup target", target.target_key)


@pytest.mark.peer("restic")
def test_another_box_s_disk_is_refused_and_left_as_it_is(clinic: BackedUp, tmp_path: Path) -> None:
    clinic.target()
    (tmp_path / "other").mkdir()
    other = BackedUp(tmp_path / "other" / "data")
    before = {path: path.stat().st_mtime_ns for path in clinic.disk().rglob("*")}
    with pytest.raises(NotOurs):
        add_target(other.backup, new_disk(clinic.disk()), OPERATOR)
    assert before == {path: path.stat().st_mtime_ns for path in clinic.disk().rglob("*")}
    assert rows(other) == []
    (clinic.disk() / MARKER).unlink()
    with pytest.raises(NotOurs, match="files or keys"):
        add_target(other.backup, new_disk(clinic.disk()), OPERATOR)


@pytest.mark.peer("restic")
def test_a_repository_that_does_not_open_is_refused_though_the_mark_is_ours(clinic: BackedUp) -> None:
    target = clinic.target()
    clinic.root = SecretKey.new()
    with pytest.raises(NotOurs):
        open_target(clinic.backup_parts(), target).files.snapshots()


@pytest.mark.peer("restic")
def test_a_disk_that_is_not_there_and_an_empty_or_another_one_in_its_place_are_told_apart(clinic: BackedUp) -> None:
    target, place = clinic.target(), clinic.disk()
    place.rename(place.with_name("drawer"))
    with pytest.raises(BackupFailed) as failed:
        open_target(clinic.backup, target)
    assert failed.value.fault is Fault.UNPLUGGED
    place.mkdir()
    with pytest.raises(BackupFailed) as failed:
        open_target(clinic.backup, target)
    assert failed.value.fault is Fault.UNPLUGGED, "an empty mount point is no disk"
    assert list(place.iterdir()) == []
    for content in (Marker(bytes(16), clinic.box_id).encode(), b"{}", b"\xff"):
        (place / MARKER).write_bytes(content)
        with pytest.raises(NotOurs):
            open_target(clinic.backup, target)


@pytest.mark.peer("restic")
def test_a_removed_target_comes_back_as_the_same_one_and_no_other_way_twice(clinic: BackedUp) -> None:
    target = clinic.target()
    with pytest.raises(Refused, match="already"):
        clinic.target()
    remove_target(clinic.backup, target.target_key, OPERATOR)
    with pytest.raises(NotFound):
        remove_target(clinic.backup, target.target_key, OPERATOR)
    with clinic.database.read() as tx:
        assert queries.used_targets(tx) == []
    clinic.pass_by(timedelta(days=3))
    again = clinic.target()
    assert (again.target_key, again.target_id) == (target.target_key, target.target_id)
    with clinic.database.read() as tx:
        assert [one.removed_at for one in queries.used_targets(tx)] == [None]


@pytest.mark.peer("restic")
def test_a_target_whose_adding_was_cut_off_is_added_the_next_time(clinic: BackedUp) -> None:
    target = clinic.target()
    with clinic.database.write() as tx:
        tx.change("DELETE FROM backup_targets")
    assert clinic.target().target_id == target.target_id


@pytest.mark.peer("restic")
def test_a_repository_whose_making_was_cut_off_is_made_with_one_key(clinic: BackedUp) -> None:
    """Restic writes a key first and then what says that there is a repository: killed between, it leaves a lone key."""
    target = clinic.target()
    (clinic.disk() / "keys" / "config").unlink()
    (lone,) = (clinic.disk() / "keys" / "keys").iterdir()
    make_ready(clinic.backup, target)
    assert open_target(clinic.backup, target).keys.snapshots() == []
    assert not lone.exists()


@pytest.mark.peer("restic")
def test_a_repository_with_copies_in_it_is_never_made_anew(clinic: BackedUp) -> None:
    target = clinic.target()
    (clinic.disk() / "files" / "snapshots" / ("0" * 64)).write_bytes(b"a snapshot")
    (clinic.disk() / "files" / "config").unlink()
    keys = [*(clinic.disk() / "files" / "keys").iterdir()]
    with pytest.raises(BackupFailed) as failed:
        make_ready(clinic.backup, target)
    assert failed.value.fault is Fault.DAMAGED
    assert [*(clinic.disk() / "files" / "keys").iterdir()] == keys


@pytest.mark.peer("restic")
def test_a_mark_that_was_cut_off_while_it_was_written_is_written_anew(clinic: BackedUp) -> None:
    draft = clinic.disk() / f".{MARKER}.0123456789abcdef"
    draft.write_bytes(b'{"format"')
    clinic.target()
    assert sorted(path.name for path in clinic.disk().iterdir()) == [MARKER, "files", "keys"]


@pytest.mark.peer("restic")
def test_what_is_declared_destroyed_counts_no_more(clinic: BackedUp) -> None:
    target = clinic.target()
    declare_destroyed(clinic.backup, target.target_key, OPERATOR)
    with pytest.raises(NotFound):
        declare_destroyed(clinic.backup, target.target_key, OPERATOR)
    (row,) = rows(clinic)
    assert row.destroyed_at is not None
    assert row.removed_at is not None
    assert clinic.rows("SELECT event FROM audit_events ORDER BY sequence DESC LIMIT 1") == [
        ("backup target destroyed",)
    ]


def test_a_folder_on_the_box_s_own_disk_is_refused_unless_it_is_meant(clinic: BackedUp) -> None:
    place = clinic.disk()
    with pytest.raises(Unsuitable, match="own disk"):
        add_target(clinic.backup, NewTarget("x", location_of("folder", {"path": str(place)})), OPERATOR)
    assert list(place.iterdir()) == []


def test_a_folder_that_is_not_there_is_never_made(clinic: BackedUp, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed):
        add_target(clinic.backup, new_disk(tmp_path / "nowhere"), OPERATOR)
    assert not (tmp_path / "nowhere").exists()


def test_a_target_that_could_not_keep_its_word_is_refused(clinic: BackedUp) -> None:
    place = clinic.disk()
    rest = location_of("rest", {"url": "http://127.0.0.1:1/x"})
    for new, why in (
        (new_disk(place, ""), "name"),
        (new_disk(place, warn_after=timedelta(days=8)), "warns"),
        (new_disk(place, append_only=True), "append-only"),
        (new_disk(place, location=rest, append_only=True), "second address"),
    ):
        with pytest.raises(Unsuitable, match=why):
            add_target(clinic.backup, new, OPERATOR)
    assert rows(clinic) == []


def test_credentials_open_for_their_target_alone(clinic: BackedUp) -> None:
    key = clinic.backup.key_wrapping
    sealed = seal(key, b"\1" * 16, b"secret")
    assert sealed is not None
    assert b"secret" not in sealed
    target = Target(0, b"\1" * 16, "x", location_of("folder", {"path": "/x"}), sealed, False,
                    new_disk(Path("/x")).at, timedelta(1), timedelta(1), clinic.clock.now())  # fmt: skip
    assert unseal(key, target) == b"secret"
    with pytest.raises(WrongKey):
        unseal(SecretKey.new(), target)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("tape", {"path": "/x"}),
        ("folder", {}),
        ("folder", {"path": "relative"}),
        ("folder", {"path": "/a/../b"}),
        ("folder", {"path": "/x", "user": "x"}),
        ("sftp", {"host": "-oProxyCommand=x", "user": "u", "path": "/x", "host_key": HOST_KEY}),
        ("sftp", {"host": "h", "user": "-x", "path": "/x", "host_key": HOST_KEY}),
        ("sftp", {"host": "h", "user": "u", "path": "/x", "host_key": "who cares"}),
        ("sftp", {"host": "h", "user": "u", "path": "/x", "host_key": HOST_KEY, "port": "70000"}),
        ("rest", {"url": "https://user:secret@host/x"}),
        ("rest", {"url": "file:///etc"}),
        ("rest", {"url": "http://[::1"}),
        ("rest", {"url": "https://host/x", "certificate": "/etc/x.pem"}),
        ("s3", {"endpoint": "https://host", "bucket": "a b"}),
        ("s3", {"endpoint": "https://host", "bucket": "b", "prefix": "a/../b"}),
        ("folder", {"path": "/x", "same_disk": "no"}),
    ],
)
def test_what_cannot_be_a_place_is_refused(kind: str, facts: dict[str, str]) -> None:
    with pytest.raises(Unsuitable):
        location_of(kind, facts)


def test_a_place_is_written_and_read_back_and_shown_in_a_line() -> None:
    for kind, facts, shown in (
        ("folder", {"path": "/media/usb"}, "/media/usb"),
        ("sftp", {"host": "h", "user": "u", "path": "/x", "host_key": HOST_KEY, "port": "2222"}, "u@h:/x"),
        ("rest", {"url": "https://h:8000/x"}, "https://h:8000/x"),
        ("s3", {"endpoint": "https://h", "bucket": "b", "prefix": "p/q", "region": "eu-1"}, "https://h/b"),
    ):
        location = location_of(kind, facts)
        assert read_location(kind, location.encode()) == location
        assert location.shown == shown


def test_credentials_are_in_what_restic_reads_from_memory_and_in_nothing_that_is_shown() -> None:
    credentials = pack_credentials("user", "pass/word")
    rest = connection(location_of("rest", {"url": "https://h:8000/x/", "keys_url": "https://k/y"}),
                      "keys", bytes(16), credentials)  # fmt: skip
    assert rest.repository == f"rest:https://user:pass%2Fword@k/y/enamel-{'00' * 16}/keys/"
    assert "pass" not in repr(rest)
    s3 = connection(location_of("s3", {"endpoint": "https://h", "bucket": "b"}), "files", bytes(16), credentials)
    assert s3.repository == f"s3:https://h/b/enamel-{'00' * 16}/files"
    assert s3.aws is not None
    assert b"pass/word" in s3.aws
    with pytest.raises(Unsuitable):
        pack_credentials("user", "pass\nword")


def test_a_mark_of_another_form_is_none() -> None:
    assert read_marker(Marker(b"\7" * 16, BoxId(b"\1" * 16)).encode()).target_id == b"\7" * 16
    for content in (b"", b"[]", b'{"format": "enamel target"}', Marker(b"\7" * 3, BoxId(bytes(16))).encode()):
        with pytest.raises(Unsuitable):
            read_marker(content)
