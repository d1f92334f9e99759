"""Names of months in the language that is spoken."""

from datetime import date

from appliance.web.languages import pgettext


def short_month(value: date) -> str:
    """Give the month as it stands within a date."""
    return (
        pgettext("month in a date", "Jan"),
        pgettext("month in a date", "Feb"),
        pgettext("month in a date", "Mar"),
        pgettext("month in a date", "Apr"),
        pgettext("month in a date", "May"),
        pgettext("month in a date", "Jun"),
        pgettext("month in a date", "Jul"),
        pgettext("month in a date", "Aug"),
        pgettext("month in a date", "Sep"),
        pgettext("month in a date", "Oct"),
        pgettext("month in a date", "Nov"),
        pgettext("month in a date", "Dec"),
    )[value.month - 1]


def whole_month(value: date) -> str:
    """Give the month as it begins a heading."""
    return (
        pgettext("month in a heading", "January"),
        pgettext("month in a heading", "February"),
        pgettext("month in a heading", "March"),
        pgettext("month in a heading", "April"),
        pgettext("month in a heading", "May"),
        pgettext("month in a heading", "June"),
        pgettext("month in a heading", "July"),
        pgettext("month in a heading", "August"),
        pgettext("month in a heading", "September"),
        pgettext("month in a heading", "October"),
        pgettext("month in a heading", "November"),
        pgettext("month in a heading", "December"),
    )[value.month - 1]
