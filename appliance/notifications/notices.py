"""Raising and ending notices: one open row for each thing, however often it is said.

Guards: a notice has a code, a row key and a number, and no text, so no
patient can be named in a mail. One that ended and is raised again soon is the
same one, so that what comes and goes does not send a mail each time.
"""

from datetime import datetime, timedelta

from appliance.notifications import queries
from appliance.notifications.codes import COUNTING, NoticeCode, Severity
from appliance.notifications.queries import Notice, Subject
from appliance.store.transactions import ReadTransaction, WriteTransaction

SAME_AGAIN = timedelta(hours=1)


def raise_notice(
    tx: WriteTransaction,
    code: NoticeCode,
    severity: Severity,
    now: datetime,
    subject: Subject | None = None,
    number: int | None = None,
) -> int:
    """Say that something is so; said again it stays one notice, and what got worse is told anew.

    Args:
        tx: What this is a part of.
        code: What is so.
        severity: How much it matters.
        now: The time.
        subject: Which one of several, as a kind of row and its key: `("target", 3)`.
        number: What its words count.

    Returns:
        The notice's row key.
    """
    found = queries.find_latest(tx, code, subject)
    if found is None or not _is_same(found, now):
        return queries.add(tx, Notice(0, code, subject, number, severity, now, now))
    queries.renew(tx, found.notice_key, number, severity, now)
    if severity.rank > found.severity.rank:
        queries.forget_told(tx, found.notice_key)
    elif code in COUNTING and (number or 0) > (found.number or 0):
        queries.forget_known(tx, found.notice_key)
    return found.notice_key


def raise_test(tx: WriteTransaction, now: datetime) -> int:
    """Have a test told, however lately one was; it is over once somebody was told."""
    notice_key = raise_notice(tx, NoticeCode.TEST, Severity.WARNING, now)
    queries.forget_told(tx, notice_key)
    return notice_key


def find_open(tx: ReadTransaction, code: NoticeCode, subject: Subject | None = None) -> Notice | None:
    """Give what is said of a thing now."""
    found = queries.find_latest(tx, code, subject)
    return None if found is None or found.ended_at is not None else found


def end_notice(tx: WriteTransaction, code: NoticeCode, now: datetime, subject: Subject | None = None) -> bool:
    """Say that something is over; whoever was told of it is told so. Gives whether it was open."""
    return queries.end(tx, code, subject, now)


def acknowledge(tx: WriteTransaction, notice_key: int, now: datetime, account_key: int | None) -> bool:
    """Note that a person knows: it stays on the page until it is over, and is mailed no more unless it gets worse."""
    return queries.acknowledge(tx, notice_key, now, account_key)


def _is_same(found: Notice, now: datetime) -> bool:
    return found.ended_at is None or now - found.ended_at < SAME_AGAIN
