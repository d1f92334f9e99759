"""Keeps the pages' words in every language: reads the English out of the sources, and makes what the box reads.

`python -m tools.catalogues` takes new English into each language's `staff.po`, drops what no page says any more, writes
the `.mo` files beside them, and names what waits for a translator. The `.po` files are made by hand but for that.
"""

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).parents[1] / "appliance" / "web"
LOCALE = WEB / "locale"
CODES = ("es", "pt")
SAME_DATE = datetime(2026, 1, 1, tzinfo=UTC)  # so that the same words make the same file
SOURCES = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "later": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def po_path(code: str) -> Path:
    """Give where a language's words are written."""
    return LOCALE / code / "LC_MESSAGES" / "staff.po"


def extracted() -> Catalog:
    """Read every English text out of the sources."""
    catalogue = Catalog(charset="utf-8")
    found = extract_from_dir(WEB, SOURCES, {"**/templates/**.html": {"trimmed": "false"}}, keywords=KEYWORDS)
    for _file, _line, message, _comments, context in found:
        catalogue.add(message, context=context)
    return catalogue


def read(code: str) -> Catalog:
    """Read a language's words."""
    with po_path(code).open("rb") as source:
        return read_po(source, locale=code, charset="utf-8")


def compiled(catalogue: Catalog) -> bytes:
    """Make what the box reads out of a language's words."""
    made = BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


def written(catalogue: Catalog) -> bytes:
    """Write a language's words as they stand in the repository, in one order, without dates."""
    made = BytesIO()
    write_po(made, catalogue, width=120, no_location=True, omit_header=False, sort_output=True, ignore_obsolete=True)
    return made.getvalue()


def renewed(code: str, template: Catalog) -> Catalog:
    """Give a language's words for exactly the English of `template`; what is new has none yet."""
    before = read(code) if po_path(code).is_file() else Catalog(locale=code)
    fresh = Catalog(
        locale=code, project="Enamel", version="pages", copyright_holder="Enamel", charset="utf-8",
        msgid_bugs_address="SECURITY.md",
        creation_date=SAME_DATE, revision_date=SAME_DATE, last_translator="Enamel", language_team="Enamel", fuzzy=False,
        header_comment=f"# The pages' words ({code}).",
    )  # fmt: skip
    for message in template:
        if message.id:
            old = before.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
            fresh.add(message.id, old.string if old else None, flags=message.flags, context=message.context)
    return fresh


def waiting(catalogue: Catalog) -> list[str]:
    """Name what has no translation."""
    return [str(message.id) for message in catalogue if message.id and not all(_forms(message.string))]


def _forms(string: object) -> tuple[object, ...]:
    return tuple(string) if isinstance(string, tuple | list) else (string,)


def main() -> int:
    """Renew every language, and fail while something waits for a translator."""
    template, left = extracted(), 0
    for code in CODES:
        catalogue = renewed(code, template)
        po_path(code).parent.mkdir(parents=True, exist_ok=True)
        po_path(code).write_bytes(written(catalogue))
        po_path(code).with_suffix(".mo").write_bytes(compiled(catalogue))
        for text in waiting(catalogue):
            print(f"{code}: {text}")
        left += len(waiting(catalogue))
    return min(left, 1)


if __name__ == "__main__":
    sys.exit(main())
