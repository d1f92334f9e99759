"""SQL of the whole archive's export: tables a page at a time, and each stored file with the place it gets.

Guards: columns are named one by one, so that no key, no password's hash and no secret that a later release adds can
leave with an export. Leaves out: caches, sessions, what processes note for themselves, keys in any form.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from appliance.store.transactions import ReadTransaction, Row

PAGE = 1000
_NOTHING: Mapping[type, object] = {int: -1, bytes: b"", str: ""}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the column that it is paged by, and the columns that leave."""

    name: str
    key: str
    columns: tuple[str, ...]
    key_type: type = int


TABLES = (
    Table("box", "only_one", ("box_id", "clinic_name", "created_at")),
    Table("patients", "patient_key", ("patient_key", "patient_id", "issuer_of_patient_id", "patient_name",
          "patient_birth_date", "patient_sex", "created_at")),
    Table("studies", "study_key", ("study_key", "patient_key", "study_instance_uid", "study_date", "study_time",
          "study_id", "study_description", "accession_number", "referring_physician_name", "modalities",
          "series_count", "instance_count", "first_arrived_at", "last_arrived_at")),
    Table("series", "series_key", ("series_key", "study_key", "series_instance_uid", "modality", "series_number",
          "series_description", "body_part_examined", "laterality", "manufacturer", "manufacturer_model_name",
          "instance_count", "last_arrived_at", "completeness", "findings")),
    Table("identity_conflicts", "conflict_key", ("conflict_key", "kind", "patient_key", "other_patient_key",
          "study_key", "found_at", "resolved_at", "resolved_by")),
    Table("quarantine", "quarantine_key", ("quarantine_key", "file_id", "association_id", "reason", "sop_class_uid",
          "sop_instance_uid", "transfer_syntax_uid", "dataset_bytes", "dataset_sha256", "arrived_at", "resolved_at",
          "resolved_by", "dismissal_reason")),
    Table("damaged_files", "file_id", ("file_id", "instance_key", "study_key", "found_at"), bytes),
    Table("associations", "association_id", ("association_id", "peer_key", "calling_ae_title", "called_ae_title",
          "address", "transport", "certificate_sha256", "implementation_class_uid", "implementation_version_name",
          "started_at", "ended_at", "outcome", "declared_count"), bytes),
    Table("arrivals", "file_id", ("file_id", "association_id", "sequence", "outcome", "instance_key", "arrived_at",
          "catalogued_at"), bytes),
    Table("peers", "peer_key", ("peer_key", "name", "calling_ae_title", "called_ae_titles", "address",
          "certificate_sha256", "approved_by", "approved_at", "removed_at")),
    Table("accounts", "account_key", ("account_key", "user_name", "display_name", "role", "image_right",
          "created_at", "disabled_at")),
    Table("retention_rules", "rule_key", ("rule_key", "preset", "name", "modalities", "from_age", "below_age",
          "adult_years", "minor_until_age", "minor_years_after_majority", "age_of_majority", "begins_with", "source",
          "created_at", "created_by", "ended_at", "ended_by")),
    Table("legal_holds", "hold_key", ("hold_key", "patient_key", "study_key", "reason", "reference", "set_at",
          "set_by", "lifted_at", "lifted_by")),
    Table("erasures", "erasure_key", ("erasure_key", "erasure_id", "scope", "kind", "file_count", "bytes",
          "erased_at", "audit_sequence", "files_gone_at", "proposed_by", "approved_by")),
    Table("exports", "export_key", ("export_key", "scope", "subject_key", "form", "made_at", "made_by",
          "file_count", "bytes", "finished_at")),
    Table("audit_events", "sequence", ("sequence", "at", "event", "outcome", "actor_kind", "actor_key", "address",
          "subject_kind", "subject_key", "patient_key", "study_key", "number", "chain")),
)  # fmt: skip
_STUDIES = """SELECT study_key, patient_key, study_instance_uid FROM studies
  WHERE study_key > :after ORDER BY study_key LIMIT :limit"""
_VERSIONS = """SELECT se.series_key, i.instance_key, v.version_number, i.sop_instance_uid, i.sop_class_uid,
    i.instance_number, v.transfer_syntax_uid, v.file_id, f.plaintext_bytes, v.dataset_offset, v.dataset_sha256,
    v.arrived_at
  FROM series se CROSS JOIN instances i ON i.series_key = se.series_key
  CROSS JOIN versions v ON v.instance_key = i.instance_key CROSS JOIN files f ON f.file_id = v.file_id
  WHERE se.study_key = :study_key ORDER BY se.series_key, i.instance_key, v.version_number"""
_QUARANTINED = """SELECT q.quarantine_key, q.file_id, f.plaintext_bytes FROM quarantine q JOIN files f USING (file_id)
  WHERE q.quarantine_key > :after
    AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.file_id = q.file_id)
  ORDER BY q.quarantine_key LIMIT :limit"""
VERSION_NAMES = (
    "series_key", "instance_key", "version_number", "sop_instance_uid", "sop_class_uid", "instance_number",
    "transfer_syntax_uid", "file_id", "bytes", "dataset_offset", "dataset_sha256", "arrived_at",
)  # fmt: skip


def rows_of(tx: ReadTransaction, table: Table) -> Iterator[Row]:
    """Give every row of a table, by its key, a page at a time."""
    after = _NOTHING[table.key_type]
    sql = f"SELECT {table.key}, {', '.join(table.columns)} FROM {table.name} WHERE {table.key} > :after ORDER BY {table.key} LIMIT :limit"  # noqa: E501, S608  constants of this file
    while rows := tx.rows(sql, after=after, limit=PAGE):
        yield from (row[1:] for row in rows)
        after = rows[-1][0]


def all_studies(tx: ReadTransaction) -> Iterator[Row]:
    """Give study_key, patient_key, study_instance_uid of every study, a page at a time."""
    yield from _paged(tx, _STUDIES)


def versions_of(tx: ReadTransaction, study_key: int) -> list[Row]:
    """Give every version of every instance of a study, as `VERSION_NAMES` has it."""
    return tx.rows(_VERSIONS, study_key=study_key)


def quarantined(tx: ReadTransaction) -> Iterator[Row]:
    """Give quarantine_key, file_id and length of every file of the quarantine that is listed nowhere else."""
    yield from _paged(tx, _QUARANTINED)


def audit_head(tx: ReadTransaction) -> int:
    """Give the sequence of the latest event."""
    return int(tx.rows("SELECT coalesce(max(sequence), 0) FROM audit_events")[0][0])


def box_id(tx: ReadTransaction) -> bytes:
    """Give the box's own id; empty where none was given yet."""
    rows = tx.rows("SELECT box_id FROM box")
    return bytes(rows[0][0]) if rows else b""


def _paged(tx: ReadTransaction, sql: str) -> Iterator[Row]:
    after = -1
    while rows := tx.rows(sql, after=after, limit=PAGE):
        yield from rows
        after = rows[-1][0]
