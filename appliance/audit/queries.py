"""SQL of the audit trail."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from appliance.audit.chain import START, EarlierKey, Entry, Head, Verdict, walk
from appliance.keys.hierarchy import Subkey
from appliance.keys.secret import SecretKey
from appliance.store.roots import earlier_keys
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

PAGE = 1000
_COLUMNS = (
    "SELECT sequence, at, event, outcome, actor_kind, actor_key, address, subject_kind, subject_key, "
    "patient_key, study_key, number, chain FROM audit_events"
)


def head(tx: ReadTransaction) -> Head:
    """Give the chain's end, as it is now."""
    rows = tx.rows("SELECT sequence, chain FROM audit_events ORDER BY sequence DESC LIMIT 1")
    return Head(*rows[0]) if rows else START


def link_at(tx: ReadTransaction, sequence: int) -> bytes | None:
    """Give the link of one event, None where there is no such event."""
    rows = tx.rows("SELECT chain FROM audit_events WHERE sequence = :sequence", sequence=sequence)
    return bytes(rows[0][0]) if rows else None


def append(tx: WriteTransaction, entry: Entry, link: bytes) -> None:
    """Insert one event with its link."""
    tx.change(
        "INSERT INTO audit_events (sequence, at, event, outcome, actor_kind, actor_key, address, subject_kind, "
        "subject_key, patient_key, study_key, number, chain) VALUES (:sequence, :at, :event, :outcome, :actor_kind, "
        ":actor_key, :address, :subject_kind, :subject_key, :patient_key, :study_key, :number, :chain)",
        **asdict(entry),
        chain=link,
    )


def all_events(tx: ReadTransaction) -> Iterator[tuple[Entry, bytes]]:
    """Give every event with its link, by sequence, a page at a time."""
    last = None
    while True:
        rows = tx.rows(
            f"{_COLUMNS} WHERE (:last IS NULL OR sequence > :last) ORDER BY sequence LIMIT :page", last=last, page=PAGE
        )
        yield from map(_entry, rows)
        if len(rows) < PAGE:
            return
        last = rows[-1][0]


def verify(tx: ReadTransaction, key: SecretKey, remembered: Iterable[Head] = ()) -> Verdict:
    """Walk the whole chain, against heads that were kept elsewhere if there are any.

    Raises:
        WrongKey: An earlier audit key does not open with this one.
    """
    earlier = [EarlierKey(found.last_sequence, found.key) for found in earlier_keys(tx, Subkey.AUDIT, key)]
    return walk(key, all_events(tx), remembered, earlier)


def events_of_patient(tx: ReadTransaction, patient_key: int) -> list[Entry]:
    """Give what was done with a patient's data, newest first: who has seen it."""
    rows = tx.rows(f"{_COLUMNS} WHERE patient_key = :patient_key ORDER BY sequence DESC", patient_key=patient_key)
    return [_entry(row)[0] for row in rows]


def events_of_account(tx: ReadTransaction, account_key: int) -> list[Entry]:
    """Give what a person did, and what was done to their account, oldest first."""
    rows = tx.rows(
        f"{_COLUMNS} WHERE (actor_kind = 'account' AND actor_key = :key) "
        "OR (subject_kind = 'account' AND subject_key = :key) ORDER BY sequence",
        key=account_key,
    )
    return [_entry(row)[0] for row in rows]


def latest(tx: ReadTransaction, count: int, before: int | None = None) -> list[Entry]:
    """Give the newest events, newest first; `before` is the last sequence of the page above."""
    rows = tx.rows(
        f"{_COLUMNS} WHERE (:before IS NULL OR sequence < :before) ORDER BY sequence DESC LIMIT :count",
        before=before, count=count,
    )  # fmt: skip
    return [_entry(row)[0] for row in rows]


def _entry(row: Row) -> tuple[Entry, bytes]:
    return Entry(*row[:-1]), row[-1]
