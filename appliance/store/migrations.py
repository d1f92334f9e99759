"""Brings a catalogue's schema up to date: numbered, pinned, one transaction.

Guards: a migration that was applied is never another one later: its SHA-256
is kept in the catalogue and compared at every start.
Leaves out: the SQL itself, in the folder `migrations`.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from appliance.clock import Clock, microseconds
from appliance.errors import CatalogueOutdated
from appliance.store.transactions import ReadTransaction, WriteTransaction

_NAME = re.compile(r"([0-9]{4})_[a-z_]+\.sql")


@dataclass(frozen=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    sql: str

    @property
    def sha256(self) -> bytes:
        """Give what the catalogue keeps of it."""
        return hashlib.sha256(self.sql.encode()).digest()


@cache
def known_migrations() -> tuple[Migration, ...]:
    """Give this release's migrations in order."""
    folder = resources.files("appliance.store") / "migrations"
    found = [(_NAME.fullmatch(entry.name), entry) for entry in folder.iterdir()]
    return tuple(sorted((Migration(int(m[1]), entry.read_text()) for m, entry in found if m), key=lambda m: m.number))


def migrate(tx: WriteTransaction, migrations: tuple[Migration, ...], clock: Clock) -> list[int]:
    """Apply what is missing and give its numbers.

    Raises:
        CatalogueOutdated: The catalogue holds a migration that is unknown here, or differs.
    """
    tx.change(
        "CREATE TABLE IF NOT EXISTS migrations "
        "(number INTEGER PRIMARY KEY, sha256 BLOB NOT NULL, applied_at INTEGER NOT NULL) STRICT"
    )
    applied = _applied(tx)
    _check(applied, migrations)
    missing = migrations[len(applied) :]
    for migration in missing:
        for statement in statements(migration.sql):
            tx.change(statement)
        tx.change(
            "INSERT INTO migrations VALUES (:number, :sha256, :at)",
            number=migration.number, sha256=migration.sha256, at=microseconds(clock.now()),
        )  # fmt: skip
    return [migration.number for migration in missing]


def has_schema(tx: ReadTransaction) -> bool:
    """Say whether anything was ever made here."""
    return bool(tx.rows("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'"))


def check_current(tx: ReadTransaction, migrations: tuple[Migration, ...]) -> None:
    """Check that the schema is exactly this release's.

    Raises:
        CatalogueOutdated: It is older, newer, or differs.
    """
    applied = _applied(tx) if has_schema(tx) else []
    _check(applied, migrations)
    if len(applied) < len(migrations):
        raise CatalogueOutdated("the catalogue is older than this release: it has to be migrated first")


def statements(sql: str) -> Iterator[str]:
    """Split a script into its statements, triggers whole."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError("a migration ends within a statement")


def _applied(tx: ReadTransaction) -> list[tuple[object, ...]]:
    return tx.rows("SELECT number, sha256 FROM migrations ORDER BY number")


def _check(applied: list[tuple[object, ...]], migrations: tuple[Migration, ...]) -> None:
    if len(applied) > len(migrations):
        raise CatalogueOutdated("the catalogue is newer than this release: it must not be opened by an older one")
    for row, migration in zip(applied, migrations, strict=False):
        if row != (migration.number, migration.sha256):
            raise CatalogueOutdated(f"migration {migration.number} is not the one that made this catalogue")
