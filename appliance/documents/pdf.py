"""PDF documents, made in memory: headings, text, facts, tables, names in every script that there is a font for.

Guards: nothing is written to a disk. A letter that no installed font has is drawn as an empty box and told of
(`undrawn`), never left out in silence; so a document can be made whatever a patient is called.
Leaves out: which words stand in it; a text from right to left that needs more than one line.

Source: ISO 32000-1 (PDF 1.7).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.documents.fonts import Fonts
from appliance.documents.scripts import is_right_to_left, joined, plain, script_of

MARGIN_MM = 18.0
_TEXT_POINTS, _SMALL_POINTS = 10.0, 8.0
_LINE = 1.45  # of the letters' height
_MM_A_POINT = 25.4 / 72
_INK, _SOFT, _PALE = (23, 32, 42), (92, 104, 117), (240, 243, 246)
_CORE = "helvetica"  # every reader of PDF has it; Latin letters only
_BASE = "base"
_BOX = "\u25a1"  # WHITE SQUARE
_PAGES, _NO_PAGES = "{nb}", "{ nb}"  # the library puts the number of pages where the first stands


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its title, how much of the width it takes, beside others, and whether it is of numbers."""

    title: str
    share: float = 1.0
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What stands at every page's foot, in the language of the document.

    Attributes:
        footer: A line, on the left.
        page: How pages are counted, with `{page}` and `{pages}`.
        undrawn: Said at the end where letters are missing, with `{box}` for how they look; '' says nothing.
    """

    footer: str = ""
    page: str = "Page {page} of {pages}"
    undrawn: str = "{box} stands for a letter that the machine which made this document has no font for."


class Document:
    """One document, written from top to bottom on A4; for one thread."""

    def __init__(
        self,
        title: str,
        made_at: datetime,
        language: str = "en",
        words: Words | None = None,
        fonts: Fonts | None = None,
    ) -> None:
        """Begin it.

        Args:
            title: Shown by readers, and the first heading.
            made_at: An aware instant, kept in the file.
            language: Its RFC 3066 tag, for voices that read it out.
            words: What stands at the foot of each page.
            fonts: Where fonts lie; the machine's own unless told.
        """
        self._words = words or Words()
        self._fonts = fonts or Fonts()
        from appliance.documents import sheets  # noqa: PLC0415  see there: only who writes a document pays for it

        self._sheets = sheets
        self._pdf = sheets.Sheets(MARGIN_MM, self.write_foot)
        self._loaded: dict[Path, str] = {}
        self._undrawn: set[str] = set()
        self._pdf.set_creation_date(made_at)
        self._pdf.set_title(plain(title))
        self._pdf.set_lang(language)
        self._pdf.set_creator("Enamel")
        self._pdf.set_producer("Enamel")
        self._family = self._load_base()
        self._box = "?" if self._family == _CORE else _BOX
        self._pdf.add_page()
        self._line(title, 20.0, bold=True)
        self.space(3)

    @property
    def undrawn(self) -> frozenset[str]:
        """The letters that no font here has, so far."""
        return frozenset(self._undrawn)

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._keep_together(24)
        self.space(4)
        self._line(text, 13.0, bold=True)
        self.space(1.5)

    def paragraph(self, text: str, *, bold: bool = False, small: bool = False) -> None:
        """Write running text."""
        self._line(text, _SMALL_POINTS if small else _TEXT_POINTS, bold=bold, soft=small)
        self.space(1.5)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Write names and values, one pair a line."""
        for name, value in facts:
            self._keep_together(8)
            height = self._font(_TEXT_POINTS)
            self._pdf.set_text_color(*_SOFT)
            self._pdf.multi_cell(52, height, self._shown(name), align="L", new_x="RIGHT", new_y="TOP")
            self._pdf.set_text_color(*_INK)
            self._pdf.multi_cell(0, height, self._shown(value) or "-", align="L", new_x="LMARGIN", new_y="NEXT")
        self.space(1.5)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """Write a table; its head is said again on each page. Long words are broken where the column ends."""
        self._font(_SMALL_POINTS + 0.5)
        self._pdf.set_text_color(*_INK)
        self._pdf.set_draw_color(208, 214, 220)
        with self._pdf.table(
            col_widths=tuple(column.share for column in columns),
            text_align=tuple("RIGHT" if column.numbers else "LEFT" for column in columns),
            line_height=(_SMALL_POINTS + 0.5) * _LINE * _MM_A_POINT,
            padding=(1.0, 1.4),
            borders_layout="HORIZONTAL_LINES",
            cell_fill_mode="NONE",
            headings_style=self._sheets.head_of_table(_PALE),
        ) as table:
            table.row([self._shown(column.title) for column in columns])
            for row in rows:
                table.row([self._shown(cell) for cell in row])
        self.space(2)

    def space(self, height_mm: float) -> None:
        """Leave some of the page empty."""
        self._pdf.ln(height_mm)

    def attach(self, name: str, content: bytes, description: str = "") -> None:
        """Put a file into the document, which readers list as its attachment."""
        self._pdf.embed_file(basename=name, bytes=content, desc=description, compress=True)

    def finish(self) -> bytes:
        """Give the whole document, once."""
        if self._undrawn and self._words.undrawn:
            self.paragraph(self._words.undrawn.replace("{box}", self._box), small=True)
        return bytes(self._pdf.output())

    def write_foot(self) -> None:
        """Write the foot of the page that ends."""
        self._pdf.set_y(-14)
        height = self._font(_SMALL_POINTS)
        self._pdf.set_text_color(*_SOFT)
        page = self._shown(self._words.page.replace("{page}", str(self._pdf.page_no())).replace("{pages}", _PAGES))
        self._pdf.cell(self._pdf.epw * 0.75, height, self._shown(self._words.footer))
        self._pdf.cell(0, height, page.replace(_NO_PAGES, _PAGES), align="R")
        self._pdf.set_text_color(*_INK)

    def _line(self, text: str, points: float, *, bold: bool = False, soft: bool = False) -> None:
        height = self._font(points, bold=bold)
        self._pdf.set_text_color(*(_SOFT if soft else _INK))
        self._pdf.multi_cell(0, height, self._shown(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _font(self, points: float, *, bold: bool = False) -> float:
        """Take up a font and give the height of its line in mm."""
        self._pdf.set_font(self._family, "B" if bold else "", points)
        return points * _LINE * _MM_A_POINT

    def _keep_together(self, height_mm: float) -> None:
        if self._pdf.will_page_break(height_mm):
            self._pdf.add_page()

    def _shown(self, text: str) -> str:
        """Give text as it is drawn: its letters joined and in the order of the eye, a box for what has no font."""
        drawn = joined(plain(text)).replace(_PAGES, _NO_PAGES)
        if is_right_to_left(drawn):
            drawn = self._sheets.as_seen(drawn)
        return "".join(one if self._has(one) else self._missing(one) for one in drawn)

    def _missing(self, character: str) -> str:
        self._undrawn.add(character)
        return self._box

    def _has(self, character: str) -> bool:
        """Say whether a character can be drawn, after loading a font that has it where there is one."""
        if self._family == _CORE:
            return ord(character) < 0x7F or 0xA0 <= ord(character) <= 0xFF
        code = ord(character)
        if any(self._covers(name, code) for name in self._loaded.values()):
            return True
        others = [path for path in self._fonts.of_script(script_of(character)) if path not in self._loaded]
        return any(self._load(path, code) for path in others)

    def _covers(self, name: str, code: int) -> bool:
        return code in self._pdf.fonts[name].cmap  # type: ignore[union-attr]  # only core fonts have none

    def _load(self, path: Path, code: int) -> bool:
        name = f"other{len(self._loaded)}"
        self._loaded[path] = name
        self._pdf.add_font(name, "", path)
        self._pdf.set_fallback_fonts([*self._loaded.values()][1:], exact_match=False)
        return self._covers(name, code)

    def _load_base(self) -> str:
        regular = self._fonts.plain()
        if regular is None:
            return _CORE
        self._loaded[regular] = _BASE
        self._pdf.add_font(_BASE, "", regular)
        self._pdf.add_font(_BASE, "B", self._fonts.bold() or regular)
        return _BASE
