"""What a command answers, how it is shown, and the one table from fault to exit status."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from appliance import errors

# The first class that fits decides; subclasses stand above their bases.
EXIT_STATUSES: tuple[tuple[type[errors.ApplianceError], int], ...] = (
    (errors.WrongPassphrase, 13),
    (errors.UnreadableCode, 14),
    (errors.NotPermitted, 11),
    (errors.NotFound, 12),
    (errors.Unsuitable, 15),
    (errors.Refused, 10),
    (errors.OutOfSpace, 21),
    (errors.KeysSealed, 22),
    (errors.CatalogueOutdated, 23),
    (errors.Unavailable, 20),
    (errors.WrongKey, 31),
    (errors.Tampered, 30),
    (errors.ApplianceError, 1),
)
FOUND_WRONG = 3  # a check ran and found something
USAGE = 2  # what argparse itself gives
BUG = 70  # sysexits.h, EX_SOFTWARE
INTERRUPTED = 130


@dataclass(frozen=True)
class Answer:
    """What a command found.

    Attributes:
        data: For `--json`.
        text: For a person.
        status: The exit status.
    """

    data: object
    text: str = ""
    status: int = 0


def exit_status(fault: errors.ApplianceError) -> int:
    """Give the exit status that tells this fault."""
    return next(status for kind, status in EXIT_STATUSES if isinstance(fault, kind))


def shown(answer: Answer, *, as_json: bool) -> str:
    """Give what goes to standard output; one line when it is JSON, nothing where there is nothing to say."""
    if as_json and answer.data is None:
        return ""
    return json.dumps(answer.data, ensure_ascii=False, default=str) if as_json else answer.text


def listed(rows: Sequence[Mapping[str, object]], columns: Iterable[str], none: str) -> Answer:
    """Answer with rows: all of them as JSON, these columns aligned for a person."""
    names = list(columns)
    lines = [[name.replace("_", " ") for name in names], *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(names))]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
    return Answer(list(rows), text if rows else none)


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "-"
    return "-" if value is None or value == "" else str(value)
