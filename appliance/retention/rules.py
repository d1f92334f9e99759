"""How long a study is kept: arithmetic on dates alone, no clock, no catalogue.

Guards: a study is kept to the latest end of all rules that match it, and never
less. Whatever is not known is taken the way that keeps longer: an unknown or
impossible birth date is a newborn's, a study without a usable date is as old as
its arrival, a study whose modalities are not known matches every rule.
29 February, where a year has none, is 1 March. What arrived within the last
year is kept whatever its date says: a console whose clock fell back dates a new
scan as an old one. Two days are added to each end for the box's own clock.
Leaves out: legal holds and open questions of identity (`barriers`), who may
end a study's time (`proposals`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from appliance.errors import Unsuitable

MOST_YEARS = 150
OLDEST_YEARS = 110
PLACEHOLDER = date(1900, 1, 1)  # what consoles write where nobody typed a birth date
EARLIEST_STUDY = date(1993, 1, 1)  # DICOM's first edition; an earlier date is a clock that fell back
KEPT_AFTER_ARRIVAL_YEARS = 1
MARGIN = timedelta(days=2)  # kept beyond its end: a clock that is a day ahead, and believed, ends nothing early


class Beginning(StrEnum):
    """What a rule counts from."""

    LAST_STUDY = "last study"  # of the patient: the nearest that the box knows to the last treatment
    STUDY = "study"


class Reason(StrEnum):
    """Which part of a rule gave the end."""

    YEARS = "years"
    UNTIL_AGE = "until age"
    AFTER_MAJORITY = "after majority"
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Ages and years are whole; no modality means every modality.

    Attributes:
        name: The clinic's word for it.
        adult_years: Kept so long from its beginning, whoever it is.
        begins_with: What it counts from.
        modalities: Matches a study that holds one of them.
        age_of_majority: Younger patients are minors.
        minor_until_age: A minor's study is kept until that birthday at least.
        minor_years_after_majority: Or so many years after coming of age.
        from_age: Matches patients of at least this age when the study was taken.
        below_age: And younger than this.

    Raises:
        Unsuitable: A number that no rule can mean.
    """

    name: str
    adult_years: int
    begins_with: Beginning = Beginning.LAST_STUDY
    modalities: frozenset[str] = frozenset()
    age_of_majority: int = 18
    minor_until_age: int | None = None
    minor_years_after_majority: int | None = None
    from_age: int = 0
    below_age: int | None = None

    def __post_init__(self) -> None:
        numbers = (self.adult_years, self.age_of_majority, self.minor_until_age, self.minor_years_after_majority)
        ages = (self.from_age, self.below_age)
        if not all(number is None or 0 <= number <= MOST_YEARS for number in (*numbers, *ages)):
            raise Unsuitable(f"years and ages of a rule are whole numbers from 0 to {MOST_YEARS}")
        if self.below_age is not None and self.below_age <= self.from_age:
            raise Unsuitable("the age that a rule ends at lies above the age that it begins at")
        if not self.name.strip():
            raise Unsuitable("a rule has a name")


@dataclass(frozen=True, slots=True)
class Taken:
    """When a study was taken, as its images say, and when the last of it arrived."""

    study_date: str
    arrived_on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask of one study.

    `others` are the patient's other studies; `patient_birth_date` is DICOM DA text as it was sent.
    """

    taken: Taken
    modalities: frozenset[str]
    patient_birth_date: str
    others: Sequence[Taken] = ()


@dataclass(frozen=True, slots=True)
class End:
    """How long a study is kept, and why.

    Attributes:
        kept_until: The last day on which it is kept.
        rule: The rule that keeps it longest; None when only its late arrival does.
        reason: Which part of that rule.
        begun_on: The day it was counted from: of a study, of a birth, or of an arrival.
        birth_known: Whether the birth date could be used; else the patient counts as a minor.
        dated: Whether the study's own date could be used; else its arrival stands for it.
    """

    kept_until: date
    rule: Rule | None
    reason: Reason
    begun_on: date
    birth_known: bool
    dated: bool

    def is_due(self, today: date) -> bool:
        """Say whether the last day on which it is kept is over, by more than the margin."""
        return self.kept_until < ended_by(today)


def latest_end(rules: Iterable[Rule], facts: Facts, today: date) -> End | None:
    """Give the latest end of all rules that match, or None when none does: then it is kept without end."""
    taken_on = taken_on_day(facts.taken, today)
    ends = [end for rule in rules if (end := _end(rule, facts, taken_on, today)) is not None]
    if not ends:
        return None
    return max([*ends, _of_arrival(facts, taken_on, today)], key=lambda end: end.kept_until)


def ended_by(today: date) -> date:
    """Give the day before which a study's last day must lie for its time to be over today."""
    return today - MARGIN if today > date.min + MARGIN else date.min


def taken_on_day(taken: Taken, today: date) -> date:
    """Give the day that a study counts as taken on: its own date, or its arrival where that cannot be."""
    told = da_day(taken.study_date)
    return told if told is not None and EARLIEST_STUDY <= told <= today else taken.arrived_on


def born_on(patient_birth_date: str, taken_on: date) -> date | None:
    """Give a birth date that can be true of whoever was scanned that day, or None."""
    born = da_day(patient_birth_date)
    if born is None or born == PLACEHOLDER or born > taken_on or taken_on > anniversary(born, OLDEST_YEARS):
        return None
    return born


def da_day(text: str) -> date | None:
    """Read a DA value, or give None for what is none.

    Source: DICOM PS3.5 6.2 (DA): YYYYMMDD; the older YYYY.MM.DD as well.
    """
    digits = text.strip(" \x00")
    if len(digits) == 10 and digits[4] == digits[7] == ".":
        digits = digits.replace(".", "")
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date.fromisoformat(digits)
    except ValueError:
        return None


def anniversary(day: date, years: int) -> date:
    """Give the same day so many years later; 29 February is 1 March where there is none, and time ends with 9999."""
    year = day.year + years
    if year > date.max.year:
        return date.max
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _end(rule: Rule, facts: Facts, taken_on: date, today: date) -> End | None:
    """Give one rule's end, or None when it does not match."""
    born = born_on(facts.patient_birth_date, taken_on)
    if not _matches(rule, facts, born, taken_on):
        return None
    begun_on = taken_on
    if rule.begins_with is Beginning.LAST_STUDY:
        begun_on = max([taken_on, *(taken_on_day(other, today) for other in facts.others)])
    counted = [(Reason.YEARS, begun_on, rule.adult_years)]
    if born is None or taken_on < anniversary(born, rule.age_of_majority):
        counted += _of_minor(rule, begun_on if born is None else born)
    dated = taken_on == da_day(facts.taken.study_date)
    ends = [
        End(anniversary(day, years), rule, reason, day, birth_known=born is not None, dated=dated)
        for reason, day, years in counted
    ]
    return max(ends, key=lambda end: end.kept_until)


def _of_minor(rule: Rule, born: date) -> list[tuple[Reason, date, int]]:
    """Give what a rule says of minors besides, counted from the birth."""
    counted = []
    if rule.minor_until_age is not None:
        counted.append((Reason.UNTIL_AGE, born, rule.minor_until_age))
    if rule.minor_years_after_majority is not None:
        counted.append((Reason.AFTER_MAJORITY, born, rule.age_of_majority + rule.minor_years_after_majority))
    return counted


def _matches(rule: Rule, facts: Facts, born: date | None, taken_on: date) -> bool:
    if rule.modalities and facts.modalities and not rule.modalities & facts.modalities:
        return False
    if born is None:
        return True
    if taken_on < anniversary(born, rule.from_age):
        return False
    return rule.below_age is None or taken_on < anniversary(born, rule.below_age)


def _of_arrival(facts: Facts, taken_on: date, today: date) -> End:
    """Keep what has only just arrived, whatever its date says."""
    arrived_on = facts.taken.arrived_on
    birth_known = born_on(facts.patient_birth_date, taken_on) is not None
    dated = taken_on_day(facts.taken, today) == da_day(facts.taken.study_date)
    until = anniversary(arrived_on, KEPT_AFTER_ARRIVAL_YEARS)
    return End(until, None, Reason.ARRIVED, arrived_on, birth_known=birth_known, dated=dated)
