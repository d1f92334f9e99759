"""The catalogue's own name: which box it belongs to."""

from dataclasses import dataclass
from datetime import datetime

from appliance.clock import instant, microseconds
from appliance.identifiers import BoxId
from appliance.store.transactions import ReadTransaction, WriteTransaction


@dataclass(frozen=True)
class BoxRow:
    """Which box a catalogue belongs to."""

    box_id: BoxId
    clinic_name: str
    created_at: datetime


def find_box(tx: ReadTransaction) -> BoxRow | None:
    """Give the box of this catalogue, or None in a new one."""
    rows = tx.rows("SELECT box_id, clinic_name, created_at FROM box")
    return BoxRow(BoxId(rows[0][0]), str(rows[0][1]), instant(rows[0][2])) if rows else None


def name_box(tx: WriteTransaction, box: BoxRow) -> None:
    """Name a new catalogue's box; a catalogue has one."""
    tx.change(
        "INSERT INTO box (only_one, box_id, clinic_name, created_at) VALUES (1, :box_id, :clinic_name, :at)",
        box_id=box.box_id.value, clinic_name=box.clinic_name, at=microseconds(box.created_at),
    )  # fmt: skip
