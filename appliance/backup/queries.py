"""SQL of backup targets, their snapshots and the studies' copies."""

import json
from datetime import datetime, time, timedelta

from appliance.backup.faults import Fault
from appliance.backup.target import Location, Target, read_location
from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction

_TARGETS = (
    "SELECT target_key, target_id, name, kind, location, sealed_credentials, append_only, schedule, "
    "warn_after_seconds, alarm_after_seconds, created_at, seen_at, covered_at, copied_through, fault, "
    "removed_at, destroyed_at, night_at, whole_night_at, pruned_at, night_missed_at FROM backup_targets"
)


def targets(tx: ReadTransaction) -> list[Target]:
    """Give every target there ever was, removed and destroyed ones too, the oldest first."""
    return [_target(row) for row in tx.rows(f"{_TARGETS} ORDER BY target_key")]


def used_targets(tx: ReadTransaction) -> list[Target]:
    """Give the targets that are copied to."""
    return [_target(row) for row in tx.rows(f"{_TARGETS} WHERE removed_at IS NULL AND destroyed_at IS NULL "
                                            "ORDER BY target_key")]  # fmt: skip


def find_target(tx: ReadTransaction, target_key: int) -> Target | None:
    """Give one target, whatever became of it."""
    rows = tx.rows(f"{_TARGETS} WHERE target_key = :key", key=target_key)
    return _target(rows[0]) if rows else None


def find_target_by_id(tx: ReadTransaction, target_id: bytes) -> Target | None:
    """Give the target of that id, whatever became of it."""
    rows = tx.rows(f"{_TARGETS} WHERE target_id = :id", id=target_id)
    return _target(rows[0]) if rows else None


def add_target(tx: WriteTransaction, target: Target) -> int:
    """Add a target's row and give its key."""
    rows = tx.rows(
        "INSERT INTO backup_targets (target_id, name, kind, location, sealed_credentials, append_only, schedule, "
        "warn_after_seconds, alarm_after_seconds, created_at, seen_at) VALUES (:target_id, :name, :kind, :location, "
        ":credentials, :append_only, :schedule, :warn, :alarm, :created_at, :seen_at) RETURNING target_key",
        target_id=target.target_id, name=target.name, kind=target.location.kind.value,
        location=target.location.encode(), credentials=target.sealed_credentials, append_only=target.append_only,
        schedule=json.dumps({"at": target.at.strftime("%H:%M")}), warn=int(target.warn_after.total_seconds()),
        alarm=int(target.alarm_after.total_seconds()), created_at=microseconds(target.created_at),
        seen_at=_stored(target.seen_at),
    )  # fmt: skip
    return int(rows[0][0])


def use_again(tx: WriteTransaction, target_key: int, target: Target) -> None:
    """Copy again to a target that was removed, as told now; what is on it counts as not known.

    Of one that was declared destroyed what counted as gone by that word alone counts as there, until it is looked for.
    """
    tx.change(
        "UPDATE backup_snapshots SET gone_at = NULL WHERE target_key = :key AND gone_at = "
        "(SELECT destroyed_at FROM backup_targets WHERE target_key = :key)", key=target_key,
    )  # fmt: skip
    tx.change(
        "UPDATE erasure_proofs SET ended_at = NULL, ended_by = NULL WHERE target_key = :key AND "
        "ended_by = 'declared destroyed'", key=target_key,
    )  # fmt: skip
    tx.change(
        "UPDATE backup_targets SET name = :name, location = :location, sealed_credentials = :credentials, "
        "schedule = :schedule, append_only = :append_only, warn_after_seconds = :warn, alarm_after_seconds = :alarm, "
        "removed_at = NULL, destroyed_at = NULL, seen_at = :seen_at, fault = NULL, copied_through = NULL, "
        "whole_night_at = NULL, night_missed_at = NULL, pruned_at = NULL WHERE target_key = :key",
        key=target_key, name=target.name, location=target.location.encode(), credentials=target.sealed_credentials,
        schedule=json.dumps({"at": target.at.strftime("%H:%M")}), append_only=target.append_only,
        warn=int(target.warn_after.total_seconds()), alarm=int(target.alarm_after.total_seconds()),
        seen_at=_stored(target.seen_at),
    )  # fmt: skip


def was_copied_to(tx: ReadTransaction, target_key: int) -> bool:
    """Say whether a snapshot was ever made on a target, also one that is gone."""
    return bool(tx.rows("SELECT 1 FROM backup_snapshots WHERE target_key = :key LIMIT 1", key=target_key))


def forget_unused(tx: WriteTransaction, target_key: int, instead: int) -> None:
    """Forget a target that nothing was ever copied to, and what was noted of trying; `instead` is what it really is."""
    for table in ("erasure_proofs", "restore_tests", "integrity_faults", "study_copies", "proved_files"):
        tx.change(f"DELETE FROM {table} WHERE target_key = :key", key=target_key)  # noqa: S608  constants of this line
    tx.change("UPDATE drills SET target_key = :instead WHERE target_key = :key", instead=instead, key=target_key)
    tx.change("DELETE FROM backup_targets WHERE target_key = :key", key=target_key)


def note_removed(tx: WriteTransaction, target_key: int, at: datetime) -> bool:
    """Copy to a target no more, and forget its credentials; its copies may still be there."""
    return tx.change(
        "UPDATE backup_targets SET removed_at = :at, sealed_credentials = NULL WHERE target_key = :key AND "
        "removed_at IS NULL",
        key=target_key, at=microseconds(at),
    ) > 0  # fmt: skip


def note_destroyed(tx: WriteTransaction, target_key: int, at: datetime) -> bool:
    """Note that a person says the target is no more: no snapshot of it counts from now on."""
    done = tx.change(
        "UPDATE backup_targets SET destroyed_at = :at, removed_at = coalesce(removed_at, :at), "
        "sealed_credentials = NULL WHERE target_key = :key AND destroyed_at IS NULL",
        key=target_key, at=microseconds(at),
    )  # fmt: skip
    tx.change("UPDATE backup_snapshots SET gone_at = :at WHERE target_key = :key AND gone_at IS NULL",
              key=target_key, at=microseconds(at))  # fmt: skip
    tx.change("DELETE FROM study_copies WHERE target_key = :key", key=target_key)
    return done > 0


def note_seen(tx: WriteTransaction, target_key: int, at: datetime) -> None:
    """Note that a target was reached."""
    tx.change("UPDATE backup_targets SET seen_at = :at WHERE target_key = :key", key=target_key, at=microseconds(at))


def note_fault(tx: WriteTransaction, target_key: int, fault: Fault | None) -> None:
    """Note how the last try on a target ended; None for well."""
    tx.change("UPDATE backup_targets SET fault = :fault WHERE target_key = :key AND fault IS NOT :fault",
              key=target_key, fault=None if fault is None else fault.value)  # fmt: skip


def note_covered(tx: WriteTransaction, target_key: int, begun_at: datetime, copied_through: int) -> None:
    """Note a complete run: what had arrived when it began is on the target, and what the catalogue had then.

    Args:
        tx: The transaction.
        target_key: The target.
        begun_at: When the run began.
        copied_through: In microseconds.
    """
    tx.change(
        "UPDATE backup_targets SET covered_at = :covered, copied_through = :through, fault = NULL "
        "WHERE target_key = :key",
        key=target_key, covered=microseconds(begun_at), through=copied_through,
    )  # fmt: skip


def note_night(tx: WriteTransaction, target_key: int, at: datetime) -> None:
    """Note that a target had its night's run, however that ended."""
    tx.change("UPDATE backup_targets SET night_at = :at WHERE target_key = :key", key=target_key, at=microseconds(at))


def note_whole_night(tx: WriteTransaction, target_key: int, begun_at: datetime) -> None:
    """Note that a night's run that began then put everything on a target."""
    tx.change("UPDATE backup_targets SET whole_night_at = :at, night_missed_at = NULL WHERE target_key = :key",
              key=target_key, at=microseconds(begun_at))  # fmt: skip


def note_night_missed(tx: WriteTransaction, target_key: int, at: datetime) -> None:
    """Note that a night's run could not read everything of the box; it stands until a night's run is whole."""
    tx.change("UPDATE backup_targets SET night_missed_at = :at WHERE target_key = :key",
              key=target_key, at=microseconds(at))  # fmt: skip


def is_vault_in_doubt(tx: ReadTransaction) -> bool:
    """Say whether a stored file is known not to be here as it was stored: an older copy may be the last good one.

    That a night's run missed one is over with the next one that is whole, on whatever target.
    """
    return bool(
        tx.rows(
            "SELECT 1 FROM backup_targets WHERE removed_at IS NULL AND night_missed_at > "
            "(SELECT coalesce(max(whole_night_at), 0) FROM backup_targets) UNION ALL "
            "SELECT 1 FROM files WHERE place = 'vault' AND file_id NOT IN (SELECT file_id FROM packs) AND "
            "file_id IN (SELECT file_id FROM damaged_files UNION SELECT file_id FROM integrity_faults "
            "WHERE place = 'vault' AND repaired_at IS NULL) LIMIT 1"
        )
    )


def note_pruned(tx: WriteTransaction, target_key: int, at: datetime) -> None:
    """Note that what was over then is gone from a target."""
    tx.change("UPDATE backup_targets SET pruned_at = :at WHERE target_key = :key", key=target_key, at=microseconds(at))


def change_target(
    tx: WriteTransaction, target_key: int, name: str, at: time, limits: tuple[timedelta, timedelta]
) -> bool:
    """Change what a person may change of a target that is used: name, time of its night's run, warning and alarm."""
    return tx.change(
        "UPDATE backup_targets SET name = :name, schedule = :schedule, warn_after_seconds = :warn, "
        "alarm_after_seconds = :alarm WHERE target_key = :key AND removed_at IS NULL",
        key=target_key, name=name, schedule=json.dumps({"at": at.strftime("%H:%M")}),
        warn=int(limits[0].total_seconds()), alarm=int(limits[1].total_seconds()),
    ) > 0  # fmt: skip


def _target(row: Row) -> Target:
    location: Location = read_location(row[3], row[4])
    schedule = json.loads(row[7])
    return Target(
        target_key=row[0], target_id=row[1], name=row[2], location=location, sealed_credentials=row[5],
        append_only=bool(row[6]), at=time.fromisoformat(schedule["at"]), warn_after=timedelta(seconds=row[8]),
        alarm_after=timedelta(seconds=row[9]), created_at=instant(row[10]), seen_at=_instant(row[11]),
        covered_at=_instant(row[12]), copied_through=_instant(row[13]),
        fault=None if row[14] is None else Fault(row[14]),
        removed_at=_instant(row[15]), destroyed_at=_instant(row[16]), night_at=_instant(row[17]),
        whole_night_at=_instant(row[18]), pruned_at=_instant(row[19]), night_missed_at=_instant(row[20]),
    )  # fmt: skip


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else instant(stored)


def _stored(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)
