"""What an event's number says: every role and right there and back, and nothing that was never given out."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.roles import Role
from appliance.audit.chain import Entry
from appliance.audit.numbers import ROLES, Rights, RightsGiven, meaning, rights_given

RIGHTS = st.builds(Rights, st.sampled_from(list(ROLES.values())), st.booleans())


def entry(event: str, number: int | None) -> Entry:
    return Entry(7, 0, event, "success", "account", 3, None, None, None, None, None, number)


def test_every_role_has_a_number_and_none_changed() -> None:
    assert set(ROLES.values()) == {role.value for role in Role}
    assert list(ROLES) == [1, 2, 3, 4, 5, 6, 7]
    assert [ROLES[number] for number in (1, 6, 7)] == ["administrator", "lab", "emergency"]


@given(RIGHTS, RIGHTS)
def test_rights_read_back_as_they_were_written(before: Rights, after: Rights) -> None:
    changed = RightsGiven(after, before)
    assert rights_given(entry("role changed", changed.number)) == changed
    assert rights_given(entry("account created", RightsGiven(after).number)) == RightsGiven(after)


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["role changed", "account created"]))
def test_any_number_means_something_that_was_given_out_or_nothing(number: int, event: str) -> None:
    told = rights_given(entry(event, number))
    assert told is None or told.number == number
    assert (meaning(entry(event, number)) == "") == (told is None)


def test_numbers_are_those_that_the_document_gives() -> None:
    assert meaning(entry("role changed", 1011)) == "administrator to administrator with the image right"
    assert meaning(entry("role changed", 3121)) == "assistant with the image right to dentist with the image right"
    assert meaning(entry("account created", 20)) == "dentist"
    assert meaning(entry("account changed", 1)) == "language"
    groups = [meaning(entry("settings changed", number)) for number in range(9)]
    assert groups == ["", "box", "network", "sessions", "passwords", "packs", "notices", "trail", ""]
    pages = [meaning(entry("page printed", number)) for number in range(8)]
    assert pages == ["", "studies", "laboratory", "due", "record", "quarantine", "box", ""]
    nothing = (("role changed", 21), ("account created", 1011), ("backup made", 1011), ("role changed", None))
    for event, number in nothing:
        assert meaning(entry(event, number)) == "", (event, number)


def test_a_right_is_raised_where_the_image_right_or_the_role_that_runs_the_box_is_gained() -> None:
    dentist, looks = Rights("dentist", image_right=False), Rights("dentist", image_right=True)
    boss, all_of_it = (Rights("administrator", image_right=right) for right in (False, True))
    raised = [(looks, dentist), (boss, looks), (boss, None), (looks, None), (all_of_it, boss)]
    assert all(RightsGiven(after, before).raised for after, before in raised)
    same = [
        (dentist, looks),
        (looks, looks),
        (looks, Rights("assistant", image_right=True)),
        (boss, boss),
        (dentist, None),
    ]
    assert not any(RightsGiven(after, before).raised for after, before in same)
