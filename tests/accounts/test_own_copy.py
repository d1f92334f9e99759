"""What is kept of a person is told them whole: each table that names accounts is in the file, or stated why not."""

import json
from pathlib import Path

import pytest

from appliance.accounts import emergencies, emergency_reviews, invitations, own_copy, queries_devices
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.devices import hash_device
from appliance.accounts.own_copy import Exported
from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from tests.web.a_clinic import AClinic, hashed
from tests.web.an_emergency import ADDRESS, SAID, broken, confirmed, session_of, token_of, with_app

# Each table with an account's key, and where its rows are told; "" where a row is nothing of the person's own.
TOLD_IN = {
    "accounts": "account", "recovery_codes": "recovery_codes_left", "sessions": "sessions", "known_devices": "browsers",
    "passkeys": "passkeys", "invitations": "invitations", "emergencies": "emergencies",
    "laboratory_grants": "events",  # that it was given and that it ended, as events about the account
    "emergency_reviews": "events",  # of others, by this person
}  # fmt: skip


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def told_to(clinic: AClinic, account: Account) -> Exported:
    session = session_of(clinic, token_of(clinic, account))
    return own_copy.export_account(clinic.accounts, session, ADDRESS)


def test_every_table_that_has_something_of_an_account_is_told(clinic: AClinic) -> None:
    with clinic.database.read() as tx:
        tables = [str(row[0]) for row in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {one for one in tables if any(row[1] == "account_key" for row in tx.rows(f"PRAGMA table_info({one})"))}
    assert found == set(TOLD_IN)
    assert set(TOLD_IN.values()) <= set(told_to(clinic, clinic.person(Role.LAB)))


def test_browsers_and_the_pin_are_told_and_never_which(clinic: AClinic) -> None:
    somebody = with_app(clinic, Role.DENTIST)
    pin = hashed("2580")
    with clinic.database.write() as tx:
        for device in ("here", "there"):
            queries_devices.note_device(tx, hash_device(device), somebody.account_key, clinic.clock.now())
        queries_devices.set_pin(tx, hash_device("there"), somebody.account_key, pin)
    told = told_to(clinic, somebody)
    assert sorted(each["has_pin"] for each in told["browsers"]) == [False, True]
    assert {each["first_signed_in_at"] for each in told["browsers"]} == {"2026-11-21T14:30:00+00:00"}
    assert told["pin_last_set_at"] is None  # it was set past the doors, so no event tells when
    text = json.dumps(told)
    assert pin not in text
    assert hash_device("there").hex() not in text


def test_an_invitation_is_told_and_never_its_code(clinic: AClinic) -> None:
    new = NewAccount("new.one", "Nuria Nueva", Role.DENTIST, "")
    made = invitations.invite(clinic.accounts, new, OPERATOR)
    (told,) = told_to(clinic, made.account)["invitations"]
    assert told == {
        "made_at": "2026-11-21T14:30:00+00:00", "good_until": made.until.isoformat(), "ended_at": None,
    }  # fmt: skip
    assert made.code not in json.dumps(told_to(clinic, made.account))


def test_an_emergency_is_told_with_what_was_signed_of_it_and_nobody_elses(clinic: AClinic) -> None:
    nora, reviewer = with_app(clinic, name="nora"), with_app(clinic, Role.AUDITOR, display_name="Rosa Revisora")
    token, key = broken(clinic, nora)
    broken(clinic, with_app(clinic, name="another"))
    emergencies.end(clinic.accounts, session_of(clinic, token), ADDRESS)
    emergency_reviews.review(clinic.accounts, key, confirmed(clinic, reviewer), "right", "It had to be")
    (one,) = told_to(clinic, nora)["emergencies"]
    assert (one["reason"], one["words"]) == ("treatment", SAID)
    assert (one["began_at"], one["ended_at"]) == ("2026-11-21T14:30:30+00:00", "2026-11-21T14:31:00+00:00")
    assert [(each["verdict"], each["words"]) for each in one["reviews"]] == [("right", "It had to be")]
    assert "Revisora" not in json.dumps(told_to(clinic, nora))
    assert told_to(clinic, reviewer)["emergencies"] == []
