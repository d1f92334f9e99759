"""A catalogue of invented people and studies, made by SQL in the real schema and encryption."""

import random
from collections.abc import Sequence
from pathlib import Path

from appliance.clock import SystemClock
from appliance.dicom.names import fold_name
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.transactions import WriteTransaction

_SYLLABLES = "an ber cor del ema fin gor hol ina jo kel lam mor nel ost pet que ros sta tur ul vin wes yor zan"
ROOT = "1.2.826.0.1.3680043.8.498."
PER_STUDY = 50
STUDIES_PER_PATIENT = 2

_STUDY = """INSERT INTO studies (study_key, patient_key, study_instance_uid, study_date, study_time, study_id,
  study_description, accession_number, referring_physician_name, modalities, series_count, instance_count,
  first_arrived_at, last_arrived_at)
  VALUES (:key, :patient, :uid, :date, '101500', '1', 'CBCT', :accession, '', 'CT', 1, :count, :at, :at)"""
_SERIES = """INSERT INTO series (series_key, study_key, series_instance_uid, modality, series_number,
  series_description, body_part_examined, laterality, manufacturer, manufacturer_model_name, instance_count,
  last_arrived_at, completeness, findings)
  SELECT study_key, study_key, study_instance_uid || '.1', 'CT', 1, 'Jaw', '', '', '', '', instance_count,
    last_arrived_at, 'no gaps', '[]' FROM studies"""
_NUMBERS = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :per)"
_INSTANCES = f"""INSERT INTO instances (series_key, sop_instance_uid, sop_class_uid, instance_number, version_count)
  {_NUMBERS} SELECT series_key, series_instance_uid || '.' || n, '1.2.840.10008.5.1.4.1.1.2', n, 1
  FROM series, n ORDER BY series_key, n"""  # noqa: S608  # only this file's own words
_FILES = """INSERT INTO files (file_id, wrapped_key, wrapping_key_number, plaintext_bytes, association_id, place,
  created_at) SELECT randomblob(16), randomblob(60), 1, 525780, NULL, 'vault', 0 FROM instances"""
_VERSIONS = """INSERT INTO versions (instance_key, version_number, file_id, dataset_sha256, dataset_offset,
  dataset_bytes, transfer_syntax_uid, rows_, columns_, number_of_frames, bits_allocated, samples_per_pixel, viewable,
  pixel_offset, pixel_bytes, arrived_at)
  SELECT i.instance_key, 1, f.file_id, randomblob(32), 800, 524980, '1.2.840.10008.1.2.1', 512, 512, NULL, 16, 1, 1,
    1492, 524288, 0
  FROM (SELECT instance_key, row_number() OVER (ORDER BY instance_key) AS n FROM instances) i
  JOIN (SELECT file_id, row_number() OVER (ORDER BY file_id) AS n FROM files) f USING (n)"""


def build(path: Path, studies: int) -> tuple[Database, Sequence[str]]:
    """Make a catalogue of so many studies; give it and the folded names of its patients."""
    source = random.Random(5)  # noqa: S311  # invented people, not secrets
    database = Database(path, SecretKey.new(), SystemClock())
    database.create_or_migrate()
    with database.write() as tx:
        names = [_patient(tx, source, key) for key in range(1, studies // STUDIES_PER_PATIENT + 1)]
        for key in range(1, studies + 1):
            _study(tx, source, key, names)
        tx.change(_SERIES)
    for sql in (_INSTANCES, _FILES, _VERSIONS):
        with database.write() as tx:
            tx.change(sql, **({"per": PER_STUDY} if ":per" in sql else {}))
    return database, names


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
        _STUDY, key=key, patient=patient, uid=f"{ROOT}{key}", date=day, accession=f"A{key:07d}", count=PER_STUDY,
        at=key * 1_000_000,
    )  # fmt: skip
    tx.change(
        """INSERT INTO study_search (rowid, patient_name, patient_id, study_description, accession_number, other)
           VALUES (:key, :name, :id, 'cbct', '', '')""",
        key=key, name=names[patient - 1], id=f"p{patient:06d}",
    )  # fmt: skip
