"""SQL of searches at every level, each joined in the order that an index serves.

A search's strongest key names the table that drives it, and `CROSS JOIN` holds
SQLite to that order; without a key, the newest studies or the first rows are
walked along an index and the limit ends the walk. The keys of one page are
found first, with no more tables than the search asks about; what a page shows
is read for its own rows alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from appliance.archive.matching import (
    INSTANCE_KEYS,
    SERIES_KEYS,
    AnyOf,
    Between,
    Key,
    Level,
    Match,
    NumberIs,
    Pattern,
    Search,
    Words,
)
from appliance.store.transactions import ReadTransaction, Row

COLUMNS: dict[Key, str] = {
    Key.PATIENT_NAME: "p.patient_name_folded",
    Key.PATIENT_ID: "p.patient_id",
    Key.ISSUER_OF_PATIENT_ID: "p.issuer_of_patient_id",
    Key.PATIENT_BIRTH_DATE: "p.patient_birth_date",
    Key.PATIENT_SEX: "p.patient_sex",
    Key.STUDY_DATE: "st.study_date",
    Key.STUDY_TIME: "st.study_time",
    Key.STUDY_ID: "st.study_id",
    Key.STUDY_DESCRIPTION: "st.study_description",
    Key.ACCESSION_NUMBER: "st.accession_number",
    Key.REFERRING_PHYSICIAN_NAME: "st.referring_physician_name",
    Key.MODALITIES_IN_STUDY: "'\\' || st.modalities || '\\'",
    Key.STUDY_INSTANCE_UID: "st.study_instance_uid",
    Key.SERIES_INSTANCE_UID: "se.series_instance_uid",
    Key.MODALITY: "se.modality",
    Key.SERIES_NUMBER: "se.series_number",
    Key.SERIES_DESCRIPTION: "se.series_description",
    Key.BODY_PART_EXAMINED: "se.body_part_examined",
    Key.MANUFACTURER: "se.manufacturer",
    Key.SOP_INSTANCE_UID: "i.sop_instance_uid",
    Key.SOP_CLASS_UID: "i.sop_class_uid",
    Key.INSTANCE_NUMBER: "i.instance_number",
}
STUDY_COLUMNS = """st.study_instance_uid, st.study_date, st.study_time, st.study_id, st.study_description,
  st.accession_number, st.referring_physician_name, st.modalities, st.series_count, st.instance_count,
  p.patient_name, p.patient_id, p.issuer_of_patient_id, p.patient_birth_date, p.patient_sex"""
SERIES_COLUMNS = """se.series_instance_uid, se.modality, se.series_number, se.series_description,
  se.body_part_examined, se.laterality, se.manufacturer, se.manufacturer_model_name, se.instance_count"""
INSTANCE_COLUMNS = """i.sop_instance_uid, i.sop_class_uid, i.instance_number, v.rows_, v.columns_,
  v.number_of_frames, v.bits_allocated, v.transfer_syntax_uid"""

_SELECT = {
    Level.STUDY: STUDY_COLUMNS,
    Level.SERIES: f"{STUDY_COLUMNS}, {SERIES_COLUMNS}",
    Level.INSTANCE: f"{STUDY_COLUMNS}, {SERIES_COLUMNS}, {INSTANCE_COLUMNS}",
}
_ALIASES = ("p", "st", "se", "i")  # from the patient down
_ALIAS_OF = {Level.STUDY: "st", Level.SERIES: "se", Level.INSTANCE: "i"}
_KEY_OF = {"st": "st.study_key", "se": "se.series_key", "i": "i.instance_key"}
_DRIVES = {"p": "patients p", "f": "study_search f", "st": "studies st", "se": "series se", "i": "instances i"}
_DOWN = {
    "st": "CROSS JOIN studies st ON st.patient_key = p.patient_key",
    "se": "CROSS JOIN series se ON se.study_key = st.study_key",
    "i": "CROSS JOIN instances i ON i.series_key = se.series_key",
}
_UP = {
    "se": "CROSS JOIN series se ON se.series_key = i.series_key",
    "st": "CROSS JOIN studies st ON st.study_key = se.study_key",
    "p": "CROSS JOIN patients p ON p.patient_key = st.patient_key",
}
_FOUND_STUDY = "CROSS JOIN studies st ON st.study_key = f.rowid"
_SHOWN = {
    Level.STUDY: "CROSS JOIN studies st ON st.study_key = found_key",
    Level.SERIES: "CROSS JOIN series se ON se.series_key = found_key",
    Level.INSTANCE: """CROSS JOIN instances i ON i.instance_key = found_key
      CROSS JOIN versions v ON v.instance_key = i.instance_key AND v.version_number = 1""",
}
_ORDER = {
    "p": "p.patient_name_folded, p.patient_birth_date, p.patient_key, st.study_date DESC, st.study_key",
    "f": "st.study_date DESC, st.study_key DESC",
    "st": "st.study_date DESC, st.study_key DESC",
    "se": "se.series_key",
    "i": "i.instance_key",
}
_AMONG_FOUND = "st.study_key IN (SELECT rowid FROM study_search WHERE {})"
_ORDER_BY_ID = "p.patient_id, p.issuer_of_patient_id, p.patient_key, st.study_date DESC, st.study_key"
_DRIVING_PATIENT_KEYS = (Key.PATIENT_NAME, Key.PATIENT_ID)


def search_rows(tx: ReadTransaction, search: Search) -> list[Row]:
    """Run a search; each row has the columns of its level and of those above."""
    sql, parameters = search_sql(search)
    return tx.rows(sql, **parameters)


def instance_rows(tx: ReadTransaction, instance_key: int) -> list[Row]:
    """Give the row that a search at instance level would give for one instance."""
    parts = [
        f"SELECT {_SELECT[Level.INSTANCE]} FROM (SELECT :key AS found_key) page",  # noqa: S608  constants of this file
        _SHOWN[Level.INSTANCE],
        *_joins("i", "i", set(_ALIASES)),
    ]
    return tx.rows(" ".join(parts), key=instance_key)


def search_sql(search: Search) -> tuple[str, dict[str, object]]:
    """Give the statement and its parameters, so that a test can look at its plan."""
    driver, alias = _driver(search), _ALIAS_OF[search.level]
    parameters: dict[str, object] = {"limit": search.limit, "offset": search.offset}
    where = " AND ".join(_conditions(search, driver, parameters)) or "true"
    order = _order(search, driver)
    needed = set(re.findall(r"\b(p|st|se|i)\.", f"{where} {order}"))
    page = [
        f"SELECT {_KEY_OF[alias]} AS found_key FROM {_DRIVES[driver]}",  # noqa: S608  constants of this file
        *_joins(driver, alias, needed),
        f"WHERE {where} ORDER BY {order} LIMIT :limit OFFSET :offset",
    ]
    parts = [
        f"SELECT {_SELECT[search.level]} FROM ({' '.join(page)}) page",  # noqa: S608  values are bound, as `bind` does
        _SHOWN[search.level],
        *_joins(alias, alias, set(_ALIASES)),
        f"ORDER BY {order}",
    ]
    return " ".join(parts), parameters


def _joins(driver: str, lowest: str, needed: set[str]) -> list[str]:
    """Join upwards from the driving table as far as is needed, then down to the table whose rows are found."""
    begin = _ALIASES.index("st" if driver == "f" else driver)
    top = min(begin, *(_ALIASES.index(alias) for alias in needed))
    end = _ALIASES.index(lowest)
    return [
        *([_FOUND_STUDY] if driver == "f" else []),
        *(_UP[_ALIASES[at]] for at in range(begin - 1, top - 1, -1)),
        *(_DOWN[_ALIASES[at]] for at in range(begin + 1, end + 1)),
    ]


def _driver(search: Search) -> str:
    """Name the table that narrows most."""
    keys = search.matches
    deep = search.level is not Level.STUDY
    choices: Sequence[tuple[str, bool]] = (
        ("i", search.level is Level.INSTANCE and Key.SOP_INSTANCE_UID in keys),
        ("se", deep and Key.SERIES_INSTANCE_UID in keys),
        ("st", Key.STUDY_INSTANCE_UID in keys),
        ("f", isinstance(keys.get(Key.PATIENT_NAME), Words)),
        ("p", any(_narrows(keys.get(key)) for key in _DRIVING_PATIENT_KEYS)),
        ("st", not deep or _any_study_key(keys)),
        ("se", search.level is Level.SERIES or not SERIES_KEYS.isdisjoint(keys)),
    )
    return next((name for name, applies in choices if applies), "i")


def _narrows(match: Match | None) -> bool:
    return isinstance(match, AnyOf) or (isinstance(match, Pattern) and bool(match.prefix))


def _any_study_key(keys: Iterable[Key]) -> bool:
    return bool(set(keys) - SERIES_KEYS - INSTANCE_KEYS)


def _order(search: Search, driver: str) -> str:
    by_id = driver == "p" and not _narrows(search.matches.get(Key.PATIENT_NAME))
    order = [_ORDER_BY_ID if by_id else _ORDER[driver]]
    if search.level is not Level.STUDY and driver not in ("se", "i"):
        order.append("se.series_number, se.series_key")
    if search.level is Level.INSTANCE and driver != "i":
        order.append("i.instance_number, i.sop_instance_uid")
    return ", ".join(order)


def _conditions(search: Search, driver: str, parameters: dict[str, object]) -> list[str]:
    def bind(value: object) -> str:
        name = f"v{len(parameters)}"
        parameters[name] = value
        return f":{name}"

    conditions = []
    for key, match in search.matches.items():
        if _applies(key, search.level):
            conditions += _condition(key, match, driver, bind)
    return conditions


def _applies(key: Key, level: Level) -> bool:
    """A key of a level below the results' is not matched (PS3.18 10.6.1.2)."""
    return not ((key in SERIES_KEYS and level is Level.STUDY) or (key in INSTANCE_KEYS and level is not Level.INSTANCE))


def _condition(key: Key, match: Match, driver: str, bind: Callable[[object], str]) -> list[str]:
    column = COLUMNS[key]
    if key is Key.MODALITIES_IN_STUDY:
        return [_listed(column, match, bind)]
    match match:
        case AnyOf(values):
            return [f"{column} IN ({', '.join(bind(value) for value in values)})"]
        case NumberIs(value):
            return [f"{column} = {bind(value)}"]
        case Between(low, high):
            bounds = [f"{column} >= {bind(low)}"] if low else [f"{column} > ''"]
            return [*bounds, *([f"{column} <= {bind(high)}"] if high else [])]
        case Pattern():
            return _pattern(column, match, bind)
        case Words(words):
            return _words(words, driver, bind)


def _pattern(column: str, match: Pattern, bind: Callable[[object], str]) -> list[str]:
    """A range on the prefix, which an index serves, and the rest by GLOB."""
    conditions = []
    if match.whole:
        continued = " \U0010ffff" if column == COLUMNS[Key.PATIENT_NAME] else ""  # further words or groups of a name
        return [f"{column} >= {bind(match.prefix)} AND {column} <= {bind(match.prefix + continued)}", *(
            [f"({column} = {bind(match.prefix)} OR {column} >= {bind(match.prefix + ' ')})"] if continued else []
        )]  # fmt: skip
    if match.prefix:
        conditions.append(f"{column} >= {bind(match.prefix)} AND {column} < {bind(match.prefix + chr(0x10FFFF))}")
    if match.glob:
        conditions.append(f"{column} GLOB {bind(match.glob)}")
    return conditions


def _listed(column: str, match: Match, bind: Callable[[object], str]) -> str:
    """A value among those of a column that holds several, each between backslashes."""
    if isinstance(match, AnyOf):
        return "(" + " OR ".join(f"instr({column}, {bind(_between_marks(value))}) > 0" for value in match.values) + ")"
    glob = match.glob or f"{match.prefix}*" if isinstance(match, Pattern) else "*"
    return f"{column} GLOB {bind('*' + _between_marks(glob) + '*')}"


def _between_marks(value: str) -> str:
    return f"\\{value}\\"


def _words(words: Sequence[str], driver: str, bind: Callable[[object], str]) -> list[str]:
    """Every word begins a word of the name, by the search index; folding left no quotes in a word."""
    asked = " ".join(f'"{word}"*' for word in words)
    condition = f"study_search MATCH {bind(f'{{patient_name}} : ({asked})')}"
    return [condition] if driver == "f" else [_AMONG_FOUND.format(condition)]
