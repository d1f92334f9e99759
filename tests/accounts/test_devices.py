"""A browser keeps the token that it was given here, and no other."""

from pathlib import Path

import pytest

from appliance.accounts.devices import device_token, hash_device
from appliance.accounts.sessions import let_in
from tests.web.a_clinic import AClinic

ADDRESS = "192.0.2.10"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def test_a_token_that_was_not_given_here_is_replaced(clinic: AClinic) -> None:
    drawn = {device_token(clinic.accounts, planted) for planted in ("", "planted by somebody", "x" * 5000)}
    assert len(drawn) == 3
    assert not drawn & {"", "planted by somebody", "x" * 5000}
    assert all(len(token) >= 43 for token in drawn)


def test_a_browser_that_two_people_came_in_from_keeps_its_token(clinic: AClinic) -> None:
    one, other = clinic.person(), clinic.person(user_name="other")
    token = device_token(clinic.accounts, "")
    for person in (one, other, one):
        with clinic.database.write() as tx:
            let_in(tx, clinic.accounts, person, ADDRESS, token)
        assert device_token(clinic.accounts, token) == token
    with clinic.database.read() as tx:
        rows = tx.rows("SELECT device_hash, account_key FROM known_devices ORDER BY account_key")
    assert rows == [(hash_device(token), one.account_key), (hash_device(token), other.account_key)]
