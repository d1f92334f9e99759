"""A box comes back from a target: whole, verified, told of in its trail, and from wherever it was cut off."""

import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import pytest

from appliance.accounts.peers.approval import add_peer
from appliance.accounts.peers.certificates import revoke_certificate
from appliance.accounts.peers.queries import Peer
from appliance.assembly.box import create_box, open_box, recover_box
from appliance.assembly.certificates import ensure_certificates, issue_for_device
from appliance.assembly.folders import Folders
from appliance.assembly.restoring import Choice
from appliance.assembly.restoring_targets import line_of, open_source, parse_where
from appliance.assembly.rooms import retention_of
from appliance.audit.events import OPERATOR
from appliance.backup.faults import BackupFailed
from appliance.backup.target import Target, location_of
from appliance.clock import SystemClock
from appliance.errors import NotFound, Refused, Unsuitable
from appliance.identifiers import FileId
from appliance.inbox.admission import decode_admission
from appliance.jobs.clock_marks import believe_clock
from appliance.keys.secret import SecretKey
from appliance.retention.erasing import ErasingParts, erase
from appliance.retention.purging import purge
from appliance.store.files import RealFiles
from tests.assembly.a_full_box import FullBox, copy, new_target
from tests.assembly.a_lost_box import Lost, check_whole, make_lost, restore, settings_of, told_of

pytestmark = pytest.mark.peer("restic")
MADE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    return make_lost(tmp_path_factory.mktemp("lost"))


@pytest.fixture
def lost(made: Lost, tmp_path: Path) -> Lost:
    """Give a box and a disk of one's own to change."""
    shutil.copytree(made.disk, tmp_path / "disk")
    shutil.copytree(made.box.data, tmp_path / "data")
    return Lost(FullBox(tmp_path / "data"), tmp_path / "disk")


def test_a_box_comes_back_byte_for_byte_and_its_trail_says_so(made: Lost, tmp_path: Path) -> None:
    outcome = restore(tmp_path / "new", made.box.root, made.source)
    assert (outcome.studies, outcome.files, outcome.missing, outcome.later_files) == (3, 9, 0, 0)
    box = check_whole(tmp_path / "new", made.box)
    assert box.rows("SELECT event, number FROM audit_events ORDER BY sequence DESC LIMIT 1") == [("box restored", 9)]
    assert box.settings.clinic_name == "Clínica Ñ"


def test_what_was_agreed_to_be_erased_is_not_erased_by_a_box_that_does_not_know_what_was_decided_since(
    lost: Lost, tmp_path: Path
) -> None:
    with lost.box.rooms.database.write() as tx:
        for key in (1, 2):
            tx.change(
                "INSERT INTO erasure_proposals (kind, scope, subject_key, file_count, proposed_at, proposed_by, "
                "approved_by, alone, not_before) VALUES ('request', 'study', :key, 3, 1, 1, :by, 0, 1)",
                key=key, by=2 if key == 1 else None,
            )  # fmt: skip
    copy(lost.box, new_target(lost.box, tmp_path / "newer"))
    with lost.box.rooms.database.write() as tx:
        believe_clock(tx, lost.box.clock)
        tx.change("INSERT INTO legal_holds VALUES (1, NULL, 1, 'litigation', 'AZ-1', 0, NULL, NULL, NULL)")
    lost.box.close()
    source = open_source(parse_where(f"folder:{tmp_path / 'newer'}"), None, lost.box.root)
    restore(tmp_path / "new", lost.box.root, source)
    open_box(settings_of(tmp_path / "new"), None, SystemClock())
    box = FullBox(tmp_path / "new")
    with box.rooms.database.write() as tx:
        believe_clock(tx, box.clock)
    counts = purge(retention_of(box.rooms), lambda _tx, _proposal: None)
    assert counts.total() == 0
    told = box.rows("SELECT refused, cancelled_at IS NOT NULL FROM erasure_proposals")
    assert told == [("restored", 1), ("restored", 1)]
    assert box.rows("SELECT count(*) FROM audit_events WHERE event = 'erasure refused'") == [(2,)]


@pytest.mark.slow
def test_what_waited_in_the_inbox_is_listed_afterwards(made: Lost, tmp_path: Path) -> None:
    restore(tmp_path / "new", made.box.root, made.source)
    box = FullBox(tmp_path / "new")
    box.take_in()
    assert box.rows("SELECT accession_number FROM studies ORDER BY study_key DESC LIMIT 1") == [("A4",)]


def test_a_restored_box_seals_to_a_pair_that_the_lost_one_cannot_have_made(lost: Lost, tmp_path: Path) -> None:
    restore(tmp_path / "new", lost.box.root, lost.source)
    box = FullBox(tmp_path / "new")
    assert box.rows("SELECT max(number) FROM rotating_keys WHERE kind = 'inbox'") == [(1002,)]
    box.add_study(5)
    assert box.rows("SELECT count(*) FROM studies") == [(5,)]  # with the one that had waited in the inbox


def test_sessions_end_and_no_copy_is_counted_before_this_machine_saw_it(lost: Lost, tmp_path: Path) -> None:
    restore(tmp_path / "new", lost.box.root, lost.source)
    box = FullBox(tmp_path / "new")
    assert box.rows("SELECT count(*) FROM study_copies") == [(0,)]
    assert box.rows("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == [(0,)]
    assert box.rows("SELECT count(*) FROM backup_targets WHERE covered_at IS NOT NULL") == [(0,)]


def test_nothing_is_written_over_a_box_or_into_a_folder_with_something_else(made: Lost, tmp_path: Path) -> None:
    create_box(settings_of(tmp_path / "box"), None, SystemClock())
    before = sorted(path.stat().st_mtime_ns for path in (tmp_path / "box").rglob("*"))
    with pytest.raises(Refused, match="there is a box"):
        restore(tmp_path / "box", made.box.root, made.source)
    assert sorted(path.stat().st_mtime_ns for path in (tmp_path / "box").rglob("*")) == before
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(Refused, match="something else"):
        restore(tmp_path / "photos", made.box.root, made.source)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_what_was_erased_since_does_not_come_back_whichever_target_tells_of_it(lost: Lost, tmp_path: Path) -> None:
    other = new_target(lost.box, tmp_path / "other")
    gone = lost.box.rows(
        "SELECT file_id FROM versions JOIN instances USING (instance_key) WHERE sop_instance_uid LIKE '1.2.9.2.%'"
    )
    parts = ErasingParts(lost.box.data, lost.box.rooms.database, lost.box.rooms.audit, RealFiles(), lost.box.clock)
    erase(parts, "study", 2, "request", OPERATOR)
    copy(lost.box, other)  # the disk in the drawer has not seen this
    also = open_source(parse_where(f"folder:{tmp_path / 'other'}"), None, lost.box.root)
    outcome = restore(tmp_path / "new", lost.box.root, lost.source, also)
    assert (outcome.studies, outcome.erased_again, outcome.files) == (2, 3, 6)
    told = told_of(tmp_path / "new")
    assert (told.study_count, told.erased_count, told.file_count) == (2, 3, 6)
    box = check_whole(tmp_path / "new", lost.box)
    for (file_id,) in gone:
        assert not box.rooms.vault.path_of(FileId(file_id)).exists()
        assert box.rows("SELECT count(*) FROM files WHERE file_id = :id", id=file_id) == [(0,)]


@pytest.mark.slow
def test_an_erasure_that_one_target_told_of_is_kept_when_the_restore_goes_on_without_it(
    lost: Lost, tmp_path: Path
) -> None:
    other = new_target(lost.box, tmp_path / "other")
    parts = ErasingParts(lost.box.data, lost.box.rooms.database, lost.box.rooms.audit, RealFiles(), lost.box.clock)
    erase(parts, "study", 1, "request", OPERATOR)
    copy(lost.box, other)
    also = open_source(parse_where(f"folder:{tmp_path / 'other'}"), None, lost.box.root)
    with pytest.raises(Cut):
        restore(tmp_path / "new", lost.box.root, lost.source, also, on_step=cutting("placing"))
    outcome = restore(tmp_path / "new", lost.box.root, lost.source)
    assert (outcome.studies, outcome.erased_again) == (2, 3)


@pytest.mark.slow
def test_a_file_that_no_target_has_is_counted_and_its_study_says_so(lost: Lost, tmp_path: Path) -> None:
    (file_id,) = lost.box.rows("SELECT file_id FROM files ORDER BY file_id LIMIT 1")[0]
    path = lost.box.rooms.vault.path_of(FileId(file_id))
    stored = path.read_bytes()
    path.unlink()
    poor = new_target(lost.box, tmp_path / "poor")
    with pytest.raises(BackupFailed):  # the night says so; what there is was copied
        copy(lost.box, poor)
    source = open_source(parse_where(f"folder:{tmp_path / 'poor'}"), None, lost.box.root)
    outcome = restore(tmp_path / "new", lost.box.root, source)
    assert (outcome.files, outcome.missing) == (8, 1)
    told = told_of(tmp_path / "new")
    assert (told.target_name, told.file_count, told.missing_count) == ("poor", 8, 1)
    box = FullBox(tmp_path / "new")
    assert box.rows("SELECT file_id FROM damaged_files") == [(file_id,)]
    again = restore(tmp_path / "newer", lost.box.root, source, lost.source)
    assert (again.files, again.missing) == (9, 0)
    path.write_bytes(stored)
    check_whole(tmp_path / "newer", lost.box)


@pytest.mark.slow
def test_an_older_snapshot_is_restored_and_what_came_later_is_counted(lost: Lost, tmp_path: Path) -> None:
    target = new_target(lost.box, tmp_path / "two")
    copy(lost.box, target)
    lost.box.add_study(7, slices=2)
    time.sleep(1 - lost.box.clock.now().microsecond / 1e6)  # a snapshot's time has whole seconds
    copy(lost.box, target)
    source = open_source(parse_where(f"folder:{tmp_path / 'two'}"), None, lost.box.root)
    first = min(source.keys.snapshots(), key=lambda one: one.taken_at)
    by_id = restore(tmp_path / "by-id", lost.box.root, source, choice=Choice(first.snapshot_id[:8]))
    assert (by_id.studies, by_id.later_files) == (3, 2)
    told = told_of(tmp_path / "by-id")
    assert (told.taken_at, told.later_count) == (first.taken_at, 2)
    by_time = restore(tmp_path / "by-time", lost.box.root, source, choice=Choice(before=first.taken_at))
    assert by_time.studies == 3
    assert restore(tmp_path / "newest", lost.box.root, source).studies == 5  # with the one that had waited in the inbox
    with pytest.raises(NotFound, match="no such snapshot"):
        restore(tmp_path / "none", lost.box.root, source, choice=Choice("feedface"))
    assert not (tmp_path / "none").exists()


def test_another_root_opens_nothing_and_leaves_no_folder(made: Lost, tmp_path: Path) -> None:
    other = SecretKey.new()
    source = open_source(parse_where(f"folder:{made.disk}"), None, other)
    with pytest.raises(Refused, match="does not open"):
        restore(tmp_path / "new", other, source)
    assert not (tmp_path / "new").exists()
    with pytest.raises(NotFound, match="no backup of a box"):
        open_source(parse_where(f"folder:{tmp_path}"), None, made.box.root)


class Cut(Exception):
    """The plug was pulled, as far as Python can tell."""


def cutting(step: str) -> Callable[[str], None]:
    def on_step(name: str) -> None:
        if name == step:
            raise Cut

    return on_step


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, marks=[] if step in {"fetching", "closing"} else [pytest.mark.slow])
        for step in ("catalogue", "proving", "placing", "erasing", "fetching", "closing")
    ],
)
def test_a_restore_that_was_cut_off_goes_on_and_is_no_box_until_then(made: Lost, tmp_path: Path, step: str) -> None:
    folder = tmp_path / "new"
    with pytest.raises(Cut):
        restore(folder, made.box.root, made.source, on_step=cutting(step))
    assert not (folder / "keys" / "root.sealed").exists()
    with pytest.raises(Refused, match="enamel restore"):
        recover_box(settings_of(folder), made.box.root, None, SystemClock())
    with pytest.raises(Refused, match="enamel restore"):
        create_box(settings_of(folder), None, SystemClock())
    if Folders.of(settings_of(folder)).catalogue.exists():
        with pytest.raises(Refused, match="enamel restore"):
            open_box(settings_of(folder), None, SystemClock())
    restore(folder, made.box.root, made.source)
    check_whole(folder, made.box)


def test_what_may_send_is_known_before_anybody_unlocks_the_box(tmp_path: Path) -> None:
    box = FullBox(tmp_path / "data")
    peer = Peer(0, "Bridge room", "CONSOLE", (), None, None, box.rooms.clock.now())
    add_peer(box.rooms.accounts, box.rooms.publication, peer, OPERATOR)
    ensure_certificates(box.rooms)
    _, _, kept = issue_for_device(box.rooms, "ProMax")
    _, _, stolen = issue_for_device(box.rooms, "Ceph")
    revoke_certificate(box.rooms.accounts, box.rooms.publication, stolen.certificate_key, OPERATOR)
    copy(box, new_target(box, tmp_path / "disk"))
    box.close()
    source = Lost(box, tmp_path / "disk").source
    restore(tmp_path / "new", box.root, source)
    stored = Folders.of(settings_of(tmp_path / "new")).admission.read_bytes()
    assert [one.calling_ae_titles for one in decode_admission(stored).peers] == [("CONSOLE",)]
    assert [(one.sha256, one.is_held) for one in decode_admission(stored).revoked] == [
        (kept.certificate_sha256.hex(), True), (stolen.certificate_sha256.hex(), False),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_restore_is_not_gone_on_with_from_another_target(lost: Lost, tmp_path: Path) -> None:
    other = new_target(lost.box, tmp_path / "other")
    copy(lost.box, other)
    with pytest.raises(Cut):
        restore(tmp_path / "new", lost.box.root, lost.source, on_step=cutting("proving"))
    also = open_source(parse_where(f"folder:{tmp_path / 'other'}"), None, lost.box.root)
    with pytest.raises(Refused, match="another target"):
        restore(tmp_path / "new", lost.box.root, also)


@pytest.mark.parametrize(
    "line",
    [
        "folder:/mnt/usb",
        "sftp:box@nas.clinic.example:/srv/enamel;host_key=ssh-ed25519 AAAAC3Nz;port=2222",
        "rest:https://nas.clinic.example:8000/x;keys_url=https://nas.clinic.example:8001/;id=" + "ab" * 16,
        "s3:https://s3.example/bucket/clinic/one;region=eu-1;id=" + "ab" * 16,
    ],
)
def test_a_targets_line_is_read(line: str) -> None:
    where = parse_where(line)
    assert where.location.kind == line.partition(":")[0]
    assert (where.target_id is not None) == ("id=" in line)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("folder", {"path": "/mnt/usb"}),
        ("sftp", {"host": "nas", "user": "box", "path": "/srv", "host_key": "ssh-ed25519 AAAA", "port": "2222"}),
        ("rest", {"url": "https://nas:8000/x", "keys_url": "https://nas:8001/"}),
        ("s3", {"endpoint": "https://s3.example", "bucket": "b", "prefix": "clinic/one", "region": "eu-1"}),
    ],
)
def test_the_line_on_a_paper_is_the_one_that_restore_reads(kind: str, facts: dict[str, str]) -> None:
    location = location_of(kind, facts)
    target = Target(1, bytes(16), "any", location, None, False, time_of_day(), timedelta(1), timedelta(7), MADE)
    where = parse_where(line_of(target))
    assert where.location == location
    assert kind == "folder" or where.target_id == bytes(16)


@pytest.mark.parametrize(
    "line", ["", "/mnt/usb", "folder:usb", "ftp:x", "sftp:host:/x", "rest:https://a;id=12", "folder:/x;what", "s3:x"]
)
def test_what_is_no_targets_line_is_told_plainly(line: str) -> None:
    with pytest.raises(Unsuitable):
        parse_where(line)
