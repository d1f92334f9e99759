"""Names fold alike however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.names import fold, fold_name, identity_of, same_name_throughout, same_person_name


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ñandú^José", "nandu jose"), ("  O'Brien^Seán  ", "o brien sean"), ("Groß", "gross"),
        ("Ｙａｍａｄａ", "yamada"),
        ("Łukasz^Søren", "lukasz soren"), ("Æsop", "aesop"), ("", ""), ("=^=", ""), ("山田^太郎", "山田 太郎"),
    ],
)  # fmt: skip
def test_a_name_is_folded(text: str, folded: str) -> None:
    assert fold_name(text) == folded


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_groups_are_compared_with_their_like() -> None:
    assert same_person_name("Yamada^Tarou=山田^太郎", "YAMADA^TAROU")
    assert same_person_name("=山田^太郎", "Yamada^Tarou=山田^太郎")
    assert not same_person_name("Yamada^Jiro=山田^太郎", "Yamada^Tarou=山田^太郎")
    assert not same_person_name("", "")
    assert not same_person_name("Yamada", "=山田")


def test_a_name_is_the_same_throughout_when_every_group_is() -> None:
    assert same_name_throughout("Yamada^Tarou=山田^太郎=", "YAMADA^TAROU=山田^太郎")
    assert not same_name_throughout("Yamada^Tarou=山田^太郎", "Yamada^Tarou")
    assert not same_name_throughout("Yamada^Tarou=山田^太郎", "Yamada^Tarou=鈴木^太郎")
    assert not same_name_throughout("", "")


def test_identity_is_the_first_group_that_says_anything() -> None:
    assert identity_of("=山田^太郎") == ("太郎", "山田")
    assert identity_of("Doe^John") == identity_of("john doe")
