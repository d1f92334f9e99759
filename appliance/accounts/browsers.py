"""Which browser and system somebody comes with, as it says itself: for people to know their own sessions by.

Guards: what a browser writes is never kept nor shown, only a family and a system of our own list and a whole number.
A browser may say anything, so nothing is decided by it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 512
MAC_OR_IPAD = "Mac or iPad"
# The first that is found counts: later ones stand in the others' headers as well.
_FAMILIES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (family, re.compile(rf"\b(?:{marks})/(\d{{1,4}})\b"))
    for family, marks in (
        ("Edge", "Edg|EdgA|EdgiOS"), ("Opera", "OPR"), ("Samsung Internet", "SamsungBrowser"),
        ("Firefox", "Firefox|FxiOS"), ("Chrome", "CriOS|Chrome"),
    )
)  # fmt: skip
_SAFARI = re.compile(r"\bVersion/(\d{1,4})\b.*\bSafari/")
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows NT"), ("Mac", "Macintosh"),
    ("ChromeOS", "CrOS"), ("Linux", "Linux"),
)  # fmt: skip
# How many versions behind the newest one that came to this box a browser is called old: about half a year.
BEHIND: Mapping[str, int] = {
    "Chrome": 6, "Edge": 6, "Firefox": 6, "Opera": 6, "Samsung Internet": 2, "Safari": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Browser:
    """A family with its version, and the system; both empty where a browser tells none that is known."""

    family: str = ""
    version: int = 0
    system: str = ""


UNKNOWN = Browser()


@lru_cache(maxsize=256)
def browser_of(user_agent: str) -> Browser:
    """Read the header in which a browser says what it is."""
    told = user_agent[:LONGEST]
    system = next((name for name, mark in _SYSTEMS if mark in told), "")
    for family, pattern in _FAMILIES:
        if found := pattern.search(told):
            return Browser(family, int(found[1]), system)
    safari = _SAFARI.search(told)
    if safari is None:
        return UNKNOWN
    return Browser("Safari", int(safari[1]), MAC_OR_IPAD if system == "Mac" else system)  # an iPad says it is a Mac


def is_old(browser: Browser, newest: Mapping[str, int]) -> bool:
    """Say whether a browser is far behind the newest of its family that came to this box."""
    if browser.family not in BEHIND:
        return False
    return newest.get(browser.family, 0) - browser.version >= BEHIND[browser.family]
