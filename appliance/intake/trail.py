"""What intake tells the audit trail: row keys and counts, never a word of a scan."""

from contextlib import suppress
from ipaddress import ip_address

from appliance.archive.arrivals import ArrivalOutcome
from appliance.archive.cataloguing import Catalogued
from appliance.audit.events import PROCESS, Actor, ActorKind, AuditLog, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.store.transactions import WriteTransaction

_OF_OUTCOME = {
    ArrivalOutcome.VERSION: EventCode.INSTANCE_VERSION_ADDED,
    ArrivalOutcome.QUARANTINED: EventCode.INSTANCE_QUARANTINED,
    ArrivalOutcome.DAMAGED: EventCode.FILE_DAMAGED,
}


def sender(peer_key: int | None, address: str) -> Actor:
    """Give the actor of an association: a known peer, or nobody known, at an address."""
    actor = Actor(ActorKind.PEER if peer_key is not None else ActorKind.NOBODY, peer_key)
    with suppress(ValueError):
        actor = Actor(actor.kind, peer_key, ip_address(address))
    return actor


def tell_catalogued(audit: AuditLog, tx: WriteTransaction, actor: Actor, done: Catalogued) -> None:
    """Record what was out of the ordinary about one arrival."""
    code = _OF_OUTCOME.get(done.outcome)
    if done.outcome is ArrivalOutcome.FORGED:
        if done.quarantine_key is not None:
            tell_forged(audit, tx, done.quarantine_key)
    elif code is not None:
        event = Event(code, actor, subject=_subject(done), patient_key=done.patient_key, study_key=done.study_key)
        audit.record(tx, event)
    for conflict_key in done.conflict_keys:
        subject = Subject(SubjectKind.CONFLICT, conflict_key)
        found = EventCode.IDENTITY_CONFLICT_FOUND
        audit.record(tx, Event(found, PROCESS, subject=subject, patient_key=done.patient_key, study_key=done.study_key))


def tell_forged(audit: AuditLog, tx: WriteTransaction, quarantine_key: int) -> None:
    """Record a file or a record that the receiver did not write."""
    subject = Subject(SubjectKind.QUARANTINE, quarantine_key)
    audit.record(tx, Event(EventCode.FILE_FORGED, PROCESS, Outcome.FAILURE, subject=subject))


def tell_rotten(audit: AuditLog, tx: WriteTransaction, quarantine_key: int) -> None:
    """Record a stored file that no longer opened whole, and whose place another copy took."""
    subject = Subject(SubjectKind.QUARANTINE, quarantine_key)
    audit.record(tx, Event(EventCode.FILE_DAMAGED, PROCESS, Outcome.FAILURE, subject=subject))


def tell_swept(audit: AuditLog, tx: WriteTransaction, count: int) -> None:
    """Record how many files that never became whole are removed from the inbox."""
    audit.record(tx, Event(EventCode.INBOX_SWEPT, PROCESS, number=count))


def tell_ended(audit: AuditLog, tx: WriteTransaction, actor: Actor, count: int, *, as_declared: bool) -> None:
    """Record an association's end and how many files of it are here; a failure when it declared another count."""
    outcome = Outcome.SUCCESS if as_declared else Outcome.FAILURE
    audit.record(tx, Event(EventCode.ASSOCIATION_ENDED, actor, outcome, number=count))


def tell_study(
    audit: AuditLog, tx: WriteTransaction, actor: Actor, patient_key: int, study_key: int, count: int
) -> None:
    """Record how many instances of a study an association brought."""
    event = Event(EventCode.STUDY_RECEIVED, actor, patient_key=patient_key, study_key=study_key, number=count)
    audit.record(tx, event)


def _subject(done: Catalogued) -> Subject | None:
    if done.quarantine_key is not None:
        return Subject(SubjectKind.QUARANTINE, done.quarantine_key)
    return Subject(SubjectKind.INSTANCE, done.instance_key) if done.instance_key is not None else None
