"""What a person has seen of others ends with their right to it: the sealed code, invitations, tokens of machines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.accounts import invitations
from appliance.accounts.account import Account
from appliance.accounts.emergency_codes import Envelope, Opening, envelope, open_envelope
from appliance.accounts.errors import SignInRefused
from appliance.accounts.jobs import AccountParts, look_after
from appliance.accounts.roles import Permission, Role
from appliance.accounts.tokens import find_token, issue_laboratory_token, issue_token
from appliance.accounts.trail import person
from appliance.audit.events import OPERATOR, Actor
from appliance.deidentify import leaving
from appliance.notifications.queries import open_notices
from appliance.store.migrations import known_migrations, statements
from tests.web.a_clinic import PASSWORD, AClinic, somebody
from tests.web.an_emergency import ADDRESS, WHY, drawn, with_app

Going = Callable[[AClinic, Account], None]


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def ada(clinic: AClinic) -> Account:
    return with_app(clinic, Role.ADMINISTRATOR, "ada")


@pytest.fixture
def bea(clinic: AClinic) -> Account:
    return with_app(clinic, Role.ADMINISTRATOR, "bea")


def leaves(clinic: AClinic, account: Account) -> None:
    leaving.close_account(clinic.accounts, account.account_key, OPERATOR)


def changes(clinic: AClinic, account: Account, role: Role = Role.DENTIST, *, image_right: bool = False) -> None:
    leaving.change_role(clinic.accounts, account.account_key, role, OPERATOR, image_right=image_right)


both_ways = pytest.mark.parametrize("goes", [leaves, changes])


def opens(clinic: AClinic, code: str) -> bool:
    try:
        return bool(open_envelope(clinic.accounts, Opening(code, "Nora Nocturna", WHY), ADDRESS))
    except SignInRefused:
        return False


def told(clinic: AClinic) -> list[tuple[str, str]]:
    with clinic.database.read() as tx:
        return [(one.code.value, one.severity.value) for one in open_notices(tx)]


def standing(clinic: AClinic) -> Envelope:
    with clinic.database.read() as tx:
        return envelope(tx)


def ended(clinic: AClinic, event: str) -> list[tuple[object, ...]]:
    """Give who ended something, and of whom."""
    with clinic.database.read() as tx:
        sql = "SELECT actor_kind, subject_key FROM audit_events WHERE event = :event ORDER BY sequence"
        return tx.rows(sql, event=event)


@both_ways
def test_the_sealed_code_ends_with_whoever_drew_it_and_the_box_says_so(
    clinic: AClinic, ada: Account, bea: Account, goes: Going
) -> None:
    code = drawn(clinic, ada)
    goes(clinic, ada)
    assert not opens(clinic, code)
    assert standing(clinic) == Envelope(is_sealed=False, is_used=False, is_void=True)
    assert told(clinic) == [("emergency code ended", "warning")]
    assert ended(clinic, "emergency code ended") == [("operator", ada.account_key)]
    again = drawn(clinic, bea)
    assert told(clinic) == []
    assert opens(clinic, again)


def test_a_code_outlives_everybody_else_and_a_right_to_images(clinic: AClinic, ada: Account, bea: Account) -> None:
    dentist, code = clinic.person(), drawn(clinic, ada)
    leaves(clinic, bea)
    leaves(clinic, dentist)
    changes(clinic, ada, Role.ADMINISTRATOR, image_right=True)
    assert standing(clinic) == Envelope(is_sealed=True, is_used=False)
    assert told(clinic) == []
    assert opens(clinic, code)


@pytest.mark.usefixtures("bea")
@pytest.mark.parametrize("gone", ["role = 'dentist'", "disabled_at = 1"])
def test_a_code_whose_drawer_went_before_this_release_opens_nothing_and_is_told_within_minutes(
    clinic: AClinic, ada: Account, gone: str
) -> None:
    code = drawn(clinic, ada)
    with clinic.database.write() as tx:
        tx.change(f"UPDATE accounts SET {gone} WHERE account_key = :key", key=ada.account_key)  # noqa: S608  # of this test
    assert not opens(clinic, code)
    assert standing(clinic).is_void
    for _ in range(2):
        look_after(AccountParts(clinic.database, clinic.accounts.audit, clinic.clock))
    assert ended(clinic, "emergency code ended") == [("process", ada.account_key)]
    assert told(clinic) == [("emergency code ended", "warning")]
    if gone.startswith("role"):
        changes(clinic, ada, Role.ADMINISTRATOR)
    assert not opens(clinic, code), "nor does it come back"


def by_hand(account: Account) -> Actor:
    return person(account, ADDRESS)


def invited(clinic: AClinic, name: str, by: Actor) -> str:
    new = somebody(Role.DENTIST, image_right=True, user_name=name)
    return invitations.invite(clinic.accounts, new, by).code


def accepts(clinic: AClinic, code: str) -> bool:
    clinic.clock.pass_time(hours=1)  # wrong ones are slowed
    try:
        return bool(invitations.accept(clinic.accounts, code, PASSWORD, ADDRESS))
    except SignInRefused:
        return False


@both_ways
def test_invitations_end_with_whoever_made_them_and_no_others(
    clinic: AClinic, ada: Account, bea: Account, goes: Going
) -> None:
    hers = {name: invited(clinic, name, by_hand(ada)) for name in ("one", "two", "used")}
    others = [invited(clinic, "three", by_hand(bea)), invited(clinic, "four", OPERATOR)]
    assert accepts(clinic, hers.pop("used"))
    goes(clinic, ada)
    assert len(ended(clinic, "invitation ended")) == 2
    assert [accepts(clinic, code) for code in hers.values()] == [False, False]
    assert [accepts(clinic, code) for code in others] == [True, True]


def test_who_was_invited_by_a_leaver_is_invited_again(clinic: AClinic, ada: Account, bea: Account) -> None:
    code = invited(clinic, "one", by_hand(ada))
    leaves(clinic, ada)
    [(_, account_key)] = ended(clinic, "invitation ended")
    assert isinstance(account_key, int)
    again = invitations.invite_again(clinic.accounts, account_key, by_hand(bea)).code
    assert not accepts(clinic, code)
    assert accepts(clinic, again)


@both_ways
def test_tokens_end_with_whoever_gave_them_out(clinic: AClinic, ada: Account, bea: Account, goes: Going) -> None:
    hers = issue_token(clinic.accounts, "planning PC", [Permission.LIST_STUDIES], by_hand(ada))
    other = issue_token(clinic.accounts, "worklist", [Permission.LIST_STUDIES], by_hand(bea))
    goes(clinic, ada)
    assert find_token(clinic.accounts, hers) is None
    assert find_token(clinic.accounts, other)
    assert len(ended(clinic, "token revoked")) == 1


@both_ways
def test_a_laboratorys_machine_ends_with_its_being_one_for_good(clinic: AClinic, goes: Going) -> None:
    lab = clinic.person(Role.LAB)
    token = issue_laboratory_token(clinic.accounts, "its machine", lab.account_key, OPERATOR)
    assert find_token(clinic.accounts, token)
    goes(clinic, lab)
    assert find_token(clinic.accounts, token) is None
    assert len(ended(clinic, "token revoked")) == 1
    if goes is changes:
        changes(clinic, lab, Role.LAB)
        assert find_token(clinic.accounts, token) is None


def test_a_machine_whose_account_became_something_else_before_this_release_opens_nothing(clinic: AClinic) -> None:
    lab = clinic.person(Role.LAB)
    token = issue_laboratory_token(clinic.accounts, "its machine", lab.account_key, OPERATOR)
    with clinic.database.write() as tx:
        tx.change("UPDATE accounts SET role = 'reception'")
    assert find_token(clinic.accounts, token) is None


def test_of_invitations_made_before_this_release_the_trail_says_by_whom(clinic: AClinic, ada: Account) -> None:
    with_app(clinic, Role.ADMINISTRATOR, "bea")
    hers, at_the_machine = invited(clinic, "one", by_hand(ada)), invited(clinic, "two", OPERATOR)
    [migration] = [one for one in known_migrations() if one.number == 31]
    *_, fills_in = statements(migration.sql)
    with clinic.database.write() as tx:
        tx.change("UPDATE invitations SET made_by = NULL")
        tx.change(fills_in)
    leaves(clinic, ada)
    assert [accepts(clinic, hers), accepts(clinic, at_the_machine)] == [False, True]
