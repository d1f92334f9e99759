"""SQL of a box's end: what is on it, and whether all of it was exported."""

import json
from datetime import datetime

from appliance.audit.events import EventCode
from appliance.clock import microseconds
from appliance.store.transactions import ReadTransaction

_ARRIVALS = (
    EventCode.STORING_BEGAN, EventCode.STUDY_RECEIVED, EventCode.INSTANCE_QUARANTINED,
    EventCode.INSTANCE_VERSION_ADDED, EventCode.CATALOGUE_REBUILT,
)  # fmt: skip
_EXPORTED = """SELECT 1 FROM exports e WHERE e.scope = 'archive' AND e.finished_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.event IN (SELECT value FROM json_each(:arrivals))
    AND a.sequence > (SELECT min(x.sequence) FROM audit_events x
      WHERE x.event = 'archive exported' AND x.subject_kind = 'export' AND x.subject_key = e.export_key))
  AND e.file_count >= (SELECT count(*) FROM versions) + (SELECT count(*) FROM quarantine q JOIN files USING (file_id)
    WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.file_id = q.file_id))
  LIMIT 1"""


def is_exported(tx: ReadTransaction) -> bool:
    """Say whether the whole archive was exported, and nothing was catalogued since that began.

    It goes by the trail's order and by the count of files: a clock that was set hides nothing that came later.
    """
    return bool(tx.rows(_EXPORTED, arrivals=json.dumps([code.value for code in _ARRIVALS])))


def stored(tx: ReadTransaction) -> tuple[int, int]:
    """Give how many files are stored, packs apart, and how long they are in clear."""
    rows = tx.rows(
        "SELECT count(*), coalesce(sum(plaintext_bytes), 0) FROM files WHERE file_id NOT IN (SELECT file_id FROM packs)"
    )
    return int(rows[0][0]), int(rows[0][1])


def find_decommissioning(tx: ReadTransaction, since: datetime) -> int | None:
    """Give the erasure of the box itself that was written down since a moment: the one of a proposal made then."""
    rows = tx.rows(
        "SELECT erasure_key FROM erasures WHERE scope = 'box' AND erased_at >= :since "
        "ORDER BY erasure_key DESC LIMIT 1",
        since=microseconds(since),
    )  # fmt: skip
    return int(rows[0][0]) if rows else None
