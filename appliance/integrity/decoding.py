"""Has some series that came out of a backup read as images again, not only as bytes.

Guards: every image's dataset is read by a confined child, as intake had it
read, and says the same of itself as its row; where a series is a volume whose
pixels the box itself can read, its small picture is made from them. Leaves
out: pixels in compressed syntaxes, which only viewers decode.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing

from appliance.archive.display_order import in_display_order
from appliance.archive.located import Located
from appliance.archive.queries_retrieve import series_instances_by_key
from appliance.errors import ApplianceError, Tampered
from appliance.identifiers import BoxId
from appliance.intake.pack_sources import SeriesSource, opened
from appliance.intake.parts import IntakeParts
from appliance.intake.preview_plans import PREVIEW_SECONDS, plan_preview
from appliance.integrity.findings import FaultCode, Finding, Place
from appliance.integrity.parts import IntegrityParts
from appliance.sandbox.parser import Parser

_SAYS_OTHERWISE = "an image does not say of itself what its row says"


def series_files(parts: IntegrityParts, series_key: int) -> list[Located]:
    """Give the images of a series."""
    with parts.database.read() as tx:
        return series_instances_by_key(tx, series_key)


def decode_series(parts: IntegrityParts, series_key: int) -> list[Finding]:
    """Read a series, whose files lie beside its catalogue, and give what is wrong with it."""
    readers = IntakeParts(
        parts.data_folder, BoxId(bytes(16)), parts.database, parts.rotating_keys, parts.audit, parts.files, parts.clock
    )
    shown = in_display_order(series_files(parts, series_key))
    found = [*_read_each(readers, shown)]
    return found or [*_make_small(readers, shown)]


def _read_each(readers: IntakeParts, shown: Sequence[Located]) -> Iterator[Finding]:
    with Parser(readers.clock) as parser:
        for one in shown:
            try:
                with opened(readers, one, lambda: None) as source:
                    facts = parser.facts(source, one.dataset_offset, one.transfer_syntax_uid)
                uids = (facts.sop_instance_uid, facts.series.series_instance_uid, facts.study.study_instance_uid)
                if uids != (one.sop_instance_uid, one.series_instance_uid, one.study_instance_uid):
                    yield _finding(one, _SAYS_OTHERWISE)
            except Tampered as fault:
                yield Finding(Place.SNAPSHOT, FaultCode.ALTERED, str(fault), one.file.file_id)
            except ApplianceError as fault:
                yield _finding(one, f"it is no longer read as an image: {fault}")


def _make_small(readers: IntakeParts, shown: Sequence[Located]) -> Iterator[Finding]:
    plan = plan_preview(shown) if shown else None
    if plan is None:
        return
    with (
        closing(SeriesSource(readers, shown, lambda: None)) as source,
        Parser(readers.clock, PREVIEW_SECONDS) as parser,
    ):
        try:
            parser.preview(source, plan)
        except ApplianceError as fault:
            yield _finding(shown[0], f"no picture can be made of its series: {fault}")


def _finding(one: Located, words: str) -> Finding:
    return Finding(Place.SNAPSHOT, FaultCode.OTHER_DATASET, words, one.file.file_id)
