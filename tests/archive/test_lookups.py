"""Look-ups: the same answers as the catalogue's own, also right after it changed."""

from pathlib import Path

from appliance.archive import queries_retrieve
from appliance.archive.lookups import REMEMBERED_SERIES, Lookups
from tests.web.a_phantom import SYNTAX, slice_bytes
from tests.web.an_archive import AnArchive


def test_every_instance_is_found_as_the_catalogue_finds_it(tmp_path: Path) -> None:
    archive = AnArchive(tmp_path)
    for study in range(REMEMBERED_SERIES + 2):
        for number in range(1, 4):
            archive.store(slice_bytes(f"1.2.{study}", f"1.2.{study}.1", number), SYNTAX)
    lookups = Lookups(archive.box.database)
    for _ in range(2):
        for study in range(REMEMBERED_SERIES + 2):
            for number in (1, 2, 3, 9):
                asked = (f"1.2.{study}", f"1.2.{study}.1", f"1.2.{study}.1.{number}")
                with archive.box.database.read() as tx:
                    expected = queries_retrieve.one_instance(tx, *asked)
                assert lookups.instance(*asked) == expected
                assert (expected is None) == (number == 9)


def test_what_another_commits_shows_at_once(tmp_path: Path) -> None:
    archive = AnArchive(tmp_path)
    archive.store(slice_bytes("1.2.1", "1.2.1.1", 1), SYNTAX)
    lookups = Lookups(archive.reader())
    for _ in range(3):
        assert lookups.instance("1.2.1", "1.2.1.1", "1.2.1.1.1") is not None
        assert lookups.instance("1.2.1", "1.2.1.1", "1.2.1.1.2") is None
    archive.store(slice_bytes("1.2.1", "1.2.1.1", 2), SYNTAX)
    assert lookups.instance("1.2.1", "1.2.1.1", "1.2.1.1.2") is not None
    with archive.box.database.write() as tx:
        tx.change("DELETE FROM versions WHERE instance_key = 1")
    assert lookups.instance("1.2.1", "1.2.1.1", "1.2.1.1.1") is None
