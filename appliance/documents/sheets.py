"""A4 sheets of the library that writes PDF: loaded when a document is begun, for it takes 0.4 s and 50 MB."""

from collections.abc import Callable

from fpdf import FPDF
from fpdf.bidi import BidiParagraph
from fpdf.fonts import FontFace

_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


class Sheets(FPDF):
    """A4 sheets whose foot somebody else writes."""

    def __init__(self, margin_mm: float, write_foot: Callable[[], None]) -> None:
        super().__init__(format="A4")
        self._write_foot = write_foot
        self.set_margins(margin_mm, margin_mm, margin_mm)
        self.set_auto_page_break(True, margin=margin_mm + 2)

    def footer(self) -> None:
        """Write the foot, as the library asks at each page's end."""
        self._write_foot()


def head_of_table(fill: tuple[int, int, int]) -> FontFace:
    """Give how a table's head looks."""
    return FontFace(emphasis="BOLD", fill_color=fill)


def as_seen(text: str) -> str:
    """Give a line's letters from left to right; brackets within what reads from right to left change sides.

    Source: Unicode Standard Annex 9, rule L4.
    """
    seen = BidiParagraph(text).get_reordered_characters()
    return "".join(one.character.translate(_MIRRORED) if one.embedding_level % 2 else one.character for one in seen)
