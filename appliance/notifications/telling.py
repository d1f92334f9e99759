"""Decides what is told now, to whom it is told, and notes that it was.

Guards: a notice counts as told only after a server took it; what could not be
told is tried again by the next run. The gravest is named first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from appliance.clock import Clock, is_ahead
from appliance.errors import Unavailable
from appliance.notifications import queries
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import SAME_AGAIN, end_notice, raise_notice
from appliance.notifications.queries import Notice, Subject
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction

AGAIN_AFTER = {Severity.ALARM: timedelta(days=1), Severity.WARNING: timedelta(days=7)}
_KEPT_FOR = timedelta(days=400)
_NEVER_OVER = frozenset({NoticeCode.TEST, NoticeCode.ERASURE_DONE})  # what was done is not undone by time
_FAILS = {"mail": NoticeCode.MAIL_FAILS, "webhook": NoticeCode.WEBHOOK_FAILS}


class NotTold(Unavailable):
    """A service does not take what it is told; the message is a code.

    Attributes:
        by_some: Somebody has it nevertheless, so that it is not told again.
    """

    def __init__(self, code: str, *, by_some: bool = False) -> None:
        super().__init__(code)
        self.by_some = by_some


@dataclass(frozen=True)
class Telling:
    """What is told at one time.

    Attributes:
        at: When.
        notices: What is so, the gravest first.
        over: What was told before and is so no more.
        names: What the clinic calls what they are about.
    """

    at: datetime
    notices: tuple[Notice, ...]
    over: tuple[Notice, ...]
    names: Mapping[Subject, str] = field(default_factory=dict)


class Teller(Protocol):
    """A way to tell the clinic."""

    def tell(self, telling: Telling) -> None:
        """Tell it, or raise `NotTold`."""
        ...


@dataclass(frozen=True)
class TellingParts:
    """What telling takes.

    Attributes:
        database: Where notices are kept.
        clock: The time.
        tellers: Gives the ways that are set up now, by their names: `mail`, `webhook`.
        names: Gives what the clinic calls what notices are about.
    """

    database: Database
    clock: Clock
    tellers: Callable[[ReadTransaction], Mapping[str, Teller]]
    names: Callable[[ReadTransaction], Mapping[Subject, str]] = lambda _: {}


def tell_due(parts: TellingParts) -> tuple[int, list[str]]:
    """Tell what is due, by every way that is set up.

    It counts as told if one way took it; a way that fails is a notice itself, which the page tells and the others do.

    Returns:
        How many were told, and a code for each way that failed.
    """
    now = parts.clock.now()
    with parts.database.read() as tx:
        tellers = parts.tellers(tx)
        telling = replace(due(queries.open_notices(tx), queries.ended_untold(tx), now), names=parts.names(tx))
    given = {name: own for name in tellers if (own := _without(telling, _FAILS[name])) is not None}
    if not given:
        return 0, []
    faults = {name: _fault(tellers[name], own) for name, own in given.items()}
    took = [own for name, own in given.items() if (fault := faults[name]) is None or fault.by_some]
    told = {notice.notice_key for own in took for notice in (*own.notices, *own.over)}
    with parts.database.write() as tx:
        queries.set_told(tx, sorted(told), now)
        for name, fault in faults.items():
            if fault is None:
                end_notice(tx, _FAILS[name], now)
            else:
                raise_notice(tx, _FAILS[name], Severity.WARNING, now)
        for name in _FAILS.keys() - tellers.keys():
            end_notice(tx, _FAILS[name], now)  # it is not set up any more
        if told:
            end_notice(tx, NoticeCode.TEST, now)
        queries.drop_ended(tx, now - _KEPT_FOR)
    return len(told), [str(fault) for fault in faults.values() if fault is not None]


def _without(telling: Telling, own: NoticeCode) -> Telling | None:
    """Give what one way tells: all but that it fails itself; None where there is nothing else."""
    notices = tuple(one for one in telling.notices if one.code is not own)
    over = tuple(one for one in telling.over if one.code is not own)
    return replace(telling, notices=notices, over=over) if notices or over else None


def due(notices: Sequence[Notice], ended: Sequence[Notice], now: datetime) -> Telling:
    """Choose what is told now; that something is over, only once it has stayed so."""
    quiet = (one for one in ended if one.ended_at is not None and now - one.ended_at >= SAME_AGAIN)
    over = tuple(notice for notice in quiet if notice.code not in _NEVER_OVER)
    return Telling(now, tuple(notice for notice in notices if _is_due(notice, now)), over)


def _is_due(notice: Notice, now: datetime) -> bool:
    if notice.severity not in AGAIN_AFTER:
        return False
    if notice.told_at is None:
        return notice.acknowledged_at is None
    if notice.acknowledged_at is not None:
        return False
    return is_ahead(notice.told_at, now) or now - notice.told_at >= AGAIN_AFTER[notice.severity]


def _fault(teller: Teller, telling: Telling) -> NotTold | None:
    try:
        teller.tell(telling)
    except NotTold as fault:
        return fault
    return None
