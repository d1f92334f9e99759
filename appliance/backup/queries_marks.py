"""SQL of where the trail's numbers began anew."""

from appliance.store.transactions import ReadTransaction


def lines_began_at(tx: ReadTransaction) -> list[int]:
    """Give the events by which an earlier catalogue was put to use, in order."""
    rows = tx.rows(
        "SELECT sequence FROM audit_events WHERE event IN ('box restored', 'catalogue rebuilt') ORDER BY sequence"
    )
    return [int(row[0]) for row in rows]
