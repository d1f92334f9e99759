"""SQL of looking for events: by time, by who, by what, by how it ended, by patient."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.audit.chain import Entry
from appliance.audit.queries import PAGE
from appliance.store.transactions import ReadTransaction

_SQL = (
    "SELECT sequence, at, event, outcome, actor_kind, actor_key, address, subject_kind, subject_key, "
    "patient_key, study_key, number FROM audit_events"
)
_CONDITIONS = {
    "since": "at >= :since",
    "until": "at < :until",
    "actor_kind": "actor_kind = :actor_kind",
    "actor_key": "actor_key = :actor_key",
    "events": "event IN (SELECT value FROM json_each(:events))",
    "outcome": "outcome = :outcome",
    "patient_key": "patient_key = :patient_key",
    "before": "sequence < :before",
    "after": "sequence > :after",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events; None asks for all.

    Attributes:
        since: In microseconds since 1970, and later.
        until: In microseconds since 1970, earlier than.
        actor_kind: Who, as a kind of actor.
        actor_key: Who, by the row key of that kind.
        events: What, as codes.
        outcome: How it ended.
        patient_key: Whose data it touched.
    """

    since: int | None = None
    until: int | None = None
    actor_kind: str | None = None
    actor_key: int | None = None
    events: tuple[str, ...] | None = None
    outcome: str | None = None
    patient_key: int | None = None

    @property
    def given(self) -> dict[str, object]:
        """Give what is asked for, by the names of the conditions."""
        events = None if self.events is None else json.dumps(self.events)
        own: dict[str, object] = {
            "since": self.since,
            "until": self.until,
            "actor_kind": self.actor_kind,
            "actor_key": self.actor_key,
            "events": events,
            "outcome": self.outcome,
            "patient_key": self.patient_key,
        }
        return {name: value for name, value in own.items() if value is not None}


EVERYTHING = Wanted()


def search(tx: ReadTransaction, wanted: Wanted, count: int, before: int | None = None) -> list[Entry]:
    """Give the newest events that are wanted, newest first; `before` is the last sequence of the page above."""
    given = wanted.given | ({} if before is None else {"before": before})
    rows = tx.rows(f"{_SQL}{_where(given)} ORDER BY sequence DESC LIMIT :count", count=count, **given)
    return [Entry(*row) for row in rows]


def reading(tx: ReadTransaction, wanted: Wanted, after: int = 0) -> Iterator[Entry]:
    """Give every event that is wanted with a sequence above `after`, oldest first, a page at a time."""
    last = after
    while True:
        given = wanted.given | {"after": last}
        rows = tx.rows(f"{_SQL}{_where(given)} ORDER BY sequence LIMIT :count", count=PAGE, **given)
        yield from (Entry(*row) for row in rows)
        if len(rows) < PAGE:
            return
        last = int(rows[-1][0])


def count(tx: ReadTransaction, wanted: Wanted) -> int:
    """Count the events that are wanted."""
    given = wanted.given
    return int(tx.rows(f"SELECT count(*) FROM audit_events{_where(given)}", **given)[0][0])  # noqa: S608  written in this file


def _where(given: dict[str, object]) -> str:
    """Put the conditions together; each is written in this file."""
    conditions = [_CONDITIONS[name] for name in given]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
