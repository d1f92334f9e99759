"""A whole series in one answer for the viewer: an index, then the instances coarse to fine.

The index comes from catalogue rows alone and the length of everything is known
before the first byte, so that ranges work and a cut shows.

Source: docs/storage-format.md, "series stream".
"""

import json
import struct
from collections.abc import Sequence

from appliance.archive.display_order import coarse_to_fine, in_display_order
from appliance.archive.located import Located
from appliance.web.dicomweb.ranges import Piece, Stretch

MAGIC = b"ENSTREAM"
FORMAT = 1
MEDIA_TYPE = b"application/vnd.enamel.series-stream"
_HEAD = struct.Struct("<8sII")
_RECORD = struct.Struct("<IIQ")
_ALIGNMENT = 8
PLAIN_PART_10 = 0


def layout(instances: Sequence[Located]) -> list[Piece]:
    """Lay out the stream of one series' instances, at least one."""
    shown = in_display_order(instances)
    order = coarse_to_fine(len(shown))
    index = {
        "series": shown[0].series_instance_uid,
        "instances": [_entry(one) for one in shown],
        "order": order,
    }
    text = json.dumps(index, separators=(",", ":")).encode()
    text += b" " * (-(_HEAD.size + len(text)) % _ALIGNMENT)
    pieces: list[Piece] = [_HEAD.pack(MAGIC, FORMAT, len(text)) + text]
    for number in order:
        length = shown[number].file.plaintext_bytes
        pieces += (_RECORD.pack(number, PLAIN_PART_10, length), Stretch(shown[number], 0, length))
    return pieces


def _entry(one: Located) -> dict[str, object]:
    image = one.image
    return {
        "sop": one.sop_instance_uid,
        "number": one.instance_number,
        "transfer_syntax": one.transfer_syntax_uid,
        "rows": image.rows or 0,
        "columns": image.columns or 0,
        "frames": image.frame_count if image.rows else 0,
        "bits_allocated": image.bits_allocated or 0,
        "samples": image.samples_per_pixel or 0,
        "bytes": one.file.plaintext_bytes,
        "position": image.vector("position"),
        "orientation": image.vector("orientation"),
    }
