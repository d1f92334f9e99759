"""Invented people, in several scripts, put straight into a catalogue."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes

from appliance.archive.queries import refresh_study
from appliance.clock import microseconds
from appliance.dicom.names import fold
from appliance.store.transactions import WriteTransaction


@dataclass(frozen=True)
class Invented:
    """One person with one study."""

    name: str
    patient_id: str
    born: str
    sex: str
    description: str
    modality: str
    images: int
    ago: timedelta
    completeness: str = "no gaps"
    findings: str = "[]"
    versions: int = 1


PEOPLE = (
    Invented(
        "Núñez Ibáñez^María José",
        "CL-20418",
        "19810312",
        "F",
        "CBCT maxilla, implant 2.6",
        "CT",
        512,
        timedelta(minutes=2),
    ),
    Invented(
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "CL-20417",
        "19640720",
        "M",
        "CBCT both jaws",
        "CT",
        400,
        timedelta(minutes=41),
        "unchecked",
    ),
    Invented(
        "Кузнецова^Анна^Сергеевна", "CL-20415", "19950104", "F", "Panoramic", "PX", 1, timedelta(hours=2), "single"
    ),
    Invented(
        "حداد^ليلى",
        "CL-20409",
        "20120930",
        "F",
        "CBCT impacted canine 1.3",
        "CT",
        480,
        timedelta(hours=4),
        "gaps",
        '[{"code": "instance numbers missing", "numbers": [3]}]',
    ),
    Invented(
        "Ólafsdóttir^Þóra",
        "CL-20398",
        "19770228",
        "F",
        "CBCT mandible, third molars",
        "CT",
        512,
        timedelta(days=1, hours=1),
    ),
    Invented(
        "Müller-Lüdenscheidt^Jörg",
        "CL-20391",
        "19581119",
        "M",
        "Intraoral status",
        "IO",
        14,
        timedelta(days=1, hours=5),
        "unchecked",
    ),
    Invented(
        "Nguyễn^Thị Hương",
        "CL-20377",
        "20010505",
        "F",
        "CBCT sinus, lateral window",
        "CT",
        560,
        timedelta(days=3),
        versions=2,
    ),
    Invented(
        "김^민준=金^敏俊",
        "CL-20360",
        "19890817",
        "M",
        "CBCT TMJ both sides",
        "CT",
        640,
        timedelta(days=5),
        "odd geometry",
        '[{"code": "uneven spacing", "numbers": [0.16, 0.31]}]',
    ),
    Invented(
        "Da Silva Gonçalves^João Pedro",
        "CL-20255",
        "19720614",
        "M",
        "Cephalometric, lateral",
        "DX",
        1,
        timedelta(days=19),
        "single",
    ),
    Invented("Ferreira^Inês", "", "20180211", "F", "", "CT", 320, timedelta(days=44)),
)


def put_all(tx: WriteTransaction, now: datetime, people: tuple[Invented, ...] = PEOPLE) -> list[int]:
    """Add everybody; gives the study keys in the same order."""
    association_id = token_bytes(16)
    tx.change(
        """INSERT INTO associations (association_id, calling_ae_title, called_ae_title, address, transport,
             implementation_class_uid, implementation_version_name, started_at, outcome)
           VALUES (:id, 'ORTHOPHOS', 'ENAMEL', '192.0.2.31', 'plain', '1.2.3', 'SIDEXIS', :at, 'released')""",
        id=association_id,
        at=microseconds(now),
    )
    return [put(tx, person, now, number) for number, person in enumerate(people, 1)]


def put(tx: WriteTransaction, who: Invented, now: datetime, number: int) -> int:
    """Add one person, study, series and three of its images."""
    at = microseconds(now - who.ago)
    study_key = _study(tx, who, at, number)
    series_key = _key(
        tx,
        """INSERT INTO series (study_key, series_instance_uid, modality, series_number, series_description,
             body_part_examined, laterality, manufacturer, manufacturer_model_name, instance_count, last_arrived_at,
             completeness, findings, frame_count, viewable_count, further_versions)
           VALUES (:study, :uid, :modality, 1, :description, 'JAW', '', 'Invented Imaging', 'Orthovolume 3D', :images,
             :at, :completeness, :findings, :rows, :rows, :further) RETURNING series_key""",
        study=study_key,
        uid=f"2.25.{number}.1",
        modality=who.modality,
        description=f"{who.modality} 0.16 mm" if who.modality == "CT" else "",
        images=who.images,
        at=at,
        completeness=who.completeness,
        findings=who.findings,
        rows=min(who.images, 3),
        further=min(who.images, 3) * (who.versions - 1),
    )
    for index in range(min(who.images, 3)):
        _instance(tx, who, series_key, f"2.25.{number}.1.{index}", at)
    refresh_study(tx, study_key, at)
    return study_key


def _study(tx: WriteTransaction, who: Invented, at: int, number: int) -> int:
    patient_key = _key(
        tx,
        """INSERT INTO patients (patient_id, issuer_of_patient_id, patient_name, patient_name_folded,
             patient_birth_date, patient_sex, created_at)
           VALUES (:id, '', :name, :folded, :born, :sex, :at) RETURNING patient_key""",
        id=who.patient_id,
        name=who.name,
        folded=fold(who.name),
        born=who.born,
        sex=who.sex,
        at=at,
    )
    study_key = _key(
        tx,
        """INSERT INTO studies (patient_key, study_instance_uid, study_date, study_time, study_id, study_description,
             accession_number, referring_physician_name, modalities, series_count, instance_count, first_arrived_at,
             last_arrived_at)
           VALUES (:patient, :uid, '20261121', '102200', '1', :description, :accession, 'Rojas^Camila', :modality, 1,
             :images, :at, :at) RETURNING study_key""",
        patient=patient_key,
        uid=f"2.25.{number}",
        description=who.description,
        accession=f"A{number:05d}",
        modality=who.modality,
        images=who.images,
        at=at,
    )
    tx.change(
        """INSERT INTO study_search (rowid, patient_name, patient_id, study_description, accession_number, other)
           VALUES (:key, :name, :id, :description, :accession, '')""",
        key=study_key,
        name=fold(who.name),
        id=fold(who.patient_id),
        description=fold(who.description),
        accession=f"a{number:05d}",
    )
    return study_key


def _instance(tx: WriteTransaction, who: Invented, series_key: int, uid: str, at: int) -> None:
    instance_key = _key(
        tx,
        """INSERT INTO instances (series_key, sop_instance_uid, sop_class_uid, instance_number, version_count)
           VALUES (:series, :uid, '1.2.840.10008.5.1.4.1.1.2', 1, :versions) RETURNING instance_key""",
        series=series_key,
        uid=uid,
        versions=who.versions,
    )
    file_id = token_bytes(16)
    tx.change(
        """INSERT INTO files (file_id, wrapped_key, wrapping_key_number, plaintext_bytes, place, created_at)
           VALUES (:id, x'00', 1, 1000, 'vault', :at)""",
        id=file_id,
        at=at,
    )
    tx.change(
        """INSERT INTO versions (instance_key, version_number, file_id, dataset_sha256, dataset_offset, dataset_bytes,
             transfer_syntax_uid, viewable, arrived_at)
           VALUES (:instance, 1, :file, :sha, 300, 700, '1.2.840.10008.1.2.1', 1, :at)""",
        instance=instance_key,
        file=file_id,
        sha=sha256(file_id).digest(),
        at=at,
    )


def put_sender(tx: WriteTransaction, now: datetime, calling_ae_title: str = "ORTHOPHOS_2") -> int:
    """Add a sender that waits."""
    return _key(
        tx,
        """INSERT INTO unknown_senders (calling_ae_title, called_ae_title, address, implementation_class_uid,
             implementation_version_name, reason, attempts, first_seen_at, last_seen_at, state)
           VALUES (:title, 'ENAMEL', '192.0.2.44', '1.2.276.0.7230010.3.0.3.6.7', 'INVENTED_367', 'calling-ae-title', 3,
             :at, :at, 'waiting') RETURNING sender_key""",
        title=calling_ae_title,
        at=microseconds(now),
    )


def put_quarantined(tx: WriteTransaction, now: datetime, reason: str) -> int:
    """Add a file that could not be listed."""
    return _key(
        tx,
        """INSERT INTO quarantine (association_id, reason, sop_class_uid, sop_instance_uid, transfer_syntax_uid,
             dataset_bytes, arrived_at)
           VALUES (coalesce((SELECT association_id FROM associations), zeroblob(16)), :reason, '1.2', '1.2.3', '1.2',
             734003, :at) RETURNING quarantine_key""",
        reason=reason,
        at=microseconds(now),
    )


def put_erasure(tx: WriteTransaction, now: datetime, target: str) -> int:
    """Add an erasure that is done on the box and not yet on a target that removes nothing, and the key that signs."""
    at = microseconds(now)
    key = _key(
        tx,
        """INSERT INTO erasures (erasure_id, scope, kind, file_count, bytes, erased_at, audit_sequence,
             files_gone_at, gone_sequence)
           VALUES (zeroblob(16), 'study', 'due', 401, 210000000, :at, 2, :at, 2) RETURNING erasure_key""",
        at=at,
    )
    tx.change(
        """INSERT INTO backup_targets (target_key, target_id, name, kind, location, append_only, schedule,
             warn_after_seconds, alarm_after_seconds, created_at, seen_at)
           VALUES (71, zeroblob(16), :name, 'rest', '{"url": "https://enamel.test"}', 1,
             '{"at": "02:00"}', 1, 1, :at, :at)""",
        name=target,
        at=at,
    )
    for repository in ("files", "keys"):
        tx.change(
            """INSERT INTO backup_snapshots (target_key, repository, snapshot_id, kind, taken_at, audit_sequence,
                 audit_chain, file_count, bytes)
               SELECT 71, :repository, 'ab12cd34ef', 'night', :at, coalesce(max(sequence), 0), coalesce(chain, x''),
                 1, 1 FROM audit_events""",
            repository=repository,
            at=at,
        )
    tx.change("INSERT INTO signing_keys VALUES (1, :fingerprint, x'', :at)", fingerprint="5f" * 32, at=at)
    return key


def _key(tx: WriteTransaction, sql: str, **parameters: object) -> int:
    return int(tx.rows(sql, **parameters)[0][0])
