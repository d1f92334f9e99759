"""An older copy of the box that comes back brings nothing back that was erased since, nor can a stranger add to it."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.events import OPERATOR
from appliance.errors import Tampered
from appliance.identifiers import FileId
from appliance.keys.secret import SecretKey
from appliance.notifications.codes import NoticeCode
from appliance.notifications.notices import find_open
from appliance.retention.erasing import erase, finish_all
from appliance.retention.telling import end_found
from appliance.retention.tombstones import (
    Found,
    _code,
    all_tombstones,
    apply_tombstones,
    decode_tombstones,
    encode_tombstones,
    erase_found,
)
from tests.retention.an_archive import Archive, make
from tests.retention.raw_bytes import decrypted
from tests.store.failing_files import FailingFiles

KEY = SecretKey(bytes(range(32)))
IDS = st.frozensets(st.binary(min_size=16, max_size=16).map(FileId), max_size=8)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return make(tmp_path_factory.mktemp("filled"))


def erased_ids(archive: Archive) -> list[FileId]:
    with archive.database.read() as tx:
        return all_tombstones(tx)


@given(IDS)
def test_what_was_written_is_read_again(file_ids: frozenset[FileId]) -> None:
    assert decode_tombstones(encode_tombstones(file_ids, KEY), KEY) == file_ids


@given(IDS, st.data())
def test_no_change_of_a_bit_passes(file_ids: frozenset[FileId], data: st.DataObject) -> None:
    document = bytearray(encode_tombstones(file_ids, KEY))
    at = data.draw(st.integers(0, 8 * len(document) - 1))
    document[at // 8] ^= 1 << at % 8
    with pytest.raises(Tampered):
        decode_tombstones(bytes(document), KEY)


@given(st.binary(max_size=200))
def test_nothing_but_what_the_box_wrote_is_read(document: bytes) -> None:
    with pytest.raises(Tampered):
        decode_tombstones(document, KEY)


def test_another_boxs_document_is_told_as_such() -> None:
    with pytest.raises(Tampered):
        decode_tombstones(encode_tombstones([FileId.new()], SecretKey.new()), KEY)


def test_a_document_names_files_and_nothing_else() -> None:
    one = FileId(bytes(range(16)))
    lines = encode_tombstones([one], KEY).decode().splitlines()
    assert (lines[0], len(lines), len(lines[1])) == (str(one), 2, 64)


def test_an_older_copy_that_comes_back_opens_nothing_that_was_erased_since(filled: Archive, tmp_path: Path) -> None:
    now, older = filled.copied_to(tmp_path / "now"), filled.copied_to(tmp_path / "older")
    wrapped = older.wrapped_keys(older.files_of_study(1))
    erase(now.erasing(), "study", 1, "request", OPERATOR)
    names = {str(one) for one in erased_ids(now)}
    assert len(names & older.stored_names()) == 3
    assert apply_tombstones(older.erasing(), erased_ids(now)) == 3
    assert older.rows("SELECT study_key FROM studies ORDER BY 1") == [(2,), (3,)]
    assert older.open_all() == 2
    assert not names & older.stored_names()
    raw = decrypted(older.folder / "catalogue.db", older.catalogue_key)
    assert len(wrapped) == 3
    assert not any(key in raw for key in wrapped)
    assert b"vorkaiser" not in raw
    assert len([*(older.folder / "settled").rglob("association")]) == 2
    assert older.rows("SELECT event, number FROM audit_events WHERE event = 'tombstones applied'") == [
        ("tombstones applied", 3)
    ]


def test_applying_them_again_changes_nothing(filled: Archive, tmp_path: Path) -> None:
    now, older = filled.copied_to(tmp_path / "now"), filled.copied_to(tmp_path / "older")
    erase(now.erasing(), "patient", 1, "request", OPERATOR)
    assert apply_tombstones(older.erasing(), erased_ids(now)) == 4
    assert apply_tombstones(older.erasing(), erased_ids(now)) == 0
    assert older.open_all() == 1
    assert older.rows("SELECT count(*) FROM tombstones") == [(4,)]
    assert older.rows("SELECT count(*) FROM erasures WHERE files_gone_at IS NULL") == [(0,)]


def test_files_that_came_back_under_a_catalogue_that_knows_better_are_removed(filled: Archive, tmp_path: Path) -> None:
    now = filled.copied_to(tmp_path / "now")
    file_id = now.files_of_study(1)[0]
    path = now.parts.vault.path_of(file_id)
    kept, folder = path.read_bytes(), now.folder / "settled" / str(now.association_of(file_id.value))
    record = (folder / "association").read_bytes()
    erase(now.erasing(), "study", 1, "request", OPERATOR)
    path.write_bytes(kept)
    folder.mkdir()
    (folder / "association").write_bytes(record)
    assert apply_tombstones(now.erasing(), []) == 0
    assert not path.exists()
    assert not folder.exists()


def test_a_hold_of_an_older_copy_does_not_bring_back_what_was_erased_after_it_was_lifted(
    filled: Archive, tmp_path: Path
) -> None:
    now, older = filled.copied_to(tmp_path / "now"), filled.copied_to(tmp_path / "older")
    erase(now.erasing(), "study", 1, "request", OPERATOR)
    with older.database.write() as tx:
        tx.change("INSERT INTO legal_holds VALUES (1, NULL, 1, 'litigation', 'AZ-1', 0, NULL, NULL, NULL)")
        tx.change("INSERT INTO legal_holds VALUES (2, 1, NULL, 'litigation', 'AZ-2', 0, NULL, NULL, NULL)")
    apply_tombstones(older.erasing(), erased_ids(now))
    assert older.rows("SELECT study_key FROM studies ORDER BY 1") == [(2,), (3,)]
    assert older.rows("SELECT hold_key, lifted_at FROM legal_holds") == [(2, None)]


def test_tombstones_of_files_that_are_not_here_are_kept_for_the_next_copy(filled: Archive, tmp_path: Path) -> None:
    now, foreign = filled.copied_to(tmp_path / "now"), FileId.new()
    assert apply_tombstones(now.erasing(), [foreign]) == 1
    assert erased_ids(now) == [foreign]
    assert now.open_all() == 5


def test_what_is_found_later_is_erased_on_a_box_in_use_and_its_files_when_the_disk_lets_them(
    filled: Archive, tmp_path: Path
) -> None:
    now, living = filled.copied_to(tmp_path / "now"), filled.copied_to(tmp_path / "living")
    erase(now.erasing(), "study", 1, "request", OPERATOR)
    assert erase_found(living.erasing(), []) == Found(0, 0)
    assert erase_found(living.erasing(FailingFiles(1)), erased_ids(now)) == Found(3, 0)
    assert living.rows("SELECT study_key FROM studies ORDER BY 1") == [(2,), (3,)]
    assert living.rows("SELECT kind, files_gone_at FROM erasures") == [("restored", None)]
    assert finish_all(living.erasing()) == 1
    assert not {str(one) for one in erased_ids(now)} & living.stored_names()
    assert erase_found(living.erasing(), erased_ids(now)) == Found(0, 0)
    assert living.rows("SELECT count(*) FROM audit_events WHERE event = 'tombstones applied'") == [(1,)]


def test_a_list_that_is_not_believed_erases_nothing_and_what_of_it_is_here_is_counted(
    filled: Archive, tmp_path: Path
) -> None:
    archive = filled.copied_to(tmp_path / "box")
    named = [*archive.files_of_study(1), FileId.new()]
    assert erase_found(archive.erasing(), named, is_believed=False) == Found(0, 3)
    assert (archive.open_all(), erased_ids(archive)) == (5, [])


def test_that_something_was_found_is_said_for_a_week(filled: Archive, tmp_path: Path) -> None:
    archive = filled.copied_to(tmp_path / "box")

    def said(days: int) -> bool:
        now = archive.clock.now() + timedelta(days=days)
        with archive.database.write() as tx:
            end_found(tx, now)
            return find_open(tx, NoticeCode.ERASURE_FOUND) is not None

    erase_found(archive.erasing(), [FileId.new()])
    assert not said(0), "nothing of it was here"
    erase_found(archive.erasing(), archive.files_of_study(1))
    assert (said(6), said(8)) == (True, False)


def test_lines_that_are_no_file_ids_are_refused_although_their_code_is_right() -> None:
    line = "ø\n".encode()
    for body in (line, b"not a file id\n"):
        whole = encode_tombstones([], KEY)
        assert whole.count(b"\n") == 1
        document = body + _code(body, KEY).encode() + b"\n"
        with pytest.raises(Tampered):
            decode_tombstones(document, KEY)
