"""Legal holds: whoever they are set on is not erased before they are lifted, whatever else is decided.

Guards: a hold is an event, and so is its end. The catalogue itself refuses to
delete a study or instance under a hold (migration 0017), for whatever code asks.
"""

from appliance.accounts.trail import account_key_of
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.errors import NotFound, Unsuitable
from appliance.retention import queries_decisions as queries
from appliance.retention.context import Retention
from appliance.retention.queries_decisions import Hold, HoldReason, Scope

LONGEST_REFERENCE = 60


def set_hold(retention: Retention, scope: Scope, subject_key: int, why: tuple[HoldReason, str], by: Actor) -> int:
    """Keep a study, or all of a patient's now and later, until the hold is lifted; give the hold's key.

    Args:
        retention: The room.
        scope: `STUDY` or `PATIENT`.
        subject_key: Its row key.
        why: The reason, and the clinic's own file number.
        by: Who sets it.

    Raises:
        NotFound: No such study or patient.
        Unsuitable: Another scope, or no file number, or one that is too long.
    """
    reason, reference = why[0], why[1].strip()
    if not reference or len(reference) > LONGEST_REFERENCE or not reference.isprintable():
        raise Unsuitable(f"a hold has the clinic's own file number, of at most {LONGEST_REFERENCE} characters")
    if scope not in {Scope.STUDY, Scope.PATIENT}:
        raise Unsuitable("a hold is set on a study or a patient")
    with retention.database.write() as tx:
        study_key = subject_key if scope is Scope.STUDY else None
        patient_key = queries.patient_of(tx, subject_key) if scope is Scope.STUDY else subject_key
        if patient_key is None or not queries.has_patient(tx, patient_key):
            raise NotFound("no such study or patient")
        subject = (None, study_key) if study_key is not None else (patient_key, None)
        hold_key = queries.insert_hold(tx, subject, reason, reference, retention.clock.now(), account_key_of(by))
        on = Subject(SubjectKind.HOLD, hold_key)
        event = Event(EventCode.HOLD_SET, by, subject=on, patient_key=patient_key, study_key=study_key)
        retention.audit.record(tx, event)
    return hold_key


def lift_hold(retention: Retention, hold_key: int, by: Actor) -> Hold:
    """End a hold, and give it.

    Raises:
        NotFound: No such hold is in force.
    """
    with retention.database.write() as tx:
        hold = queries.find_hold(tx, hold_key)
        if hold is None or not queries.lift_hold(tx, hold_key, retention.clock.now(), account_key_of(by)):
            raise NotFound("no such hold is in force")
        patient_key = hold.patient_key
        if hold.study_key is not None:
            patient_key = queries.patient_of(tx, hold.study_key)
        on = Subject(SubjectKind.HOLD, hold_key)
        event = Event(EventCode.HOLD_LIFTED, by, subject=on, patient_key=patient_key, study_key=hold.study_key)
        retention.audit.record(tx, event)
    return hold
