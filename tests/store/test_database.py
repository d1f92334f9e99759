"""The catalogue: all or nothing, one writer, and nothing in clear."""

import multiprocessing
import os
import signal
import stat
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlcipher3

from appliance.clock import SystemClock
from appliance.errors import (
    CatalogueMissing,
    CatalogueOutdated,
    OutOfSpace,
    Tampered,
    Unavailable,
    Unsuitable,
    WrongKey,
)
from appliance.keys.secret import SecretKey
from appliance.store.database import Database, told_by_kind
from appliance.store.migrations import Migration, known_migrations
from appliance.store.transactions import ReadTransaction

KEY = SecretKey(bytes(range(32)))
CANARY = "Ωmega-Zahnfee-Kanarienvogel"
TABLE = (Migration(1, "CREATE TABLE notes (note TEXT) STRICT;"),)


def a_database(folder: Path, key: SecretKey = KEY) -> Database:
    return Database(folder / "catalogue.db", key, SystemClock())


def created(folder: Path) -> Database:
    database = a_database(folder)
    database.create_or_migrate()
    return database


def add(database: Database, name: str) -> None:
    with database.write() as tx:
        tx.change("INSERT INTO spools (spool, last_sequence) VALUES (:name, 1)", name=name)


def names(tx: ReadTransaction) -> list[str]:
    return [row[0] for row in tx.rows("SELECT spool FROM spools ORDER BY spool")]


def listed(database: Database) -> list[str]:
    with database.read() as tx:
        return names(tx)


def test_what_a_block_changed_is_there_when_it_ends_and_not_when_it_raises(tmp_path: Path) -> None:
    database = created(tmp_path)
    add(database, "kept")

    def fail() -> None:
        with database.write() as tx:
            assert tx.change("UPDATE spools SET last_sequence = 2") == 1
            tx.change("INSERT INTO spools VALUES ('lost', 1)")
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert listed(database) == ["kept"]


def test_a_read_transaction_cannot_change_anything(tmp_path: Path) -> None:
    database = created(tmp_path)
    with pytest.raises(Unavailable, match="may not be written"), database.read() as tx:
        tx.rows("INSERT INTO spools VALUES ('x', 1) RETURNING spool")
    add(database, "still writable")
    assert listed(database) == ["still writable"]


def test_a_read_transaction_keeps_its_view_while_others_write(tmp_path: Path) -> None:
    database = created(tmp_path)
    with database.read() as tx:
        assert names(tx) == []
        writer = threading.Thread(target=add, args=(database, "later"))
        writer.start()
        writer.join()
        assert names(tx) == []
    assert listed(database) == ["later"]


def test_transactions_do_not_nest(tmp_path: Path) -> None:
    database = created(tmp_path)
    with pytest.raises(RuntimeError, match="do not nest"), database.write(), database.read():
        pass
    add(database, "after")
    assert listed(database) == ["after"]


def test_eight_threads_write_without_losing_a_row(tmp_path: Path) -> None:
    database = created(tmp_path)

    def write(number: int) -> None:
        for i in range(25):
            add(database, f"{number}-{i}")
        database.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(listed(database)) == 200


def test_a_process_killed_inside_a_transaction_leaves_nothing_of_it(tmp_path: Path) -> None:
    add(created(tmp_path), "before")
    context = multiprocessing.get_context("fork")
    child = context.Process(target=die_inside, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    database = a_database(tmp_path)
    assert listed(database) == ["before"]
    add(database, "after")
    assert database.check_integrity() == []


def die_inside(folder: Path) -> None:
    with a_database(folder).write() as tx:
        for number in range(20_000):
            tx.change("INSERT INTO spools VALUES (:name, 1)", name=f"half {number}")
        os.kill(os.getpid(), signal.SIGKILL)


def test_nothing_is_in_clear_on_disk(tmp_path: Path) -> None:
    database = created(tmp_path)
    for number in range(200):
        add(database, f"{CANARY} {number}")
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(found) == {"catalogue.db", "catalogue.db-wal", "catalogue.db-shm"}
    for content in found.values():
        assert CANARY.encode() not in content
        assert b"SQLite format" not in content
        assert b"CREATE TABLE" not in content
    assert {stat.S_IMODE(path.stat().st_mode) & 0o007 for path in tmp_path.iterdir()} == {0}


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    created(tmp_path).close()
    other = a_database(tmp_path, SecretKey.new())
    with pytest.raises(WrongKey, match="another root secret's"), other.read():
        pass
    with pytest.raises(WrongKey):
        other.create_or_migrate()
    assert listed(a_database(tmp_path)) == []


@pytest.mark.parametrize("page", [2, 3, 10])
def test_a_flipped_bit_is_found_by_the_check_which_names_its_page(tmp_path: Path, page: int) -> None:
    created(tmp_path).close()
    flip(tmp_path / "catalogue.db", [(page - 1) * 4096 + 100])
    assert f"page {page}" in " ".join(a_database(tmp_path).check_integrity())


def test_a_flipped_bit_in_the_first_page_lets_nothing_open(tmp_path: Path) -> None:
    created(tmp_path).close()
    flip(tmp_path / "catalogue.db", [100])
    for ask in (a_database(tmp_path).check_integrity, lambda: listed(a_database(tmp_path))):
        with pytest.raises(WrongKey, match="or its file is altered"):
            ask()


def flip(path: Path, places: Iterable[int]) -> None:
    content = bytearray(path.read_bytes())
    for place in places:
        content[place] ^= 1
    path.write_bytes(content)


def test_a_damaged_page_is_told_when_it_is_read(tmp_path: Path) -> None:
    database = created(tmp_path)
    with database.write() as tx:
        for number in range(2000):
            tx.change("INSERT INTO spools (spool, last_sequence) VALUES (:name, 1)", name=f"{number:05}")
    database.close()
    path = tmp_path / "catalogue.db"
    flip(path, range(8 * 4096, path.stat().st_size, 4096))
    with pytest.raises(Tampered):
        listed(a_database(tmp_path))


def test_a_catalogue_that_was_not_made_here_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CatalogueMissing, match="missing or empty"):
        listed(a_database(tmp_path))
    with pytest.raises(Unavailable, match="ENOENT"):
        a_database(tmp_path / "nowhere").create_or_migrate()
    (tmp_path / "catalogue.db").touch()
    for look in (listed, Database.migrate, Database.check_integrity):
        with pytest.raises(CatalogueMissing, match="missing or empty"):
            look(a_database(tmp_path))
    assert (tmp_path / "catalogue.db").read_bytes() == b"", "looking at it made nothing"
    a_database(tmp_path).create_or_migrate(TABLE)
    with pytest.raises(CatalogueOutdated, match="is not the one that made this"):
        listed(a_database(tmp_path))


def test_a_catalogue_that_is_up_to_date_or_older_is_brought_up_to_this_release(tmp_path: Path) -> None:
    a_database(tmp_path).create_or_migrate()
    assert a_database(tmp_path).migrate() == []
    older = tmp_path / "older"
    older.mkdir()
    first, *others = known_migrations()
    a_database(older).create_or_migrate((first,))
    assert a_database(older).migrate() == [one.number for one in others]


def test_a_catalogue_in_which_nothing_was_made_is_not_filled_by_opening_it(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    with pytest.raises(ValueError, match="ends within a statement"):
        database.create_or_migrate((Migration(1, "CREATE TABLE"),))
    assert (tmp_path / "catalogue.db").stat().st_size > 0
    with pytest.raises(CatalogueMissing):
        a_database(tmp_path).migrate()
    with pytest.raises(CatalogueOutdated, match="older than this release"):
        listed(a_database(tmp_path))


def test_a_search_that_cannot_be_read_is_refused_without_its_text(tmp_path: Path) -> None:
    database = created(tmp_path)
    with pytest.raises(Unsuitable, match="this text cannot be searched for") as fault, database.read() as tx:
        tx.rows("SELECT rowid FROM study_search WHERE study_search MATCH :text", text=f'"{CANARY}')
    assert CANARY not in str(fault.value)
    assert fault.value.__suppress_context__


def test_a_mistake_in_a_statement_stays_a_bug(tmp_path: Path) -> None:
    database = created(tmp_path)
    with pytest.raises(Exception, match="no such table") as fault, database.read() as tx:
        tx.rows("SELECT 1 FROM no_such_thing")
    assert type(fault.value).__module__.startswith("sqlcipher3")


def test_a_row_that_breaks_a_rule_stays_a_bug(tmp_path: Path) -> None:
    database = created(tmp_path)
    add(database, "once")
    with pytest.raises(Exception, match="UNIQUE"):
        add(database, "once")
    with pytest.raises(Exception, match="FOREIGN KEY"), database.write() as tx:
        tx.change("INSERT INTO recovery_codes (account_key, code_hash) VALUES (77, x'00')")


def test_a_full_disk_is_told_and_changes_nothing(tmp_path: Path) -> None:
    database = created(tmp_path)
    add(database, "before")

    def fill() -> None:
        with database.write() as tx:
            pages = tx.rows("PRAGMA page_count")[0][0]
            tx.rows(f"PRAGMA max_page_count = {pages + 2}")
            for number in range(10_000):
                tx.change("INSERT INTO spools VALUES (:name, 1)", name=f"{number:0100}")

    with pytest.raises(OutOfSpace):
        fill()
    assert listed(database) == ["before"]


def test_a_busy_catalogue_is_unavailable_and_not_a_bug() -> None:
    error = sqlcipher3.OperationalError("database is locked")  # as it is raised after thirty seconds' wait
    error.sqlite_errorcode = sqlcipher3.SQLITE_BUSY
    with pytest.raises(Unavailable, match="busy"), told_by_kind():
        raise error


def test_its_settings_are_those_that_the_design_asks_for(tmp_path: Path) -> None:
    database = created(tmp_path)
    wanted = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "temp_store": 2,
        "trusted_schema": 0, "query_only": 1, "cipher_page_size": "4096", "cipher_hmac_algorithm": "HMAC_SHA512",
    }  # fmt: skip
    with database.read() as tx:
        assert {name: tx.rows(f"PRAGMA {name}")[0][0] for name in wanted} == wanted
    with database.write() as tx:
        assert tx.rows("PRAGMA query_only")[0][0] == 0


def test_closing_twice_or_before_opening_is_no_error(tmp_path: Path) -> None:
    database = created(tmp_path)
    database.close()
    database.close()
    assert listed(database) == []


def test_another_set_of_migrations_makes_another_catalogue(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    assert database.create_or_migrate(TABLE) == [1]
    database.close()
    with pytest.raises(CatalogueOutdated, match="migration 1"):
        listed(a_database(tmp_path))


def test_the_version_tells_that_another_has_committed(tmp_path: Path) -> None:
    database, other = created(tmp_path), a_database(tmp_path)
    before = database.version()
    assert database.version() == before
    add(other, "one")
    assert database.version() != before
