"""The catalogue: SQLCipher under a raw key, one connection a thread.

Guards: one `with database.write()` is one all-or-nothing step, durable when
it ends; `with database.read()` is one consistent view that cannot change
anything. Names and dates are never on disk in clear, nor in temporary files.
Where the file is missing or empty nothing is made in its place but by `create_or_migrate`.
Whoever has the catalogue open holds its folder by flock(2), shared: what takes it
alone, to give it another key, knows that nobody reads or writes it meanwhile.
Leaves out: SQL, which lives in each room's queries.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlcipher3

from appliance.clock import Clock
from appliance.errors import (
    ApplianceError,
    CatalogueMissing,
    CatalogueOutdated,
    OutOfSpace,
    Tampered,
    Unavailable,
    Unsuitable,
    WrongKey,
)
from appliance.keys.secret import SecretKey
from appliance.store.catalogue_file import MISSING, check_present, create_file, sync_file
from appliance.store.files import RealFiles, storage_faults
from appliance.store.gate import Gate
from appliance.store.holding import IN_USE, Hold
from appliance.store.migrations import Migration, check_current, has_schema, known_migrations, migrate
from appliance.store.transactions import Cursor, ReadTransaction, WriteTransaction

BUSY_TIMEOUT_SECONDS = 30.0
_STEPS_A_TURN = 250_000  # of SQLite's machine: milliseconds of arithmetic, seconds on a slow disk
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # nothing unencrypted in temporary files
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cache_size = -8192",  # 8 MiB a connection, and a web process has tens of them
    "PRAGMA journal_size_limit = 67108864",
)
_COPY_SETTINGS = ("PRAGMA temp_store = MEMORY", "PRAGMA synchronous = OFF")  # a copy that is cut off is thrown away
_FAULTS: dict[int, tuple[type[ApplianceError], str]] = {
    sqlcipher3.SQLITE_NOTADB: (WrongKey, "the catalogue does not open: another root secret's, or its file is altered"),
    sqlcipher3.SQLITE_CORRUPT: (Tampered, "the catalogue is damaged"),
    sqlcipher3.SQLITE_FULL: (OutOfSpace, "the disk is full"),
    sqlcipher3.SQLITE_IOERR: (Unavailable, "the disk refused to read or write the catalogue"),
    sqlcipher3.SQLITE_CANTOPEN: (Unavailable, "the catalogue's file cannot be opened"),
    sqlcipher3.SQLITE_READONLY: (Unavailable, "the catalogue's file may not be written"),
    sqlcipher3.SQLITE_BUSY: (Unavailable, "the catalogue was busy for too long"),
    sqlcipher3.SQLITE_INTERRUPT: (Unavailable, "work on the catalogue was cut off"),
}


class Database:
    """One encrypted database file, `path`, shared by threads and processes."""

    def __init__(self, path: Path, key: SecretKey, clock: Clock) -> None:
        self.path = path
        self._key = key
        self._clock = clock
        self._local = threading.local()
        self.gate = Gate(clock)

    def create_or_migrate(self, migrations: tuple[Migration, ...] | None = None) -> list[int]:
        """Make the catalogue of a new box, or go on where that was cut off.

        Returns:
            The numbers of the migrations that were applied now.

        Raises:
            CatalogueOutdated: The catalogue is newer, or a migration was edited after it was applied.
            WrongKey: Another root secret's catalogue, or its first page is altered.
        """
        with storage_faults():
            create_file(self.path)
        with self._transaction("BEGIN IMMEDIATE", check=False) as connection:
            return migrate(WriteTransaction(connection), migrations or known_migrations(), self._clock)

    def migrate(self, on_progress: Callable[[], None] = lambda: None) -> list[int]:
        """Bring the schema of a catalogue that is there up to this release; only the one migrator calls this.

        Args:
            on_progress: Hears again and again that SQLite works on, also within one statement; while it waits for
                a lock or a disk that does not answer, nothing is heard.

        Returns:
            The numbers of the migrations that were applied now.

        Raises:
            CatalogueMissing: There is none, or nothing is in it.
            CatalogueOutdated: The catalogue is newer, or a migration was edited after it was applied.
            WrongKey: Another root secret's catalogue, or its first page is altered.
        """
        check_present(self.path)
        with self._transaction("BEGIN IMMEDIATE", check=False) as connection, connection.telling(on_progress):
            tx = WriteTransaction(connection)
            if not has_schema(tx):
                raise CatalogueMissing(MISSING)
            return migrate(tx, known_migrations(), self._clock)

    @contextmanager
    def read(self) -> Iterator[ReadTransaction]:
        """Open one consistent view; statements in it that would write are refused.

        Raises:
            WrongKey, Tampered: The file is not what was stored.
            Unavailable: Busy for too long, or the disk refused.
        """
        with self._transaction("BEGIN") as connection:
            connection.execute("PRAGMA query_only = ON")
            try:
                yield ReadTransaction(connection)
            finally:
                connection.execute("PRAGMA query_only = OFF")

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        """Open the one way to change rows: committed and durable when the block ends, or nothing of it.

        Waits first for a thread of this process that writes the catalogue anew.

        Raises:
            OutOfSpace: The disk is full; nothing changed.
            WrongKey, Tampered: The file is not what was stored.
            Unavailable: Busy for too long, or the disk refused; nothing changed.
        """
        self.gate.wait()
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield WriteTransaction(connection)

    def version(self) -> int:
        """Give a number that differs once any other connection has committed since this thread last asked.

        As long as it is the same, whatever this thread read outside its own writes still stands.
        """
        with told_by_kind():
            return int(self._connection().execute("PRAGMA data_version").fetchall()[0][0])

    def cut_log(self) -> bool:
        """Take what is committed out of the write-ahead log and cut the log to nothing; give whether it was cut.

        What was overwritten in the catalogue is then in no earlier page of the log. Readers keep it as it is for as
        long as they read: then it is tried again later.

        Raises:
            Unavailable: The disk refused.
        """
        with told_by_kind():
            connection = self._connection()
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # most of it while others write
            rows = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return bool(rows[0][0] == 0)

    def rewrite(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Write the whole catalogue anew, so that nothing of rows that went is left in a page that was rearranged.

        Everybody else who writes waits meanwhile: this process's own threads at the gate, others for as long as SQLite
        lets them. Takes memory and a log as large as the catalogue (decision 0179).

        Args:
            stopping: Asked again and again in the first half, which reads; whether to leave off.

        Raises:
            OutOfSpace, Unavailable: The disk refused, somebody is at work, or it was to leave off; nothing changed.
        """
        with self.gate.closed(), told_by_kind():
            statements = _Statements(self._connection())
            with statements.telling(stopping):
                statements.execute("VACUUM")

    def copy_into(self, path: Path) -> None:
        """Write a copy as of one moment, under the same key, to a file that does not exist yet; writers go on.

        Raises:
            WrongKey, Tampered: The file is not what was stored.
            OutOfSpace, Unavailable: The disk refused. What was written of the copy is left to the caller.
        """
        with storage_faults():
            files = RealFiles()
            files.close(files.create_exclusive(path, 0o600))
        with told_by_kind():
            self._connection().execute("VACUUM INTO :path", {"path": str(path)})

    def check_integrity(self) -> list[str]:
        """Check the tag of every page, then SQLite's own structure; give what is wrong, if anything.

        Raises:
            CatalogueMissing: There is none, or nothing is in it.
            WrongKey: The first page does not open at all.
        """
        check_present(self.path)
        hold = Hold(self.path.parent)
        with told_by_kind():
            connection = _connect(self.path, self._key)
            try:
                found = connection.execute("PRAGMA cipher_integrity_check").fetchall()
                if not found:  # a structure of damaged pages cannot be judged
                    found = connection.execute("PRAGMA integrity_check").fetchall()
                return [str(row[0]) for row in found if row[0] != "ok"]
            finally:
                connection.close()
                hold.end()

    @contextmanager
    def alone(self) -> Iterator["LoneCatalogue"]:
        """Have the catalogue to oneself, all of it in its one file: nobody opens it until the block ends.

        Raises:
            Unavailable: Somebody has it open; nothing changed.
            WrongKey, Tampered: The file is not what was stored.
        """
        self.close()
        check_present(self.path)
        hold = Hold(self.path.parent, alone=True)
        with told_by_kind():
            connection = _connect(self.path, self._key)
            try:
                _checked(connection)
                _fold_log(connection)
                yield LoneCatalogue(connection, self._key)
            finally:
                connection.close()
                hold.end()

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()
            self._local.__dict__.pop("hold").end()

    @contextmanager
    def _transaction(self, begin: str, *, check: bool = True) -> Iterator["_Statements"]:
        with told_by_kind():
            connection = self._connection(check=check)
            if connection.in_transaction:
                raise RuntimeError("transactions do not nest")
            connection.execute(begin)
            try:
                yield _Statements(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _connection(self, *, check: bool = True) -> sqlcipher3.Connection:
        connection = self._local.__dict__.get("connection")
        if connection is None:
            if check:
                check_present(self.path)  # opening an empty one would already write its first page
            hold = Hold(self.path.parent)
            connection = _connect(self.path, self._key)
            if check:
                _checked(connection)
            self._local.connection, self._local.hold = connection, hold
        return connection


class LoneCatalogue:
    """A catalogue that nobody else has open."""

    def __init__(self, connection: sqlcipher3.Connection, key: SecretKey) -> None:
        self._connection = connection
        self._key = key

    def copy(self, into: Path, key: SecretKey) -> None:
        """Write all of it into a new file under another key; durable when this returns.

        Raises:
            OutOfSpace: The disk is full. What was written of the copy stays.
            Unavailable: The disk refused, or the file is there already.
        """
        with storage_faults(), told_by_kind():
            create_file(into, exists_ok=False)
            self._connection.execute("VACUUM INTO ?", (str(into),))
            copy = _connect(into, self._key, _COPY_SETTINGS)
            try:
                copy.execute(f"PRAGMA rekey = \"x'{key.reveal().hex()}'\"")
            finally:
                copy.close()
            sync_file(into)


class _Statements:
    """A connection whose searches never repeat, in an error, what was searched for."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None, /) -> Cursor:
        try:
            return self._connection.execute(sql, parameters or {})  # type: ignore[no-any-return]  # it has no types
        except sqlcipher3.OperationalError as error:
            if error.sqlite_errorcode == sqlcipher3.SQLITE_ERROR and " MATCH " in sql:
                raise Unsuitable("this text cannot be searched for") from None
            raise

    @contextmanager
    def telling(self, on_progress: Callable[[], bool | None]) -> Iterator[None]:
        """Let the statements of a block tell that they go on; where the answer is True they are cut off."""
        self._connection.set_progress_handler(on_progress, _STEPS_A_TURN)
        try:
            yield
        finally:
            self._connection.set_progress_handler(None, 0)


def has_key(path: Path, key: SecretKey) -> bool:
    """Say whether a catalogue opens with this key; one that is missing or empty opens with none.

    Raises:
        Unavailable: The disk refused, or it gets another key at this moment.
    """
    with suppress(CatalogueMissing), told_by_kind():
        check_present(path)
        hold = Hold(path.parent)
        connection = _connect(path, key, ())
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema")
        except sqlcipher3.DatabaseError as error:
            if error.sqlite_errorcode != sqlcipher3.SQLITE_NOTADB:
                raise
        else:
            return True
        finally:
            connection.close()
            hold.end()
    return False


def _connect(path: Path, key: SecretKey, settings: tuple[str, ...] = _SETTINGS) -> sqlcipher3.Connection:
    connection = sqlcipher3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_SECONDS
    )
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")  # or it writes to standard error
        connection.execute(f"PRAGMA key = \"x'{key.reveal().hex()}'\"")
        for setting in settings:
            connection.execute(setting)
    except sqlcipher3.Error:
        connection.close()
        raise
    return connection


def _checked(connection: sqlcipher3.Connection) -> None:
    try:
        check_current(ReadTransaction(connection), known_migrations())
    except (sqlcipher3.Error, CatalogueOutdated):
        connection.close()
        raise


def _fold_log(connection: sqlcipher3.Connection) -> None:
    """Bring the log into the one file, which SQLite does only for the last one who has it open."""
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlcipher3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlcipher3.SQLITE_BUSY, sqlcipher3.SQLITE_LOCKED):
            raise
        raise Unavailable(IN_USE) from error


@contextmanager
def told_by_kind() -> Iterator[None]:
    """Turn SQLite's faults into ours; what is none of them is a bug and stays as it is."""
    try:
        yield
    except sqlcipher3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in _FAULTS:
            raise
        kind, message = _FAULTS[code]
        raise kind(message) from error
