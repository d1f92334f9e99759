"""SQL of what laboratories were given."""

from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_GIVEN = """SELECT g.grant_key, s.study_key, s.patient_key, s.study_instance_uid, s.study_date, s.modalities,
    s.series_count, s.instance_count, g.given_at, g.ends_at
  FROM laboratory_grants g CROSS JOIN studies s USING (study_key)
  WHERE g.account_key = :account AND g.ended_at IS NULL AND g.given_at <= :latest AND g.ends_at > :now
  ORDER BY g.given_at DESC, g.grant_key DESC"""


def add(tx: WriteTransaction, **values: object) -> int:
    """Add a grant; gives its key."""
    sql = """INSERT INTO laboratory_grants (account_key, study_key, given_by, given_at, ends_at)
      VALUES (:account_key, :study_key, :given_by, :given_at, :ends_at) RETURNING grant_key"""
    return int(tx.rows(sql, **values)[0][0])


def end(tx: WriteTransaction, grant_key: int, study_key: int, at: int) -> list[int]:
    """End a grant of a study that is good; give the laboratory's account, nothing where there is none."""
    sql = """UPDATE laboratory_grants SET ended_at = :at
      WHERE grant_key = :key AND study_key = :study AND ended_at IS NULL RETURNING account_key"""
    return [int(row[0]) for row in tx.rows(sql, key=grant_key, study=study_key, at=at)]


def end_earlier(tx: WriteTransaction, account_key: int, study_key: int, at: int) -> None:
    """End what a laboratory had of a study before it is given again."""
    sql = """UPDATE laboratory_grants SET ended_at = :at
      WHERE account_key = :account AND study_key = :study AND ended_at IS NULL"""
    tx.change(sql, account=account_key, study=study_key, at=at)


def end_all_of(tx: WriteTransaction, account_key: int, at: int) -> list[Row]:
    """End all that a laboratory has; give grant and study of what was good until now."""
    sql = """UPDATE laboratory_grants SET ended_at = :at WHERE account_key = :account AND ended_at IS NULL
      RETURNING grant_key, study_key, ends_at"""
    return [row[:2] for row in tx.rows(sql, account=account_key, at=at) if row[2] > at]


def given(tx: ReadTransaction, account_key: int, now: int, latest: int) -> list[Row]:
    """Give what a laboratory has now, the latest first; one given after `latest` says that the clock was set back."""
    return tx.rows(_GIVEN, account=account_key, now=now, latest=latest)


def grants_of_study(tx: ReadTransaction, study_key: int) -> list[Row]:
    """Give every grant of a study: key, account, by whom, given, ends, ended."""
    sql = """SELECT grant_key, account_key, given_by, given_at, ends_at, ended_at FROM laboratory_grants
      WHERE study_key = :key ORDER BY grant_key DESC"""
    return tx.rows(sql, key=study_key)


def patient_of_study(tx: ReadTransaction, study_key: int) -> list[int]:
    """Give the patient of a study, nothing where there is no such study."""
    return [int(row[0]) for row in tx.rows("SELECT patient_key FROM studies WHERE study_key = :key", key=study_key)]


def known_of(tx: ReadTransaction, study_key: int) -> Row:
    """Give what the catalogue knows of a study that must not be in a copy: names, numbers, birth date."""
    sql = """SELECT p.patient_name, p.patient_id, p.patient_birth_date, s.accession_number, s.referring_physician_name
      FROM studies s JOIN patients p USING (patient_key) WHERE s.study_key = :key"""
    rows = tx.rows(sql, key=study_key)
    return rows[0] if rows else ("", "", "", "", "")


def series_of(tx: ReadTransaction, study_key: int) -> list[Row]:
    """Give key, modality, description, maker and model of a study's series."""
    sql = """SELECT series_key, modality, series_description, manufacturer, manufacturer_model_name FROM series
      WHERE study_key = :key"""
    return tx.rows(sql, key=study_key)
