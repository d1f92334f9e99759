"""Disk: what fills it, for how long it lasts, and what happens when it does not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from litestar import get

from appliance.accounts.roles import Permission
from appliance.health import queries
from appliance.health.disk import DiskState, disk_state
from appliance.health.forecast import DAYS_LEFT, FREE_PERCENT
from appliance.health.queries import DiskReading
from appliance.notifications.codes import Severity
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import decimal
from appliance.web.languages import gettext as _
from appliance.web.staff.disk_words import days_words, range_words
from appliance.web.staff.job_words import lasted_words
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering
from appliance.web.staff.words import day_and_time, month_and_year, size

_SHOWN = timedelta(days=365)
_WIDTH, _HEIGHT = 640, 160


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the disk, for the bar and its list."""

    tone: str
    name: str
    size: str
    start: float
    percent: float


@get("/keeping/disk", opt=needs(Permission.READ_KEEPING))
@in_thread
def disk_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Page:
    """Show the disk by its last reading."""
    now, reserve = context.accounts.clock.now(), context.receiver.reserve_bytes
    with context.accounts.database.read() as tx:
        state = disk_state(tx, reserve, now)
        readings = queries.readings(tx, now - _SHOWN)
    own = {
        "state": state,
        "parts": [] if state is None else disk_parts(state),
        "read": "" if state is None else day_and_time(state.last.at),
        "sentence": "" if state is None else days_words(state.forecast),
        "range": "" if state is None else range_words(state.forecast),
        "stages": _stages(reserve),
        "curve": _curve([one for one in readings if one.at <= now]),
    }
    return show_keeping("keeping_disk.html", request, context, pages, actor, **own)


def disk_parts(state: DiskState) -> list[Part]:
    """Divide the disk into what is on it."""
    total = max(state.last.total_bytes, 1)
    scans, packs, free = state.last.stored_bytes, state.packs_bytes, state.last.free_bytes
    amounts = (
        ("scans", _("Scans, which are never deleted to make room"), scans),
        ("packs", _("Prepared for quick opening, dropped when room is short"), packs),
        ("other", _("Everything else"), max(total - scans - packs - free, 0)),
        ("free", _("Free"), free),
    )
    parts, start = [], 0.0
    for tone, name, amount in amounts:
        percent = min(100.0 * amount / total, 100.0 - start)
        parts.append(Part(tone, name, size(amount), round(start, 2), round(percent, 2)))
        start += percent
    return parts


def _stages(reserve_bytes: int) -> list[tuple[str, str, str]]:
    """Say what happens when."""
    names = {Severity.ADVICE: _("Advice"), Severity.WARNING: _("Warning"), Severity.ALARM: _("Alarm")}
    acts = {
        Severity.ADVICE: _("The box says so on this page and on the overview."),
        Severity.WARNING: _("It is mailed, and again each week."),
        Severity.ALARM: _("It is mailed, and again each day."),
    }
    found = []
    for severity in (Severity.ADVICE, Severity.WARNING, Severity.ALARM):
        days = lasted_words(timedelta(days=DAYS_LEFT[severity]))
        when = _("%(percent)s %% free, or %(days)s left") % {
            "percent": decimal(FREE_PERCENT[severity], 0), "days": days,
        }  # fmt: skip
        found.append((names[severity], when, acts[severity]))
    last = _("Scanners are told to try again later. What is here stays, and can be read and copied.")
    return [*found, (_("Full"), _("%s free") % size(reserve_bytes), last)]


def _curve(readings: list[DiskReading]) -> dict[str, object] | None:
    """Give the scans' growth as a line, in the units of the picture; None for less than two days."""
    if len(readings) < 2 or readings[-1].at - readings[0].at < timedelta(days=2):
        return None
    first, last = readings[0].at, readings[-1].at
    most = max(*(one.stored_bytes for one in readings), 1)

    def point(one: DiskReading) -> str:
        across = _WIDTH * ((one.at - first) / (last - first))
        return f"{across:.1f},{_HEIGHT - _HEIGHT * 0.95 * one.stored_bytes / most:.1f}"

    shown = readings[:: max(len(readings) // 200, 1)]
    return {
        "points": " ".join(point(one) for one in [*shown, readings[-1]]),
        "width": _WIDTH,
        "height": _HEIGHT,
        "from": _month(first),
        "to": _month(last),
        "words": _("Scans grew from %(first)s to %(last)s.") % {
            "first": size(readings[0].stored_bytes), "last": size(readings[-1].stored_bytes),
        },
    }  # fmt: skip


def _month(at: datetime) -> str:
    return month_and_year(at.astimezone().date())


HANDLERS = (disk_page,)
