"""The small file in clear at a target's root that says whose it is: what a disk is known by.

Guards: a disk that is plugged in is copied to only when it carries this
target's own id; an empty mount point, or another disk at the same place, never is.
"""

import json
import re
from dataclasses import dataclass

from appliance.errors import Unsuitable
from appliance.identifiers import BoxId

MARKER = "enamel-target.json"
MOST_BYTES = 4096
_FORMAT = "enamel target"
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Marker:
    """Which box's which target this is."""

    target_id: bytes
    box_id: BoxId

    def encode(self) -> bytes:
        """Write it."""
        facts = {"format": _FORMAT, "target_id": self.target_id.hex(), "box_id": str(self.box_id)}
        return json.dumps(facts).encode() + b"\n"


def read_marker(content: bytes) -> Marker:
    """Read what `Marker.encode` wrote.

    Raises:
        Unsuitable: It is anything else.
    """
    try:
        facts = json.loads(content)
        ids = [str(facts["target_id"]), str(facts["box_id"])]
        is_ours = facts["format"] == _FORMAT and all(_ID.fullmatch(one) for one in ids)
    except (ValueError, KeyError, TypeError):
        is_ours, ids = False, []
    if not is_ours:
        raise Unsuitable(f"{MARKER} is not what a box of this kind writes")
    return Marker(bytes.fromhex(ids[0]), BoxId.parse(ids[1]))
