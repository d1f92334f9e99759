"""The arithmetic of keeping: never too short, and what is not known keeps longer."""

from calendar import isleap
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import NotFound, Unsuitable
from appliance.retention.presets import PRESETS, Caution, Confidence, get_preset
from appliance.retention.rules import (
    Beginning,
    Facts,
    Reason,
    Rule,
    Taken,
    anniversary,
    born_on,
    da_day,
    latest_end,
    taken_on_day,
)

TODAY = date(2060, 6, 1)
A_DAY = timedelta(days=1)
DAYS = st.dates(date(1993, 1, 1), TODAY)
AGES = st.integers(0, 40)
DA_TEXTS = st.one_of(
    st.dates(date(1850, 1, 1), date(2100, 1, 1)).map(lambda day: day.strftime("%Y%m%d")),
    st.sampled_from(["", "00000000", "19000101", "20230229", "2020", "unknown", "２０２００１０１", "99991231"]),
    st.text(max_size=12),
)
RULES = st.builds(
    Rule,
    name=st.just("a rule"),
    adult_years=AGES,
    begins_with=st.sampled_from(Beginning),
    modalities=st.frozensets(st.sampled_from(["CT", "IO", "PX"]), max_size=2),
    age_of_majority=st.integers(14, 21),
    minor_until_age=st.none() | AGES,
    minor_years_after_majority=st.none() | AGES,
    from_age=st.sampled_from([0, 0, 17]),
    below_age=st.sampled_from([None, None, 18]),
)
TAKEN = st.builds(Taken, study_date=DA_TEXTS, arrived_on=DAYS)
FACTS = st.builds(
    Facts,
    taken=TAKEN,
    modalities=st.frozensets(st.sampled_from(["CT", "IO", "DX"]), max_size=2),
    patient_birth_date=DA_TEXTS,
    others=st.lists(TAKEN, max_size=3),
)


def facts(study_date: str, born: str = "19700101", arrived_on: date | None = None, **more: object) -> Facts:
    arrived_on = arrived_on or da_day(study_date) or date(2020, 1, 1)
    return replace(Facts(Taken(study_date, arrived_on), frozenset({"CT"}), born), **more)  # type: ignore[arg-type]  # its own fields


def kept_until(rules: list[Rule], about: Facts, today: date = TODAY) -> date:
    end = latest_end(rules, about, today)
    assert end is not None
    return end.kept_until


@given(st.lists(RULES, max_size=4), FACTS)
def test_no_matching_rule_ends_later_than_the_study_is_kept(rules: list[Rule], about: Facts) -> None:
    whole = latest_end(rules, about, TODAY)
    alone = [end for rule in rules if (end := latest_end([rule], about, TODAY)) is not None]
    assert (whole is None) == (not alone)
    if whole is not None:
        assert whole.kept_until == max(end.kept_until for end in alone)
        assert whole.kept_until >= anniversary(about.taken.arrived_on, 1)


@given(RULES, FACTS, st.integers(0, 30))
def test_more_years_never_keep_shorter(rule: Rule, about: Facts, more: int) -> None:
    before = latest_end([rule], about, TODAY)
    longer = replace(rule, adult_years=rule.adult_years + more)
    elder = replace(rule, minor_until_age=(rule.minor_until_age or 0) + more)
    later = replace(rule, minor_years_after_majority=(rule.minor_years_after_majority or 0) + more)
    majority = replace(rule, age_of_majority=rule.age_of_majority + more)
    for changed in (longer, elder, later, majority):
        after = latest_end([changed], about, TODAY)
        assert (before is None) == (after is None)
        if before is not None and after is not None:
            assert after.kept_until >= before.kept_until


@given(RULES, FACTS, TAKEN)
def test_one_more_study_of_the_patient_never_keeps_shorter(rule: Rule, about: Facts, other: Taken) -> None:
    before = latest_end([rule], about, TODAY)
    after = latest_end([rule], replace(about, others=(*about.others, other)), TODAY)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert after.kept_until >= before.kept_until


@given(RULES, FACTS, DAYS, st.integers(0, 4000))
def test_a_later_arrival_never_keeps_shorter(rule: Rule, about: Facts, day: date, more: int) -> None:
    """Of a study without a date of its own, of an adult: a child's may have come of age meanwhile."""
    adult = replace(rule, from_age=0, below_age=None, minor_until_age=None, minor_years_after_majority=None)
    about = replace(about, modalities=frozenset(), patient_birth_date="19500505")
    earlier, later = (replace(about, taken=Taken("", arrived)) for arrived in (day, day + timedelta(days=more)))
    assert kept_until([adult], later) >= kept_until([adult], earlier)


@given(RULES, FACTS, st.dates(date(1900, 1, 1), TODAY))
def test_no_birth_date_keeps_longer_than_an_unknown_one(rule: Rule, about: Facts, born: date) -> None:
    known = latest_end([rule], replace(about, patient_birth_date=born.strftime("%Y%m%d")), TODAY)
    for unknown in ("", "unknown", "19000101", "29991231", "20230229"):
        end = latest_end([rule], replace(about, patient_birth_date=unknown), TODAY)
        if known is not None:
            assert end is not None
            assert end.kept_until >= known.kept_until


@given(FACTS, st.integers(18, 60), st.dates(date(1900, 1, 1), TODAY), st.integers(0, 4000))
def test_a_later_birth_never_keeps_shorter(about: Facts, until: int, born: date, more: int) -> None:
    rule = Rule("a rule", 5, minor_until_age=until)
    about = replace(about, modalities=frozenset())
    earlier = replace(about, patient_birth_date=born.strftime("%Y%m%d"))
    later = replace(about, patient_birth_date=(born + timedelta(days=more)).strftime("%Y%m%d"))
    taken_on = taken_on_day(about.taken, TODAY)
    if born_on(earlier.patient_birth_date, taken_on) is not None:  # else the earlier one is the unknown one
        assert kept_until([rule], later) >= kept_until([rule], earlier)


@given(st.lists(RULES, min_size=1, max_size=3), FACTS, RULES)
def test_one_more_rule_never_keeps_shorter(rules: list[Rule], about: Facts, more: Rule) -> None:
    before = latest_end(rules, about, TODAY)
    after = latest_end([*rules, more], about, TODAY)
    if before is not None:
        assert after is not None
        assert after.kept_until >= before.kept_until


@given(st.dates(date(1993, 1, 1), date(2200, 1, 1)), st.integers(0, 150))
def test_an_anniversary_is_the_same_day_or_the_next_one(day: date, years: int) -> None:
    then = anniversary(day, years)
    assert then.year == day.year + years
    if (day.month, day.day) == (2, 29) and not isleap(then.year):
        assert (then.month, then.day) == (3, 1)
    else:
        assert (then.month, then.day) == (day.month, day.day)


def test_time_ends_with_the_year_9999() -> None:
    assert anniversary(date(9990, 5, 5), 20) == date.max


def test_it_is_due_two_days_after_the_last_one_it_is_kept_on() -> None:
    end = latest_end([Rule("a rule", 10)], facts("20200305"), TODAY)
    assert end is not None
    assert end.kept_until == date(2030, 3, 5)
    assert not end.is_due(date(2030, 3, 7))
    assert end.is_due(date(2030, 3, 8))
    assert not end.is_due(date.min)


@pytest.mark.parametrize(
    ("born", "taken", "until"),
    [
        ("20080229", "20100601", date(2036, 2, 29)),
        ("20080229", "20260228", date(2036, 2, 29)),  # of age on 1 March 2026: still a minor on 28 February
        ("20080229", "20260301", date(2036, 3, 1)),  # an adult: ten years from the scan
        ("20090228", "20260101", date(2037, 2, 28)),
    ],
)
def test_who_is_born_on_29_february_comes_of_age_on_1_march(born: str, taken: str, until: date) -> None:
    assert kept_until([Rule("German", 10, minor_until_age=28)], facts(taken, born)) == until


def test_a_minors_study_is_kept_to_the_later_of_age_and_years() -> None:
    rule = Rule("Ontario", 10, minor_years_after_majority=10)
    end = latest_end([rule], facts("20200601", "20100401"), TODAY)
    assert end is not None
    assert (end.kept_until, end.reason, end.begun_on) == (date(2038, 4, 1), Reason.AFTER_MAJORITY, date(2010, 4, 1))
    assert kept_until([rule], facts("20280301", "20100401")) == date(2038, 4, 1)
    assert kept_until([rule], facts("20280401", "20100401")) == date(2038, 4, 1)  # of age that day


def test_the_last_study_of_the_patient_begins_the_time_and_a_study_of_its_own_where_the_rule_says_so() -> None:
    about = facts("20100101", others=(Taken("20150707", date(2015, 7, 7)), Taken("20120101", date(2012, 1, 1))))
    assert kept_until([Rule("by patient", 15)], about) == date(2030, 7, 7)
    assert kept_until([Rule("by study", 15, Beginning.STUDY)], about) == date(2025, 1, 1)


@pytest.mark.parametrize("text", ["", "19800101", "20610101", "2020-01-01", "20230229"])
def test_a_study_without_a_usable_date_is_as_old_as_its_arrival(text: str) -> None:
    arrived = date(2024, 2, 29)
    end = latest_end([Rule("a rule", 5)], facts(text, arrived_on=arrived), TODAY)
    assert end is not None
    assert (end.kept_until, end.dated, end.begun_on) == (date(2029, 3, 1), False, arrived)


def test_the_older_way_to_write_a_date_is_read() -> None:
    assert da_day("2020.03.05") == da_day("20200305 ") == date(2020, 3, 5)


@pytest.mark.parametrize("born", ["", "19000101", "20300101", "20200606", "nobody", "18500101"])
def test_an_unknown_or_impossible_birth_date_is_a_minors(born: str) -> None:
    end = latest_end([Rule("a rule", 5, minor_until_age=28)], facts("20200605", born), TODAY)
    assert end is not None
    assert (end.kept_until, end.birth_known, end.reason) == (date(2048, 6, 5), False, Reason.UNTIL_AGE)


def test_a_scan_that_has_just_arrived_is_kept_whatever_its_console_takes_the_year_for() -> None:
    end = latest_end([Rule("a rule", 5)], facts("20000101", arrived_on=date(2059, 12, 31)), TODAY)
    assert end is not None
    assert (end.kept_until, end.rule, end.reason) == (date(2060, 12, 31), None, Reason.ARRIVED)
    assert not end.is_due(TODAY)


def test_what_no_rule_matches_is_kept_without_end() -> None:
    only_ct = Rule("CT alone", 5, modalities=frozenset({"CT"}))
    assert latest_end([], facts("20100101"), TODAY) is None
    assert latest_end([only_ct], facts("20100101", modalities=frozenset({"IO"})), TODAY) is None
    assert kept_until([only_ct], facts("20100101", modalities=frozenset({"IO", "CT"}))) == date(2015, 1, 1)
    assert kept_until([only_ct], facts("20100101", modalities=frozenset())) == date(2015, 1, 1)


def test_a_rule_for_an_age_holds_from_one_birthday_to_the_other() -> None:
    rule = Rule("seventeen", 10, from_age=17, below_age=18)
    assert latest_end([rule], facts("20191231", "20030101"), TODAY) is None
    assert kept_until([rule], facts("20200101", "20030101")) == date(2030, 1, 1)
    assert kept_until([rule], facts("20201231", "20030101")) == date(2030, 12, 31)
    assert latest_end([rule], facts("20210101", "20030101"), TODAY) is None
    assert kept_until([rule], facts("20210101", "")) == date(2031, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"adult_years": -1}, {"adult_years": 151}, {"age_of_majority": 200}, {"minor_until_age": -5},
        {"minor_years_after_majority": 151}, {"from_age": 18, "below_age": 18}, {"name": "  "}, {"below_age": -1},
    ],
)  # fmt: skip
def test_numbers_that_no_rule_can_mean_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Unsuitable):
        replace(Rule("a rule", 5), **wrong)  # type: ignore[arg-type]  # each is one of its fields


@pytest.mark.parametrize(
    ("code", "born", "until"),
    [
        # one scan on 1 June 2020: of an adult, of a child of ten, of one of seventeen
        ("ar", "19700101", date(2030, 6, 1)),
        ("au", "20100301", date(2035, 3, 1)),
        ("br", "20100301", date(2040, 6, 1)),
        ("ca-bc", "20100301", date(2045, 3, 1)),
        ("ca-on", "20100301", date(2038, 3, 1)),
        ("ca-qc", "19700101", date(2030, 6, 1)),
        ("cl", "20100301", date(2035, 6, 1)),
        ("co", "19700101", date(2035, 6, 1)),
        ("fr", "20100301", date(2040, 6, 1)),
        ("fr", "20190301", date(2047, 3, 1)),
        ("de", "19700101", date(2030, 6, 1)),
        ("de", "20100301", date(2038, 3, 1)),
        ("it", "20100301", date(2038, 3, 1)),
        ("mx", "20100301", date(2025, 6, 1)),
        ("nz", "19700101", date(2030, 6, 1)),
        ("pe", "19700101", date(2040, 6, 1)),
        ("pt", "19700101", date(2040, 6, 1)),
        ("es", "19700101", date(2025, 6, 1)),
        ("es-ct", "19700101", date(2035, 6, 1)),
        ("gb", "19700101", date(2035, 6, 1)),
        ("gb", "20190301", date(2044, 3, 1)),
        ("us", "19700101", date(2026, 6, 1)),
        ("us-ca", "20100301", date(2035, 3, 1)),
        ("us-fl", "19700101", date(2024, 6, 1)),
        ("us-il", "19700101", date(2030, 6, 1)),
        ("us-ma", "19700101", date(2027, 6, 1)),
        ("us-nh", "20100301", date(2035, 3, 1)),
        ("us-nj", "19700101", date(2027, 6, 1)),
        ("us-ny", "20100301", date(2032, 3, 1)),
        ("us-pa", "19700101", date(2025, 6, 1)),
        ("us-tx", "19700101", date(2025, 6, 1)),
        ("us-va", "19700101", date(2026, 6, 1)),
        ("us-wa", "19700101", date(2026, 6, 1)),
    ],
)
def test_each_preset_keeps_as_long_as_its_law_says(code: str, born: str, until: date) -> None:
    assert kept_until(list(get_preset(code).rules), facts("20200601", born)) == until


def test_every_preset_says_where_it_comes_from_and_how_sure_it_is() -> None:
    for code, preset in PRESETS.items():
        assert preset.code == code
        assert preset.name
        assert preset.source
        assert preset.rules
        assert preset.confidence in Confidence
        assert preset.confidence is not Confidence.OWN
        assert bool(preset.checked_on) == bool(preset.read_at)
        assert all(caution in Caution for caution in preset.cautions)


def test_a_jurisdiction_that_is_not_listed_is_refused() -> None:
    with pytest.raises(NotFound):
        get_preset("atlantis")


def test_seventeen_at_the_end_is_kept_until_twenty_six_in_britain() -> None:
    old = [replace(rule, adult_years=1) for rule in get_preset("gb").rules]  # so that the birthdays show
    assert kept_until(old, facts("20200601", "20030301")) == date(2029, 3, 1)
    assert kept_until(old, facts("20200601", "20040301")) == date(2029, 3, 1)


def test_tomorrow_is_never_more_due_than_the_day_after() -> None:
    end = latest_end([Rule("a rule", 1)], facts("20200229"), TODAY)
    assert end is not None
    assert end.kept_until == date(2021, 3, 1)
    assert [end.is_due(end.kept_until + A_DAY * step) for step in (-1, 0, 2, 3, 400)] == [
        False,
        False,
        False,
        True,
        True,
    ]
