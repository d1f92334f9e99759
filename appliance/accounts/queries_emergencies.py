"""SQL of emergencies: sealed codes, what was lent to whom, and the signed reviews of it."""

from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.lent import Lent
from appliance.accounts.queries import maybe_instant, number
from appliance.accounts.roles import PERMISSIONS, Permission
from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_EMERGENCY = """SELECT e.emergency_key, e.account_key, a.display_name, c.drawn_by, e.reason, e.words, e.began_at,
  e.ends_at, e.ended_at, e.first_sequence, e.last_sequence,
  (SELECT count(*) FROM emergency_reviews r WHERE r.emergency_key = e.emergency_key)
  FROM emergencies e JOIN accounts a USING (account_key) LEFT JOIN emergency_codes c USING (code_key)"""
_DRAW = ", ".join(f"'{role.value}'" for role, may in PERMISSIONS.items() if Permission.MANAGE_ACCOUNTS in may)
_MAY_DRAW = f"""EXISTS (SELECT 1 FROM accounts a WHERE a.account_key = drawn_by AND a.disabled_at IS NULL
  AND coalesce(a.built_in, a.role) IN ({_DRAW}))"""  # noqa: S608  # roles are written in this program
_UNREVIEWED = "NOT EXISTS (SELECT 1 FROM emergency_reviews r WHERE r.emergency_key = e.emergency_key)"


@dataclass(frozen=True, slots=True)
class Emergency:
    """One time that the glass was broken.

    Attributes:
        emergency_key: Its row key.
        account_key: Who, or the account that was made for an opened envelope.
        name: Of that account; for an envelope, as whoever opened it typed it.
        drawn_by: Who had drawn the code that was opened; None where somebody came under their own account.
        reason: Its kind, a value of `Reason`.
        words: Why, in the words of whoever did it.
        began_at: When.
        ends_at: When it ends at the latest.
        ended_at: When it ended; None while nobody has seen that it did.
        first_sequence: The number of its first event.
        last_sequence: The number of its last one.
        reviews: How often somebody signed what they think of it.
    """

    emergency_key: int
    account_key: int
    name: str
    drawn_by: int | None
    reason: str
    words: str
    began_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    first_sequence: int
    last_sequence: int | None
    reviews: int


@dataclass(frozen=True, slots=True)
class Unended:
    """An emergency that is not noted as over, and what became of its session and account."""

    lent: Lent
    account_key: int
    is_built_in: bool
    has_session: bool
    revoked_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody signed; `sequence` is the number of its event."""

    account_key: int
    verdict: str
    words: str
    signed_at: datetime
    nonce: bytes
    sequence: int


def insert_emergency(tx: WriteTransaction, began_at: datetime, ends_at: datetime, **columns: object) -> int:
    """Add one that begins now, whose event is not recorded yet; gives its key."""
    rows = tx.rows(
        """INSERT INTO emergencies (account_key, session_hash, code_key, reason, words, began_at, ends_at, latest_at,
             first_sequence)
           VALUES (:account_key, :session_hash, :code_key, :reason, :words, :began_at, :ends_at, :began_at, 0)
           RETURNING emergency_key""",
        began_at=microseconds(began_at), ends_at=microseconds(ends_at), **columns,
    )  # fmt: skip
    return number(rows[0][0])


def set_first_event(tx: WriteTransaction, emergency_key: int, sequence: int) -> None:
    """Note which event told that it began."""
    tx.change(
        "UPDATE emergencies SET first_sequence = :sequence WHERE emergency_key = :key",
        sequence=sequence, key=emergency_key,
    )  # fmt: skip


def note_use(tx: WriteTransaction, emergency_key: int, at: datetime) -> None:
    """Note that it is used now."""
    tx.change(
        "UPDATE emergencies SET latest_at = max(latest_at, :at) WHERE emergency_key = :key",
        at=microseconds(at), key=emergency_key,
    )  # fmt: skip


def open_of_session(tx: ReadTransaction, session_hash: bytes) -> int | None:
    """Give the key of what is lent to a session and not noted as over."""
    sql = "SELECT emergency_key FROM emergencies WHERE session_hash = :hash AND ended_at IS NULL"
    rows = tx.rows(sql, hash=session_hash)
    return number(rows[0][0]) if rows else None


def unended(tx: ReadTransaction) -> list[Unended]:
    """Give what is not noted as over."""
    rows = tx.rows(
        """SELECT e.emergency_key, e.began_at, e.ends_at, e.latest_at, e.account_key, a.built_in IS NOT NULL,
             s.session_hash IS NOT NULL, s.revoked_at, a.disabled_at
           FROM emergencies e JOIN accounts a USING (account_key) LEFT JOIN sessions s USING (session_hash)
           WHERE e.ended_at IS NULL ORDER BY e.emergency_key"""
    )
    return [_unended(row) for row in rows]


def _unended(row: Row) -> Unended:
    key, began, ends, latest, account_key, built_in, has_session, revoked, disabled = row
    lent = Lent(number(key), *(instant(number(each)) for each in (began, ends, latest)))
    gone = maybe_instant(revoked), maybe_instant(disabled)
    return Unended(lent, number(account_key), bool(built_in), bool(has_session), *gone)


def set_ended(tx: WriteTransaction, emergency_key: int, at: datetime, sequence: int) -> None:
    """Note that it is over, and which event told it."""
    tx.change(
        "UPDATE emergencies SET ended_at = :at, last_sequence = :sequence WHERE emergency_key = :key",
        at=microseconds(at), sequence=sequence, key=emergency_key,
    )  # fmt: skip


def find_emergency(tx: ReadTransaction, emergency_key: int) -> Emergency | None:
    """Give one."""
    rows = tx.rows(f"{_EMERGENCY} WHERE e.emergency_key = :key", key=emergency_key)
    return _emergency(rows[0]) if rows else None


def emergencies(tx: ReadTransaction, count: int, before: int | None = None) -> list[Emergency]:
    """Give the newest; `before` is the last key of the page above."""
    sql = f"{_EMERGENCY} WHERE :before IS NULL OR e.emergency_key < :before ORDER BY e.emergency_key DESC LIMIT :count"
    return [_emergency(row) for row in tx.rows(sql, before=before, count=count)]


def emergencies_of(tx: ReadTransaction, account_key: int) -> list[Emergency]:
    """Give those of one account, the oldest first."""
    rows = tx.rows(f"{_EMERGENCY} WHERE e.account_key = :account ORDER BY e.emergency_key", account=account_key)
    return [_emergency(row) for row in rows]


def unreviewed(tx: ReadTransaction) -> list[Emergency]:
    """Give those that nobody has reviewed, the oldest first."""
    return [_emergency(row) for row in tx.rows(f"{_EMERGENCY} WHERE {_UNREVIEWED} ORDER BY e.emergency_key")]


def count_unreviewed(tx: ReadTransaction, began_before: datetime | None = None, account_key: int | None = None) -> int:
    """Count those that nobody has reviewed; of those that began before an instant, of one account, where asked."""
    rows = tx.rows(
        f"""SELECT count(*) FROM emergencies e WHERE {_UNREVIEWED} AND (:before IS NULL OR e.began_at < :before)
            AND (:account IS NULL OR e.account_key = :account)""",  # noqa: S608  # the condition is written in this file
        before=None if began_before is None else microseconds(began_before), account=account_key,
    )  # fmt: skip
    return number(rows[0][0])


def _emergency(row: Row) -> Emergency:
    key, account, name, drawn_by, reason, words, began, ends, ended, first, last, reviews = row
    times = instant(number(began)), instant(number(ends)), maybe_instant(ended)
    drawer, end = (None if each is None else number(each) for each in (drawn_by, last))
    facts = number(key), number(account), str(name), drawer, str(reason), str(words)
    return Emergency(*facts, *times, number(first), end, number(reviews))


def insert_review(tx: WriteTransaction, emergency_key: int, review: Review) -> None:
    """Keep a signed review for good."""
    tx.change(
        """INSERT INTO emergency_reviews (emergency_key, account_key, verdict, words, signed_at, nonce, sequence)
           VALUES (:key, :account, :verdict, :words, :at, :nonce, :sequence)""",
        key=emergency_key, account=review.account_key, verdict=review.verdict, words=review.words,
        at=microseconds(review.signed_at), nonce=review.nonce, sequence=review.sequence,
    )  # fmt: skip


def reviews_of(tx: ReadTransaction, emergency_key: int) -> list[Review]:
    """Give what was signed of one, the first first."""
    rows = tx.rows(
        """SELECT account_key, verdict, words, signed_at, nonce, sequence FROM emergency_reviews
           WHERE emergency_key = :key ORDER BY review_key""",
        key=emergency_key,
    )
    return [
        Review(number(by), str(verdict), str(words), instant(number(at)), bytes(nonce), number(sequence))
        for by, verdict, words, at, nonce, sequence in rows
    ]


def end_codes(tx: WriteTransaction, at: datetime) -> None:
    """Let no code that was drawn before open anything."""
    tx.change("UPDATE emergency_codes SET ended_at = :at WHERE ended_at IS NULL", at=microseconds(at))


def insert_code(tx: WriteTransaction, code_hash: bytes, drawn_by: int, at: datetime) -> None:
    """Keep the hash of the one code."""
    tx.change(
        "INSERT INTO emergency_codes (code_hash, drawn_by, drawn_at) VALUES (:hash, :by, :at)",
        hash=code_hash, by=drawn_by, at=microseconds(at),
    )  # fmt: skip


def end_codes_of_gone(tx: WriteTransaction, at: datetime) -> list[int]:
    """End the code whose drawer may draw none any more; gives who had drawn it."""
    sql = f"""UPDATE emergency_codes SET ended_at = :at WHERE ended_at IS NULL AND NOT {_MAY_DRAW}
              RETURNING drawn_by"""  # noqa: S608  # the condition is written in this file
    return [number(row[0]) for row in tx.rows(sql, at=microseconds(at))]


def is_sealed(tx: ReadTransaction, code_hash: bytes) -> bool:
    """Say whether this code can be opened now: nobody did, and whoever drew it may still draw one."""
    sql = f"SELECT 1 FROM emergency_codes WHERE code_hash = :hash AND ended_at IS NULL AND {_MAY_DRAW}"  # noqa: S608  # the condition is written in this file
    return bool(tx.rows(sql, hash=code_hash))


def use_code(tx: WriteTransaction, code_hash: bytes, at: datetime) -> int | None:
    """Spend a code; gives its key, None when there is no such sealed one."""
    sql = f"""UPDATE emergency_codes SET ended_at = :at, is_used = 1
              WHERE code_hash = :hash AND ended_at IS NULL AND {_MAY_DRAW} RETURNING code_key"""  # noqa: S608  # the condition is written in this file
    rows = tx.rows(sql, hash=code_hash, at=microseconds(at))
    return number(rows[0][0]) if rows else None


def latest_code(tx: ReadTransaction) -> tuple[datetime, int, bool, bool] | None:
    """Say of the newest code when it was drawn and by whom, whether it can be opened, and whether it was."""
    sql = f"""SELECT drawn_at, drawn_by, ended_at IS NULL AND {_MAY_DRAW}, is_used FROM emergency_codes
              ORDER BY code_key DESC LIMIT 1"""  # noqa: S608  # the condition is written in this file
    rows = tx.rows(sql)
    return (instant(number(rows[0][0])), number(rows[0][1]), bool(rows[0][2]), bool(rows[0][3])) if rows else None
