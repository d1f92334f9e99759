"""What the study pages show, ready for the templates: everything is words by now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from appliance.archive.reading.rows import Conflict, PatientDetails, SeriesRow, StudyDetails, StudyRow
from appliance.archive.reading.wanted import Order
from appliance.backup.queries_copies import StudyCopies
from appliance.retention.rules import da_day
from appliance.web.languages import gettext as _
from appliance.web.languages import ngettext
from appliance.web.staff import words
from appliance.web.staff.words import State


@dataclass(frozen=True, slots=True)
class Line:
    """One study in the list."""

    study_key: int
    name: str
    patient_facts: str
    what: str
    size: str
    when: str
    when_note: str
    state: State


@dataclass(frozen=True, slots=True)
class Group:
    """The studies of one day or span."""

    title: str
    size: str
    today: bool
    studies: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know about a study."""

    tone: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class SeriesView:
    """One series on the study page."""

    series_key: int
    modality: str
    title: str
    facts: str
    state: State
    more: Sequence[str]
    viewable: bool


@dataclass(frozen=True, slots=True)
class StudyView:
    """The study page."""

    patient_key: int
    name: str
    patient_facts: str
    state: State
    facts: Sequence[Fact]
    notices: Sequence[Notice]
    series: Sequence[SeriesView]


@dataclass(frozen=True, slots=True)
class OtherPatient:
    """Another patient of whom somebody must say whether it is the same one."""

    patient_key: int
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class PatientView:
    """The patient page."""

    name: str
    patient_facts: str
    notices: Sequence[OtherPatient]
    studies: Sequence[Line]


@dataclass(frozen=True, slots=True)
class SeriesStrip:
    """The strip above the viewer."""

    series_key: int
    study_key: int
    name: str
    facts: str
    modality: str
    instance_count: int


def midnight(now: datetime) -> datetime:
    """Give the start of the clinic's day."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def group_rows(
    rows: Sequence[StudyRow], now: datetime, order: Order = Order.ARRIVED, *, goes_on: bool = False
) -> list[Group]:
    """Put the list under headings: today, yesterday, then months; by name there is one. Rows come in their order.

    Args:
        goes_on: More rows follow on another page, so the last group is not counted.
    """
    today = now.astimezone().date()
    titles: dict[str, list[StudyRow]] = {}
    for row in rows:
        titles.setdefault(_title(row, today, order), []).append(row)
    groups = [_group(title, members, now, order) for title, members in titles.items()]
    return [*groups[:-1], replace(groups[-1], size="")] if goes_on and groups else groups


def _title(row: StudyRow, today: date, order: Order) -> str:
    if order is Order.NAME:
        return _("By name")
    if order is Order.TAKEN:
        taken = da_day(row.study_date)
        return _("Taken: not said") if taken is None else _("Taken in %s") % words.month_and_year(taken)
    return _heading(row.last_arrived_at.astimezone().date(), today)


def _group(title: str, members: Sequence[StudyRow], now: datetime, order: Order) -> Group:
    counted = ngettext("%(count)d study", "%(count)d studies", len(members)) % {"count": len(members)}
    lines = [_line(row, now) if order is Order.ARRIVED else _line_by_day(row, now, order) for row in members]
    return Group(title, counted, title == _("Today"), lines)


def _heading(arrived: date, today: date) -> str:
    if arrived >= today:
        return _("Today")
    if arrived == today - timedelta(days=1):
        return _("Yesterday")
    if arrived > today - timedelta(days=7):
        return _("Last seven days")
    return words.month_and_year(arrived)


def _line(row: StudyRow, now: datetime) -> Line:
    """Give a study by its arrival, whose day or month its heading tells."""
    local = row.last_arrived_at.astimezone()
    today = now.astimezone().date()
    is_today = local.date() >= today
    fresh = is_today and now - row.last_arrived_at < words.ARRIVING
    when = words.time_of_day(local) if is_today else words.day_of_month(local.date())
    note = (_("just now") if fresh else _("today")) if is_today else words.time_of_day(local)
    return _line_with(row, now, when, note)


def _line_by_day(row: StudyRow, now: datetime, order: Order) -> Line:
    """Give a study by the day it was taken, or by that of its arrival; the year is told below."""
    taken = da_day(row.study_date)
    if order is Order.TAKEN:
        return _line_with(row, now, "–" if taken is None else words.day_of_month(taken), _clock(row.study_time))
    shown = taken or row.last_arrived_at.astimezone().date()
    return _line_with(row, now, words.day_of_month(shown), str(shown.year))


def _line_with(row: StudyRow, now: datetime, when: str, note: str) -> Line:
    return Line(
        row.study_key,
        words.person_name(row.patient_name),
        words.patient_facts(row, now.astimezone().date()),
        words.what_it_is(row),
        words.study_size(row),
        when,
        note,
        words.study_state(row, now),
    )


def patient_view(details: PatientDetails, now: datetime) -> PatientView:
    """Put a patient into words."""
    latest = details.studies[0]
    return PatientView(
        words.person_name(latest.patient_name),
        words.patient_facts(latest, now.astimezone().date()),
        [_other(kind, other) for kind, other in details.conflicts if other is not None],
        [_line_by_day(row, now, Order.NAME) for row in details.studies],
    )


def _other(kind: str, patient_key: int) -> OtherPatient:
    notice = _conflict_words(kind)
    return OtherPatient(patient_key, notice.title, notice.words)


def study_view(details: StudyDetails, now: datetime, copies: StudyCopies) -> StudyView:
    """Put a study into words."""
    study = details.study
    today = now.astimezone().date()
    only = [] if copies.whole_on else [_only_copy()]
    return StudyView(
        study.patient_key,
        words.person_name(study.patient_name),
        words.patient_facts(study, today),
        words.study_state(study, now),
        _facts(details, copies),
        [*_damage(len(details.damaged_instances)), *_conflicts(details.conflicts), *only],
        [_series(row) for row in details.series],
    )


def _facts(details: StudyDetails, copies: StudyCopies) -> list[Fact]:
    study = details.study
    pairs = [
        (_("Study"), words.what_it_is(study)),
        (_("Taken"), " ".join((words.day(da_day(study.study_date)), _clock(study.study_time))).strip()),
        (_("Arrived"), words.day_and_time(study.last_arrived_at)),
        (_("Referred by"), words.person_name(study.referring_physician_name) if study.referring_physician_name else ""),
        (_("Accession number"), study.accession_number),
        (_("Copies"), _copies_words(copies)),
    ]
    return [Fact(label, value) for label, value in pairs if value]


def _clock(stored: str) -> str:
    digits = stored.replace(":", "")[:4]
    return f"{digits[:2]}:{digits[2:]}" if len(digits) == 4 and digits.isdigit() else ""


def _copies_words(copies: StudyCopies) -> str:
    """Say how many copies there are, and how many of them were read back and compared."""
    if not copies.whole_on:
        return _("1, on this box only")
    places = ngettext("this box and %(num)d place", "this box and %(num)d places", copies.whole_on)
    words = _("%(num)d: %(places)s") % {"num": 1 + copies.whole_on, "places": places % {"num": copies.whole_on}}
    if not copies.proved_on:
        return words
    proved = ngettext("%(num)d of them read back and compared", "%(num)d of them read back and compared",
                      copies.proved_on)  # fmt: skip
    return f"{words} ({proved % {'num': copies.proved_on}})"


def _only_copy() -> Notice:
    """Say that the box's own copy is the only one."""
    caution = _(
        "It exists once, on this box. Do not clear it from the scanner, and keep the disc or files that it came from, "
        "until a second copy is shown here."
    )
    return Notice("calm", _("Keep it on the scanner for now, or on its disc"), caution)


def _damage(count: int) -> list[Notice]:
    """Say how many images were found damaged; the others are as they were stored."""
    if not count:
        return []
    title = ngettext("%(count)d image is damaged on this box", "%(count)d images are damaged on this box", count)
    caution = _(
        "What is stored is not what the scanner sent, so it is not shown. Send it again while the scanner has it."
    )
    return [Notice("bad", title % {"count": count}, caution)]


def _conflicts(conflicts: Sequence[Conflict]) -> list[Notice]:
    return [_conflict(conflict) for conflict in conflicts]


def _conflict(conflict: Conflict) -> Notice:
    return _conflict_words(conflict.kind)


def _conflict_words(kind: str) -> Notice:
    """Put a finding about identity into words; nothing was merged or changed."""
    kept = _("Nothing was merged or changed: compare with the patient's file.")
    titles = {
        "same id, other person": _("The same patient ID was sent with another name or birth date"),
        "study of two patients": _("This study was sent for two different patients"),
        "instance of two studies": _("An image of this study also came as part of another study"),
    }
    return Notice("bad", titles.get(kind, _("The identity is in doubt")), kept)


def _series(row: SeriesRow) -> SeriesView:
    return SeriesView(
        row.series_key,
        row.modality[:4] or "–",
        words.series_title(row),
        words.series_facts(row),
        words.series_state(row),
        words.finding_lines(row),
        row.viewable_count > 0,
    )


def series_choices(details: StudyDetails) -> list[SeriesView]:
    """Put the series that can be looked at into words, for who looks at one of them."""
    return [_series(row) for row in details.series if row.viewable_count > 0]


def series_strip(study: StudyRow, series: SeriesRow) -> SeriesStrip:
    """Put a series into the viewer's strip."""
    parts = (words.series_title(series), words.day(da_day(study.study_date)))
    facts = " · ".join(part for part in parts if part)
    name = words.person_name(study.patient_name)
    return SeriesStrip(series.series_key, study.study_key, name, facts, series.modality, series.instance_count)
