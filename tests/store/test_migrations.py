"""Migrations: numbered, pinned, all or nothing."""

import re
from pathlib import Path

import pytest

from appliance.clock import SystemClock
from appliance.errors import CatalogueOutdated
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.migrations import Migration, check_current, known_migrations, statements

KEY = SecretKey(bytes(32))
ONE = Migration(1, "CREATE TABLE one (a INTEGER) STRICT;\nINSERT INTO one VALUES (1);\n")
TWO = Migration(2, "ALTER TABLE one ADD COLUMN b TEXT; -- why\nUPDATE one SET b = 'x;y';\n")
BROKEN = Migration(2, "CREATE TABLE two (a INTEGER) STRICT;\nINSERT INTO three VALUES (1);\n")


def a_database(folder: Path) -> Database:
    return Database(folder / "catalogue.db", KEY, SystemClock())


def test_each_migration_is_applied_once_and_in_order(tmp_path: Path) -> None:
    assert a_database(tmp_path).create_or_migrate((ONE,)) == [1]
    assert a_database(tmp_path).create_or_migrate((ONE, TWO)) == [2]
    database = a_database(tmp_path)
    assert database.create_or_migrate((ONE, TWO)) == []


def test_a_migration_that_fails_leaves_the_catalogue_as_it_was(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    database.create_or_migrate((ONE,))
    with pytest.raises(Exception, match="no such table: three"):
        database.create_or_migrate((ONE, BROKEN))
    assert a_database(tmp_path).create_or_migrate((ONE, TWO)) == [2]


def test_a_changed_or_a_newer_migration_is_refused(tmp_path: Path) -> None:
    a_database(tmp_path).create_or_migrate((ONE, TWO))
    edited = Migration(1, ONE.sql + "-- a word more\n")
    with pytest.raises(CatalogueOutdated, match="migration 1 is not the one"):
        a_database(tmp_path).create_or_migrate((edited, TWO))
    with pytest.raises(CatalogueOutdated, match="newer than this release"):
        a_database(tmp_path).create_or_migrate((ONE,))


def test_a_catalogue_that_was_not_migrated_yet_is_not_opened(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    database.create_or_migrate()
    with database.read() as tx:
        check_current(tx, known_migrations())
        with pytest.raises(CatalogueOutdated, match="older"):
            check_current(tx, (*known_migrations(), Migration(99, "SELECT 1;")))


def test_the_migrations_are_numbered_without_a_gap_and_none_is_empty() -> None:
    migrations = known_migrations()
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all(list(statements(migration.sql)) for migration in migrations)


def test_a_script_is_split_with_its_triggers_strings_and_comments_whole() -> None:
    script = (
        "-- first; comment\nCREATE TABLE t (a TEXT DEFAULT ';');\n"
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN\n  DELETE FROM t;\n  SELECT 1;\nEND;\n\n  \n"
    )
    split = list(statements(script))
    assert len(split) == 2
    assert "".join(split).strip() == script.strip()


def test_a_script_that_ends_within_a_statement_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="ends within a statement"):
        list(statements("CREATE TABLE t (a);\nCREATE TABLE"))


def test_every_table_is_strict_or_the_search_index() -> None:
    for migration in known_migrations():
        for statement in statements(migration.sql):
            if re.search(r"^CREATE TABLE", statement, re.MULTILINE):
                assert re.search(r"\) STRICT", statement), statement
