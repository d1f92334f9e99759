"""The tabs of a place that has several pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.web.languages import gettext as _


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of the place; its name is put into words when it is shown."""

    url: str
    name: str


def tabs_in_words(tabs: Sequence[Tab], here: str) -> list[tuple[str, str, bool]]:
    """Give each tab's address and name in the reader's language, and whether the reader is there."""
    return [(tab.url, _(tab.name), tab.url == here) for tab in tabs]
