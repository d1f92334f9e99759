"""A whole series in one answer for the viewer: an index, then the instances coarse to fine.

The index comes from catalogue rows alone and the length of everything is known
before the first byte, so that a cut shows. An instance that is damaged, or that
the disk will not give, keeps no other from being shown: zeros stand in its
place, and what follows it says which.

Guards: nobody takes zeros for a picture. Each record ends with its condition,
found by the reading that filled it; so a stream is given whole, never by
ranges, which would join what one reading gave and what another says of it.

Source: docs/storage-format.md, "series stream".
"""

from collections.abc import Sequence
from functools import partial
from logging import getLogger

from appliance.archive.display_order import coarse_to_fine, in_display_order
from appliance.archive.located import Located
from appliance.archive.series_format import CONDITION_BYTES, Coding, Condition, condition, head, record_head
from appliance.errors import CatalogueOutdated, KeysSealed, Tampered, Unavailable
from appliance.web.dicomweb.answers import ReadInto
from appliance.web.dicomweb.ranges import Late, Piece, Stretch

MEDIA_TYPE = b"application/vnd.enamel.series-stream"
SMALL_PICTURE = "for=small-picture"  # the query of who reads the beginning only, and opens nothing
_LOG = getLogger(__name__)


class Damaged:
    """The instances that one answer found damaged, or could not read, while it was sent."""

    def __init__(self) -> None:
        self._conditions: dict[bytes, Condition] = {}

    def reading_on(self, read: ReadInto) -> ReadInto:
        """Give a way to read that goes on over what cannot be read, with zeros from there to the instance's end.

        A file that the disk refuses is no damaged one: it may be read another time, so nothing marks it.
        """

        def read_on(stretch: Stretch, target: memoryview) -> None:
            file_id = stretch.located.file.file_id.value
            if file_id not in self._conditions:
                try:
                    return read(stretch, target)
                except (KeysSealed, CatalogueOutdated):
                    raise  # of the box, not of one file
                except (Tampered, Unavailable) as error:
                    _LOG.error("a series is sent without one of its images: %s", error)
                    is_damage = isinstance(error, Tampered)
                    self._conditions[file_id] = Condition.DAMAGED if is_damage else Condition.UNREADABLE
            target[:] = bytes(len(target))
            return None

        return read_on

    def condition(self, located: Located) -> bytes:
        """Say whether what was sent of an instance is what was stored."""
        return condition(self._conditions.get(located.file.file_id.value, Condition.SOUND))


def layout(instances: Sequence[Located], damaged: Damaged) -> list[Piece]:
    """Lay out the stream of one series' instances, at least one; `damaged` hears of them while they are read."""
    shown = in_display_order(instances)
    order = coarse_to_fine(len(shown))
    pieces: list[Piece] = [head(shown, order)]
    for number in order:
        length = shown[number].file.plaintext_bytes
        pieces += (
            record_head(number, Coding.PLAIN, length),
            Stretch(shown[number], 0, length),
            Late(CONDITION_BYTES, partial(damaged.condition, shown[number])),
        )
    return pieces
