"""Says for how long the disk lasts, as coarsely as it is known."""

from datetime import timedelta

from appliance.health.forecast import Forecast
from appliance.web.languages import gettext as _
from appliance.web.languages import ngettext
from appliance.web.staff.job_words import lasted_words
from appliance.web.staff.words import size


def days_words(known: Forecast | None) -> str:
    """Say for how long the disk lasts."""
    if known is None:
        return _("Not enough is known yet: it takes two weeks of readings to say for how long the disk lasts.")
    if known.days is None:
        return _("The disk does not fill at present.")
    return _("At the usual pace of %(pace)s a week the disk lasts about %(time)s.") % {
        "pace": size(max(known.week_bytes, 0)), "time": span_words(known.days),
    }  # fmt: skip


def range_words(known: Forecast | None) -> str:
    """Say between what that lies."""
    if known is None or known.least_days is None:
        return ""
    weeks = ngettext("by %(num)d week", "by the last %(num)d weeks", known.weeks) % {"num": known.weeks}
    least = span_words(known.least_days)
    if known.most_days is None:
        return _("At least %(least)s, if every week is as busy as the busiest (%(weeks)s).") % {
            "least": least, "weeks": weeks,
        }  # fmt: skip
    return _("Between %(least)s, if every week is as busy as the busiest, and %(most)s (%(weeks)s).") % {
        "least": least, "most": span_words(known.most_days), "weeks": weeks,
    }  # fmt: skip


def span_words(days: int) -> str:
    """Write a span as coarsely as it is known."""
    if days < 90:
        return lasted_words(timedelta(days=days)) if days >= 2 else _("two days or less")
    if days < 2 * 365:
        months = round(days / 30.4)
        return ngettext("%(num)d month", "%(num)d months", months) % {"num": months}
    years = days // 365
    if years >= 20:
        return _("more than 20 years")
    return ngettext("%(num)d year", "%(num)d years", years) % {"num": years}
