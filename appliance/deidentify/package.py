"""The archive that a laboratory takes of a study: copies without the patient, and a page of text that says so.

Guards: its names are numbers, its text names nobody, and it was recorded before the first byte leaves; a copy's length
is known before, so that a cut-off archive is never taken for a whole one.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from appliance.audit.events import EventCode
from appliance.deidentify.copying import Copied, LeftOut
from appliance.deidentify.laboratory import Caller, Laboratory, Lent
from appliance.dicom.deidentifying.judging import Refusal
from appliance.errors import NotFound
from appliance.export.entries import Entry
from appliance.export.zipping import zip_bytes, zip_pieces

_WHY: Mapping[Refusal, str] = {
    Refusal.KIND: "not a kind of picture that is given (a report, a photograph, a screenshot, a document)",
    Refusal.WORDS: "its pixels may show words",
    Refusal.FACE: "its pixels show a face",
    Refusal.UNREADABLE: "it cannot be read",
    Refusal.FORM: "it is written in a form that is not handled",
    Refusal.REMAINS: "something in it might say whose it is",
}
_README = """Study {reference} of patient {pseudonym}

{count} DICOM files, without the patient: PS3.15 E Basic Application Confidentiality Profile with the options
Clean Descriptors, Retain Longitudinal Temporal Information with Modified Dates, Retain Device Identity.

The same patient and the same study always have the same pseudonym, reference and UIDs for you, and other ones for
anybody else. All dates of a patient are moved by the same number of days; times of day were taken out. Pixels are as
the scanner wrote them: a volume of a head can show what a face is like. Do not try to find out whose it is.
{left_out}"""


@dataclass(frozen=True, slots=True)
class Taken:
    """An archive that was looked up: its length in bytes, and what gives it."""

    file_name: str
    total_bytes: int
    pieces: Callable[[], Iterator[bytes]]


def take(laboratory: Laboratory, caller: Caller, lent: Lent, made_at: datetime) -> Taken:
    """Make the heads of all copies of a study and record that they are taken.

    Raises:
        NotFound: Nothing of it may be given.
        Unavailable: The disk refused.
    """
    made = list(laboratory.copies(caller, lent, laboratory.instances(caller, lent)))
    copied = [one for one in made if isinstance(one, Copied)]
    if not copied:
        raise NotFound("nothing of this study may be given")
    readme = _readme(lent, copied, [one for one in made if isinstance(one, LeftOut)])
    entries = [Entry("README.TXT", len(readme), lambda: iter((readme,))), *_entries(laboratory, caller, lent, copied)]
    laboratory.record(caller, lent, EventCode.LABORATORY_COPY_TAKEN, len(copied))
    return Taken(f"{lent.reference}.zip", zip_bytes(entries), lambda: zip_pieces(entries, made_at))


def _entries(laboratory: Laboratory, caller: Caller, lent: Lent, copied: Sequence[Copied]) -> Iterator[Entry]:
    whose = laboratory.whose(caller, lent)
    series = {key: number for number, key in enumerate(dict.fromkeys(one.located.series_key for one in copied), 1)}
    counts: Counter[int] = Counter()
    for one in copied:
        counts[one.located.series_key] += 1
        name = _name(series[one.located.series_key], counts[one.located.series_key])
        yield Entry(name, one.total_bytes, partial(laboratory.copying.pieces, whose, one))


def _name(series: int, place: int) -> str:
    return f"DICOM/SE{series:04}/IM{place:06}"


def _readme(lent: Lent, copied: Sequence[Copied], left_out: Sequence[LeftOut]) -> bytes:
    counted = Counter(one.why for one in left_out)
    lines = [f"- {count}: {_WHY[why]}" for why, count in sorted(counted.items())]
    told = "\nLeft out:\n" + "\n".join(lines) + "\n" if lines else ""
    text = _README.format(reference=lent.reference, pseudonym=lent.pseudonym, count=len(copied), left_out=told)
    return text.encode()
