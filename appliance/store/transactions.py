"""Transactions whose type says what they may do.

A function that only reads asks for a `ReadTransaction`; one that changes rows
asks for a `WriteTransaction`. A write transaction is also a read one. Nobody
but `database.write()` commits, so one `with` block is one all-or-nothing step.
"""

from collections.abc import Mapping
from typing import Any, Protocol

Row = tuple[Any, ...]


class Cursor(Protocol):
    """The part of a DB-API cursor that we use."""

    rowcount: int

    def fetchall(self) -> list[Row]: ...


class Connection(Protocol):
    """The part of a DB-API connection that we use."""

    def execute(self, sql: str, parameters: Mapping[str, object] = ..., /) -> Cursor: ...


class ReadTransaction:
    """A consistent view of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """Run a query with named parameters and return every row."""
        return self._connection.execute(sql, parameters).fetchall()


class WriteTransaction(ReadTransaction):
    """A view that may also change rows, until its block ends."""

    def change(self, sql: str, **parameters: object) -> int:
        """Run a statement and return how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount
