"""What is refused as a password, and what must not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.errors import PasswordTooWeak
from appliance.accounts.password_rules import PasswordPolicy, Rule, check_password

CONTEXT = ("camila.rojas", "Dra. Camila Rojas", "Clínica Las Lilas")


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("short", Rule.TOO_SHORT),
        ("x" * 257, Rule.TOO_LONG),
        ("aaaaabbbbb", Rule.REPETITIVE),
        ("password", Rule.COMMON),
        ("P@ssw0rd", Rule.COMMON),
        ("Password2026!", Rule.COMMON),
        ("contraseña1", Rule.COMMON),
        ("camilarojas", Rule.CONTEXT),
        ("Clinica2026", Rule.CONTEXT),
        ("Lilas#2026", Rule.CONTEXT),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, rule: Rule) -> None:
    with pytest.raises(PasswordTooWeak) as refused:
        check_password(password, second_factor=True, context=CONTEXT)
    assert refused.value.rule == rule


@pytest.mark.parametrize("password", ["seven green kettles", "pájaro túnel 91", "kR9#vv2!q", "夜の川と青い猫と月"])
def test_long_and_unrelated_is_enough(password: str) -> None:
    check_password(password, second_factor=True, context=CONTEXT)


def test_without_a_second_factor_it_is_longer() -> None:
    with pytest.raises(PasswordTooWeak):
        check_password("kR9#vv2!qtw3zz", second_factor=False)
    check_password("kR9#vv2!qtw3zzp", second_factor=False)


def test_the_clinic_may_ask_for_more_and_never_for_less() -> None:
    check_password("kR9#vv2!qtw3", second_factor=True, policy=PasswordPolicy(12))
    for policy, alone in ((PasswordPolicy(13), True), (PasswordPolicy(1), False)):
        with pytest.raises(PasswordTooWeak):
            check_password("kR9#vv2!qtw3", second_factor=alone, policy=policy)
    with pytest.raises(PasswordTooWeak):
        check_password("kR9#vv2", second_factor=True, policy=PasswordPolicy(1))


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=4))
def test_any_text_gets_a_clear_answer(password: str, context: list[str]) -> None:
    rule = None
    try:
        check_password(password, second_factor=True, context=context)
    except PasswordTooWeak as refused:
        rule = refused.rule
    assert rule in set(Rule) if rule else 8 <= len(password) <= 256
