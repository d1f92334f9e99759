"""The inbox's promise: what `commit` returned for is whole and durable, whatever fails."""

import errno
import gc
import threading
from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.clock import SystemClock
from appliance.dicom.part10 import read_file_meta
from appliance.errors import OutOfSpace, Tampered, Unavailable
from appliance.identifiers import AETitle, AssociationId, BoxId, FileId
from appliance.inbox.association import (
    ASSOCIATION_NAME,
    END_NAME,
    AssociationFacts,
    Outcome,
    Transport,
    decode_association,
    decode_end,
)
from appliance.inbox.public_key import InboxPublicKey, read_public_key
from appliance.inbox.writer import AssociationWriter, InboxWriter
from appliance.keys.inbox_seal import (
    InboxKeyPair,
    check_end_mac,
    instance_key,
    new_inbox_key_pair,
    open_association_key,
)
from appliance.keys.secret import SecretKey
from appliance.keys.stream import SealedStream
from appliance.store.files import FILE_MODE, FileLayer, RealFiles
from tests.store.failing_files import FailingFiles

NAMES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2.840.10008.1.2.1")
BOX = BoxId.new()
KEYS = new_inbox_key_pair()
FAULTY = {"make_folder", "create_exclusive", "write", "truncate", "fsync", "rename", "fsync_folder"}


def facts() -> AssociationFacts:
    when = datetime(2026, 11, 21, tzinfo=UTC)
    return AssociationFacts(
        BOX, AssociationId.new(), when, AETitle("CBCT"), AETitle("ENAMEL"), "192.0.2.1", Transport.PLAIN
    )


def writer(folder: Path, files: FileLayer, keys: InboxKeyPair) -> AssociationWriter:
    inbox = InboxWriter(folder, lambda: InboxPublicKey(BOX, 4, keys.public_key), files, SystemClock())
    return inbox.open_association(facts())


def association_key(folder: Path, keys: InboxKeyPair) -> SecretKey:
    sealed = decode_association((folder / ASSOCIATION_NAME).read_bytes())
    assert sealed.inbox_key_number == 4
    return open_association_key(keys.private_key, sealed.info, sealed.sealed_key)


def opened(folder: Path, keys: InboxKeyPair) -> list[bytes]:
    key, found = association_key(folder, keys), []
    for file in folder.iterdir():
        if file.name not in {ASSOCIATION_NAME, END_NAME}:
            file_id = FileId.parse(file.name)
            with file.open("rb") as stream:
                found.append(b"".join(SealedStream(instance_key(key, file_id), file_id, stream).chunks()))
    return found


def store(association: AssociationWriter, dataset: bytes) -> None:
    arrival = association.begin(*NAMES)
    try:
        arrival.write(dataset)
        arrival.commit()
    except Unavailable:
        arrival.abandon()
        raise


@settings(deadline=None, max_examples=60)
@example([b"z"])  # shorter than the head of an element
@example([b"\x02\x00\x10"])
@given(
    st.lists(
        st.integers(0, 600_000).map(lambda size: bytes(range(256)) * (size // 256) + b"z" * (size % 256)), max_size=4
    )
)
def test_what_is_written_in_any_pieces_is_what_is_sealed(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    folder, keys = tmp_path_factory.mktemp("inbox"), new_inbox_key_pair()
    association = writer(folder, FailingFiles(), keys)
    arrival = association.begin(*NAMES)
    for piece in pieces:
        arrival.write(piece)
    arrival.commit()
    (part10,) = opened(association.folder, keys)
    meta = read_file_meta(part10)
    assert part10[meta.dataset_offset :] == b"".join(pieces)
    assert (meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax_uid) == NAMES
    assert meta.origin is not None
    assert meta.origin.sequence == 1


def test_an_association_without_objects_leaves_nothing(tmp_path: Path) -> None:
    association = writer(tmp_path, FailingFiles(), new_inbox_key_pair())
    association.end(Outcome.RELEASED)
    assert list(tmp_path.iterdir()) == []


def test_the_end_bears_a_count_that_only_the_associations_key_can_make(tmp_path: Path) -> None:
    keys = new_inbox_key_pair()
    association = writer(tmp_path, FailingFiles(), keys)
    for number in range(3):
        store(association, b"dataset %d" % number)
    association.begin(*NAMES).abandon()
    association.end(Outcome.ABORTED)
    end, record, mac = decode_end((association.folder / END_NAME).read_bytes())
    check_end_mac(association_key(association.folder, keys), record, mac)
    assert (end.file_count, end.outcome) == (3, Outcome.ABORTED)
    with pytest.raises(Tampered):
        check_end_mac(association_key(association.folder, keys), record.replace(b":3", b":4"), mac)
    assert len(opened(association.folder, keys)) == 3, "an abandoned file is gone"


def test_every_sync_comes_before_commit_returns(tmp_path: Path) -> None:
    files = FailingFiles()
    association = writer(tmp_path, files, new_inbox_key_pair())
    store(association, b"x")
    written = ["make_folder", "create_exclusive", "write", "create_exclusive", "write"]
    assert Counter(files.done) == Counter([*written, "truncate", "rename", *["fsync"] * 2, *["fsync_folder"] * 2])
    assert files.done.index("rename") < files.done.index("fsync_folder"), "the record's name is synced with the file's"
    store(association, b"y")
    assert Counter(files.done[-5:]) == Counter(["create_exclusive", "write", "truncate", "fsync", "fsync_folder"])


def test_the_end_is_not_waited_for(tmp_path: Path) -> None:
    files = FailingFiles()
    association = writer(tmp_path, files, new_inbox_key_pair())
    store(association, b"x")
    before = len(files.done)
    association.end(Outcome.RELEASED)
    assert files.done[before:] == ["create_exclusive", "write", "rename"]


@pytest.mark.parametrize("name", ["write", "rename"])
def test_a_record_that_the_disk_refused_is_written_again_for_the_next_object(tmp_path: Path, name: str) -> None:
    keys = new_inbox_key_pair()
    association = writer(tmp_path, FailingFiles((name, 1), errno.ENOSPC), keys)
    with pytest.raises(OutOfSpace):
        store(association, b"refused")
    store(association, b"kept")
    association.end(Outcome.RELEASED)
    (part10,) = opened(association.folder, keys)
    assert part10.endswith(b"kept")


def test_an_association_whose_record_was_never_kept_leaves_nothing(tmp_path: Path) -> None:
    association = writer(tmp_path, FailingFiles(("rename", 1)), new_inbox_key_pair())
    with pytest.raises(Unavailable):
        store(association, b"refused")
    association.end(Outcome.ABORTED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_whichever_operation_fails_nothing_acknowledged_is_lost(tmp_path: Path, error: int) -> None:
    sound = Counter(run_with(tmp_path / "all", ("nothing", 0), error)[1].done)
    for name, times in sound.items():
        for number in range(1, times + 1):
            acknowledged, files = run_with(tmp_path / f"{name}{number}", (name, number), error)
            assert files.done.count(name) >= number
            assert acknowledged == 3 or name in FAULTY


def test_the_same_fault_falls_on_the_same_operation_every_time(tmp_path: Path) -> None:
    for number in range(1, 5):
        runs = [run_with(tmp_path / f"{number}.{n}", ("fsync_folder", number), errno.EIO) for n in range(4)]
        assert len({acknowledged for acknowledged, _ in runs}) == 1


def run_with(folder: Path, fail_at: tuple[str, int], error: int) -> tuple[int, FailingFiles]:
    folder.mkdir()
    files, keys = FailingFiles(fail_at, error), new_inbox_key_pair()
    association = writer(folder, files, keys)
    acknowledged: list[bytes] = []
    refused: list[Unavailable] = []
    for number in range(3):
        dataset = bytes((number,)) * 300_000
        try:
            store(association, dataset)
            acknowledged.append(dataset)
        except Unavailable as fault:
            refused.append(fault)
    try:
        association.end(Outcome.RELEASED)
    except Unavailable:
        assert not (association.folder / END_NAME).exists() or fail_at[0] == "fsync_folder"
    check_kept(association.folder, keys, acknowledged)
    assert len(acknowledged) + len(refused) == 3
    assert all(isinstance(fault, OutOfSpace) == (error == errno.ENOSPC) for fault in refused[:1])
    return len(acknowledged), files


def check_kept(folder: Path, keys: InboxKeyPair, acknowledged: list[bytes]) -> None:
    if not acknowledged:
        return
    kept = [part10[read_file_meta(part10).dataset_offset :] for part10 in whole(folder, keys)]
    for dataset in acknowledged:
        assert dataset in kept
    if (folder / END_NAME).exists():
        end, _, _ = decode_end((folder / END_NAME).read_bytes())
        assert end.file_count == len(acknowledged)


def whole(folder: Path, keys: InboxKeyPair) -> list[bytes]:
    key, found = association_key(folder, keys), []
    for file in folder.iterdir():
        if file.name in {ASSOCIATION_NAME, END_NAME}:
            continue
        file_id = FileId.parse(file.name)
        with file.open("rb") as stream:
            try:
                found.append(b"".join(SealedStream(instance_key(key, file_id), file_id, stream).chunks()))
            except Tampered:
                continue  # what was never acknowledged may be cut
    return found


class WatchedFiles(RealFiles):
    """Reads the folder's records as intake might, after everything that is done to them."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def look(self, folder: Path) -> None:
        self.seen += [path.read_bytes() for path in folder.glob("*") if path.name in {ASSOCIATION_NAME, END_NAME}]

    def create_exclusive(self, path: Path, mode: int = FILE_MODE) -> int:
        descriptor = super().create_exclusive(path, mode)
        self.look(path.parent)
        return descriptor

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self.look(target.parent)


def test_a_record_is_whole_from_the_moment_it_bears_its_name(tmp_path: Path) -> None:
    keys, files = new_inbox_key_pair(), WatchedFiles()
    association = writer(tmp_path, files, keys)
    store(association, b"dataset")
    association.end(Outcome.RELEASED)
    records = {(association.folder / name).read_bytes() for name in (ASSOCIATION_NAME, END_NAME)}
    assert set(files.seen) == records


def folder_threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("folder-sync")]


@pytest.mark.parametrize("how", ["released", "cut in an object", "the disk refuses its end", "forgotten"])
def test_an_association_has_a_thread_from_its_first_object_to_its_end_however_it_ends(tmp_path: Path, how: str) -> None:
    association = writer(tmp_path, FailingFiles(("rename", 2)) if "refuses" in how else FailingFiles(), KEYS)
    assert association.committed_count == len(folder_threads()) == 0
    store(association, b"dataset")
    assert len(folder_threads()) == 1
    if how == "cut in an object":
        association.begin(*NAMES).abandon()
    if how != "forgotten":
        with pytest.raises(Unavailable) if "refuses" in how else nullcontext():
            association.end(Outcome.LOST)
    threads = folder_threads() if how == "forgotten" else []
    del association
    gc.collect()
    for thread in threads:
        thread.join(5)
    assert folder_threads() == []


def test_without_a_public_key_nothing_is_begun(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        read_public_key(tmp_path / "absent")
    (tmp_path / "broken").write_bytes(b"{}")
    with pytest.raises(Unavailable):
        read_public_key(tmp_path / "broken")


def test_a_key_file_with_a_flipped_bit_gives_the_key_that_was_written_or_none(tmp_path: Path) -> None:
    written = InboxPublicKey(BOX, 4, new_inbox_key_pair().public_key)
    whole, file = written.encode(), tmp_path / "key"
    refused = 0
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        file.write_bytes(data)
        try:
            assert read_public_key(file) == written, f"bit {bit}"
        except Unavailable:
            refused += 1
    assert refused > 7 * len(whole)
