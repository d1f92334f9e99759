"""What has come is told once it is whole, and a look lists only the shelves that changed."""

import os
from itertools import count
from pathlib import Path

import pytest

from appliance.assembly.restoring_shelves import ArrivingShelves
from appliance.identifiers import FileId

LENGTH = 7
TIMES = count(step=1_000_000_000)
FIRST, SECOND, OTHER = (FileId(bytes([shelf]) + bytes(14) + bytes([last])) for shelf, last in ((1, 1), (1, 2), (2, 1)))


def write(folder: Path, file_id: FileId, length: int = LENGTH) -> None:
    path = folder / str(file_id)[:2] / str(file_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(length))
    listed_anew(path.parent)


def listed_anew(shelf: Path) -> None:
    """Let a folder's time be another than before, however coarse the clock of the file system."""
    os.utime(shelf, ns=(0, next(TIMES)))


@pytest.fixture
def shelves(tmp_path: Path) -> ArrivingShelves:
    return ArrivingShelves(tmp_path / "vault", dict.fromkeys((FIRST, SECOND, OTHER), LENGTH))


def test_before_the_first_file_has_come_there_is_nothing(shelves: ArrivingShelves) -> None:
    assert list(shelves.come()) == []
    assert shelves.is_waiting()


def test_a_file_is_told_when_it_has_its_length_until_it_is_taken(shelves: ArrivingShelves, tmp_path: Path) -> None:
    write(tmp_path / "vault", FIRST, LENGTH - 1)
    write(tmp_path / "vault", FileId(b"\1" * 16))
    assert list(shelves.come()) == []
    with (tmp_path / "vault" / "01" / str(FIRST)).open("ab") as file:
        file.write(b"\0")  # the shelf is as it was
    assert list(shelves.come()) == [FIRST] == list(shelves.come())
    shelves.take(FIRST)
    assert list(shelves.come()) == []
    write(tmp_path / "vault", SECOND)
    write(tmp_path / "vault", OTHER)
    for file_id in shelves.come():
        shelves.take(file_id)
    assert not shelves.is_waiting()


def test_a_shelf_that_did_not_change_is_not_listed_again(shelves: ArrivingShelves, tmp_path: Path) -> None:
    write(tmp_path / "vault", FIRST)
    assert list(shelves.come()) == [FIRST]
    shelf = tmp_path / "vault" / "01"
    before = shelf.stat()
    write(tmp_path / "vault", SECOND)
    os.utime(shelf, ns=(0, before.st_mtime_ns))
    assert list(shelves.come()) == [FIRST]
    listed_anew(shelf)
    assert list(shelves.come()) == [FIRST, SECOND]
