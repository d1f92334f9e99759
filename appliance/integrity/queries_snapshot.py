"""SQL on a catalogue that came out of a backup."""

from collections.abc import Iterator

from appliance.identifiers import FileId
from appliance.integrity.reading import Expected
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

Stored = tuple[FileId, int, bool]  # its plaintext's length, and whether its row says that it lies in the vault
_DIGITS = 32  # of an id
_NO_PACK = "file_id NOT IN (SELECT file_id FROM packs)"  # a pack is a cache and in no backup


def stored_files(tx: ReadTransaction) -> Iterator[Stored]:
    """Give every file that the backup has to hold."""
    for file_id, plaintext_bytes, place in tx.rows(
        f"SELECT file_id, plaintext_bytes, place FROM files WHERE {_NO_PACK} ORDER BY file_id"  # noqa: S608  a constant of this file
    ):
        yield FileId(file_id), int(plaintext_bytes), place == "vault"


def expected_files(tx: ReadTransaction, prefix: str) -> list[Expected]:
    """Give the files whose ids begin with some digits."""
    rows = tx.rows(
        f"""SELECT f.file_id, v.dataset_offset, v.dataset_sha256 FROM files f LEFT JOIN versions v USING (file_id)
            WHERE f.file_id BETWEEN :least AND :most AND f.place = 'vault' AND f.{_NO_PACK}
            ORDER BY f.file_id""",  # noqa: S608  a constant of this file
        least=bytes.fromhex(prefix.ljust(_DIGITS, "0")), most=bytes.fromhex(prefix.ljust(_DIGITS, "f")),
    )  # fmt: skip
    return [Expected(FileId(file_id), offset, digest) for file_id, offset, digest in rows]


def some_series(tx: ReadTransaction, turn: int, most: int, most_bytes: int) -> list[int]:
    """Give the keys of a few series: the one that came last, and others in a turn that comes by all of them."""
    rows = tx.rows(
        """WITH sized AS (
             SELECT se.series_key, se.last_arrived_at, sum(f.plaintext_bytes) AS bytes
             FROM series se JOIN instances i USING (series_key)
             JOIN versions v ON v.instance_key = i.instance_key AND v.version_number = 1 JOIN files f USING (file_id)
             WHERE f.place = 'vault' GROUP BY se.series_key)
           SELECT series_key FROM sized WHERE bytes <= :most_bytes
           ORDER BY last_arrived_at < (SELECT max(last_arrived_at) FROM sized WHERE bytes <= :most_bytes),
             (series_key * 2654435761 + :turn * 40503) % 4294967296, series_key LIMIT :most""",
        turn=turn, most=most, most_bytes=most_bytes,
    )  # fmt: skip
    return [int(row[0]) for row in rows]


def count_files(tx: ReadTransaction) -> int:
    """How many stored files there are rows of."""
    return int(tx.rows("SELECT count(*) FROM files")[0][0])


_KEY_COLUMNS = "kind, number, wrapped_key, public_key, created_at, retired_at, destroyed_at"


def rotating_key_rows(tx: ReadTransaction) -> list[Row]:
    """Give every rotating key as its row has it."""
    return tx.rows(f"SELECT {_KEY_COLUMNS} FROM rotating_keys ORDER BY kind, number")  # noqa: S608  a constant of this file


def add_rotating_key(tx: WriteTransaction, row: Row) -> None:
    """Add a key that was made since, unless it is here; what is here keeps its number and its life."""
    names = [name.strip() for name in _KEY_COLUMNS.split(",")]
    values = dict(zip(names, row, strict=True))
    added = tx.change(
        f"INSERT OR IGNORE INTO rotating_keys ({_KEY_COLUMNS}) VALUES (:{', :'.join(names)})",  # noqa: S608  a constant of this file
        **values,
    )
    if added:  # the newest of its kind is the current one
        tx.change(
            "UPDATE rotating_keys SET retired_at = :at WHERE kind = :kind AND number < :number AND retired_at IS NULL",
            at=values["created_at"], kind=values["kind"], number=values["number"],
        )  # fmt: skip


_ASSOCIATION_COLUMNS = """association_id, calling_ae_title, called_ae_title, address, transport, certificate_sha256,
  implementation_class_uid, implementation_version_name, started_at, ended_at, outcome, declared_count, settled_at"""


def association_of(tx: ReadTransaction, file_id: FileId) -> Row | None:
    """Give the row of the association that brought a file, its id first; who the peer was is not in it."""
    rows = tx.rows(
        f"""SELECT {_ASSOCIATION_COLUMNS} FROM associations WHERE association_id =
            (SELECT association_id FROM arrivals WHERE file_id = :id)""",  # noqa: S608  a constant of this file
        id=file_id.value,
    )
    return rows[0] if rows else None


def add_association_row(tx: WriteTransaction, row: Row) -> None:
    """Add an association as another catalogue has it, unless it is here."""
    names = [name.strip() for name in _ASSOCIATION_COLUMNS.split(",")]
    tx.change(
        f"INSERT OR IGNORE INTO associations ({_ASSOCIATION_COLUMNS}) VALUES (:{', :'.join(names)})",  # noqa: S608  a constant of this file
        **dict(zip(names, row, strict=True)),
    )
