"""A share of the recovery kit as a paper: plain text for any printer, and a page of PDF, both made in memory.

Guards: what this gives is a part of the root secret; nothing here writes it anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from textwrap import wrap

from appliance.documents.pdf import Column, Document, Words
from appliance.keys.recovery_shares import NEEDED, SHARE_COUNT
from appliance.recovery.paper_words import COMMAND, PAPER_WORDS, PaperWords

_ROWS = 11  # of words, in three columns
_LINE = "______________________________"


@dataclass(frozen=True)
class Share:
    """What stands on one paper.

    Attributes:
        number: 1 to 3.
        words: The share; secret.
        kit: The kit's identifier.
        holder: Who keeps it, '' for a line to fill in.
        clinic_name: Whose box.
        box_id: Which box, in hexadecimal digits.
        made_at: When.
        targets: Where its backups are, a line each, as `enamel restore --target` takes them.
        language: Of the paper: en, es or pt.
    """

    number: int
    words: str = field(repr=False)
    kit: int
    holder: str
    clinic_name: str
    box_id: str
    made_at: datetime
    targets: Sequence[str]
    language: str = "en"

    @property
    def text(self) -> PaperWords:
        """Give what stands on it besides."""
        return PAPER_WORDS[self.language]

    @property
    def title(self) -> str:
        """Say which paper this is."""
        return self.text.title.format(kit=self.kit, number=self.number, count=SHARE_COUNT)

    @property
    def explained(self) -> str:
        """Say what it is good for."""
        return self.text.explained.format(needed=NEEDED, count=SHARE_COUNT)

    @property
    def steps(self) -> list[str]:
        """Say what to do with it, numbered."""
        return [f"{number}. {step.format(command=COMMAND)}" for number, step in enumerate(self.text.steps, 1)]


def as_text(share: Share) -> str:
    """Give the paper as plain text, 80 columns."""
    rows = ["  ".join(f"{place:2} {word:12}" for place, word in row).rstrip() for row in _columns(share.words)]
    lines = [
        share.title.upper(),
        *(f"{name:14}{value}" for name, value in _facts(share)),
        "",
        *_wrapped(share.explained),
        "",
        *(f"    {row}" for row in rows),
        "",
        f"{share.text.to_bring_back}:",
        *(line for step in share.steps for line in _wrapped(step, "  ", "     ")),
        "",
        f"{share.text.backups}:",
        *(f"    {target}" for target in share.targets or (share.text.none_yet, _LINE)),
    ]
    return "\n".join(lines) + "\n"


def as_pdf(share: Share) -> bytes:
    """Give the paper as one page of A4."""
    text = share.text
    foot = Words(footer=f"Enamel · box {share.box_id[:8]}", page=text.page, undrawn=text.undrawn)
    document = Document(share.title, share.made_at, share.language, foot)
    document.facts(_facts(share))
    document.paragraph(share.explained)
    document.table(
        [Column("", 0.25), Column(text.word)] * 3,
        [[cell for place, word in row for cell in (str(place), word)] for row in _columns(share.words)],
    )
    document.heading(text.to_bring_back)
    for step in share.steps:
        document.paragraph(step)
    document.heading(text.backups)
    for target in share.targets or (f"{text.none_yet} {_LINE}",):
        document.paragraph(target)
    return document.finish()


def _facts(share: Share) -> list[tuple[str, str]]:
    text = share.text
    return [
        (text.clinic, share.clinic_name),
        (text.box, share.box_id),
        (text.made_on, share.made_at.date().isoformat()),
        (text.kept_by, share.holder or _LINE),
    ]


def _columns(words: str) -> list[tuple[tuple[int, str], ...]]:
    numbered = list(enumerate(words.split(), 1))
    parts = [numbered[i : i + _ROWS] for i in range(0, len(numbered), _ROWS)]
    return list(zip_longest(*parts, fillvalue=(0, "")))


def _wrapped(text: str, first: str = "", others: str = "") -> list[str]:
    return wrap(text, 78, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
