"""Rules, ends, holds and proposals in words, for people who have never read a retention law."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from appliance.archive.reading.rows import SeriesRow, StudyRow
from appliance.retention.barriers import Barrier
from appliance.retention.context import Retention
from appliance.retention.ends import end_of_study
from appliance.retention.presets import Caution, Confidence, Preset
from appliance.retention.queries import KeptRule
from appliance.retention.queries_decisions import HoldReason, Kind, Proposal, Scope, holds_of_study
from appliance.retention.rules import Beginning, End, Reason, Rule
from appliance.retention.standing import Wait
from appliance.store.transactions import ReadTransaction
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.months import short_month
from appliance.web.staff.study_views import Fact
from appliance.web.staff.words import State, day, day_and_time

PLACES: Mapping[str, str] = {
    "ar": later("Argentina"),
    "au": later("Australia"),
    "br": later("Brazil"),
    "ca-bc": later("Canada, British Columbia"),
    "ca-on": later("Canada, Ontario"),
    "ca-qc": later("Canada, Quebec"),
    "cl": later("Chile"),
    "co": later("Colombia"),
    "fr": later("France"),
    "de": later("Germany"),
    "it": later("Italy"),
    "mx": later("Mexico"),
    "nz": later("New Zealand"),
    "pe": later("Peru"),
    "pt": later("Portugal"),
    "es": later("Spain"),
    "es-ct": later("Spain, Catalonia"),
    "gb": later("United Kingdom"),
    "us": later("United States, where the state says nothing"),
    "us-ca": later("United States, California"),
    "us-fl": later("United States, Florida"),
    "us-il": later("United States, Illinois"),
    "us-ma": later("United States, Massachusetts"),
    "us-nh": later("United States, New Hampshire"),
    "us-nj": later("United States, New Jersey"),
    "us-ny": later("United States, New York"),
    "us-pa": later("United States, Pennsylvania"),
    "us-tx": later("United States, Texas"),
    "us-va": later("United States, Virginia"),
    "us-wa": later("United States, Washington"),
}
CAUTIONS: Mapping[Caution, str] = {
    Caution.REGIONS: later("Parts of the country ask for more: look up your own."),
    Caution.MINORS: later("What holds for children is not settled here: have it checked before you go by this."),
    Caution.PRACTICE: later("No law names this term for a private dentist: it is what is usual."),
    Caution.VICTIMS: later("Records of victims of human rights violations are kept longer: put them under a hold."),
}


def place_words(code: str) -> str:
    """Name a jurisdiction."""
    return _(PLACES[code]) if code in PLACES else _("The clinic's own rules")


def confidence_words(confidence: Confidence) -> str:
    """Say how sure a number is."""
    return {
        Confidence.HIGH: _("Well founded"),
        Confidence.MEDIUM: _("Fairly sure"),
        Confidence.LOW: _("Unsure: check it first"),
        Confidence.OWN: _("The clinic's own"),
    }[confidence]


def checked_words(checked_on: str, read_at: str = "") -> str:
    """Say when a source was read, and where."""
    if not checked_on:
        return _("Known at second hand: have it checked.")
    month = short_month(datetime.strptime(checked_on, "%Y-%m").date())  # noqa: DTZ007  a month has no zone
    told = {"month": month, "year": checked_on[:4], "where": read_at}
    return (_("Read in %(month)s %(year)s (%(where)s)") if read_at else _("Read in %(month)s %(year)s")) % told


def rule_words(rule: Rule) -> list[str]:
    """Say what a rule asks for, one line each."""
    years = ngettext("%(num)d year", "%(num)d years", rule.adult_years) % {"num": rule.adult_years}
    begins = {
        Beginning.LAST_STUDY: _("%(years)s from the patient's last study"),
        Beginning.STUDY: _("%(years)s from the study"),
    }[rule.begins_with]
    lines = [begins % {"years": years}]
    if rule.minor_until_age is not None:
        told = {"majority": rule.age_of_majority, "age": rule.minor_until_age}
        lines.append(_("Under %(majority)d when scanned: until the age of %(age)d, if that is later") % told)
    if rule.minor_years_after_majority is not None:
        told = {"majority": rule.age_of_majority, "age": rule.age_of_majority + rule.minor_years_after_majority}
        lines.append(_("Under %(majority)d when scanned: until the age of %(age)d, if that is later") % told)
    return lines


def matches_words(rule: Rule) -> str:
    """Say what a rule applies to."""
    kinds = ", ".join(sorted(rule.modalities)) or _("All images")
    if rule.below_age is not None:
        return _("%(kinds)s of patients from %(from)d to below %(below)d") % {
            "kinds": kinds, "from": rule.from_age, "below": rule.below_age,
        }  # fmt: skip
    return (
        _("%(kinds)s of patients from %(from)d on") % {"kinds": kinds, "from": rule.from_age}
        if rule.from_age
        else kinds
    )


def end_words(end: End) -> list[str]:
    """Say why a study is kept until its last day."""
    begun, rule = day(end.begun_on), end.rule
    if rule is None or end.reason is Reason.ARRIVED:
        lines = [_("It arrived on %s, and what has just arrived stays for a year.") % begun]
    elif end.reason is Reason.YEARS:
        years = ngettext("%(num)d year", "%(num)d years", rule.adult_years) % {"num": rule.adult_years}
        told = {"rule": rule.name, "years": years, "day": begun}
        lines = [_("%(rule)s: %(years)s from %(day)s.") % told]
    else:
        age = rule.minor_until_age if end.reason is Reason.UNTIL_AGE else None
        age = age if age is not None else rule.age_of_majority + (rule.minor_years_after_majority or 0)
        lines = [_("%(rule)s: a child's, until the age of %(age)d.") % {"rule": rule.name, "age": age}]
    if not end.birth_known:
        lines.append(_("The birth date is not known, so it counts as a child's."))
    if not end.dated:
        lines.append(_("It has no date that can be, so its arrival counts."))
    return lines


def keeping_facts(tx: ReadTransaction, retention: Retention, study: StudyRow) -> Fact:
    """Say on a study's page until when it is kept."""
    end = end_of_study(tx, retention, study.study_key)
    if holds_of_study(tx, study.study_key, study.patient_key):
        return Fact(_("Kept"), _("under a legal hold, until it is lifted"))
    return Fact(_("Kept"), _("without end") if end is None else _("until %s at least") % day(end.kept_until))


def barrier_words(barrier: str) -> str:
    """Say what keeps something, by its code."""
    return {
        Barrier.HELD.value: _("It is under a legal hold."),
        Barrier.IDENTITY.value: _("Somebody has to decide first whose it is."),
        Barrier.NOT_DUE.value: _("Its time is not over."),
        Barrier.NO_RULE.value: _("No rule ends its time."),
        Barrier.CHANGED.value: _("Images came or went since it was proposed."),
        Barrier.GONE.value: _("It is no longer here."),
        Barrier.RESTORED.value: _("The box came back from a copy since. Look for holds, and propose it again."),
    }[barrier]


def standing(wait: Wait, barrier: Barrier | None, proposal: Proposal, dry_run_until: datetime | None) -> State:
    """Say how an open proposal stands."""
    if barrier is not None:
        return State("bad", barrier_words(barrier.value))
    until = "" if dry_run_until is None else day(dry_run_until.astimezone().date())
    if proposal.scope is Scope.BOX and wait in {Wait.TIME, Wait.NIGHT}:
        return _standing_of_box(wait, proposal)
    return {
        Wait.APPROVAL: State("warn", _("Waits for somebody else to approve it")),
        Wait.TIME: State("warn", _("Erased after %s unless somebody cancels it") % day_and_time(proposal.not_before)),
        Wait.CLOCK: State("warn", _("Waits: the box's clock was set, or may have been")),
        Wait.DRY_RUN: State(
            "calm", _("Only listed until %s") % until if until else _("Only listed: no rules are chosen")
        ),
        Wait.NIGHT: State("bad", _("Approved: erased tonight unless somebody cancels it")),
    }[wait]


def _standing_of_box(wait: Wait, proposal: Proposal) -> State:
    """Say so of the whole box, which no night ends: a person does, at the machine."""
    if wait is Wait.NIGHT:
        return State("bad", _("Approved: somebody may end it at the machine, unless somebody cancels it"))
    told = _("Somebody may end it at the machine after %s unless somebody cancels it")
    return State("warn", told % day_and_time(proposal.not_before))


def kind_words(kind: Kind) -> str:
    """Say why something is to be erased."""
    return {
        Kind.DUE: _("Its time is over"),
        Kind.REQUEST: _("The patient asked for it"),
        Kind.ERROR: _("It was sent here in error"),
        Kind.DECOMMISSIONING: _("The box is given up"),
    }[kind]


def hold_reason_words(reason: HoldReason) -> str:
    """Say why something must stay."""
    return {
        HoldReason.LITIGATION: _("A lawsuit"),
        HoldReason.AUTHORITY: _("An authority asked for it"),
        HoldReason.COMPLAINT: _("A complaint"),
        HoldReason.TREATMENT: _("Treatment goes on"),
        HoldReason.RESEARCH: _("Research"),
        HoldReason.OTHER: _("Another reason"),
    }[reason]


def subject_words(scope: Scope, key: int) -> tuple[str, str]:
    """Name a subject by its number, and give where it is shown; '' where it has no page."""
    return {
        Scope.STUDY: (_("Study %d") % key, f"/studies/{key}"),
        Scope.PATIENT: (_("All of patient %d") % key, f"/patients/{key}"),
        Scope.SERIES: (_("Series %d") % key, ""),
        Scope.INSTANCE: (_("Image %d") % key, ""),
        Scope.BOX: (_("The whole box"), ""),
    }[scope]


def series_words(series: SeriesRow) -> str:
    """Name a series by its scanner's number and kind alone: a description may hold a name."""
    told = {
        "number": "–" if series.series_number is None else series.series_number, "kind": series.modality or "–",
        "study": series.study_key,
    }  # fmt: skip
    return _("Series %(number)s (%(kind)s) of study %(study)d") % told


def preset_view(preset: Preset) -> dict[str, object]:
    """Put a preset into words."""
    return {
        "code": preset.code,
        "name": place_words(preset.code),
        "rules": [{"matches": matches_words(rule), "lines": rule_words(rule)} for rule in preset.rules],
        "source": preset.source,
        "checked": checked_words(preset.checked_on, preset.read_at),
        "confidence": confidence_words(preset.confidence),
        "cautions": [_(CAUTIONS[caution]) for caution in preset.cautions],
    }


def rule_view(kept: KeptRule) -> dict[str, object]:
    """Put a rule that is in force into words."""
    return {
        "rule_key": kept.rule_key,
        "name": kept.rule.name,
        "matches": matches_words(kept.rule),
        "lines": rule_words(kept.rule),
        "source": kept.source,
        "checked": "" if kept.confidence is Confidence.OWN else checked_words(kept.checked_on),
        "confidence": confidence_words(kept.confidence),
    }


def name_of(names: Mapping[int, str], account_key: int | None) -> str:
    """Name who did something; nobody signed in is an operator at the machine."""
    return _("an operator at the machine") if account_key is None else names.get(account_key, "")


def joined(lines: Sequence[str]) -> str:
    """Put sentences one after the other."""
    return " ".join(lines)
