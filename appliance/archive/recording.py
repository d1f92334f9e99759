"""Writes the rows that the identity rules decide on."""

import json
from dataclasses import asdict, dataclass
from logging import getLogger

from appliance.archive import queries
from appliance.archive.arrivals import Arrival, ArrivalOutcome, QuarantineReason
from appliance.dicom.completeness import Completeness, Member, SeriesFinding, Told, judge
from appliance.dicom.facts import InstanceFacts, InstanceFinding, PatientFacts, PixelFacts
from appliance.dicom.geometry import Geometry
from appliance.dicom.names import fold, fold_name
from appliance.identifiers import AssociationId, FileId
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

log = getLogger(__name__)
_NO_PIXELS = PixelFacts(None, None, None, None, None, None, None, None)
_JUDGED_AT_ONCE = 250  # instances; what reading so many takes is little beside the batch's commit


@dataclass(slots=True)
class Added:
    """What came to a series in one transaction; frames and viewable ones are of first versions."""

    study_key: int
    arrived_at: int = 0
    instances: int = 0
    frames: int = 0
    viewable: int = 0
    versions: int = 0

    def count(self, facts: InstanceFacts, arrived_at: int, *, is_new: bool) -> None:
        """Count one instance, or one more version of one."""
        self.arrived_at = arrived_at
        if not is_new:
            self.versions += 1
            return
        frames = (facts.pixels or _NO_PIXELS).number_of_frames
        self.instances += 1
        self.frames += 1 if frames is None else frames
        self.viewable += facts.viewable


def add_patient(tx: WriteTransaction, patient: PatientFacts, now: int) -> int:
    """Add a patient as this instance describes it, and give its key."""
    folded = fold_name(patient.patient_name)
    return queries.add_patient(tx, **asdict(patient), patient_name_folded=folded, created_at=now)


def add_study(tx: WriteTransaction, facts: InstanceFacts, patient_key: int, arrived_at: int) -> int:
    """Add a study with its words for the search, and give its key."""
    search = (
        fold_name(facts.patient.patient_name),
        fold(facts.patient.patient_id),
        fold(facts.study.study_description),
        fold(facts.study.accession_number),
    )
    counts = {"modalities": "", "series_count": 0, "instance_count": 0}
    times = {"first_arrived_at": arrived_at, "last_arrived_at": arrived_at}
    return queries.add_study(tx, search, patient_key=patient_key, **asdict(facts.study), **counts, **times)


def add_series(tx: WriteTransaction, facts: InstanceFacts, study_key: int, arrived_at: int) -> int:
    """Add a series that is not judged yet, and give its key."""
    judged = {"completeness": Completeness.UNCHECKED.value, "findings": "[]", "instance_count": 0}
    return queries.add_series(tx, study_key=study_key, **asdict(facts.series), **judged, last_arrived_at=arrived_at)


def add_version(tx: WriteTransaction, arrival: Arrival, facts: InstanceFacts, instance_key: int, number: int) -> int:
    """Add one arrival's bytes as a version of an instance, and give its key."""
    pixels = facts.pixels or _NO_PIXELS
    return queries.add_version(
        tx,
        instance_key=instance_key,
        version_number=number,
        file_id=arrival.file.file_id.value,
        dataset_sha256=arrival.dataset_sha256,
        dataset_offset=arrival.dataset_offset,
        dataset_bytes=arrival.dataset_bytes,
        transfer_syntax_uid=arrival.transfer_syntax_uid,
        rows_=pixels.rows,
        columns_=pixels.columns,
        number_of_frames=pixels.number_of_frames,
        bits_allocated=pixels.bits_allocated,
        samples_per_pixel=pixels.samples_per_pixel,
        viewable=int(facts.viewable),
        pixel_offset=pixels.offset,
        pixel_bytes=pixels.length,
        frame_index=pixels.frame_index,
        geometry=_geometry_json(facts),
        arrived_at=arrival.arrived_at,
    )


def replace_copy(tx: WriteTransaction, version_key: int, arrival: Arrival, facts: InstanceFacts | None) -> None:
    """Let a version stand on another file with the same dataset bytes; places within the file are the new one's."""
    pixels = facts.pixels if facts and facts.pixels else _NO_PIXELS
    queries.replace_copy(
        tx,
        version_key=version_key,
        file_id=arrival.file.file_id.value,
        dataset_offset=arrival.dataset_offset,
        pixel_offset=pixels.offset,
        frame_index=pixels.frame_index,
    )


def record_arrival(
    tx: WriteTransaction, arrival: Arrival, outcome: ArrivalOutcome, instance_key: int | None, now: int
) -> None:
    """Write what became of a file; the row stays for good, so that no file is catalogued twice."""
    queries.add_arrival(
        tx,
        file_id=arrival.file.file_id.value,
        association_id=arrival.association_id.value,
        sequence=arrival.sequence,
        outcome=outcome.value,
        instance_key=instance_key,
        arrived_at=arrival.arrived_at,
        catalogued_at=now,
    )


def find_quarantined(tx: WriteTransaction, arrival: Arrival) -> int | None:
    """Give the key of the quarantine row that keeps these very bytes already, or None."""
    if arrival.dataset_sha256 is None:
        return None
    return queries.find_quarantined(
        tx,
        dataset_sha256=arrival.dataset_sha256,
        sop_class_uid=arrival.sop_class_uid,
        sop_instance_uid=arrival.sop_instance_uid,
        transfer_syntax_uid=arrival.transfer_syntax_uid,
    )


def add_quarantined(tx: WriteTransaction, arrival: Arrival, reason: QuarantineReason) -> int:
    """Add a quarantine row and give its key."""
    return _quarantine(tx, arrival, arrival.file.file_id, reason, arrival.dataset_sha256)


def add_rotten(tx: WriteTransaction, file_id: FileId, arrival: Arrival) -> int:
    """Keep the file of a rotten copy and its key in quarantine, without a digest, and give the row's key.

    Args:
        tx: The transaction.
        file_id: The rotten file.
        arrival: The sound copy that takes its place; it was of the same object.
    """
    return _quarantine(tx, arrival, file_id, QuarantineReason.DAMAGED, None)


def _quarantine(
    tx: WriteTransaction, arrival: Arrival, file_id: FileId, reason: QuarantineReason, digest: bytes | None
) -> int:
    return queries.add_quarantined(
        tx,
        file_id=file_id.value,
        association_id=arrival.association_id.value,
        reason=reason.value,
        sop_class_uid=arrival.sop_class_uid,
        sop_instance_uid=arrival.sop_instance_uid,
        transfer_syntax_uid=arrival.transfer_syntax_uid,
        dataset_bytes=arrival.dataset_bytes,
        dataset_sha256=digest,
        arrived_at=arrival.arrived_at,
    )


def record_unopened(
    tx: WriteTransaction, association_id: AssociationId, file_id: FileId | None, reason: QuarantineReason, now: int
) -> int:
    """List in quarantine what has no key here: a forged file, a replay, a record that does not open.

    With a file id the file is also counted as arrived, so that it is looked at once.

    Returns:
        The quarantine row's key.
    """
    if file_id is not None:
        queries.add_arrival(
            tx, file_id=file_id.value, association_id=association_id.value, sequence=-1,
            outcome=ArrivalOutcome.FORGED.value, instance_key=None, arrived_at=now, catalogued_at=now,
        )  # fmt: skip
    return queries.add_quarantined(
        tx, file_id=file_id.value if file_id else None, association_id=association_id.value, reason=reason.value,
        sop_class_uid="", sop_instance_uid="", transfer_syntax_uid="", dataset_bytes=0, dataset_sha256=None,
        arrived_at=now,
    )  # fmt: skip


def record_replayed(tx: WriteTransaction, association_id: AssociationId, now: int) -> int | None:
    """List in quarantine that an association holds a file whose id another file bears; None if that is listed.

    The file has no row of its own, so it is looked at again after each start.
    """
    if queries.is_listed(tx, association_id.value, QuarantineReason.REPLAYED.value):
        return None
    return record_unopened(tx, association_id, None, QuarantineReason.REPLAYED, now)


def count_in(tx: WriteTransaction, series_key: int, added: Added) -> tuple[int, bool]:
    """Count what came to a series.

    Returns:
        Its instances, and whether its judgement may wait: a judgement reads the whole series, so a large one is
        judged again when it has grown by an eighth, and once it rests. That makes nine readings of each at most.
    """
    instances, judged = queries.count_in(
        tx, series_key=series_key, arrived_at=added.arrived_at, instances=added.instances, frames=added.frames,
        viewable=added.viewable, versions=added.versions,
    )  # fmt: skip
    return instances, instances > _JUDGED_AT_ONCE and 8 * instances < 9 * judged


def unjudged_series(tx: ReadTransaction) -> list[int]:
    """Give the series whose judgement waits."""
    return queries.unjudged_series(tx)


def judge_resting(tx: WriteTransaction, series_key: int) -> None:
    """Judge a series whose judgement waited, and tell its study; one that is gone needs none."""
    study_key = queries.find_study_of(tx, series_key)
    if study_key is not None:
        judge_series(tx, series_key, 0)
        queries.refresh_study(tx, study_key, 0)


def judge_series(tx: WriteTransaction, series_key: int, arrived_at: int) -> None:
    """Count what a series holds, judge how complete it looks, and write both down.

    A judgement is advice: one that fails is told as such and keeps no instance out of the list.
    """
    rows = queries.members(tx, series_key)
    completeness, findings = _judged(rows)
    queries.refresh_series(
        tx,
        series_key=series_key,
        **_counts(rows),
        completeness=completeness.value,
        findings=json.dumps(findings),
        arrived_at=arrived_at,
    )


def _judged(rows: list[Row]) -> tuple[Completeness, list[dict[str, object]]]:
    try:
        completeness, told = judge([_member(row) for row in rows])
        return completeness, [_finding(one) for one in told] + _instance_findings(rows)
    except Exception as error:  # noqa: BLE001  see judge_series: whatever it is, the instances stay listed
        log.error("a series could not be judged: %s", type(error).__name__)  # noqa: TRY400  its words could quote
        return Completeness.UNCHECKED, [_finding(Told(SeriesFinding.NOT_JUDGED, ()))]


def _counts(rows: list[Row]) -> dict[str, int]:
    """Count what lists tell of a series, so that none has to walk its instances."""
    return {
        "instance_count": len(rows),
        "frame_count": sum(1 if row[3] is None else row[3] for row in rows),
        "viewable_count": sum(row[5] for row in rows),
        "further_versions": sum(row[6] - 1 for row in rows),
    }


def _geometry_json(facts: InstanceFacts) -> str:
    return json.dumps({**asdict(facts.geometry), "findings": [finding.value for finding in facts.findings]})


def _member(row: Row) -> Member:
    number, rows, columns, frames, geometry_json = row[:5]
    stored = json.loads(geometry_json)
    vectors = ("position", "orientation", "pixel_spacing", "frame_steps_mm")
    tuples = {name: tuple(stored[name]) if stored[name] else None for name in vectors}
    geometry = Geometry(
        slice_thickness=stored["slice_thickness"], spacing_between_slices=stored["spacing_between_slices"], **tuples
    )
    return Member(number, (rows, columns) if rows and columns else None, frames or 1, geometry)


def _finding(one: Told) -> dict[str, object]:
    return {"code": one.code.value, "numbers": list(one.numbers)}


def _instance_findings(rows: list[Row]) -> list[dict[str, object]]:
    codes = [code for row in rows for code in json.loads(row[4])["findings"]]
    return [{"code": code.value, "numbers": [codes.count(code)]} for code in InstanceFinding if code in codes]
