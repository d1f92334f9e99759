"""Makes the pack of one series: the same stream that is made on the fly, its words packed, with a preview.

Guards: its bytes give back every instance as stored, for what a child says
decides nothing but how the preview looks. A pack's file is known before it
exists, as a leftover, so no crash leaves one that nobody knows of.
Leaves out: which series gets one, and the rows that make it one.

Source: docs/storage-format.md, "series stream".
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from logging import getLogger

from appliance.archive import queries_packs, word_blocks
from appliance.archive.display_order import coarse_to_fine, in_display_order
from appliance.archive.located import Located
from appliance.archive.series_format import PREVIEW_NUMBER, Coding, condition, head, record_head
from appliance.dicom.faults import Unparsable
from appliance.dicom.preview_plan import Plan, SmallVolume
from appliance.dicom.transfer_syntaxes import DEFLATED, IMPLICIT_LITTLE, is_native
from appliance.identifiers import FileId
from appliance.intake.pack_sources import SeriesSource, StoredSource, opened
from appliance.intake.parts import IntakeParts
from appliance.intake.preview_plans import PREVIEW_SECONDS, plan_preview
from appliance.keys.secret import SecretKey
from appliance.keys.stream import StreamSealer
from appliance.sandbox.birth import Birth
from appliance.sandbox.parser import Parser
from appliance.store.files import storage_faults

SYNCED_BYTES = 8 * 1024 * 1024  # at once: a long sync would keep the receiver's short ones waiting
MOST_HEAD_BYTES = 4 * 1024 * 1024
_TAGS = {b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"}  # Pixel Data, little and big endian
_LONG_HEADER, _SHORT_HEADER = 12, 8  # PS3.5 7.1.2 and 7.1.3
log = getLogger(__name__)


@dataclass(frozen=True)
class MadePack:
    """A pack whose file is durable and has no row yet."""

    file_id: FileId
    data_key: SecretKey
    plaintext_bytes: int


class PackMaker:
    """Makes packs, one at a time, for one thread."""

    def __init__(self, parts: IntakeParts, birth: Birth, on_progress: Callable[[], None]) -> None:
        """Make packs.

        Args:
            parts: Collaborators.
            birth: Makes the child that reads pixels for the preview.
            on_progress: Hears often while a pack is made, and may raise to end it.
        """
        self._parts = parts
        self._birth = birth
        self._on_progress = on_progress

    def make(self, instances: Sequence[Located]) -> MadePack:
        """Make the pack of a series' instances, at least one.

        Raises:
            DamagedInstance, NotFound: An instance is not what was stored, or is gone.
            Unavailable: The disk refused.
        """
        shown = in_display_order(instances)
        plan = plan_preview(shown)
        small = None if plan is None else self._small(shown, plan)
        made = FileId.new(), SecretKey.new()
        with self._parts.database.write() as tx:
            queries_packs.add_leftover(tx, made[0])
        length = self._written(*made, lambda sink: self._write(shown, (plan, small), sink))
        return MadePack(*made, length)

    def _small(self, shown: Sequence[Located], plan: Plan) -> SmallVolume | None:
        with (
            closing(SeriesSource(self._parts, shown, self._on_progress)) as source,
            Parser(self._parts.clock, PREVIEW_SECONDS, self._birth) as parser,
        ):
            try:
                return parser.preview(source, plan)
            except Unparsable as error:
                log.warning("a series gets no preview: %s", error)
                return None

    def _written(self, file_id: FileId, key: SecretKey, write: Callable[[Callable[[bytes], None]], None]) -> int:
        """Write a sealed file into the vault, durably, and give its plaintext's length."""
        files, vault = self._parts.files, self._parts.vault
        descriptor = vault.create(file_id)
        unsynced = 0

        def store(sealed: memoryview) -> None:
            nonlocal unsynced
            files.write(descriptor, sealed)
            unsynced += len(sealed)
            if unsynced >= SYNCED_BYTES:
                files.fsync(descriptor)
                unsynced = 0

        sealer = StreamSealer(key, file_id, store)
        with storage_faults():
            try:
                write(sealer.write)
                length = sealer.finish()
                files.fsync(descriptor)
            finally:
                files.close(descriptor)
        vault.settle(file_id)
        return length

    def _write(
        self, shown: Sequence[Located], preview: tuple[Plan | None, SmallVolume | None], sink: Callable[[bytes], None]
    ) -> None:
        order = coarse_to_fine(len(shown))
        plan, small = preview
        if plan is None or small is None:
            sink(head(shown, order))
        else:
            sink(head(shown, order, _preview_entry(plan, small)))
            with opened(self._parts, shown[order[0]], self._on_progress) as source:
                data = word_blocks.pack_words(_head_of(source, shown[order[0]]), small.values, plan.small_shape[2])
            sink(record_head(PREVIEW_NUMBER, Coding.PREVIEW, len(data)) + data + condition())
        for number in order:
            with opened(self._parts, shown[number], self._on_progress) as source:
                _write_record(number, shown[number], source, sink)


def _write_record(number: int, located: Located, source: StoredSource, sink: Callable[[bytes], None]) -> None:
    bounds = _bounds(located)
    packed = None if bounds is None else word_blocks.prepare(source, bounds)
    if packed is None:
        sink(record_head(number, Coding.PLAIN, source.total_bytes))
        word_blocks.copy(source, sink)
    else:
        sink(record_head(number, Coding.PACKED, packed.length))
        word_blocks.write(source, packed, sink)
    sink(condition())


def _bounds(located: Located) -> word_blocks.Bounds | None:
    """Say where a file's words lie, as the catalogue has it; None where it holds none that are worth packing."""
    image, syntax = located.image, located.transfer_syntax_uid
    if image.bits_allocated != 16 or not is_native(syntax) or syntax == DEFLATED:
        return None
    if image.pixel_offset is None or image.pixel_bytes is None or image.columns is None:
        return None
    stride = image.columns * (image.samples_per_pixel or 1)
    return word_blocks.Bounds(image.pixel_offset, image.pixel_bytes // 2, stride)


def _preview_entry(plan: Plan, small: SmallVolume) -> dict[str, object]:
    slices, rows, columns = plan.small_shape
    return {
        "columns": columns,
        "rows": rows,
        "slices": slices,
        "factor": plan.factor,
        "slope": small.slope,
        "intercept": small.intercept,
    }


def _head_of(source: StoredSource, located: Located) -> bytes:
    """Give a file from its beginning to where its Pixel Data element begins; nothing where that is not sure."""
    value = located.image.pixel_offset or 0
    if not _LONG_HEADER <= value <= MOST_HEAD_BYTES:
        return b""
    head_bytes = source.read(0, value)
    for length in (_SHORT_HEADER,) if located.transfer_syntax_uid == IMPLICIT_LITTLE else (_LONG_HEADER, _SHORT_HEADER):
        if head_bytes[value - length : value - length + 4] in _TAGS:
            return head_bytes[: value - length]
    return b""
