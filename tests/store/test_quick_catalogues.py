"""A test's catalogue that was made at once is the one that the migrations make."""

from pathlib import Path

from appliance.clock import SystemClock
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.migrations import check_current, known_migrations
from tests.store.quick_catalogues import everything_in, make_quickly


def new_catalogue(folder: Path) -> Database:
    folder.mkdir()
    return Database(folder / "catalogue.db", SecretKey.new(), SystemClock())


def test_a_quick_catalogue_is_the_one_that_the_migrations_make(tmp_path: Path) -> None:
    quick, whole = new_catalogue(tmp_path / "quick"), new_catalogue(tmp_path / "whole")
    make_quickly(quick)
    whole.create_or_migrate()
    with quick.read() as one, whole.read() as other:
        found, wanted = everything_in(one), everything_in(other)
        check_current(one, known_migrations())
    assert found == wanted
    assert all(len(part) > 30 for part in wanted), "there is something to compare"
    assert quick.create_or_migrate() == [], "nothing is missing"


def test_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    database = new_catalogue(tmp_path / "one")
    make_quickly(database)
    with database.write() as tx:
        tx.change("DELETE FROM sqlite_sequence")
    make_quickly(database)
    with database.read() as tx:
        assert tx.rows("SELECT count(*) FROM sqlite_sequence") == [(0,)]
