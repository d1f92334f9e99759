"""Keeping times from the command line: rules, what is due, holds, and two people's codes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.accounts import totp
from appliance.accounts.account import NewAccount
from appliance.accounts.roles import Role
from appliance.accounts.service import create_account
from appliance.assembly.rooms import Rooms, retention_of
from appliance.audit.events import OPERATOR
from appliance.clock import SystemClock
from appliance.retention.ends import refresh_ends
from tests import warm
from tests.cli.test_trail import box
from tests.web.a_clinic import PASSWORD
from tests.web.invented import put_all

SECRETS = {"ana": b"12345678901234567890", "bea": b"09876543210987654321"}


@pytest.fixture
def clinic(tmp_path: Path) -> tuple[str, Rooms]:
    """Give a box whose ten studies were taken in 2001, and two dentists."""
    data, rooms = box(tmp_path)
    with rooms.database.write() as tx:
        put_all(tx, datetime(2001, 5, 1, tzinfo=UTC))
        tx.change("UPDATE studies SET study_date = '20010501'")
    for name, secret in SECRETS.items():
        new = NewAccount(name, name.title(), Role.DENTIST, PASSWORD, must_change_password=False, totp_secret=secret)
        create_account(rooms.accounts, new, OPERATOR)
    return data, rooms


def enamel(data: str, *words: str, given: str = "", status: int = 0) -> dict[str, object] | list[dict[str, object]]:
    done = warm.run(*words, "--data", data, "--json", given=given)
    assert done.returncode == status, done.stderr
    answer: dict[str, object] | list[dict[str, object]] = json.loads(done.stdout) if done.stdout else {}
    return answer


def code(name: str) -> str:
    return totp.current_code(SECRETS[name], SystemClock().now()) + "\n"


def test_a_clinic_goes_through_its_keeping_times(clinic: tuple[str, Rooms]) -> None:
    data, rooms = clinic
    assert enamel(data, "retention", "rules") == {"rules": [], "jurisdiction": None, "dry_run_until": None}
    places = enamel(data, "retention", "places")
    assert len(places) == 30
    assert enamel(data, "retention", "due") == []
    assert enamel(data, "retention", "until", "1") == {"kept_until": None}
    enamel(data, "retention", "choose", "es")
    refresh_ends(retention_of(rooms))
    until = enamel(data, "retention", "until", "1")
    assert isinstance(until, dict)
    assert (until["kept_until"], until["reason"], until["rule"]) == ("2006-05-01", "years", "Dental images")
    due = enamel(data, "retention", "due", "--limit", "7")
    assert len(due) == 7

    hold = enamel(data, "retention", "hold", "1", "--reason", "complaint", "--reference", "2026/5")
    assert hold == {"hold_key": 1}
    held = enamel(data, "retention", "due")
    assert [row["barriers"] for row in held if isinstance(row, dict) and row["study_key"] == 1] == [["held"]]
    enamel(data, "retention", "propose", "1", "--user", "ana", given=code("ana"), status=10)
    enamel(data, "retention", "hold", "99", "--patient", "--reason", "other", "--reference", "x", status=12)


def test_one_proposes_another_approves_each_with_a_code(clinic: tuple[str, Rooms]) -> None:
    data, rooms = clinic
    enamel(data, "retention", "choose", "es")
    refresh_ends(retention_of(rooms))
    enamel(data, "retention", "propose", "2", "3", "--user", "ana", given="000000\n", status=11)
    enamel(data, "retention", "propose", "2", "3", "--user", "nobody", given="000000\n", status=12)
    proposed = enamel(data, "retention", "propose", "2", "3", "--user", "ana", given=code("ana"))
    assert proposed == {"proposals": [1, 2]}
    rows = enamel(data, "retention", "proposals")
    assert [(row["waits_for"], row["barrier"]) for row in rows if isinstance(row, dict)] == [("approval", None)] * 2
    approved = enamel(data, "retention", "approve", "1", "2", "--user", "bea", given=code("bea"))
    assert approved == {"refused": []}
    enamel(data, "retention", "cancel", "2")
    rows = enamel(data, "retention", "proposals")
    assert [row["waits_for"] for row in rows if isinstance(row, dict)] == ["clock"]  # nothing has marked it yet
    enamel(data, "retention", "cancel", "2", status=12)


def test_a_hold_is_lifted_with_a_code(clinic: tuple[str, Rooms]) -> None:
    data, _rooms = clinic
    enamel(data, "retention", "hold", "1", "--patient", "--reason", "authority", "--reference", "2026/5")
    (row,) = enamel(data, "retention", "holds")
    assert isinstance(row, dict)
    assert (row["patient_key"], row["study_key"], row["reason"]) == (1, None, "authority")
    enamel(data, "retention", "lift", "1", "--user", "ana", given="000000\n", status=11)
    enamel(data, "retention", "lift", "1", "--user", "ana", given=code("ana"))
    assert enamel(data, "retention", "holds") == []
    enamel(data, "retention", "choose", "atlantis", status=2)
    shown = warm.run("retention", "places", "--data", data).stdout
    assert "not legal advice" in shown
    assert "Ley 20.584 art. 13" in shown
