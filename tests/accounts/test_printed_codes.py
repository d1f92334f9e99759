"""Printed codes: each opens once, one guess costs a slow hash, and those kept by a quick one get a slow one."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from argon2.low_level import Type, hash_secret_raw

from appliance.accounts import login, recovery_codes, second_factor
from appliance.accounts.account import Account
from appliance.accounts.context import Accounts
from appliance.accounts.errors import SignInRefused
from appliance.accounts.sessions import Stage, find_session
from appliance.keys.passphrases import RANDOM_CODE_COST
from tests.web.a_clinic import PASSWORD, AClinic
from tests.web.a_proof import SECRET

DESK = "192.0.2.10"
OLD = ("ABCDE-FGHJK", "LMNPQ-RSTUV", "WXYZ2-34567")


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def person(clinic: AClinic) -> Account:
    return clinic.person(totp_secret=SECRET)


def quick(code: str) -> bytes:
    return hashlib.sha256(b"enamel recovery code " + code.replace("-", "").encode()).digest()


def draw_for(clinic: AClinic, person: Account) -> tuple[str, ...]:
    drawn = recovery_codes.draw(clinic.accounts.code_cost)
    with clinic.database.write() as tx:
        second_factor.replace_codes(tx, person.account_key, drawn)
    return drawn.codes


def keep_as_before(clinic: AClinic, person: Account) -> None:
    with clinic.database.write() as tx:
        for code in OLD:
            tx.change(
                "INSERT INTO recovery_codes (account_key, code_hash) VALUES (:key, :hash)",
                key=person.account_key, hash=quick(code),
            )  # fmt: skip


def kept(clinic: AClinic) -> list[tuple[object, ...]]:
    with clinic.database.read() as tx:
        return tx.rows("SELECT code_hash, salt, memory_kib, passes, lanes, used_at FROM recovery_codes")


def opens(clinic: AClinic, person: Account, code: str) -> bool:
    clinic.clock.pass_time(seconds=3600)
    token = login.sign_in(clinic.accounts, person.user_name, PASSWORD, DESK)
    session = find_session(clinic.accounts, token)
    assert session is not None
    try:
        found = find_session(clinic.accounts, login.finish_sign_in(clinic.accounts, session, code, DESK))
    except SignInRefused:
        return False
    return found is not None and found.stage is Stage.FULL


def test_the_catalogue_keeps_a_salted_slow_hash_of_every_code(clinic: AClinic, person: Account) -> None:
    clinic.use(replace(clinic.accounts, code_cost=RANDOM_CODE_COST))  # what a box has
    assert Accounts.__dataclass_fields__["code_cost"].default == RANDOM_CODE_COST
    codes, rows = draw_for(clinic, person), kept(clinic)
    cost = RANDOM_CODE_COST
    [(salt, *kept_cost)] = {row[1:5] for row in rows}
    assert isinstance(salt, bytes)
    assert len(salt) == 16
    assert kept_cost == [cost.memory_kib, cost.passes, cost.lanes]
    expected = {
        hash_secret_raw(
            quick(code).hex().encode(), salt, time_cost=cost.passes, memory_cost=cost.memory_kib,
            parallelism=cost.lanes, hash_len=32, type=Type.ID,
        )
        for code in codes
    }  # fmt: skip
    assert {row[0] for row in rows} == expected
    assert len(expected) == recovery_codes.CODES == 10


def test_two_drawings_never_share_a_salt(clinic: AClinic, person: Account) -> None:
    salts = list[object]()
    for _ in range(3):
        draw_for(clinic, person)
        salts += {row[1] for row in kept(clinic)}
    assert len(set(salts)) == 3


def test_each_code_opens_once_however_it_is_typed(clinic: AClinic, person: Account) -> None:
    codes = draw_for(clinic, person)
    assert opens(clinic, person, codes[0])
    assert not opens(clinic, person, codes[0])
    assert opens(clinic, person, codes[1].lower().replace("-", " "))
    assert not opens(clinic, person, "AAAAA-AAAAA")
    assert not opens(clinic, person, "\ud800" * 10)


def test_codes_of_an_older_drawing_open_nothing(clinic: AClinic, person: Account) -> None:
    old = draw_for(clinic, person)
    draw_for(clinic, person)
    assert not any(opens(clinic, person, code) for code in old)


def test_a_code_that_was_kept_by_a_quick_hash_opens_before_and_after_it_gets_a_slow_one(
    clinic: AClinic, person: Account
) -> None:
    keep_as_before(clinic, person)
    assert opens(clinic, person, OLD[0])
    assert recovery_codes.salt_old_codes(clinic.accounts) == 1
    assert {bytes(row[0]) for row in kept(clinic) if isinstance(row[0], bytes)}.isdisjoint(map(quick, OLD))
    assert sum(row[5] is not None for row in kept(clinic)) == 1
    assert not opens(clinic, person, OLD[0])
    assert opens(clinic, person, OLD[1])
    assert not opens(clinic, person, OLD[1])
    before = kept(clinic)
    assert recovery_codes.salt_old_codes(clinic.accounts) == 0
    assert kept(clinic) == before


def test_what_was_typed_for_the_app_is_left_to_the_app(clinic: AClinic, person: Account) -> None:
    for code in ("123456", "", "ABCDE-FGHJ"):
        assert recovery_codes.read_typed(clinic.accounts, person.account_key, code) is None
