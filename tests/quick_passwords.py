"""Lets passwords cost little, where hundreds of people are made and try theirs; `tests/keys` tries the true cost."""

import pytest
from argon2 import PasswordHasher

from appliance.keys import passphrases

USUAL = passphrases._ACCOUNTS
QUICK = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash by Argon2id still, at the least cost but one: a hash at the least is made anew at sign-in."""
    monkeypatch.setattr(passphrases, "_ACCOUNTS", QUICK)


@pytest.fixture
def usual_passwords(quick_passwords: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  after it
    """Hash at the usual cost, where something is to happen while a password is compared."""
    monkeypatch.setattr(passphrases, "_ACCOUNTS", USUAL)
