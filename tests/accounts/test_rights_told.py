"""The trail says who was given which right: each kind of change has its own event, with the rights before and after."""

from pathlib import Path

import pytest

from appliance.accounts import invitations, own, service
from appliance.accounts.account import NewAccount
from appliance.accounts.errors import OwnRights
from appliance.accounts.roles import Role
from appliance.accounts.trail import person
from appliance.audit.events import OPERATOR, PROCESS, Event, EventCode
from appliance.audit.numbers import meaning
from appliance.audit.queries_search import EVERYTHING, reading
from appliance.deidentify import leaving
from appliance.errors import Unsuitable
from appliance.trail.days import DayParts, look_through
from appliance.trail.queries import findings
from appliance.trail.unusual import Kind
from appliance.web.staff.number_words import number_counts, number_words
from tests.web.a_clinic import AClinic

ADDRESS = "192.0.2.10"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def told(clinic: AClinic) -> list[tuple[str, str]]:
    with clinic.database.read() as tx:
        return [(one.event, meaning(one)) for one in reading(tx, EVERYTHING)]


def unusual_of(clinic: AClinic) -> list[tuple[str, str, int | None, int]]:
    """Give what the next morning's look finds: what, who did it, and how often."""
    day = look_through(DayParts(clinic.database, clinic.clock, clinic.context.zone))
    assert day is not None
    with clinic.database.read() as tx:
        return [(one.kind, one.actor_kind, one.actor_key, one.count) for one in findings(tx, day)]


def test_an_administrator_who_gives_themselves_the_image_right_and_takes_it_back_is_told(clinic: AClinic) -> None:
    boss = clinic.person(Role.ADMINISTRATOR)
    for right in (True, False):
        leaving.change_role(
            clinic.accounts, boss.account_key, Role.ADMINISTRATOR, person(boss, ADDRESS), image_right=right
        )
    assert told(clinic)[1:] == [
        ("role changed", "administrator to administrator with the image right"),
        ("role changed", "administrator with the image right to administrator"),
    ]
    assert unusual_of(clinic) == [
        (Kind.RIGHT_GIVEN, "operator", None, 1), (Kind.RIGHT_GIVEN, "account", boss.account_key, 1),
    ]  # fmt: skip


def test_nobody_changes_their_own_rights_while_another_administrator_can(clinic: AClinic) -> None:
    boss, other = (clinic.person(Role.ADMINISTRATOR, user_name=name) for name in ("boss", "other"))
    for role, right in ((Role.ADMINISTRATOR, True), (Role.DENTIST, True), (Role.RECEPTION, False)):
        with pytest.raises(OwnRights):
            leaving.change_role(clinic.accounts, boss.account_key, role, person(boss, ADDRESS), image_right=right)
    assert len(told(clinic)) == 2
    leaving.change_role(clinic.accounts, boss.account_key, Role.ADMINISTRATOR, person(other, ADDRESS), image_right=True)
    assert told(clinic)[2:] == [("role changed", "administrator to administrator with the image right")]


@pytest.mark.parametrize("is_closed", [True, False])
def test_whoever_makes_themselves_the_only_administrator_can_and_each_step_is_told(
    clinic: AClinic, is_closed: bool
) -> None:
    boss, other = (clinic.person(Role.ADMINISTRATOR, user_name=name) for name in ("boss", "other"))
    by = person(boss, ADDRESS)
    if is_closed:
        leaving.close_account(clinic.accounts, other.account_key, by)
    else:
        leaving.change_role(clinic.accounts, other.account_key, Role.RECEPTION, by, image_right=False)
    leaving.change_role(clinic.accounts, boss.account_key, Role.ADMINISTRATOR, by, image_right=True)
    assert service.get_account(clinic.accounts, boss.account_key).image_right
    with clinic.database.read() as tx:
        steps = [(one.event, one.actor_key, one.subject_key) for one in reading(tx, EVERYTHING)][2:]
    first = "account disabled" if is_closed else "role changed"
    assert steps == [
        (first, boss.account_key, other.account_key), ("role changed", boss.account_key, boss.account_key),
    ]  # fmt: skip
    assert (Kind.RIGHT_GIVEN, "account", boss.account_key, 1) in unusual_of(clinic)


def test_whoever_comes_in_as_another_administrator_is_told_too(clinic: AClinic) -> None:
    boss, other = (clinic.person(Role.ADMINISTRATOR, user_name=name) for name in ("boss", "other"))
    invitations.invite_again(clinic.accounts, other.account_key, person(boss, ADDRESS))
    leaving.change_role(clinic.accounts, boss.account_key, Role.ADMINISTRATOR, person(other, ADDRESS), image_right=True)
    with clinic.database.read() as tx:
        steps = [(one.event, one.actor_key, one.subject_key) for one in reading(tx, EVERYTHING)][2:]
    assert ("invitation made", boss.account_key, other.account_key) in steps
    assert steps[-1] == ("role changed", other.account_key, boss.account_key)
    assert (Kind.RIGHT_GIVEN, "account", other.account_key, 1) in unusual_of(clinic)


@pytest.mark.parametrize("how", ["invited", "invited anew", "given a first password"])
def test_an_administrator_who_has_not_come_in_leaves_the_other_the_only_one(clinic: AClinic, how: str) -> None:
    boss = clinic.person(Role.ADMINISTRATOR)
    code = not_yet_in(clinic, how)
    by = person(boss, ADDRESS)
    with pytest.raises(Unsuitable):
        leaving.close_account(clinic.accounts, boss.account_key, by)
    with pytest.raises(Unsuitable):
        leaving.change_role(clinic.accounts, boss.account_key, Role.DENTIST, by, image_right=False)
    leaving.change_role(clinic.accounts, boss.account_key, Role.ADMINISTRATOR, by, image_right=True)
    if code:
        invitations.accept(clinic.accounts, code, "three paper moons", ADDRESS)
        with pytest.raises(OwnRights):
            leaving.change_role(clinic.accounts, boss.account_key, Role.ADMINISTRATOR, by, image_right=False)
        leaving.close_account(clinic.accounts, boss.account_key, by)
        assert service.get_account(clinic.accounts, boss.account_key).disabled_at is not None


def not_yet_in(clinic: AClinic, how: str) -> str:
    """Add a second administrator who has never come in, or not since; give the code of their invitation."""
    if how == "given a first password":
        clinic.person(Role.ADMINISTRATOR, user_name="second", must_change_password=True)
        return ""
    if how == "invited":
        return invitations.invite(clinic.accounts, NewAccount("second", "Inés", Role.ADMINISTRATOR, ""), OPERATOR).code
    second = clinic.person(Role.ADMINISTRATOR, user_name="second")
    return invitations.invite_again(clinic.accounts, second.account_key, OPERATOR).code


def test_an_invited_administrator_may_be_closed_again(clinic: AClinic) -> None:
    clinic.person(Role.ADMINISTRATOR)
    new = NewAccount("second", "Inés", Role.ADMINISTRATOR, "")
    second = invitations.invite(clinic.accounts, new, OPERATOR).account
    leaving.close_account(clinic.accounts, second.account_key, OPERATOR)
    assert service.get_account(clinic.accounts, second.account_key).disabled_at is not None


def test_a_role_that_stays_is_no_event(clinic: AClinic) -> None:
    dentist = clinic.person(Role.DENTIST)
    leaving.change_role(clinic.accounts, dentist.account_key, Role.DENTIST, OPERATOR, image_right=False)
    assert told(clinic) == [("account created", "dentist")]


def test_a_new_account_says_its_role_whichever_way_it_was_made(clinic: AClinic) -> None:
    clinic.new_person(Role.ASSISTANT, image_right=True)
    invitations.invite(clinic.accounts, NewAccount("ines", "Inés Mora", Role.RECEPTION, ""), OPERATOR)
    assert told(clinic) == [
        ("account created", "assistant with the image right"), ("account created", "reception"),
        ("invitation made", ""),
    ]  # fmt: skip


def test_a_reset_a_name_and_a_language_are_told_apart(clinic: AClinic) -> None:
    one = clinic.person(Role.DENTIST)
    session = clinic.signed_in(one).session(clinic.accounts)
    service.choose_own_language(clinic.accounts, session, "es", ADDRESS)
    own.correct_name(clinic.accounts, one, "Ana Prueba Mora", ADDRESS)
    service.reset_account(clinic.accounts, one.account_key, "three paper moons", OPERATOR)
    assert told(clinic)[1:] == [("account changed", "language"), ("name corrected", ""), ("account reset", "")]


def test_the_page_says_the_rights_in_words_and_shows_no_code(clinic: AClinic) -> None:
    one = clinic.person(Role.DENTIST)
    leaving.change_role(clinic.accounts, one.account_key, Role.ASSISTANT, OPERATOR, image_right=True)
    service.choose_own_language(clinic.accounts, clinic.signed_in(one).session(clinic.accounts), "es", ADDRESS)
    page = clinic.signed_in(clinic.person(Role.AUDITOR, user_name="reads")).get("/trail").text
    assert "Before: Dentist. Now: Assistant, may view images." in page
    assert "The language of the pages" in page
    assert "2031" not in page
    assert 'class="tag"' not in page.split("<tbody>")[1], "nothing here was counted"


def test_every_number_that_means_something_has_words_and_no_other(clinic: AClinic) -> None:
    one = clinic.person(Role.DENTIST)
    leaving.change_role(clinic.accounts, one.account_key, Role.LAB, OPERATOR, image_right=False)
    service.choose_own_language(clinic.accounts, clinic.signed_in(one).session(clinic.accounts), "es", ADDRESS)
    with clinic.database.write() as tx:
        clinic.accounts.audit.record(tx, Event(EventCode.BACKUP_MADE, PROCESS, number=2021))
    with clinic.database.read() as tx:
        shown = [(number_words(one), number_counts(one)) for one in reading(tx, EVERYTHING)]
    assert shown == [
        ("Dentist", False), ("Before: Dentist. Now: Laboratory.", False), ("The language of the pages", False),
        ("", True),
    ]  # fmt: skip
