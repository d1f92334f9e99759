"""A passkey lets its own person in, once for each question, under the name where it was made; nothing else does."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyotp
import pytest

from appliance.accounts import passkeys, second_factor, totp
from appliance.accounts.account import Account
from appliance.accounts.challenges import Purpose
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.accounts.passkey_answers import Answer, Site
from appliance.accounts.sessions import Session, Stage, find_session, lock_screen, start_session
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.errors import NotFound, Unsuitable
from tests.accounts.an_authenticator import Authenticator
from tests.web.a_clinic import AClinic

ADDRESS = "192.0.2.10"
HERE = Site("enamel.test", "https://enamel.test")
SECRET = b"12345678901234567890"
FORM = b"what the sign-in form is bound to"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def session_of(clinic: AClinic, person: Account, stage: Stage = Stage.FULL) -> Session:
    with clinic.database.write() as tx:
        token = start_session(tx, person.account_key, stage, ADDRESS, clinic.clock.now())
    session = find_session(clinic.accounts, token)
    assert session is not None
    return session


def confirmed(clinic: AClinic, person: Account) -> second_factor.Confirmed:
    clinic.clock.pass_time(seconds=30)
    code = pyotp.TOTP(totp.secret_text(SECRET)).at(clinic.clock.now())
    return second_factor.confirm(clinic.accounts, person, code, ADDRESS)


def enrolled(clinic: AClinic, person: Account, count: int = 0) -> Authenticator:
    """Give this person a passkey."""
    device, session = Authenticator(count), session_of(clinic, person)
    made = device.create(passkeys.options_to_add(clinic.accounts, session, HERE))
    answer = Answer(made, HERE, session.session_hash, ADDRESS)
    passkeys.add_passkey(clinic.accounts, confirmed(clinic, person), "my phone", answer)
    return device


def question(clinic: AClinic, bound_to: bytes = FORM) -> str:
    return passkeys.options_to_show(clinic.accounts, Purpose.SIGN_IN, HERE, bound_to, None)


def shown(clinic: AClinic, text: str, site: Site = HERE, bound_to: bytes = FORM) -> Session | None:
    """Sign in by what a device answered."""
    return find_session(clinic.accounts, passkeys.sign_in(clinic.accounts, Answer(text, site, bound_to, ADDRESS)))


@pytest.fixture
def person(clinic: AClinic) -> Account:
    return clinic.person(totp_secret=SECRET)


def test_a_passkey_alone_lets_its_person_in(clinic: AClinic, person: Account) -> None:
    device = enrolled(clinic, person)
    session = shown(clinic, device.show(question(clinic)))
    assert session is not None
    assert (session.account.account_key, session.stage) == (person.account_key, Stage.FULL)
    assert [code for code, _ in clinic.events()][-2:] == ["passkey added", "logged in"]


def test_a_passkey_alone_needs_its_owner_verified(clinic: AClinic, person: Account) -> None:
    device = enrolled(clinic, person)
    with pytest.raises(SignInRefused):
        shown(clinic, device.show(question(clinic), verified=False))
    assert clinic.events()[-1] == ("login failed", "failure")


def test_an_answer_works_once(clinic: AClinic, person: Account) -> None:
    answer = enrolled(clinic, person).show(question(clinic))
    assert shown(clinic, answer)
    with pytest.raises(SignInRefused):
        shown(clinic, answer)


def test_an_answer_to_another_browsers_question_is_refused(clinic: AClinic, person: Account) -> None:
    device = enrolled(clinic, person)
    with pytest.raises(SignInRefused):
        shown(clinic, device.show(question(clinic)), bound_to=b"another form")
    with pytest.raises(SignInRefused):
        shown(clinic, device.show(json.dumps({"challenge": "AAAA", "rpId": "enamel.test"})))


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("https://evil.test", HERE),
        ("http://enamel.test", HERE),
        ("https://enamel.test", Site("evil.test", "https://evil.test")),
        ("https://evil.test", Site("evil.test", "https://evil.test")),
    ],
)
def test_a_passkey_shown_under_another_name_is_refused(
    clinic: AClinic, person: Account, origin: str, site: Site
) -> None:
    device = enrolled(clinic, person)
    asked = json.loads(question(clinic)) | {"rpId": site.host}
    with pytest.raises(SignInRefused):
        shown(clinic, device.show(json.dumps(asked), origin), site)


def test_a_passkey_whose_count_goes_back_was_copied_and_is_refused(clinic: AClinic, person: Account) -> None:
    device = enrolled(clinic, person, count=7)
    assert shown(clinic, device.show(question(clinic)))
    device.count = 7
    with pytest.raises(SignInRefused):
        shown(clinic, device.show(question(clinic)))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"rawId": 5}', '{"rawId": "AA", "response": {}}', "[" * 9000]
)
def test_what_is_no_answer_is_refused_as_any_wrong_one(clinic: AClinic, person: Account, text: str) -> None:
    enrolled(clinic, person)
    with pytest.raises(SignInRefused):
        shown(clinic, text)


def test_a_foreign_key_under_a_known_id_is_refused(clinic: AClinic, person: Account) -> None:
    device, thief = enrolled(clinic, person), Authenticator()
    thief.credential_id = device.credential_id
    with pytest.raises(SignInRefused):
        shown(clinic, thief.show(question(clinic)))


def handle_of(clinic: AClinic, person: Account) -> str:
    """Give what a device is told to call somebody."""
    told = json.loads(passkeys.options_to_add(clinic.accounts, session_of(clinic, person), HERE))
    return str(told["user"]["id"])


def test_whoever_comes_in_by_a_passkey_alone_is_named_by_the_device_and_as_its_person(
    clinic: AClinic, person: Account
) -> None:
    device, other = enrolled(clinic, person), clinic.person(user_name="other", totp_secret=SECRET)
    right = device.user_handle
    others: list[Any] = [None, handle_of(clinic, other), "", "AAAA", "not base64!", 5, []]
    for wrong in others:
        clinic.clock.pass_time(hours=2)
        device.user_handle = wrong
        with pytest.raises(SignInRefused):
            shown(clinic, device.show(question(clinic)))
        assert clinic.events()[-1] == ("login failed", "failure")
    device.user_handle = right
    assert shown(clinic, device.show(question(clinic)))


def taken(clinic: AClinic, purpose: Purpose, session: Session, answer: Answer) -> None:
    """Have an answer of somebody who is known taken for one purpose."""
    if purpose is Purpose.SECOND_FACTOR:
        passkeys.finish_sign_in(clinic.accounts, session, answer)
    elif purpose is Purpose.UNLOCK:
        passkeys.unlock_screen(clinic.accounts, session, answer)
    else:
        passkeys.confirm(clinic.accounts, session, answer)


@pytest.mark.parametrize("purpose", [Purpose.SECOND_FACTOR, Purpose.UNLOCK, Purpose.DECISION])
def test_of_somebody_known_a_device_need_not_say_whose_it_is_and_must_not_say_anothers(
    clinic: AClinic, person: Account, purpose: Purpose
) -> None:
    device, other = enrolled(clinic, person), clinic.person(user_name="other", totp_secret=SECRET)
    for handle, is_right in ((device.user_handle, True), (None, True), (handle_of(clinic, other), False)):
        session = session_of(clinic, person, Stage.PASSWORD if purpose is Purpose.SECOND_FACTOR else Stage.FULL)
        options = passkeys.options_to_show(clinic.accounts, purpose, HERE, session.session_hash, person)
        device.user_handle = handle
        answer = Answer(device.show(options), HERE, session.session_hash, ADDRESS)
        with nullcontext() if is_right else pytest.raises(SignInRefused):
            taken(clinic, purpose, session, answer)


def test_wrong_answers_are_slowed_by_address_and_right_ones_never(clinic: AClinic, person: Account) -> None:
    device = enrolled(clinic, person)
    for _ in range(8):
        assert shown(clinic, device.show(question(clinic)))
    for _ in range(5):
        with pytest.raises(SignInRefused):
            shown(clinic, "{}")
    before = clinic.events()
    with pytest.raises(TooManyAttempts):
        shown(clinic, "{}")
    assert clinic.events() == [*before, ("login throttled", "failure")]
    assert shown(clinic, device.show(question(clinic)))


def test_a_passkey_stands_in_for_the_code_after_the_password_of_its_own_person(
    clinic: AClinic, person: Account
) -> None:
    device, other = enrolled(clinic, person), clinic.person(user_name="other", totp_secret=SECRET)
    half, others = session_of(clinic, person, Stage.PASSWORD), session_of(clinic, other, Stage.PASSWORD)
    options = passkeys.options_to_show(clinic.accounts, Purpose.SECOND_FACTOR, HERE, others.session_hash, other)
    with pytest.raises(SignInRefused):
        passkeys.finish_sign_in(
            clinic.accounts, others, Answer(device.show(options), HERE, others.session_hash, ADDRESS)
        )
    options = passkeys.options_to_show(clinic.accounts, Purpose.SECOND_FACTOR, HERE, half.session_hash, person)
    answer = Answer(device.show(options, verified=False), HERE, half.session_hash, ADDRESS)
    whole = find_session(clinic.accounts, passkeys.finish_sign_in(clinic.accounts, half, answer))
    assert whole is not None
    assert whole.stage is Stage.FULL


def locked_screen(clinic: AClinic, person: Account) -> tuple[str, Session]:
    """Lock a screen of this person; give its token and its session."""
    with clinic.database.write() as tx:
        token = start_session(tx, person.account_key, Stage.FULL, ADDRESS, clinic.clock.now())
    session = find_session(clinic.accounts, token)
    assert session is not None
    lock_screen(clinic.accounts, session, ADDRESS)
    return token, session


@pytest.mark.parametrize("verified", [True, False])
def test_a_passkey_unlocks_the_screen_of_its_own_person_once_the_device_knows_who_holds_it(
    clinic: AClinic, person: Account, *, verified: bool
) -> None:
    device = enrolled(clinic, person)
    token, session = locked_screen(clinic, person)
    options = passkeys.options_to_show(clinic.accounts, Purpose.UNLOCK, HERE, session.session_hash, person)
    answer = Answer(device.show(options, verified=verified), HERE, session.session_hash, ADDRESS)
    with nullcontext() if verified else pytest.raises(SignInRefused):
        passkeys.unlock_screen(clinic.accounts, session, answer)
    found = find_session(clinic.accounts, token)
    assert found is not None
    assert found.locked is not verified
    assert clinic.events()[-1] == (("screen unlocked", "success") if verified else ("login failed", "failure"))


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.ADD])
def test_only_right_after_the_password_may_a_device_not_ask_who_holds_it(
    clinic: AClinic, person: Account, purpose: Purpose
) -> None:
    enrolled(clinic, person)
    options = passkeys.options_to_show(clinic.accounts, purpose, HERE, FORM, person)
    wanted = "preferred" if purpose is Purpose.SECOND_FACTOR else "required"
    assert json.loads(options)["userVerification"] == wanted


def test_a_removed_passkey_and_one_of_a_closed_account_open_nothing(clinic: AClinic, person: Account) -> None:
    device, other = enrolled(clinic, person), clinic.person(user_name="other", totp_secret=SECRET)
    others = enrolled(clinic, other)
    key = passkeys.passkeys_of(clinic.accounts, person)[0].passkey_key
    with pytest.raises(NotFound):
        passkeys.remove_passkey(clinic.accounts, confirmed(clinic, other), key, HERE, ADDRESS)
    passkeys.remove_passkey(clinic.accounts, confirmed(clinic, person), key, HERE, ADDRESS)
    leaving.close_account(clinic.accounts, other.account_key, OPERATOR)
    for one in (device, others):
        with pytest.raises(SignInRefused):
            shown(clinic, one.show(question(clinic)))


def test_a_passkey_is_not_kept_twice_nor_from_an_answer_to_nothing(clinic: AClinic, person: Account) -> None:
    device, session = enrolled(clinic, person), session_of(clinic, person)
    by = confirmed(clinic, person)
    again = device.create(passkeys.options_to_add(clinic.accounts, session, HERE))
    for text, bound_to in ((again, session.session_hash), (again, b"elsewhere"), ("{}", session.session_hash)):
        with pytest.raises(Unsuitable):
            passkeys.add_passkey(clinic.accounts, by, "again", Answer(text, HERE, bound_to, ADDRESS))
    assert len(passkeys.passkeys_of(clinic.accounts, person)) == 1


def test_the_catalogue_holds_no_secret_of_a_passkey_and_the_handle_names_nobody(
    clinic: AClinic, person: Account
) -> None:
    options = json.loads(passkeys.options_to_add(clinic.accounts, session_of(clinic, person), HERE))
    assert person.user_name.encode().hex() not in options["user"]["id"]
    again = json.loads(passkeys.options_to_add(clinic.accounts, session_of(clinic, person), HERE))
    assert options["user"]["id"] == again["user"]["id"]
    assert options["challenge"] != again["challenge"]
