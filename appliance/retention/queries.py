"""SQL of rules, policy and the ends that they give."""

import json
from dataclasses import dataclass
from datetime import date, datetime

from appliance.clock import instant, microseconds
from appliance.retention.presets import Confidence
from appliance.retention.rules import Beginning, Rule
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_RULE = (
    "SELECT rule_key, preset, name, modalities, from_age, below_age, adult_years, minor_until_age, "
    "minor_years_after_majority, age_of_majority, begins_with, source, confidence, checked_on FROM retention_rules"
)
_STUDY = (
    "SELECT s.study_key, s.patient_key, s.study_date, s.last_arrived_at, s.modalities, p.patient_birth_date, "
    "e.kept_until FROM studies s JOIN patients p ON p.patient_key = s.patient_key "
    "LEFT JOIN retention_ends e ON e.study_key = s.study_key"
)


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule that is in force, and where it comes from. `preset` is empty when it is the clinic's own."""

    rule_key: int
    rule: Rule
    preset: str
    source: str
    confidence: Confidence
    checked_on: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What the clinic chose; until `dry_run_until` nothing is purged because it is due."""

    jurisdiction: str
    dry_run_until: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What rules ask of a study, as its rows keep it; `kept_until` is what the list has of it, if anything."""

    study_key: int
    patient_key: int
    study_date: str
    last_arrived_at: datetime
    modalities: frozenset[str]
    patient_birth_date: str
    kept_until: date | None


def rules(tx: ReadTransaction) -> list[KeptRule]:
    """Give the rules in force, the oldest first."""
    return [_kept(row) for row in tx.rows(f"{_RULE} WHERE ended_at IS NULL ORDER BY rule_key")]


def find_rule(tx: ReadTransaction, rule_key: int) -> KeptRule | None:
    """Give a rule that is in force."""
    found = tx.rows(f"{_RULE} WHERE rule_key = :rule_key AND ended_at IS NULL", rule_key=rule_key)
    return _kept(found[0]) if found else None


def insert_rule(tx: WriteTransaction, kept: KeptRule, at: datetime, by: int | None) -> int:
    """Put a rule in force, and give its key; the one in `kept` is not looked at."""
    rule = kept.rule
    row = tx.rows(
        "INSERT INTO retention_rules (preset, name, modalities, from_age, below_age, adult_years, minor_until_age, "
        "minor_years_after_majority, age_of_majority, begins_with, source, confidence, checked_on, created_at, "
        "created_by) VALUES (:preset, :name, :modalities, :from_age, :below_age, :adult_years, :minor_until_age, "
        ":minor_years_after_majority, :age_of_majority, :begins_with, :source, :confidence, :checked_on, :at, :by) "
        "RETURNING rule_key",
        preset=kept.preset or None, name=rule.name, modalities=json.dumps(sorted(rule.modalities)),
        from_age=rule.from_age, below_age=rule.below_age, adult_years=rule.adult_years,
        minor_until_age=rule.minor_until_age, minor_years_after_majority=rule.minor_years_after_majority,
        age_of_majority=rule.age_of_majority, begins_with=rule.begins_with.value, source=kept.source,
        confidence=kept.confidence.value, checked_on=kept.checked_on, at=microseconds(at), by=by,
    )  # fmt: skip
    return int(row[0][0])


def end_rule(tx: WriteTransaction, rule_key: int, at: datetime, by: int | None) -> bool:
    """Take a rule out of force; say whether it was in force."""
    return tx.change(
        "UPDATE retention_rules SET ended_at = :at, ended_by = :by WHERE rule_key = :rule_key AND ended_at IS NULL",
        rule_key=rule_key, at=microseconds(at), by=by,
    ) == 1  # fmt: skip


def policy(tx: ReadTransaction) -> Policy | None:
    """Give what the clinic chose, None before it chose anything."""
    rows = tx.rows("SELECT jurisdiction, dry_run_until, changed_at FROM retention_policy")
    return Policy(str(rows[0][0]), instant(rows[0][1]), instant(rows[0][2])) if rows else None


def set_policy(tx: WriteTransaction, chosen: Policy, by: int | None) -> None:
    """Keep what the clinic chose."""
    tx.change(
        "INSERT INTO retention_policy (only_one, dry_run_until, jurisdiction, changed_at, changed_by) "
        "VALUES (1, :until, :jurisdiction, :at, :by) ON CONFLICT (only_one) DO UPDATE SET "
        "dry_run_until = excluded.dry_run_until, jurisdiction = excluded.jurisdiction, "
        "changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        until=microseconds(chosen.dry_run_until), jurisdiction=chosen.jurisdiction,
        at=microseconds(chosen.changed_at), by=by,
    )  # fmt: skip


def study(tx: ReadTransaction, study_key: int) -> StudyFacts | None:
    """Give one study's facts."""
    rows = tx.rows(f"{_STUDY} WHERE s.study_key = :study_key", study_key=study_key)
    return _facts(rows[0]) if rows else None


def studies_of_patient(tx: ReadTransaction, patient_key: int) -> list[StudyFacts]:
    """Give the facts of every study of a patient."""
    rows = tx.rows(f"{_STUDY} WHERE s.patient_key = :patient_key ORDER BY s.study_key", patient_key=patient_key)
    return [_facts(row) for row in rows]


def studies_of_next_patients(tx: ReadTransaction, after: int, count: int) -> tuple[list[StudyFacts], int | None]:
    """Give the studies of the next patients by key, and the last patient's key; None when there are no more."""
    patients = tx.rows(
        "SELECT patient_key FROM patients WHERE patient_key > :after ORDER BY patient_key LIMIT :count",
        after=after, count=count,
    )  # fmt: skip
    if not patients:
        return [], None
    first, last = patients[0][0], patients[-1][0]
    rows = tx.rows(
        f"{_STUDY} WHERE s.patient_key BETWEEN :first AND :last ORDER BY s.patient_key, s.study_key",
        first=first, last=last,
    )  # fmt: skip
    return [_facts(row) for row in rows], int(last)


def set_end(tx: WriteTransaction, study_key: int, kept_until: date | None) -> None:
    """Write a study's end into the list, or take it off."""
    if kept_until is None:
        tx.change("DELETE FROM retention_ends WHERE study_key = :study_key", study_key=study_key)
        return
    tx.change(
        "INSERT INTO retention_ends (study_key, kept_until) VALUES (:study_key, :until) "
        "ON CONFLICT (study_key) DO UPDATE SET kept_until = excluded.kept_until",
        study_key=study_key, until=kept_until.isoformat(),
    )  # fmt: skip


def ended_before(tx: ReadTransaction, day: date, after: tuple[date, int], count: int) -> list[tuple[date, int]]:
    """Give studies whose end by the list lies before a day, the longest over first, beyond one place of the list."""
    rows = tx.rows(
        "SELECT kept_until, study_key FROM retention_ends WHERE kept_until < :day "
        "AND (kept_until, study_key) > (:until, :study_key) ORDER BY kept_until, study_key LIMIT :count",
        day=day.isoformat(), until=after[0].isoformat(), study_key=after[1], count=count,
    )  # fmt: skip
    return [(date.fromisoformat(row[0]), int(row[1])) for row in rows]


def count_ended(tx: ReadTransaction, day: date) -> int:
    """Count the studies whose end by the list lies before a day."""
    return int(tx.rows("SELECT count(*) FROM retention_ends WHERE kept_until < :day", day=day.isoformat())[0][0])


def count_ends(tx: ReadTransaction) -> int:
    """Count the studies that have an end by the list."""
    return int(tx.rows("SELECT count(*) FROM retention_ends")[0][0])


def has_open_conflict(tx: ReadTransaction, study_key: int, patient_key: int) -> bool:
    """Say whether a person still has to decide whose a study is."""
    return bool(
        tx.rows(
            "SELECT 1 FROM identity_conflicts WHERE resolved_at IS NULL AND study_key = :study_key "
            "UNION ALL SELECT 1 FROM identity_conflicts "
            "WHERE resolved_at IS NULL AND study_key IS NULL AND patient_key = :patient_key "
            "UNION ALL SELECT 1 FROM identity_conflicts "
            "WHERE resolved_at IS NULL AND study_key IS NULL AND other_patient_key = :patient_key LIMIT 1",
            study_key=study_key, patient_key=patient_key,
        )
    )  # fmt: skip


def _kept(row: Row) -> KeptRule:
    key, preset, name, modalities, from_age, below, years, until, after, majority, begins, source, sure, checked = row
    rule = Rule(
        name=name, adult_years=years, begins_with=Beginning(begins), modalities=frozenset(json.loads(modalities)),
        age_of_majority=majority, minor_until_age=until, minor_years_after_majority=after, from_age=from_age,
        below_age=below,
    )  # fmt: skip
    return KeptRule(key, rule, preset or "", source, Confidence(sure), checked)


def _facts(row: Row) -> StudyFacts:
    key, patient, study_date, arrived, modalities, birth, until = row
    kinds = frozenset(part for part in modalities.split("\\") if part)
    return StudyFacts(
        key, patient, study_date, instant(arrived), kinds, birth, None if until is None else date.fromisoformat(until)
    )
