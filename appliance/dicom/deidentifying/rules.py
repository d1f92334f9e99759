"""What is done with each attribute: the basic profile with three options, and where the standard leaves it open, less.

Options: Retain Device Identity, Retain Longitudinal Temporal Information with Modified Dates, Clean Descriptors. UIDs
are not retained. Stricter than the standard: no private attribute is taken for a safe one, an attribute that no
dictionary knows is removed, and so is binary data that no picture needs; a person's name that the table does not
name is emptied. Times of day become midnight, so that an appointment book does not tell who it was.

Source: DICOM PS3.15 E.2 and table E.1-1, E.3.5, E.3.6, E.3.8.
"""

from enum import Enum, auto

from appliance.dicom.deidentifying import table


class Action(Enum):
    """What is done with one attribute."""

    KEEP = auto()  # as it is, unless it says something of the patient
    REMOVE = auto()
    EMPTY = auto()
    REPLACE = auto()  # by a value that says nothing
    RENAME = auto()  # UIDs, by the recipient's own
    SHIFT = auto()  # dates, by the patient's days
    CLEAN = auto()  # texts, down to known words; the basic profile's action where none is left
    ENTER = auto()  # each item of a sequence by these rules


DATES = frozenset({"DA", "TM", "DT"})
TEXTS = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "PN", "CS", "AE", "UR", "AS", "IS", "DS"})
PROSE = frozenset({"LO", "SH", "LT", "ST", "UT", "UC"})
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_CLASS_UIDS = frozenset({0x00080016, 0x00081150, 0x0008001A, 0x00041510, 0x00041512})
_PICTURE_GROUPS = frozenset({0x0028, 0x7FE0})
_TEXTLESS_RANGES = (range(0x5000, 0x5100), range(0x6000, 0x6100))  # curves and overlays: (50xx,xxxx), (60xx,xxxx)
_BASIC = (
    (Action.REMOVE, table.REMOVED),
    (Action.EMPTY, table.EMPTIED | table.REMOVED_OR_EMPTIED),
    (Action.REPLACE, table.REPLACED | table.REMOVED_OR_REPLACED | table.EMPTIED_OR_REPLACED),
    (Action.REPLACE, table.REMOVED_EMPTIED_OR_REPLACED),
    (Action.RENAME, table.RENAMED),
    (Action.ENTER, table.REFERENCES),
)
_ACTIONS = {tag: action for action, tags in _BASIC for tag in tags}


def basic_action(tag: int) -> Action | None:
    """Give what the basic profile asks for, None where it asks for nothing."""
    return _ACTIONS.get(tag)


def action_for(tag: int, vr: str) -> Action:
    """Give what is done with an attribute of this VR, at any level."""
    group = tag >> 16
    if group & 1 or not tag & 0xFFFF or any(group in each for each in _TEXTLESS_RANGES):
        return Action.REMOVE
    if tag in table.DEVICE_KEPT and vr not in DATES:
        return Action.KEEP
    if vr in DATES and (tag in table.DATES_MODIFIED or tag not in _ACTIONS):
        return Action.SHIFT
    if tag in table.DESCRIPTORS_CLEANED and vr in PROSE:
        return Action.CLEAN
    return _ACTIONS.get(tag) or _default(tag, vr)


def _default(tag: int, vr: str) -> Action:
    """Give what is done with an attribute that the table does not name."""
    if vr == "SQ":
        return Action.ENTER
    if vr == "PN":
        return Action.EMPTY
    if vr == "UI":
        return Action.KEEP if tag in _CLASS_UIDS else Action.RENAME
    if vr in BINARY and tag >> 16 not in _PICTURE_GROUPS:
        return Action.REMOVE
    return Action.KEEP
