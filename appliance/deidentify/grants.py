"""Giving studies to laboratories, and ending it.

Guards: a study is a laboratory's only while somebody's word for it stands: given, not ended, not over. A clock that is
set back brings none back, for one that was given after now is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.accounts.context import Accounts
from appliance.accounts.roles import Role
from appliance.accounts.service import all_accounts
from appliance.accounts.trail import account_key_of
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.clock import DRIFT, instant, microseconds
from appliance.deidentify import queries
from appliance.errors import NotFound, Unsuitable
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

DAYS = (7, 30, 90)  # that a person may choose


@dataclass(frozen=True, slots=True)
class Given:
    """A study that a laboratory has. `study_date` is as stored; nobody of the laboratory sees it."""

    grant_key: int
    study_key: int
    patient_key: int
    study_instance_uid: str
    study_date: str
    modalities: tuple[str, ...]
    series_count: int
    instance_count: int
    given_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """One giving of a study, for those who may know of it."""

    grant_key: int
    account_key: int
    given_at: datetime
    ends_at: datetime
    ended_at: datetime | None


def give(accounts: Accounts, study_key: int, account_key: int, days: int, by: Actor) -> int:
    """Give a study to a laboratory for some days; what it had of it before ends. Gives the grant's key.

    Raises:
        Unsuitable: That account is no open one of a laboratory, or so many days cannot be chosen.
        NotFound: No such study.
    """
    laboratories = {one.account_key for one in all_accounts(accounts) if is_open_laboratory(one.role, one.disabled_at)}
    if account_key not in laboratories or days not in DAYS:
        raise Unsuitable("a study is given to a laboratory, for a number of days that can be chosen")
    now = accounts.clock.now()
    with accounts.database.write() as tx:
        patients = queries.patient_of_study(tx, study_key)
        if not patients:
            raise NotFound("no such study")
        queries.end_earlier(tx, account_key, study_key, microseconds(now))
        grant_key = queries.add(
            tx, account_key=account_key, study_key=study_key, given_by=account_key_of(by),
            given_at=microseconds(now), ends_at=microseconds(now + timedelta(days=days)),
        )  # fmt: skip
        subject = Subject(SubjectKind.ACCOUNT, account_key)
        event = Event(
            EventCode.STUDY_GIVEN, by, subject=subject, patient_key=patients[0], study_key=study_key, number=days
        )
        accounts.audit.record(tx, event)
    return grant_key


def end(accounts: Accounts, study_key: int, grant_key: int, by: Actor) -> None:
    """End at once what was given.

    Raises:
        NotFound: Nothing of this study that could end was given under that number.
    """
    with accounts.database.write() as tx:
        ended = queries.end(tx, grant_key, study_key, microseconds(accounts.clock.now()))
        if not ended:
            raise NotFound("no such grant")
        _record_end(tx, accounts, grant_key, (study_key, ended[0]), by)


def end_all_of(tx: WriteTransaction, accounts: Accounts, account_key: int, by: Actor) -> None:
    """End at once all that an account has as a laboratory."""
    for grant_key, study_key in queries.end_all_of(tx, account_key, microseconds(accounts.clock.now())):
        _record_end(tx, accounts, grant_key, (study_key, account_key), by)


def _record_end(tx: WriteTransaction, accounts: Accounts, grant_key: int, of_whom: tuple[int, int], by: Actor) -> None:
    """Record that a study is a laboratory's no more; `of_whom` are the study and the account."""
    study_key, account_key = of_whom
    subject = Subject(SubjectKind.ACCOUNT, account_key)
    patients = queries.patient_of_study(tx, study_key)
    event = Event(
        EventCode.GIVING_ENDED, by, subject=subject, patient_key=patients[0], study_key=study_key, number=grant_key
    )
    accounts.audit.record(tx, event)


def given_to(tx: ReadTransaction, account_key: int, now: datetime) -> Sequence[Given]:
    """Give what a laboratory has now, the latest first."""
    rows = queries.given(tx, account_key, microseconds(now), microseconds(now + DRIFT))
    return [_given(row) for row in rows]


def _given(row: Row) -> Given:
    modalities = tuple(filter(None, row[5].split("\\")))
    return Given(*row[:5], modalities, *row[6:8], instant(row[8]), instant(row[9]))  # type: ignore[call-arg]  # mypy cannot count a row's slice


def grants_of(tx: ReadTransaction, study_key: int) -> Sequence[Grant]:
    """Give every giving of a study, the latest first."""
    rows = queries.grants_of_study(tx, study_key)
    return [
        Grant(key, account, instant(given_at), instant(ends_at), None if ended_at is None else instant(ended_at))
        for key, account, _by, given_at, ends_at, ended_at in rows
    ]


def is_open_laboratory(role: Role, disabled_at: datetime | None) -> bool:
    """Say whether an account is a laboratory's and may come in."""
    return role is Role.LAB and disabled_at is None
