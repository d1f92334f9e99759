"""Tells the clinic of erasing: what is to go, what went, what does not come to its end, what is not proved in time.

Guards: whoever could cancel hears of each new proposal within minutes, also where the one who proposed is alone.
A notice holds a count and names nothing. Leaves out: telling itself (`notifications`).
"""

from datetime import datetime, timedelta

from appliance.clock import instant
from appliance.notifications import queries
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, find_open, raise_notice
from appliance.retention import queries_decisions, queries_erasing, queries_proofs
from appliance.store.transactions import WriteTransaction

FINISHED_WITHIN = timedelta(days=1)
PROVED_WITHIN = timedelta(days=30)  # S0-29
FOUND_SHOWN = timedelta(days=7)


def note_proposals(tx: WriteTransaction, now: datetime, *, is_new: bool = False) -> None:
    """Say how many proposals to erase are open; a new one is told, however lately another was."""
    _note(tx, NoticeCode.ERASURE_PROPOSED, len(queries_decisions.open_proposals(tx)), now, is_new=is_new)


def note_done(tx: WriteTransaction, count: int, now: datetime) -> None:
    """Say how many proposals a night carried out; the night after one that did nothing says nothing."""
    _note(tx, NoticeCode.ERASURE_DONE, count, now, is_new=True)


def note_found(tx: WriteTransaction, count: int, now: datetime) -> None:
    """Say that erased files which an older catalogue had brought back were erased again; nothing where none was."""
    if count:
        _note(tx, NoticeCode.ERASURE_FOUND, count, now, is_new=True)


def end_found(tx: WriteTransaction, now: datetime) -> None:
    """Say no more of what was found a week ago."""
    found = find_open(tx, NoticeCode.ERASURE_FOUND)
    if found is not None and now - found.last_at > FOUND_SHOWN:
        end_notice(tx, NoticeCode.ERASURE_FOUND, now)


def note_aside(tx: WriteTransaction, now: datetime, *, is_there: bool) -> None:
    """Say how many erasures a catalogue that was put aside keeps from their end."""
    _note(tx, NoticeCode.ERASURE_ASIDE, len(queries_erasing.unfinished(tx)) if is_there else 0, now)


def note_unfinished(tx: WriteTransaction, now: datetime) -> None:
    """Say of how many erasures something is left to do on the box itself after more than a day."""
    old = [one for one in queries_erasing.unfinished(tx) if now - instant(one.erased_at) > FINISHED_WITHIN]
    _note(tx, NoticeCode.ERASURE_UNFINISHED, len(old), now)


def note_unproved(tx: WriteTransaction, now: datetime) -> None:
    """Say how many erasures some target may hold a key of after the days in which none should."""
    found = [queries_erasing.find_erasure(tx, key) for key in queries_proofs.unproved(tx)]
    old = [one for one in found if one is not None and now - instant(one.erased_at) > PROVED_WITHIN]
    _note(tx, NoticeCode.ERASURE_UNPROVED, len(old), now)


def _note(tx: WriteTransaction, code: NoticeCode, count: int, now: datetime, *, is_new: bool = False) -> None:
    if not count:
        end_notice(tx, code, now)
        return
    notice_key = raise_notice(tx, code, Severity.WARNING, now, number=count)
    if is_new:
        queries.forget_told(tx, notice_key)
