"""Which font files of this machine draw which script. Looks at names only; opens nothing."""

from collections.abc import Sequence
from pathlib import Path

FONT_FOLDERS = (
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/truetype/noto"),
    Path("/usr/share/fonts/opentype/noto"),
)
_PLAIN = ("DejaVuSans.ttf", "NotoSans-Regular.ttf")
_BOLD = ("DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf")
_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"})


class Fonts:
    """The fonts of some folders; the machine's own unless told."""

    def __init__(self, folders: Sequence[Path] = FONT_FOLDERS) -> None:
        self._folders = folders

    def plain(self) -> Path | None:
        """Give the font of most text, None where not even Latin letters have one."""
        return self._first(_PLAIN)

    def bold(self) -> Path | None:
        """Give the same font in bold, None where there is none."""
        return self._first(_BOLD)

    def of_script(self, script: str) -> list[Path]:
        """Give the fonts that may have a script's letters, the likeliest first.

        Args:
            script: As `scripts.script_of` gives it.
        """
        own = "NotoSansCJK-Regular.ttc" if script in _EAST_ASIAN else f"NotoSans{script.title()}-Regular.ttf"
        names = (*_PLAIN, own, "NotoSansSymbols-Regular.ttf", "NotoSansSymbols2-Regular.ttf")
        return [found for name in names if (found := self._first((name,))) is not None]

    def _first(self, names: Sequence[str]) -> Path | None:
        return next((folder / name for name in names for folder in self._folders if (folder / name).is_file()), None)
