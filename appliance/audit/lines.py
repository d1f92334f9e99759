"""Writes events as lines for other programs: CSV for a spreadsheet, and JSON.

Guards: no cell of the CSV begins as a formula does, whoever chose the text in it (OWASP, CSV Injection), wherever a
reader cuts a line into cells, as many do at `;`, and whether or not it honours quotes.
Leaves out: names of patients; there are none.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields

from appliance.audit.chain import Entry
from appliance.audit.numbers import meaning
from appliance.clock import instant

NameOf = Callable[[str, int], str]
# Where a formula could begin: at one of its signs, but within a word, where no reader cuts, or behind our own mark.
_FORMULA = re.compile("(?<![^\\W_])(?<!')(?=[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20])")
_COLUMNS = tuple(field.name for field in fields(Entry))
_AFTER = _COLUMNS.index("actor_key") + 1
COLUMNS = (*_COLUMNS[:_AFTER], "actor_name", *_COLUMNS[_AFTER:], "meaning")
HEADER = "\ufeff" + ",".join(COLUMNS) + "\r\n"  # with a mark by which spreadsheets know UTF-8


def csv_line(entry: Entry, name_of: NameOf) -> str:
    """Write one event as a line of CSV.

    Source: RFC 4180.
    """
    told = facts(entry, name_of)
    return ",".join(_cell(told[name]) for name in COLUMNS) + "\r\n"


def json_line(entry: Entry, name_of: NameOf) -> str:
    """Write one event as a line of JSON."""
    return json.dumps(facts(entry, name_of), ensure_ascii=False) + "\n"


def facts(entry: Entry, name_of: NameOf) -> Mapping[str, object]:
    """Give what an event's row says, its time in ISO 8601 and UTC, who did it by name, and what its number means."""
    name = "" if entry.actor_key is None else name_of(entry.actor_kind, entry.actor_key)
    return asdict(entry) | {"at": instant(entry.at).isoformat(), "actor_name": name, "meaning": meaning(entry)}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    return '"' + _FORMULA.sub("'", str(value)).replace('"', '""') + '"'
