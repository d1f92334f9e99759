"""Says that the box came back from a copy: in a line to everybody who works with it, in full where it is looked after.

What the line says, how long it is told and when it goes: `appliance.recovery.restorations.told_to_all`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from appliance.recovery.queries_restorations import Restoration, restorations
from appliance.recovery.restorations import TOLD_FOR, told_to_all
from appliance.store.transactions import ReadTransaction
from appliance.web.languages import gettext as _
from appliance.web.languages import ngettext
from appliance.web.staff.words import State, day_and_time

URL = "/keeping/recovery"


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says of a restored box: what happened, and what to do about it."""

    tone: str
    title: str
    words: str


def brought_back(tx: ReadTransaction, now: datetime) -> Told | None:
    """Give what everybody is told of the box that came back, or None."""
    found = told_to_all(tx, now)
    if found is None:
        return None
    return Told("bad" if found.is_drill else "warn", _title(found), _advice(found))


def standing(tx: ReadTransaction, now: datetime) -> tuple[State, str] | None:
    """Say for the overview that the box came back, and whether it was compared; None where that is long over."""
    one = next(iter(restorations(tx)), None)
    if one is None or (one.compared_at is not None and now - one.restored_at >= TOLD_FOR):
        return None
    words = _title(one)
    if one.is_drill or one.compared_at is not None:
        return _state(one), words
    lacking = _("Scans that came after that copy are not in it: compare with the scanners' own lists.")
    return _state(one), f"{words} {lacking}"


def restored_facts(one: Restoration, names: Mapping[int, str]) -> dict[str, object]:
    """Put a restoration into words.

    Args:
        one: Which.
        names: Of people, by the keys of their accounts.
    """
    by = "" if one.compared_by is None else names.get(one.compared_by, _("somebody"))
    return {
        "sequence": one.sequence,
        "when": day_and_time(one.restored_at),
        "taken": day_and_time(one.taken_at),
        "place": one.target_name or _("a place that the copy did not know yet"),
        "newest": "" if one.newest_at is None else day_and_time(one.newest_at),
        "amount": _amount(one),
        "state": _state(one),
        "is_drill": one.is_drill,
        "compared": "" if one.compared_at is None else day_and_time(one.compared_at),
        "compared_by": by,
        "told_days": TOLD_FOR.days,
    } | _losses(one)


def _title(one: Restoration) -> str:
    told = {"when": day_and_time(one.restored_at), "copy": day_and_time(one.taken_at)}
    if one.is_drill:
        words = _("This is not the clinic's box, but a drill: brought back on %(when)s from the copy of %(copy)s.")
        return words % told
    return _("This box was brought back on %(when)s from the copy of %(copy)s.") % told


def _advice(one: Restoration) -> str:
    if one.is_drill:
        return _("What is done here is copied nowhere. Work with the clinic's own box.")
    return _(
        "Scans that came after that copy are not in it: if one is missing, send it again from the scanner's console."
    )


def _amount(one: Restoration) -> str:
    studies = ngettext("%(num)d study", "%(num)d studies", one.study_count) % {"num": one.study_count}
    files = ngettext("%(num)d file", "%(num)d files", one.file_count) % {"num": one.file_count}
    return _("%(studies)s, %(files)s, each verified") % {"studies": studies, "files": files}


def _losses(one: Restoration) -> dict[str, object]:
    return {"missing": one.missing_count, "erased": one.erased_count, "later": one.later_count}


def _state(one: Restoration) -> State:
    if one.is_drill:
        return State("calm", _("Drill"))
    if one.compared_at is None:
        return State("warn", _("To be compared"))
    return State("good", _("Compared"))
