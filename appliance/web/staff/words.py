"""Puts what is stored into words, for people who do not know DICOM.

Leaves out: what a word means for the box; rooms decide, this only tells.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from appliance.accounts.browsers import MAC_OR_IPAD, Browser
from appliance.accounts.roles import Role
from appliance.archive.reading.rows import SeriesRow, StudyRow
from appliance.dicom.completeness import Completeness
from appliance.retention.rules import da_day
from appliance.web.languages import decimal, later, ngettext
from appliance.web.languages import gettext as _
from appliance.web.staff.findings import finding_words
from appliance.web.staff.months import short_month, whole_month

ARRIVING = timedelta(minutes=10)
_UNITS = ("KB", "MB", "GB", "TB")
_MODALITIES = {
    "CT": later("CT volume"),
    "DX": later("X-ray"),
    "IO": later("Intraoral X-ray"),
    "PX": later("Panoramic X-ray"),
    "CR": later("X-ray"),
    "MR": later("MR"),
    "OT": later("Other"),
    "SR": later("Report"),
    "XC": later("Photograph"),
    "SEG": later("Segmentation"),
    "M3D": later("3D model"),
    "DOC": later("Document"),
    "OPT": later("Optical scan"),
    "US": later("Ultrasound"),
    "NM": later("Nuclear medicine"),
    "PT": later("PET"),
    "SM": later("Microscopy"),
    "RTDOSE": later("Radiation dose"),
    "RTSTRUCT": later("Radiotherapy structures"),
    "MG": later("Mammogram"),
    "XA": later("Angiogram"),
    "PR": later("Presentation state"),
}


@dataclass(frozen=True, slots=True)
class State:
    """How something stands, in words; `tone` picks a colour, never meaning alone."""

    tone: str
    words: str


def role_words(role: Role) -> str:
    """Name a role."""
    return {
        Role.ADMINISTRATOR: _("Administrator"),
        Role.DENTIST: _("Dentist"),
        Role.ASSISTANT: _("Assistant"),
        Role.RECEPTION: _("Reception"),
        Role.AUDITOR: _("Auditor"),
        Role.LAB: _("Laboratory"),
        Role.EMERGENCY: _("Opened envelope"),
    }[role]


def person_name(stored: str) -> str:
    """Write a DICOM person name as people read it: `Family, Given`, other scripts beside it.

    Source: DICOM PS3.5 6.2.1 (component groups by `=`, components by `^`).
    """
    groups = [_name_group(group) for group in stored.split("=")[:3]]
    alphabetic, ideographic, phonetic = (*groups, "", "", "")[:3]
    shown = [name for name in (ideographic, alphabetic, phonetic if not alphabetic else "") if name]
    if not shown:
        return _("No name")
    return shown[0] if len(shown) == 1 else f"{shown[0]} ({shown[1]})"


def _name_group(group: str) -> str:
    family, given, middle, prefix, suffix = ([part.strip() for part in group.split("^")] + [""] * 5)[:5]
    rest = " ".join(part for part in (prefix, given, middle) if part)
    if family and not family.isascii() and _is_east_asian(family):
        return " ".join(part for part in (family, rest) if part)
    comma = "، " if _is_arabic(family or rest) else ", "
    return comma.join(part for part in (family, rest, suffix) if part)


def _is_arabic(text: str) -> bool:
    blocks = (
        ("\u0600", "\u06ff"),
        ("\u0750", "\u077f"),
        ("\u08a0", "\u08ff"),
        ("\ufb50", "\ufdff"),
        ("\ufe70", "\ufefc"),
    )
    return any(first <= character <= last for character in text for first, last in blocks)


def _is_east_asian(text: str) -> bool:
    return any("\u1100" <= character <= "\u11ff" or "\u2e80" <= character <= "\ud7ff" for character in text)


def day(value: date | None) -> str:
    """Write a date without doubt about day and month."""
    if value is None:
        return ""
    return _("%(day)d %(month)s %(year)d") % {"day": value.day, "month": short_month(value), "year": value.year}


def day_of_month(value: date) -> str:
    """Write a day whose year is clear."""
    return _("%(day)d %(month)s") % {"day": value.day, "month": short_month(value)}


def month_and_year(value: date) -> str:
    """Write a month as a heading, whatever language the operating system was set to."""
    return _("%(month)s %(year)d") % {"month": whole_month(value), "year": value.year}


def time_of_day(at: datetime) -> str:
    """Write the time on the clinic's wall."""
    return at.astimezone().strftime("%H:%M")


def day_and_time(at: datetime) -> str:
    """Write a moment on the clinic's wall."""
    local = at.astimezone()
    return f"{day(local.date())}, {local:%H:%M}"


def size(byte_count: int) -> str:
    """Write an amount of data as people count it."""
    if byte_count < 1000:
        return ngettext("%(count)d byte", "%(count)d bytes", byte_count) % {"count": byte_count}
    power = min((len(str(byte_count)) - 1) // 3, len(_UNITS))
    amount = byte_count / 1000**power
    return f"{decimal(amount, 0 if amount >= 10 else 1)} {_UNITS[power - 1]}"


class Told(Protocol):
    """Somebody as a row tells of them."""

    @property
    def patient_id(self) -> str: ...
    @property
    def patient_birth_date(self) -> str: ...
    @property
    def patient_sex(self) -> str: ...


def patient_facts(study: Told, today: date) -> str:
    """Write what tells two people of one name apart."""
    born = da_day(study.patient_birth_date)
    sex = {"F": _("female"), "M": _("male"), "O": _("other")}.get(study.patient_sex.strip().upper(), "")
    birth = "" if born is None else _("born %(date)s (%(age)d)") % {"date": day(born), "age": _age(born, today)}
    identifier = study.patient_id or _("no patient ID")
    return " · ".join(part for part in (identifier, birth, sex) if part)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def modality_words(modality: str) -> str:
    """Name a modality; an unknown one keeps its code."""
    return _(_MODALITIES[modality]) if modality in _MODALITIES else modality or _("Images")


def what_it_is(study: StudyRow) -> str:
    """Name a study by its description or by what it holds."""
    kinds = dict.fromkeys(modality_words(modality) for modality in study.modalities)
    return study.study_description or ", ".join(kinds) or _("Study")


def study_size(study: StudyRow) -> str:
    """Write how much a study holds."""
    series = ngettext("%(count)d series", "%(count)d series", study.series_count) % {"count": study.series_count}
    files = ngettext("%(count)d image", "%(count)d images", study.instance_count) % {"count": study.instance_count}
    kinds = " ".join(study.modalities)
    return " · ".join(part for part in (kinds, series, files) if part)


def study_state(study: StudyRow, now: datetime) -> State:
    """Say in a few words whether somebody should look into a study."""
    if study.open_conflicts:
        return State("bad", _("Identity to check"))
    if study.gappy_series:
        return State("warn", _("Images are missing"))
    if study.odd_series:
        return State("warn", _("Unusual geometry"))
    if study.further_versions:
        return State("warn", _("More than one version"))
    if study.unchecked_series:
        arriving = now - study.last_arrived_at < ARRIVING
        return State("calm", _("Arriving") if arriving else _("Not checked"))
    whole = _("Received") if study.instance_count == study.series_count else _("No gaps")
    return State("good", whole)


def series_state(series: SeriesRow) -> State:
    """Say what was received and whether anything is missing, without promising what is not known."""
    received = ngettext("%(count)d received", "%(count)d received", series.instance_count) % {
        "count": series.instance_count
    }
    return {
        Completeness.UNCHECKED: State(
            "calm", _("%s so far, not checked for gaps: compare with the console") % received
        ),
        Completeness.NO_GAPS: State("good", _("%s, no gaps: compare with the console") % received),
        Completeness.SINGLE: State("good", _("%s: compare with the console") % received),
        Completeness.GAPS: State("warn", _("%s, but some are missing in between: send the series again") % received),
        Completeness.ODD_GEOMETRY: State(
            "warn", _("%s, but the slices do not lie as usual: compare with the console") % received
        ),
    }[series.completeness]


def series_title(series: SeriesRow) -> str:
    """Name a series by its description or its kind."""
    return series.series_description or modality_words(series.modality)


def series_facts(series: SeriesRow) -> str:
    """Write where a series comes from."""
    number = "" if series.series_number is None else _("Series %d") % series.series_number
    device = " ".join(part for part in (series.manufacturer, series.manufacturer_model_name) if part)
    frames = "" if series.frame_count <= series.instance_count else _("%d frames") % series.frame_count
    return " · ".join(part for part in (number, modality_words(series.modality), device, frames) if part)


def finding_lines(series: SeriesRow) -> list[str]:
    """Say what is odd about a series, one line each."""
    lines = finding_words(series.findings)
    if series.further_versions:
        lines.append(
            ngettext(
                "%(count)d image came again with other content; the first is shown, the other is kept.",
                "%(count)d images came again with other content; the first of each is shown, the others are kept.",
                series.further_versions,
            )
            % {"count": series.further_versions}
        )
    return lines


def browser_words(browser: Browser) -> str:
    """Name a browser and its system, as people call them."""
    if not browser.family:
        return _("Unknown browser")
    system = _("Mac or iPad") if browser.system == MAC_OR_IPAD else browser.system
    return " · ".join(part for part in (f"{browser.family} {browser.version}", system) if part)
