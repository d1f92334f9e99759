"""Makes a test's catalogue at once: as this release's migrations leave one, without going their whole way each time.

Each column that a migration adds costs SQLite a look at the whole schema; a suite makes thousands of catalogues. The
way is gone once in each process, on a catalogue whose schema the others get as it is told there.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.clock import SystemClock
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.migrations import Migration, known_migrations
from appliance.store.transactions import ReadTransaction

_SCHEMA = """
SELECT sql || ';' FROM sqlite_schema
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'study_search_%' AND name <> 'migrations'
ORDER BY type <> 'table', rowid
"""
_ROWS = """
SELECT 'INSERT INTO sqlite_sequence VALUES (' || quote(name) || ', ' || seq || ');' FROM sqlite_sequence
UNION ALL
SELECT 'INSERT INTO study_search (study_search, rank) VALUES (' || quote(k) || ', ' || quote(v) || ');'
FROM study_search_config WHERE k <> 'version'
"""


class _Told(Migration):
    """A migration of this release by its number and digest, whose work the first of them does for all."""

    @property
    def sha256(self) -> bytes:
        """Give what the catalogue would keep of it."""
        return next(known.sha256 for known in known_migrations() if known.number == self.number)


@cache
def quick_migrations() -> tuple[Migration, ...]:
    """Give what makes a catalogue like this release's out of nothing."""
    with TemporaryDirectory() as folder:
        database = Database(Path(folder) / "catalogue.db", SecretKey.new(), SystemClock())
        database.create_or_migrate()
        with database.read() as tx:
            whole = "\n".join(str(row[0]) for sql in (_SCHEMA, _ROWS) for row in tx.rows(sql))
        database.close()
    return tuple(_Told(known.number, whole if known.number == 1 else "") for known in known_migrations())


def make_quickly(database: Database) -> None:
    """Make the catalogue of a new box; one that is there already stays as it is."""
    database.create_or_migrate(quick_migrations())


def everything_in(tx: ReadTransaction) -> tuple[set[tuple[object, ...]], dict[str, list[tuple[object, ...]]]]:
    """Give all that a catalogue holds when it was just made, but for times: its schema, and the rows of each table."""
    tables = [str(row[0]) for row in tx.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    schema = set(tx.rows("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
    return schema, {name: _rows(tx, name) for name in tables}


def _rows(tx: ReadTransaction, table: str) -> list[tuple[object, ...]]:
    columns = [str(row[1]) for row in tx.rows(f"PRAGMA table_info('{table}')") if row[1] != "applied_at"]
    asked = ", ".join(f'"{column}"' for column in columns)
    return sorted(tx.rows(f'SELECT {asked} FROM "{table}"'), key=repr)  # noqa: S608  names that the schema gave
