"""What becomes of an arrival: the identity rules, in one transaction with the file's key.

Guards: a file is catalogued once; one UID with the same bytes is one copy, with
other bytes a further version, and the first stays shown; no two people are
merged; whatever cannot be listed is in quarantine, with its key and a reason.
Leaves out: moving files, and the audit trail, which intake writes from what
is returned here.
"""

from dataclasses import dataclass, field, replace

from appliance.archive import queries, recording
from appliance.archive.arrivals import Arrival, ArrivalOutcome, ConflictKind, QuarantineReason
from appliance.archive.identity import (
    completed,
    find_person,
    find_subject,
    same_patient_id,
    spellings,
    usable_patient_id,
)
from appliance.dicom.facts import InstanceFacts, InstanceFinding, PatientFacts
from appliance.store.rotating_keys import NumberedKey
from appliance.store.stored_files import add_file
from appliance.store.transactions import WriteTransaction


@dataclass(slots=True)
class Catalogued:
    """What was written; `conflict_keys` are of conflicts found now."""

    outcome: ArrivalOutcome
    patient_key: int | None = None
    study_key: int | None = None
    series_key: int | None = None
    instance_key: int | None = None
    quarantine_key: int | None = None
    study_is_new: bool = False
    conflict_keys: list[int] = field(default_factory=list)


def refusal(announced_class_uid: str, facts: InstanceFacts) -> QuarantineReason | None:
    """Say why an understood instance, announced as one of this class, cannot be listed, or None."""
    uids = {
        QuarantineReason.NO_SOP_CLASS_UID: facts.sop_class_uid,
        QuarantineReason.NO_SOP_INSTANCE_UID: facts.sop_instance_uid,
        QuarantineReason.NO_STUDY_INSTANCE_UID: facts.study.study_instance_uid,
        QuarantineReason.NO_SERIES_INSTANCE_UID: facts.series.series_instance_uid,
    }
    if None in uids.values():
        return QuarantineReason.BAD_UID
    absent = next((reason for reason, uid in uids.items() if not uid), None)
    if absent:
        return absent
    return QuarantineReason.SOP_CLASS_DIFFERS if facts.sop_class_uid != announced_class_uid else None


class Cataloguer:
    """Catalogues a batch of arrivals in one transaction; `finish` judges the series that it touched."""

    _may_leave_unjudged = True

    def __init__(self, tx: WriteTransaction, wrapping_key: NumberedKey, now: int) -> None:
        self._tx = tx
        self._wrapping_key = wrapping_key
        self._now = now
        self._touched: dict[int, recording.Added] = {}
        self._places: dict[tuple[object, ...], tuple[int, int]] = {}

    def add(self, arrival: Arrival, facts: InstanceFacts) -> Catalogued:
        """List an instance, or quarantine it when it cannot be listed."""
        if not self._claims_its_id(arrival):
            return self._replayed(arrival)
        reason = refusal(arrival.sop_class_uid, facts)
        if reason is not None or arrival.dataset_sha256 is None:
            return self._keep(arrival, reason or QuarantineReason.DAMAGED)
        return self._list(arrival, facts)

    def quarantine(self, arrival: Arrival, reason: QuarantineReason) -> Catalogued:
        """Keep a file and its key, unlisted; of one that waits here already the first copy is enough."""
        return self._keep(arrival, reason) if self._claims_its_id(arrival) else self._replayed(arrival)

    def finish(self) -> dict[int, int]:
        """Count what was touched, and judge it.

        Returns:
            The large series that somebody has to judge once they rest, with how many instances they have.
        """
        waiting: dict[int, int] = {}
        for series_key, added in self._touched.items():
            instances, may_wait = recording.count_in(self._tx, series_key, added)
            if may_wait and self._may_leave_unjudged:
                waiting[series_key] = instances
            else:
                recording.judge_series(self._tx, series_key, added.arrived_at)
        for study_key, arrived_at in {(added.study_key, added.arrived_at) for added in self._touched.values()}:
            queries.refresh_study(self._tx, study_key, arrived_at)
        return waiting

    def _list(self, arrival: Arrival, facts: InstanceFacts) -> Catalogued:
        held = queries.instances_with_uid(self._tx, facts.sop_instance_uid or "")
        for instance_key, series_key, study_key, patient_key in held:
            digest = arrival.dataset_sha256 or b""
            if queries.has_bytes(self._tx, instance_key, digest, arrival.transfer_syntax_uid):
                self._arrived(arrival, ArrivalOutcome.DUPLICATE, instance_key)
                return Catalogued(ArrivalOutcome.DUPLICATE, patient_key, study_key, series_key, instance_key)
        if facts.sop_instance_uid != arrival.sop_instance_uid:  # what the object says of itself is what it is
            facts = replace(facts, findings=(*facts.findings, InstanceFinding.ANNOUNCED_OTHERWISE))
        done = Catalogued(ArrivalOutcome.NEW)
        self._place(facts, arrival, done)
        known = next((int(row[0]) for row in held if row[1] == done.series_key), None)
        if held and known is None:
            self._conflict(done, ConflictKind.INSTANCE_OF_TWO_STUDIES, int(held[0][3]))
        self._store(arrival, facts, done, known)
        return done

    def _claims_its_id(self, arrival: Arrival) -> bool:
        """Say whether no other whole file bears this one's id; a forged one that does gives it up."""
        file_id = arrival.file.file_id.value
        outcome = queries.arrival_outcome(self._tx, file_id)
        if outcome == ArrivalOutcome.FORGED.value:
            queries.release_forged(self._tx, file_id)
        return outcome in {None, ArrivalOutcome.FORGED.value}

    def _replayed(self, arrival: Arrival) -> Catalogued:
        key = recording.record_replayed(self._tx, arrival.association_id, self._now)
        return Catalogued(ArrivalOutcome.FORGED, quarantine_key=key)

    def _keep(self, arrival: Arrival, reason: QuarantineReason) -> Catalogued:
        waiting = recording.find_quarantined(self._tx, arrival)
        if waiting is not None:
            self._arrived(arrival, ArrivalOutcome.DUPLICATE, None)
            return Catalogued(ArrivalOutcome.DUPLICATE, quarantine_key=waiting)
        self._keep_file(arrival)
        damaged = reason is QuarantineReason.DAMAGED
        outcome = ArrivalOutcome.DAMAGED if damaged else ArrivalOutcome.QUARANTINED
        quarantine_key = recording.add_quarantined(self._tx, arrival, reason)
        self._arrived(arrival, outcome, None)
        return Catalogued(outcome, quarantine_key=quarantine_key)

    def _store(self, arrival: Arrival, facts: InstanceFacts, done: Catalogued, known: int | None) -> None:
        self._keep_file(arrival)
        if known is None:
            done.instance_key, number = self._new_instance(facts, done.series_key), 1
        else:
            done.instance_key, done.outcome = known, ArrivalOutcome.VERSION
            number = queries.next_version_number(self._tx, known)
        recording.add_version(self._tx, arrival, facts, done.instance_key, number)
        self._arrived(arrival, done.outcome, done.instance_key)
        if done.series_key is not None and done.study_key is not None:
            added = self._touched.setdefault(done.series_key, recording.Added(done.study_key))
            added.count(facts, arrival.arrived_at, is_new=known is None)

    def _keep_file(self, arrival: Arrival) -> None:
        add_file(self._tx, self._wrapping_key, arrival.file)

    def _new_instance(self, facts: InstanceFacts, series_key: int | None) -> int:
        return queries.add_instance(
            self._tx,
            series_key=series_key,
            sop_instance_uid=facts.sop_instance_uid,
            sop_class_uid=facts.sop_class_uid,
            instance_number=facts.instance_number,
            version_count=1,
        )

    def _arrived(self, arrival: Arrival, outcome: ArrivalOutcome, instance_key: int | None) -> None:
        recording.record_arrival(self._tx, arrival, outcome, instance_key, self._now)

    def _place(self, facts: InstanceFacts, arrival: Arrival, done: Catalogued) -> None:
        """Find or make patient, study and series."""
        wanted = (facts.patient, facts.study.study_instance_uid)
        if wanted not in self._places:
            self._places[wanted] = self._study(facts, arrival, done)
        done.patient_key, done.study_key = self._places[wanted]
        uid = facts.series.series_instance_uid or ""
        place = (done.study_key, uid)
        if place not in self._places:
            found = queries.find_series(self._tx, done.study_key, uid)
            key = recording.add_series(self._tx, facts, done.study_key, arrival.arrived_at) if found is None else found
            self._places[place] = (key, done.study_key)
        done.series_key = self._places[place][0]

    def _study(self, facts: InstanceFacts, arrival: Arrival, done: Catalogued) -> tuple[int, int]:
        same_uid = queries.studies_with_uid(self._tx, facts.study.study_instance_uid or "")
        found = find_subject(
            [((patient_key, study_key), one) for study_key, patient_key, one in same_uid], facts.patient
        )
        if found is not None:
            self._complete(found[0], facts.patient)
            return found
        done.patient_key = self._patient(facts.patient, done)
        done.study_key = recording.add_study(self._tx, facts, done.patient_key, arrival.arrived_at)
        done.study_is_new = True
        for _, patient_key, _ in same_uid:
            self._conflict(done, ConflictKind.STUDY_OF_TWO_PATIENTS, patient_key)
        return done.patient_key, done.study_key

    def _patient(self, patient: PatientFacts, done: Catalogued) -> int:
        namesakes = []
        if usable_patient_id(patient.patient_id):
            namesakes = queries.patients_with_id(self._tx, spellings(patient.patient_id))
        found = find_person(namesakes, patient)
        if found is not None:
            self._complete(found, patient)
            return found
        done.patient_key = recording.add_patient(self._tx, patient, self._now)
        for patient_key, held in namesakes:
            if same_patient_id(held, patient):
                self._conflict(done, ConflictKind.SAME_ID_OTHER_PERSON, patient_key)
        return done.patient_key

    def _complete(self, patient_key: int, patient: PatientFacts) -> None:
        """Keep what this description adds, so that a later one that contradicts it is not taken for the same person."""
        held = queries.patient(self._tx, patient_key)
        full = completed(held, patient)
        if full != held:
            queries.complete_patient(self._tx, patient_key, full)

    def _conflict(self, done: Catalogued, kind: ConflictKind, other_patient_key: int) -> None:
        key = queries.add_conflict(
            self._tx,
            kind=kind.value,
            patient_key=done.patient_key,
            other_patient_key=other_patient_key,
            study_key=None if kind is ConflictKind.SAME_ID_OTHER_PERSON else done.study_key,
            found_at=self._now,
        )
        if key is not None:
            done.conflict_keys.append(key)
