"""SQL of recovery kits and drills."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction


@dataclass(frozen=True, slots=True)
class KitRow:
    """One kit that was made; its secret is on paper alone.

    Attributes:
        kit_key: Its row.
        form: `code` or `shares`.
        identifier: What each share bears, None for a code.
        holders: Who keeps which share, in the shares' order; empty where nobody said.
        made_at: When it was made.
        read_back_at: When it was last typed in and compared.
        ended_at: Since when another takes its place.
    """

    kit_key: int
    form: str
    identifier: int | None
    holders: tuple[str, ...]
    made_at: datetime
    read_back_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DrillRow:
    """One drill that somebody recorded; `minutes` is how long it took, if that was said."""

    drill_key: int
    target_key: int | None
    target_name: str | None
    done_on: date
    outcome: str
    minutes: int | None
    recorded_by: int | None
    recorded_at: datetime


_KIT = "SELECT kit_key, form, identifier, holders, made_at, read_back_at, ended_at FROM recovery_kits"


def add_kit(tx: WriteTransaction, form: str, identifier: int | None, holders: Sequence[str], at: datetime) -> int:
    """Insert a kit and give its key."""
    rows = tx.rows(
        "INSERT INTO recovery_kits (form, identifier, holders, made_at) VALUES (:form, :identifier, :holders, :at) "
        "RETURNING kit_key",
        form=form, identifier=identifier, holders=json.dumps(list(holders), ensure_ascii=False), at=microseconds(at),
    )  # fmt: skip
    return int(rows[0][0])


def end_kits(tx: WriteTransaction, at: datetime, form: str | None = None) -> int:
    """Note that the kits of a form, or (None) all, have a successor; give how many."""
    return tx.change(
        "UPDATE recovery_kits SET ended_at = :at WHERE ended_at IS NULL AND (:form IS NULL OR form = :form)",
        at=microseconds(at), form=form,
    )  # fmt: skip


def note_read_back(tx: WriteTransaction, kit_key: int, at: datetime) -> None:
    """Note that a kit was typed in and compared."""
    tx.change("UPDATE recovery_kits SET read_back_at = :at WHERE kit_key = :key", at=microseconds(at), key=kit_key)


def all_kits(tx: ReadTransaction) -> list[KitRow]:
    """Every kit, the newest first."""
    return [_kit(row) for row in tx.rows(f"{_KIT} ORDER BY kit_key DESC")]


def find_kit(tx: ReadTransaction, form: str, identifier: int | None) -> KitRow | None:
    """Give the newest kit of a form with that identifier, whether or not it was ended."""
    rows = tx.rows(
        f"{_KIT} WHERE form = :form AND identifier IS :identifier ORDER BY kit_key DESC LIMIT 1",
        form=form, identifier=identifier,
    )  # fmt: skip
    return _kit(rows[0]) if rows else None


def add_drill(tx: WriteTransaction, drill: DrillRow) -> int:
    """Insert a drill and give its key; the row's own key and the target's name are not read."""
    rows = tx.rows(
        "INSERT INTO drills (target_key, done_on, outcome, minutes, recorded_by, recorded_at) "
        "VALUES (:target_key, :done_on, :outcome, :minutes, :recorded_by, :recorded_at) RETURNING drill_key",
        target_key=drill.target_key, done_on=drill.done_on.isoformat(), outcome=drill.outcome, minutes=drill.minutes,
        recorded_by=drill.recorded_by, recorded_at=microseconds(drill.recorded_at),
    )  # fmt: skip
    return int(rows[0][0])


def all_drills(tx: ReadTransaction) -> list[DrillRow]:
    """Every drill, the latest first."""
    rows = tx.rows(
        "SELECT d.drill_key, d.target_key, t.name, d.done_on, d.outcome, d.minutes, d.recorded_by, d.recorded_at "
        "FROM drills d LEFT JOIN backup_targets t ON t.target_key = d.target_key "
        "ORDER BY d.done_on DESC, d.drill_key DESC"
    )
    return [_drill(*row) for row in rows]


def targets(tx: ReadTransaction) -> dict[int, str]:
    """Give the names of the targets in use, by key."""
    return {int(key): str(name) for key, name in tx.rows(
        "SELECT target_key, name FROM backup_targets WHERE removed_at IS NULL AND destroyed_at IS NULL ORDER BY name"
    )}  # fmt: skip


def _kit(row: Row) -> KitRow:
    key, form, identifier, holders, made_at, read_back_at, ended_at = row
    times = [None if at is None else instant(at) for at in (read_back_at, ended_at)]
    return KitRow(key, form, identifier, tuple(json.loads(holders)), instant(made_at), *times)


def _drill(*row: Any) -> DrillRow:  # noqa: ANN401  a row's values, as SQLite gives them
    key, target_key, target_name, done_on, outcome, minutes, recorded_by, recorded_at = row
    done = date.fromisoformat(done_on)
    return DrillRow(key, target_key, target_name, done, outcome, minutes, recorded_by, instant(recorded_at))
