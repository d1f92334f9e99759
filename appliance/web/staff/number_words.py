"""Words for what an event's number says where it counts nothing: what somebody may do, what was changed."""

from collections.abc import Mapping

from appliance.accounts.roles import Role
from appliance.audit.chain import Entry
from appliance.audit.events import EventCode
from appliance.audit.numbers import (
    PrintedPage,
    Rights,
    SettingsGroup,
    chose_language,
    meaning,
    printed_page,
    rights_given,
    settings_group,
)
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.words import role_words

_GROUPS: Mapping[SettingsGroup, str] = {
    SettingsGroup.BOX: later("Name, folders, time zone, log"),
    SettingsGroup.NETWORK: later("Scanners and network"),
    SettingsGroup.SESSIONS: later("Screen lock and emergencies"),
    SettingsGroup.PASSWORDS: later("Passwords and second factor"),
    SettingsGroup.PACKS: later("Room for prepared series"),
    SettingsGroup.NOTICES: later("Where notices go"),
    SettingsGroup.TRAIL: later("Where this record is sent on"),
}

_PAGES: Mapping[PrintedPage, str] = {
    PrintedPage.STUDIES: later("The list of studies"),
    PrintedPage.LABORATORY: later("What a laboratory was given"),
    PrintedPage.DUE: later("The list of what is past its time"),
    PrintedPage.RECORD: later("The record"),
    PrintedPage.QUARANTINE: later("The quarantine"),
    PrintedPage.BOX: later("A page of the box itself"),
}


def number_counts(entry: Entry) -> bool:
    """Say whether the number is one that people count by; of a review it is a digest."""
    return entry.event != EventCode.EMERGENCY_REVIEWED and not meaning(entry)


def number_words(entry: Entry) -> str:
    """Say what the number means; '' where it counts, or there is none."""
    if chose_language(entry):
        return _("The language of the pages")
    group = settings_group(entry)
    if group is not None:
        return _(_GROUPS[group])
    page = printed_page(entry)
    if page is not None:
        return _(_PAGES[page])
    given = rights_given(entry)
    if given is None:
        return ""
    after = _rights(given.after)
    if given.before is None:
        return after
    return _("Before: %(before)s. Now: %(after)s.") % {"before": _rights(given.before), "after": after}


def _rights(rights: Rights) -> str:
    role = role_words(Role(rights.role))
    return _("%(role)s, may view images") % {"role": role} if rights.image_right else role
