"""A catalogue of invented people and studies, made by SQL in the real schema and encryption.

One study in ten is a volume of 410 slices, the others have ten images: 50 in
the mean. One in 500 instances has a second version, and some findings about
identity and files in quarantine wait, as in a clinic after some years.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from appliance.clock import SystemClock
from appliance.dicom.names import fold_name
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction, WriteTransaction

_SYLLABLES = "an ber cor del ema fin gor hol ina jo kel lam mor nel ost pet que ros sta tur ul vin wes yor zan"
ROOT = "1.2.826.0.1.3680043.8.498."
PER_STUDY = 50
VOLUME, PICTURES, VOLUME_EVERY = 410, 10, 10
STUDIES_PER_PATIENT = 2
_GEOMETRY = {
    "position": [-80.25, -80.25, 0.0], "orientation": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0], "pixel_spacing": [0.25, 0.25],
    "slice_thickness": 0.25, "spacing_between_slices": None, "frame_steps_mm": None, "findings": [],
}  # fmt: skip

_STUDY = """INSERT INTO studies (study_key, patient_key, study_instance_uid, study_date, study_time, study_id,
  study_description, accession_number, referring_physician_name, modalities, series_count, instance_count,
  first_arrived_at, last_arrived_at)
  VALUES (:key, :patient, :uid, :date, '101500', '1', 'CBCT', :accession, '', 'CT', 1, :count, :at, :at)"""
_SERIES = """INSERT INTO series (series_key, study_key, series_instance_uid, modality, series_number,
  series_description, body_part_examined, laterality, manufacturer, manufacturer_model_name, instance_count,
  last_arrived_at, completeness, findings)
  SELECT study_key, study_key, study_instance_uid || '.1', 'CT', 1, 'Jaw', '', '', '', '', instance_count,
    last_arrived_at, CASE WHEN study_key % 50 = 0 THEN 'gaps' ELSE 'no gaps' END, '[]' FROM studies"""
_INSTANCES = """INSERT INTO instances (series_key, sop_instance_uid, sop_class_uid, instance_number, version_count)
  WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :most)
  SELECT series_key, series_instance_uid || '.' || n, '1.2.840.10008.5.1.4.1.1.2', n, 1
  FROM series CROSS JOIN n ON n <= instance_count ORDER BY series_key, n"""
_SECOND_VERSIONS = "UPDATE instances SET version_count = 2 WHERE instance_key % 500 = 0"
_FILES = """INSERT INTO files (file_id, wrapped_key, wrapping_key_number, plaintext_bytes, association_id, place,
  created_at) SELECT randomblob(16), randomblob(60), 1, 525780, NULL, 'vault', 0
  FROM instances i JOIN (SELECT 1 AS n UNION SELECT 2) ON n <= version_count"""
_VERSIONS = """INSERT INTO versions (instance_key, version_number, file_id, dataset_sha256, dataset_offset,
  dataset_bytes, transfer_syntax_uid, rows_, columns_, number_of_frames, bits_allocated, samples_per_pixel, viewable,
  pixel_offset, pixel_bytes, geometry, arrived_at)
  SELECT i.instance_key, i.n, f.file_id, randomblob(32), 800, 524980, '1.2.840.10008.1.2.1', 512, 512, NULL, 16, 1, 1,
    1492, 524288, :geometry, 0
  FROM (SELECT instance_key, v.n AS n, row_number() OVER (ORDER BY instance_key, v.n) AS at
        FROM instances JOIN (SELECT 1 AS n UNION SELECT 2) v ON v.n <= version_count) i
  JOIN (SELECT file_id, row_number() OVER (ORDER BY file_id) AS at FROM files) f USING (at)"""
_CONFLICTS = """INSERT INTO identity_conflicts (kind, patient_key, other_patient_key, study_key, found_at)
  SELECT 'same id, other person', patient_key, patient_key - 1, NULL, 0 FROM patients WHERE patient_key % 50 = 0"""
_QUARANTINE = """INSERT INTO quarantine (file_id, association_id, reason, sop_class_uid, sop_instance_uid,
  transfer_syntax_uid, dataset_bytes, dataset_sha256, arrived_at, resolved_at)
  WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
  SELECT randomblob(16), zeroblob(16), 'unparsable', '', '', '', 1, randomblob(32), 0, CASE WHEN n > 40 THEN 1 END
  FROM n"""


def images_of(study: int) -> int:
    """Say how many instances a study has, by its row key."""
    return PICTURES if study % VOLUME_EVERY else VOLUME


def patient_names(tx: ReadTransaction) -> Sequence[str]:
    """Give the folded names of all patients."""
    return [str(name) for (name,) in tx.rows("SELECT patient_name_folded FROM patients ORDER BY patient_key")]


def build(path: Path, studies: int, key: SecretKey) -> Database:
    """Make a catalogue of so many studies."""
    source = random.Random(5)  # noqa: S311  # invented people, not secrets
    database = Database(path, key, SystemClock())
    database.create_or_migrate()
    with database.write() as tx:
        names = [_patient(tx, source, key) for key in range(1, studies // STUDIES_PER_PATIENT + 1)]
        for study in range(1, studies + 1):
            _study(tx, source, study, names)
        for sql in (_SERIES, _CONFLICTS, _QUARANTINE):
            tx.change(sql)
    _fill(database)
    return database


def _fill(database: Database) -> None:
    """Add what there is a million of, a transaction each."""
    geometry = json.dumps(_GEOMETRY)
    for sql in (_INSTANCES, _SECOND_VERSIONS, _FILES, _VERSIONS):
        with database.write() as tx:
            values = {"most": VOLUME, "geometry": geometry}
            tx.change(sql, **{name: value for name, value in values.items() if f":{name}" in sql})


def _name(source: random.Random) -> str:
    def part(count: int) -> str:
        return "".join(source.choice(_SYLLABLES.split()) for _ in range(count)).title()

    return f"{part(source.randint(2, 4))}^{part(source.randint(1, 3))}"


def _patient(tx: WriteTransaction, source: random.Random, key: int) -> str:
    name = _name(source)
    tx.change(
        """INSERT INTO patients (patient_key, patient_id, issuer_of_patient_id, patient_name, patient_name_folded,
             patient_birth_date, patient_sex, created_at) VALUES (:key, :id, '', :name, :folded, :born, 'O', 0)""",
        key=key, id=f"P{key:06d}", name=name, folded=fold_name(name),
        born=f"{source.randint(1930, 2020)}0101",
    )  # fmt: skip
    return fold_name(name)


def _study(tx: WriteTransaction, source: random.Random, key: int, names: Sequence[str]) -> None:
    patient = (key - 1) // STUDIES_PER_PATIENT + 1
    day = f"20{source.randint(18, 26)}{source.randint(1, 12):02d}{source.randint(1, 28):02d}"
    tx.change(
        _STUDY, key=key, patient=patient, uid=f"{ROOT}{key}", date=day, accession=f"A{key:07d}",
        count=images_of(key), at=key * 1_000_000,
    )  # fmt: skip
    tx.change(
        """INSERT INTO study_search (rowid, patient_name, patient_id, study_description, accession_number, other)
           VALUES (:key, :name, :id, 'cbct', '', '')""",
        key=key, name=names[patient - 1], id=f"p{patient:06d}",
    )  # fmt: skip
