"""The inbox's promise: what `commit` returned for is whole and durable, whatever fails."""

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
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
from tests.store.failing_files import FailingFiles

NAMES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2.840.10008.1.2.1")
BOX = BoxId.new()
FAULTY = {"make_folder", "create_exclusive", "write", "fsync", "fsync_folder"}


def facts() -> AssociationFacts:
    when = datetime(2026, 11, 21, tzinfo=UTC)
    return AssociationFacts(
        BOX, AssociationId.new(), when, AETitle("CBCT"), AETitle("ENAMEL"), "192.0.2.1", Transport.PLAIN
    )


def writer(folder: Path, files: FailingFiles, keys: InboxKeyPair) -> AssociationWriter:
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
    opening = ["make_folder", "create_exclusive", "write", "fsync", "fsync_folder", "fsync_folder"]
    assert files.done[:-2] == [*opening, "create_exclusive", "write"]
    assert sorted(files.done[-2:]) == ["fsync", "fsync_folder"]  # beside each other, both before it returns


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_whichever_operation_fails_nothing_acknowledged_is_lost(tmp_path: Path, error: int) -> None:
    steps = len(run_with(tmp_path / "all", 0, error)[1].done)
    for fail_at in range(1, steps + 1):
        acknowledged, files = run_with(tmp_path / str(fail_at), fail_at, error)
        assert len(files.done) >= fail_at
        assert acknowledged == 3 or files.done[fail_at - 1] in FAULTY


def run_with(folder: Path, fail_at: int, error: int) -> tuple[int, FailingFiles]:
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
        assert not (association.folder / END_NAME).exists() or files.done[fail_at - 1] == "fsync_folder"
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


def test_without_a_public_key_nothing_is_begun(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        read_public_key(tmp_path / "absent")
    (tmp_path / "broken").write_bytes(b"{}")
    with pytest.raises(Unavailable):
        read_public_key(tmp_path / "broken")
