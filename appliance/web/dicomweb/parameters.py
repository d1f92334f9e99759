"""A search's query string as the search it asks for.

A key that we cannot match is refused, never ignored: an ignored key would
show other patients than those asked for.

Source: DICOM PS3.18 8.3.4 (query parameters), 10.6.1.
"""

import re
from urllib.parse import parse_qsl

from appliance.archive.matching import DEFAULT_LIMIT, PAGE_LIMIT, Key, Level, Match, Search, match_for
from appliance.errors import Unsuitable
from appliance.web.dicomweb.attributes import KEYS

LONGEST_QUERY = 16_384
MOST_PARAMETERS = 200
_INCLUDED = re.compile(r"[A-Za-z0-9]{1,64}(\.[A-Za-z0-9]{1,64})*")


def parse_search(level: Level, query: str, fixed: dict[Key, str]) -> Search:
    """Read a query string.

    Args:
        level: What the path asks for.
        query: As it came, without its question mark.
        fixed: UIDs that the path gave; they bind beside what the query says.

    Raises:
        Unsuitable: A key or value that we cannot match; the message names the key only.
    """
    if len(query) > LONGEST_QUERY:
        raise Unsuitable("the query is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict")
    except ValueError:
        raise Unsuitable("the query cannot be read") from None
    options = {name: value for name, value in pairs if name in ("limit", "offset", "fuzzymatching")}
    fuzzy = options.get("fuzzymatching", "false").lower() == "true"
    matches: dict[Key, Match] = {key: match for key, uid in fixed.items() if (match := match_for(key, uid))}
    for name, value in pairs:
        if name not in options and not _is_include(name, value):
            _add(matches, _key(name), value, fuzzy=fuzzy)
    limit = min(_count(options.get("limit"), DEFAULT_LIMIT), PAGE_LIMIT)
    return Search(level, matches, limit=limit, offset=_count(options.get("offset"), 0))


def _key(name: str) -> Key:
    key = KEYS.get(name) or KEYS.get(name.upper())
    if key is None:
        raise Unsuitable("the query has a key that cannot be matched here")
    return key


def _add(matches: dict[Key, Match], key: Key, value: str, *, fuzzy: bool) -> None:
    match = match_for(key, value, fuzzy=fuzzy)
    if key in matches:
        if match is not None and match != matches[key]:
            raise Unsuitable(f"{key} is given twice")
    elif match is not None:
        matches[key] = match


def _is_include(name: str, value: str) -> bool:
    """All attributes that the catalogue holds are always returned, so any list of them is satisfied."""
    if name != "includefield":
        return False
    if not all(_INCLUDED.fullmatch(part) for part in value.split(",") if part):
        raise Unsuitable("includefield takes keywords or tags")
    return True


def _count(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise Unsuitable("limit and offset take whole numbers")
    return int(text)
