"""Rules as a clinic keeps them: presets, its own changes, the month in which nothing is purged."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.errors import NotFound, Unsuitable
from appliance.retention import policy, queries
from appliance.retention.policy import DRY_RUN
from appliance.retention.presets import PRESETS, Confidence
from appliance.retention.queries import KeptRule
from appliance.retention.rules import Rule
from appliance.retention.standing import is_dry
from tests.retention.a_keeper import AKeeper, actor_of

OWN = Rule("Implants", 30, modalities=frozenset({"CT"}), minor_until_age=28)


@pytest.fixture
def keeper(tmp_path: Path) -> AKeeper:
    return AKeeper(tmp_path)


def rules(keeper: AKeeper) -> list[KeptRule]:
    with keeper.database.read() as tx:
        return queries.rules(tx)


def dry(keeper: AKeeper) -> bool:
    with keeper.database.read() as tx:
        return is_dry(tx, keeper.room)


@pytest.mark.parametrize("code", PRESETS)
def test_a_jurisdictions_rules_are_kept_as_they_stand_in_its_preset(keeper: AKeeper, code: str) -> None:
    actor = actor_of(keeper.somebody("ana", Role.ADMINISTRATOR))
    policy.choose_jurisdiction(keeper.room, code, actor)
    preset = PRESETS[code]
    assert tuple(kept.rule for kept in rules(keeper)) == preset.rules
    assert {(kept.preset, kept.source, kept.confidence, kept.checked_on) for kept in rules(keeper)} == {
        (code, preset.source, preset.confidence, preset.checked_on)
    }


def test_another_jurisdiction_takes_the_place_of_the_first_and_the_clinics_own_rules_stay(keeper: AKeeper) -> None:
    actor = actor_of(keeper.somebody("ana", Role.ADMINISTRATOR))
    policy.choose_jurisdiction(keeper.room, "de", actor)
    policy.add_rule(keeper.room, OWN, "our insurer, 2026", actor)
    policy.choose_jurisdiction(keeper.room, "cl", actor)
    assert [kept.preset for kept in rules(keeper)] == ["", "cl"]
    with keeper.database.read() as tx:
        chosen = queries.policy(tx)
        ended = tx.rows("SELECT count(*) FROM retention_rules WHERE ended_at IS NOT NULL AND ended_by IS NOT NULL")
    assert chosen is not None
    assert chosen.jurisdiction == "cl"
    assert ended == [(2,)]


def test_a_rule_that_was_changed_is_the_clinics_own_and_the_old_one_is_kept_as_ended(keeper: AKeeper) -> None:
    actor = actor_of(keeper.somebody("ana", Role.ADMINISTRATOR))
    policy.choose_jurisdiction(keeper.room, "cl", actor)
    first = rules(keeper)[0]
    policy.change_rule(keeper.room, first.rule_key, replace(first.rule, adult_years=18), "our lawyer", actor)
    (changed,) = rules(keeper)
    assert (changed.rule.adult_years, changed.preset, changed.source) == (18, "", "our lawyer")
    assert (changed.confidence, changed.checked_on) == (Confidence.OWN, "")
    with pytest.raises(NotFound):
        policy.change_rule(keeper.room, first.rule_key, OWN, "again", actor)
    with keeper.database.read() as tx:
        assert queries.find_rule(tx, first.rule_key) is None
        assert queries.find_rule(tx, changed.rule_key) == changed


def test_the_first_month_lists_and_purges_nothing_and_each_change_begins_it_again(keeper: AKeeper) -> None:
    actor = actor_of(keeper.somebody("ana", Role.ADMINISTRATOR))
    assert dry(keeper)  # nothing was chosen at all
    policy.choose_jurisdiction(keeper.room, "cl", actor)
    keeper.clock.pass_time(days=30)
    assert dry(keeper)
    keeper.clock.at += DRY_RUN - timedelta(days=30)
    assert not dry(keeper)
    rule_key = policy.add_rule(keeper.room, OWN, "our insurer", actor)
    assert dry(keeper)
    policy.end_dry_run(keeper.room, actor)
    assert not dry(keeper)
    policy.end_rule(keeper.room, rule_key, actor)
    assert dry(keeper)
    with pytest.raises(NotFound):
        policy.end_rule(keeper.room, rule_key, actor)


def test_ending_a_dry_run_that_is_over_changes_and_records_nothing(keeper: AKeeper) -> None:
    actor = actor_of(keeper.somebody("ana", Role.ADMINISTRATOR))
    with pytest.raises(NotFound):
        policy.end_dry_run(keeper.room, actor)
    keeper.choose("cl", keeper.somebody("bea", Role.ADMINISTRATOR))
    policy.end_dry_run(keeper.room, actor)
    assert "dry run ended" not in keeper.events()


def test_a_clinic_may_write_its_own_rules_without_a_jurisdiction(keeper: AKeeper) -> None:
    actor = actor_of(keeper.somebody("ana", Role.ADMINISTRATOR))
    policy.add_rule(keeper.room, OWN, "our lawyer", actor)
    with keeper.database.read() as tx:
        chosen = queries.policy(tx)
    assert chosen is not None
    assert chosen.jurisdiction == policy.OWN
    assert keeper.events()[-1] == "retention rules changed"


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (replace(OWN, name="x" * 101), "here"),
        (OWN, "x" * 301),
        (replace(OWN, modalities=frozenset({"C T"})), "here"),
        (replace(OWN, modalities=frozenset({"X" * 17})), "here"),
        (replace(OWN, modalities=frozenset(f"M{number}" for number in range(21))), "here"),
    ],
)
def test_what_is_no_rule_is_refused(keeper: AKeeper, rule: Rule, source: str) -> None:
    with pytest.raises(Unsuitable):
        policy.add_rule(keeper.room, rule, source, actor_of(keeper.somebody("ana", Role.ADMINISTRATOR)))


def test_there_is_an_end_to_how_many_rules_there_are(keeper: AKeeper) -> None:
    actor = actor_of(keeper.somebody("ana", Role.ADMINISTRATOR))
    for _number in range(policy.MOST_RULES):
        policy.add_rule(keeper.room, OWN, "again", actor)
    with pytest.raises(Unsuitable):
        policy.add_rule(keeper.room, OWN, "once more", actor)
