"""Records what was refused to whom: a caller's first of a minute at once, further ones as a sum a moment later.

Guards: an event names a study, patient, series, account or emergency by its row key alone, and only one that is there,
so that nothing that arrives later seems to have been asked for before. The look-up is made when the event is written:
no answer tells by its time what there is.
Leaves out: whoever is not let in, whose event the room of accounts records itself; what is due first (signing in, the
screen's lock, a new password), which is no refusal.

Source: OWASP ASVS 5.0 16.3.2.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from appliance.accounts.context import Accounts
from appliance.accounts.emergency_reviews import get_emergency
from appliance.accounts.queries_names import names
from appliance.accounts.refusals import Kind, Refusal, Thing
from appliance.accounts.tokens import find_token_key
from appliance.accounts.trail import nobody
from appliance.archive import studies as archive
from appliance.audit.events import Actor, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.errors import ApplianceError, NotFound
from appliance.identifiers import is_uid
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import LARGEST_KEY

log = logging.getLogger(__name__)

# What a path names, by the variable's name; of several, the first that stands here.
_NAMED: Mapping[str, Kind] = {
    "study_key": Kind.STUDY,
    "study_instance_uid": Kind.STUDY_UID,
    "series_key": Kind.SERIES,
    "patient_key": Kind.PATIENT,
    "account_key": Kind.ACCOUNT,
    "emergency_key": Kind.EMERGENCY,
}


def thing_in(path: Mapping[str, Any]) -> Thing | None:
    """Give what a path names by its variables; nothing where no row can have that key, or the UID is none."""
    for variable, kind in _NAMED.items():
        value = path.get(variable)
        if kind is Kind.STUDY_UID and isinstance(value, str) and is_uid(value):
            return Thing(kind, value)
        if kind is not Kind.STUDY_UID and isinstance(value, int) and 0 <= value <= LARGEST_KEY:
            return Thing(kind, value)
    return None


def note_refused(accounts: Accounts, actor: Actor, thing: Thing | None = None) -> None:
    """Count that somebody was refused what they may not have; not for the event loop, for it may write."""
    _note(accounts, actor, EventCode.NOT_PERMITTED, thing)


def note_wrong_token(accounts: Accounts, token: str, address: str) -> None:
    """Count that a machine came with a token that is not good, or not any more; not for the event loop either."""
    key = find_token_key(accounts, token)
    _note(accounts, nobody(address), EventCode.TOKEN_REFUSED, None if key is None else Thing(Kind.TOKEN, key))


def record_refusals(accounts: Accounts, now: float) -> None:
    """Record what was refused and is due, an event for each; with nothing due, nothing is written.

    Args:
        accounts: The room.
        now: What was recorded within a minute of it waits; nothing when it is infinite.

    Raises:
        ApplianceError: It could not be written, and is still due.
    """
    with accounts.refusals.taken(now) as due:
        if not due:
            return
        with accounts.database.write() as tx:
            for refusal, number in due:
                accounts.audit.record(tx, _event(tx, refusal, number))


def _note(accounts: Accounts, actor: Actor, code: EventCode, thing: Thing | None) -> None:
    """Count it, and record it if it is the first. It stays refused if that fails, and is still due."""
    now = accounts.clock.monotonic()
    if not accounts.refusals.refused(actor, code, thing, now):
        return
    try:
        record_refusals(accounts, now)
    except ApplianceError as fault:
        log.warning("what was refused is not recorded yet: %s", fault)
    except Exception as error:  # noqa: BLE001  a bug must not turn a refusal into another answer
        log.error("what was refused is not recorded yet: %s", type(error).__name__)  # noqa: TRY400  its words could quote


def _event(tx: ReadTransaction, refusal: Refusal, number: int) -> Event:
    event = Event(refusal.code, refusal.caller.actor, Outcome.FAILURE, number=number)
    thing = refusal.thing
    return event if thing is None else _ABOUT[thing.kind](tx, event, thing.name)


def _about_study(tx: ReadTransaction, event: Event, study_key: int | None) -> Event:
    patient_key = None if study_key is None else archive.find_patient_of(tx, study_key)
    return event if patient_key is None else replace(event, patient_key=patient_key, study_key=study_key)


def _about_study_uid(tx: ReadTransaction, event: Event, uid: str) -> Event:
    return _about_study(tx, event, archive.find_study(tx, uid))


def _about_series(tx: ReadTransaction, event: Event, series_key: int) -> Event:
    study_key = archive.find_study_of(tx, series_key)
    if study_key is None:
        return event
    return _about_study(tx, replace(event, subject=Subject(SubjectKind.SERIES, series_key)), study_key)


def _about_patient(tx: ReadTransaction, event: Event, patient_key: int) -> Event:
    return replace(event, patient_key=patient_key) if archive.has_patient(tx, patient_key) else event


def _about_account(tx: ReadTransaction, event: Event, account_key: int) -> Event:
    is_there = account_key in names(tx).accounts
    return replace(event, subject=Subject(SubjectKind.ACCOUNT, account_key)) if is_there else event


def _about_emergency(tx: ReadTransaction, event: Event, emergency_key: int) -> Event:
    with suppress(NotFound):
        get_emergency(tx, emergency_key)
        return replace(event, subject=Subject(SubjectKind.EMERGENCY, emergency_key))
    return event


def _about_token(_: ReadTransaction, event: Event, token_key: int) -> Event:
    return replace(event, subject=Subject(SubjectKind.TOKEN, token_key))


_ABOUT: Mapping[Kind, Callable[[ReadTransaction, Event, Any], Event]] = {
    Kind.STUDY: _about_study,
    Kind.STUDY_UID: _about_study_uid,
    Kind.SERIES: _about_series,
    Kind.PATIENT: _about_patient,
    Kind.ACCOUNT: _about_account,
    Kind.EMERGENCY: _about_emergency,
    Kind.TOKEN: _about_token,
}
