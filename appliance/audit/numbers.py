"""What the number of an event says where it counts nothing: what somebody may do, or what was changed.

Guards: a number that was given out never means anything else; trails are kept for years. One that is not known here,
of another release, means nothing.
Leaves out: words for people; the pages have those.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from appliance.audit.chain import Entry
from appliance.audit.events import EventCode

ADMINISTRATOR = "administrator"
ROLES: Mapping[int, str] = {
    1: ADMINISTRATOR,
    2: "dentist",
    3: "assistant",
    4: "reception",
    5: "auditor",
    6: "lab",
    7: "emergency",
}
LANGUAGE = 1  # of `account changed`
_NUMBERS = {role: number for number, role in ROLES.items()}
_OF_RIGHTS = frozenset({EventCode.ACCOUNT_CREATED.value, EventCode.ROLE_CHANGED.value})


class SettingsGroup(IntEnum):
    """Settings that are told together when one of them was changed."""

    BOX = 1
    NETWORK = 2
    SESSIONS = 3
    PASSWORDS = 4
    PACKS = 5
    NOTICES = 6
    TRAIL = 7


class PrintedPage(IntEnum):
    """Which page was printed, where it is of no one patient; one of the box itself shows none."""

    STUDIES = 1
    LABORATORY = 2
    DUE = 3
    RECORD = 4
    QUARANTINE = 5
    BOX = 6


@dataclass(frozen=True, slots=True)
class Rights:
    """A role, and whether images may be looked at; two digits, the role's and 1 for the image right."""

    role: str
    image_right: bool

    @property
    def number(self) -> int:
        return 10 * _NUMBERS[self.role] + self.image_right

    def __str__(self) -> str:
        return f"{self.role} with the image right" if self.image_right else self.role


@dataclass(frozen=True, slots=True)
class RightsGiven:
    """What somebody may do from an event on; `before` is None of a new account."""

    after: Rights
    before: Rights | None = None

    @property
    def number(self) -> int:
        """Two digits for after; two more in front of them for before."""
        return self.after.number + (0 if self.before is None else 100 * self.before.number)

    @property
    def raised(self) -> bool:
        """Whether the image right, or the role that runs the box, was gained."""
        before = Rights("", image_right=False) if self.before is None else self.before
        gained = self.after.role == ADMINISTRATOR != before.role
        return gained or (self.after.image_right and not before.image_right)

    def __str__(self) -> str:
        return str(self.after) if self.before is None else f"{self.before} to {self.after}"


def rights_given(entry: Entry) -> RightsGiven | None:
    """Say which rights an event gave; None where it gave none, or says none that are known."""
    if entry.event not in _OF_RIGHTS or entry.number is None:
        return None
    before, after = divmod(entry.number, 100)
    now, then = _rights(after), _rights(before)
    if now is None or (then is None) != (entry.event == EventCode.ACCOUNT_CREATED):
        return None
    given = RightsGiven(now, then)
    return given if given.number == entry.number else None


def chose_language(entry: Entry) -> bool:
    """Say whether what was changed of an account is the language of its pages."""
    return entry.event == EventCode.ACCOUNT_CHANGED and entry.number == LANGUAGE


def settings_group(entry: Entry) -> SettingsGroup | None:
    """Say which settings were changed; None where none were, or the group is not known."""
    if entry.event != EventCode.SETTINGS_CHANGED:
        return None
    return next((group for group in SettingsGroup if group == entry.number), None)


def printed_page(entry: Entry) -> PrintedPage | None:
    """Say which page was printed; None where none was, or it is of one patient, or not known."""
    if entry.event != EventCode.PAGE_PRINTED:
        return None
    return next((page for page in PrintedPage if page == entry.number), None)


def meaning(entry: Entry) -> str:
    """Say in plain English, for other programs, what the number means; empty where it counts, or there is none."""
    if chose_language(entry):
        return "language"
    group = settings_group(entry)
    if group is not None:
        return group.name.lower()
    page = printed_page(entry)
    if page is not None:
        return page.name.lower()
    given = rights_given(entry)
    return "" if given is None else str(given)


def _rights(number: int) -> Rights | None:
    role, image_right = divmod(number, 10)
    return Rights(ROLES[role], bool(image_right)) if role in ROLES and image_right in (0, 1) else None
