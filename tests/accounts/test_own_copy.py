"""What is kept of a person is told them whole: each column that names accounts is in the file, or stated why not."""

import json
from pathlib import Path

import pytest

from appliance.accounts import (
    emergencies,
    emergency_reviews,
    invitations,
    own_copy,
    queries_devices,
    service,
    tokens,
)
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.devices import hash_device
from appliance.accounts.own_copy import Exported
from appliance.accounts.roles import Permission, Role
from appliance.accounts.trail import person
from appliance.audit.events import OPERATOR
from appliance.store.transactions import ReadTransaction
from tests.web.a_clinic import AClinic, hashed
from tests.web.an_emergency import ADDRESS, SAID, broken, confirmed, session_of, token_of, with_app

# Each column that names an account, and where what it says is told.
TOLD_IN = {
    "accounts.account_key": "account", "recovery_codes.account_key": "recovery_codes_left",
    "sessions.account_key": "sessions", "known_devices.account_key": "browsers", "passkeys.account_key": "passkeys",
    "invitations.account_key": "invitations", "emergencies.account_key": "emergencies",
    "machine_tokens.answerable_key": "machines", "machine_tokens.laboratory_key": "machines",
    "machine_tokens.created_by": "machines", "device_certificates.answerable_key": "devices_answered_for",
    "laboratory_grants.account_key": "events",  # that it was given and that it ended, as events about the account
    "emergency_reviews.account_key": "events",  # of others, by this person
    "audit_events.actor_key": "events",
} | dict.fromkeys((
    # What this person decided at work: each is an event that they did.
    "emergency_codes.drawn_by", "invitations.made_by", "laboratory_grants.given_by", "restorations.compared_by",
    "peers.approved_by", "quarantine.resolved_by", "web_senders.actor_key",
    "runs.asked_by", "jobs_asked.asked_by", "notices.acknowledged_by", "drills.recorded_by", "exports.made_by",
    "retention_rules.created_by", "retention_rules.ended_by", "retention_policy.changed_by", "legal_holds.set_by",
    "legal_holds.lifted_by", "erasure_proposals.proposed_by", "erasure_proposals.approved_by",
    "erasure_proposals.cancelled_by", "erasure_certificates.asked_by", "erasures.proposed_by", "erasures.approved_by",
    "trail_days.reviewed_by",
), "events")  # fmt: skip
NOT_TOLD = {
    "identity_conflicts.resolved_by": "nothing writes it: no door decides a conflict yet",
    "trail_findings.actor_key": "counts what the events tell one by one",
}


def naming_accounts(tx: ReadTransaction) -> set[str]:
    """Give the columns that refer to accounts, and those that hold an account's key by their name alone."""
    found = set()
    for (table,) in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        found |= {f"{table}.{row[3]}" for row in tx.rows(f"PRAGMA foreign_key_list({table})") if row[2] == "accounts"}
        whole = [str(row[1]) for row in tx.rows(f"PRAGMA table_info({table})") if row[2] == "INTEGER"]
        found |= {f"{table}.{one}" for one in whole if one in ("account_key", "actor_key") or one.endswith("_by")}
    return found


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def told_to(clinic: AClinic, account: Account) -> Exported:
    session = session_of(clinic, token_of(clinic, account))
    return own_copy.export_account(clinic.accounts, session, ADDRESS)


def test_every_column_that_names_an_account_is_told_or_stated(clinic: AClinic) -> None:
    with clinic.database.read() as tx:
        assert naming_accounts(tx) == set(TOLD_IN) | set(NOT_TOLD)
    assert not set(TOLD_IN) & set(NOT_TOLD)
    assert all(NOT_TOLD.values())
    assert set(TOLD_IN.values()) <= set(told_to(clinic, clinic.person(Role.LAB)))


def test_machines_that_end_with_somebody_are_told_however_they_hang_on_them(clinic: AClinic) -> None:
    boss, answers, lab = clinic.person(Role.ADMINISTRATOR), clinic.person(Role.DENTIST), clinic.person(Role.LAB)
    by = person(boss, ADDRESS)
    scopes = [Permission.LIST_STUDIES]
    tokens.issue_token(clinic.accounts, "worklist", scopes, by, answerable_key=answers.account_key)
    tokens.issue_laboratory_token(clinic.accounts, "mill", lab.account_key, OPERATOR)
    tokens.issue_token(clinic.accounts, "nobody's", scopes, OPERATOR)
    assert told_to(clinic, boss)["machines"] == told_to(clinic, answers)["machines"] == ["worklist"]
    assert told_to(clinic, lab)["machines"] == ["mill"]


def test_an_event_is_told_without_who_did_it(clinic: AClinic) -> None:
    boss, one = clinic.person(Role.ADMINISTRATOR), clinic.person(Role.DENTIST)
    service.sign_out_everywhere(clinic.accounts, one.account_key, person(boss, ADDRESS))
    (told,) = [each for each in told_to(clinic, one)["events"] if each["event"] == "session ended"]
    assert set(told) == {"at", "event", "outcome", "address"}


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
