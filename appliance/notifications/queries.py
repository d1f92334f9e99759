"""The SQL of notices, and of the sealed passwords of services outside."""

from dataclasses import dataclass
from datetime import datetime

from appliance.clock import instant, microseconds
from appliance.notifications.codes import NoticeCode, Severity
from appliance.store.transactions import ReadTransaction, WriteTransaction

_COLUMNS = (
    "notice_key, code, subject_kind, subject_key, number, severity, first_at, last_at, told_at, acknowledged_at, "
    "ended_at"
)
_SAME = "code = :code AND coalesce(subject_kind, '') = :kind AND coalesce(subject_key, 0) = :key"


Subject = tuple[str, int]  # a kind of row, and its key


@dataclass(frozen=True)
class Notice:
    """One thing that the box tells; `subject` is a kind of row and its key."""

    notice_key: int
    code: NoticeCode
    subject: Subject | None
    number: int | None
    severity: Severity
    first_at: datetime
    last_at: datetime
    told_at: datetime | None = None
    acknowledged_at: datetime | None = None
    ended_at: datetime | None = None


def find_latest(tx: ReadTransaction, code: NoticeCode, subject: tuple[str, int] | None) -> Notice | None:
    """Give the open notice of a thing or, where none is, the last that ended."""
    found = tx.rows(
        f"SELECT {_COLUMNS} FROM notices WHERE {_SAME} "  # noqa: S608  our own columns
        "ORDER BY ended_at IS NOT NULL, notice_key DESC LIMIT 1",
        code=code.value, **_key(subject),
    )  # fmt: skip
    return _notice(found[0]) if found else None


def add(tx: WriteTransaction, notice: Notice) -> int:
    """Add an open notice and give its key."""
    kind, key = notice.subject or (None, None)
    rows = tx.rows(
        "INSERT INTO notices (code, subject_kind, subject_key, number, severity, first_at, last_at) "
        "VALUES (:code, :kind, :key, :number, :severity, :first_at, :last_at) RETURNING notice_key",
        code=notice.code.value, kind=kind, key=key, number=notice.number, severity=notice.severity.value,
        first_at=microseconds(notice.first_at), last_at=microseconds(notice.last_at),
    )  # fmt: skip
    return int(rows[0][0])


def renew(tx: WriteTransaction, notice_key: int, number: int | None, severity: Severity, now: datetime) -> None:
    """Note that it is still so, or so again."""
    tx.change(
        "UPDATE notices SET number = :number, severity = :severity, last_at = :now, ended_at = NULL "
        "WHERE notice_key = :notice_key",
        notice_key=notice_key, number=number, severity=severity.value, now=microseconds(now),
    )  # fmt: skip


def forget_told(tx: WriteTransaction, notice_key: int) -> None:
    """Have it told anew, also where somebody knew of it."""
    tx.change(
        "UPDATE notices SET told_at = NULL, acknowledged_at = NULL, acknowledged_by = NULL "
        "WHERE notice_key = :notice_key",
        notice_key=notice_key,
    )


def forget_known(tx: WriteTransaction, notice_key: int) -> None:
    """Have it told again in its turn, also where somebody knew of it: there is more of it now."""
    tx.change(
        "UPDATE notices SET acknowledged_at = NULL, acknowledged_by = NULL WHERE notice_key = :notice_key",
        notice_key=notice_key,
    )


def end(tx: WriteTransaction, code: NoticeCode, subject: tuple[str, int] | None, now: datetime) -> bool:
    """Close the open notice of a thing."""
    changed = tx.change(
        f"UPDATE notices SET ended_at = :now WHERE {_SAME} AND ended_at IS NULL",  # noqa: S608  our own words
        code=code.value, now=microseconds(now), **_key(subject),
    )  # fmt: skip
    return changed > 0


def acknowledge(tx: WriteTransaction, notice_key: int, now: datetime, account_key: int | None) -> bool:
    """Note who knows of an open notice; the first who did stays named."""
    changed = tx.change(
        "UPDATE notices SET acknowledged_at = :now, acknowledged_by = :by "
        "WHERE notice_key = :notice_key AND acknowledged_at IS NULL AND ended_at IS NULL",
        notice_key=notice_key, now=microseconds(now), by=account_key,
    )  # fmt: skip
    return changed > 0


def open_notices(tx: ReadTransaction) -> list[Notice]:
    """Give what is so now, the gravest and then the newest first."""
    found = tx.rows(
        f"SELECT {_COLUMNS} FROM notices WHERE ended_at IS NULL "  # noqa: S608  our own columns
        "ORDER BY CASE severity WHEN 'alarm' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, notice_key DESC",
    )
    return [_notice(row) for row in found]


def ended_untold(tx: ReadTransaction) -> list[Notice]:
    """Give what is over and was told, but not that it is over."""
    found = tx.rows(
        f"SELECT {_COLUMNS} FROM notices WHERE ended_at IS NOT NULL "  # noqa: S608  our own columns
        "AND told_at IS NOT NULL AND told_at <= ended_at ORDER BY notice_key",
    )
    return [_notice(row) for row in found]


def set_told(tx: WriteTransaction, notices: list[int], now: datetime) -> None:
    """Note that these were told."""
    for notice_key in notices:
        tx.change(
            "UPDATE notices SET told_at = :now WHERE notice_key = :notice_key",
            notice_key=notice_key, now=microseconds(now),
        )  # fmt: skip


def drop_ended(tx: WriteTransaction, before: datetime) -> int:
    """Forget what was over before a moment."""
    return tx.change("DELETE FROM notices WHERE ended_at < :before", before=microseconds(before))


def set_secret(tx: WriteTransaction, name: str, sealed: bytes | None, now: datetime) -> None:
    """Keep a service's sealed password, or forget it."""
    tx.change("DELETE FROM service_secrets WHERE name = :name", name=name)
    if sealed is not None:
        tx.change(
            "INSERT INTO service_secrets (name, sealed_secret, set_at) VALUES (:name, :sealed, :now)",
            name=name, sealed=sealed, now=microseconds(now),
        )  # fmt: skip


def find_secret(tx: ReadTransaction, name: str) -> bytes | None:
    """Give a service's sealed password."""
    rows = tx.rows("SELECT sealed_secret FROM service_secrets WHERE name = :name", name=name)
    return bytes(rows[0][0]) if rows else None


def _key(subject: tuple[str, int] | None) -> dict[str, object]:
    kind, key = subject or ("", 0)
    return {"kind": kind, "key": key}


def _notice(row: tuple[object, ...]) -> Notice:
    notice_key, code, kind, key, number, severity, *times = row
    first_at, last_at, told_at, acknowledged_at, ended_at = (
        None if at is None else instant(at) for at in times  # type: ignore[arg-type]  # the table is STRICT
    )  # fmt: skip
    return Notice(
        notice_key, NoticeCode(code), None if kind is None else (kind, key), number, Severity(severity),  # type: ignore[arg-type]  # the table is STRICT
        first_at, last_at, told_at, acknowledged_at, ended_at,  # type: ignore[arg-type]  # the table is STRICT
    )  # fmt: skip
