"""Catalogue rows as DICOM JSON, and the names that a search may use.

Source: DICOM PS3.18 annex F (JSON model), tables 10.6.3-3 to 10.6.3-5 (returned attributes).
"""

from collections.abc import Iterable, Mapping, Sequence

from appliance.archive.matching import Key, Level
from appliance.store.transactions import Row

Attribute = dict[str, object]
Dataset = dict[str, Attribute]

TAGS: Mapping[Key, str] = {
    Key.PATIENT_NAME: "00100010",
    Key.PATIENT_ID: "00100020",
    Key.ISSUER_OF_PATIENT_ID: "00100021",
    Key.PATIENT_BIRTH_DATE: "00100030",
    Key.PATIENT_SEX: "00100040",
    Key.STUDY_DATE: "00080020",
    Key.STUDY_TIME: "00080030",
    Key.STUDY_ID: "00200010",
    Key.STUDY_DESCRIPTION: "00081030",
    Key.ACCESSION_NUMBER: "00080050",
    Key.REFERRING_PHYSICIAN_NAME: "00080090",
    Key.MODALITIES_IN_STUDY: "00080061",
    Key.STUDY_INSTANCE_UID: "0020000D",
    Key.SERIES_INSTANCE_UID: "0020000E",
    Key.MODALITY: "00080060",
    Key.SERIES_NUMBER: "00200011",
    Key.SERIES_DESCRIPTION: "0008103E",
    Key.BODY_PART_EXAMINED: "00180015",
    Key.MANUFACTURER: "00080070",
    Key.SOP_INSTANCE_UID: "00080018",
    Key.SOP_CLASS_UID: "00080016",
    Key.INSTANCE_NUMBER: "00200013",
}
KEYS: Mapping[str, Key] = {**{key.value: key for key in Key}, **{tag: key for key, tag in TAGS.items()}}

# (tag, VR) of each column of queries_search, in its order.
_STUDY = (
    ("0020000D", "UI"), ("00080020", "DA"), ("00080030", "TM"), ("00200010", "SH"), ("00081030", "LO"),
    ("00080050", "SH"), ("00080090", "PN"), ("00080061", "CS"), ("00201206", "IS"), ("00201208", "IS"),
    ("00100010", "PN"), ("00100020", "LO"), ("00100021", "LO"), ("00100030", "DA"), ("00100040", "CS"),
)  # fmt: skip
_SERIES = (
    ("0020000E", "UI"), ("00080060", "CS"), ("00200011", "IS"), ("0008103E", "LO"), ("00180015", "CS"),
    ("00200060", "CS"), ("00080070", "LO"), ("00081090", "LO"), ("00201209", "IS"),
)  # fmt: skip
_INSTANCE = (
    ("00080018", "UI"), ("00080016", "UI"), ("00200013", "IS"), ("00280010", "US"), ("00280011", "US"),
    ("00280008", "IS"), ("00280100", "US"), ("00083002", "UI"),
)  # fmt: skip
_COLUMNS = {Level.STUDY: _STUDY, Level.SERIES: _STUDY + _SERIES, Level.INSTANCE: _STUDY + _SERIES + _INSTANCE}
_STUDY_UID_AT, _SERIES_UID_AT, _INSTANCE_UID_AT = 0, len(_STUDY), len(_STUDY) + len(_SERIES)
_REQUIRED = frozenset({"00080020", "00080030", "00080050", "00080090", "00100010", "00100020", "00100030", "00100040",
                       "00200010", "00200013"})  # fmt: skip  # returned even when empty
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def results(level: Level, rows: Iterable[Row], base_url: str) -> list[Dataset]:
    """Give each row as a DICOM JSON dataset with its RetrieveURL.

    Args:
        level: What a row is.
        rows: As `search_rows` gave them.
        base_url: Of the DICOMweb service, without a slash at its end.
    """
    return [_dataset(level, row, base_url) for row in rows]


def _dataset(level: Level, row: Row, base_url: str) -> Dataset:
    dataset: Dataset = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00081190": {"vr": "UR", "Value": [_retrieve_url(level, row, base_url)]},
    }
    for (tag, vr), value in zip(_COLUMNS[level], row, strict=True):
        values = _values(vr, value)
        if values or tag in _REQUIRED:
            dataset[tag] = {"vr": vr, **({"Value": values} if values else {})}
    return dict(sorted(dataset.items()))


def _retrieve_url(level: Level, row: Row, base_url: str) -> str:
    url = f"{base_url}/studies/{row[_STUDY_UID_AT]}"
    if level is not Level.STUDY:
        url += f"/series/{row[_SERIES_UID_AT]}"
    return f"{url}/instances/{row[_INSTANCE_UID_AT]}" if level is Level.INSTANCE else url


def _values(vr: str, value: object) -> Sequence[object]:
    if value is None or value == "":
        return ()
    if vr == "PN":
        return [person_name(str(value))]
    if vr == "CS" and isinstance(value, str):
        return value.split("\\")
    return [value]


def person_name(text: str) -> dict[str, str]:
    """Give a name's component groups as the JSON model names them (PS3.18 F.2.2)."""
    return {name: group for name, group in zip(_NAME_GROUPS, text.split("="), strict=False) if group}
