"""The recovery code, as hands type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import UnreadableCode
from appliance.keys.recovery import recovery_code, root_from_recovery_code
from appliance.keys.secret import SecretKey

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ROOT = SecretKey(bytes(range(32)))
CODE = recovery_code(ROOT).replace("-", "")


@given(st.binary(min_size=32, max_size=32).map(SecretKey))
def test_every_root_comes_back_from_its_code(root: SecretKey) -> None:
    assert root_from_recovery_code(recovery_code(root)) == root


def test_case_spaces_dashes_and_look_alikes_do_not_matter() -> None:
    typed = f"  {CODE[:7].lower()} – {CODE[7:]}\n".replace("0", "o").replace("1", "l")
    assert root_from_recovery_code(typed) == ROOT
    assert root_from_recovery_code(CODE.replace("1", "I").replace("0", "O")) == ROOT


def test_every_single_wrong_character_is_found_and_its_group_named() -> None:
    for place in range(60):
        for other in set(ALPHABET) - {CODE[place]}:
            with pytest.raises(UnreadableCode, match=rf"most likely in group {place // 5 + 1}$"):
                root_from_recovery_code(CODE[:place] + other + CODE[place + 1 :])


def test_every_swap_of_neighbours_is_found() -> None:
    for place in range(59):
        swapped = CODE[:place] + CODE[place + 1] + CODE[place] + CODE[place + 2 :]
        if swapped != CODE:
            with pytest.raises(UnreadableCode, match="typing error"):
                root_from_recovery_code(swapped)


@given(st.data())
def test_up_to_four_wrong_characters_are_found(data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, 59), min_size=1, max_size=4))
    typed = list(CODE)
    for place in places:
        typed[place] = data.draw(st.sampled_from(sorted(set(ALPHABET) - {CODE[place]})))
    with pytest.raises(UnreadableCode):
        root_from_recovery_code("".join(typed))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "has 60 characters; 0 were typed"),
        (CODE[:-1], "has 60 characters; 59 were typed"),
        (CODE + "0", "has 60 characters; 61 were typed"),
        (CODE[:12] + "U" + CODE[13:], "group 3 has a character that no recovery code has"),
        (CODE[:59] + "é", "group 12 has a character"),
    ],
)
def test_what_cannot_be_a_code_is_told_plainly(typed: str, told: str) -> None:
    with pytest.raises(UnreadableCode, match=told):
        root_from_recovery_code(typed)


def with_checksum(body: str) -> str:
    """Give the one ending that makes `body` verify, found as any other program would: by linearity."""
    from appliance.keys.recovery import _checksum  # noqa: PLC0415 - the only test that makes foreign codes

    values = [ALPHABET.index(character) for character in body]
    check = _checksum([*values, *[0] * 6]) ^ 0x2BC830A3
    return body + "".join(ALPHABET[check >> 5 * place & 31] for place in reversed(range(6)))


def test_a_code_of_another_kind_is_told_apart_from_a_typing_error() -> None:
    with pytest.raises(UnreadableCode, match="those begin with EN"):
        root_from_recovery_code(with_checksum("XX" + CODE[2:54]))
    with pytest.raises(UnreadableCode, match="not a recovery code that this release writes"):
        root_from_recovery_code(with_checksum("EN" + "0" * 51 + "1"))


def test_an_error_never_repeats_what_was_typed() -> None:
    typed = CODE[:30] + "ZZZZZ" + CODE[35:]
    with pytest.raises(UnreadableCode) as fault:
        root_from_recovery_code(typed)
    assert not [i for i in range(56) if typed[i : i + 4] in str(fault.value)]
