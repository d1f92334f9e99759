"""The recovery code: the root secret as a person can write it down and type it.

Twelve groups of five of the digits and letters that are hard to confuse. The
last six characters are a BCH checksum over the rest that finds any four
wrong characters, so every single typo and every swap of neighbours is told,
and a single one is located.

Source: BIP 173 (the checksum's generator), BIP 350 (its constant);
Crockford base 32 (the alphabet: no I, L, O, U).
"""

import re
from functools import cache, reduce

from appliance.errors import UnreadableCode
from appliance.keys.secret import KEY_BYTES, SecretKey

GROUP_CHARACTERS = 5
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PREFIX = "EN"
_BODY_CHARACTERS = 52  # 256 bits and four zero bits
_CHECK_CHARACTERS = 6
_CODE_CHARACTERS = len(_PREFIX) + _BODY_CHARACTERS + _CHECK_CHARACTERS  # 60: under the 89 that the checksum covers
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CONSTANT = 0x2BC830A3
_MEANT = str.maketrans("OIL", "011")


def recovery_code(root: SecretKey) -> str:
    """Write the root for paper. What this gives is the root: show it once, never log it."""
    number = int.from_bytes(root.reveal(), "big") << (5 * _BODY_CHARACTERS - 8 * KEY_BYTES)
    body = [number >> 5 * place & 31 for place in reversed(range(_BODY_CHARACTERS))]
    values = [_ALPHABET.index(character) for character in _PREFIX] + body
    check = _checksum([*values, *[0] * _CHECK_CHARACTERS]) ^ _CONSTANT
    values += [check >> 5 * place & 31 for place in reversed(range(_CHECK_CHARACTERS))]
    text = "".join(_ALPHABET[value] for value in values)
    return "-".join(text[i : i + GROUP_CHARACTERS] for i in range(0, len(text), GROUP_CHARACTERS))


def root_from_recovery_code(code: str) -> SecretKey:
    """Read a code that was typed: case, spaces and dashes do not matter, nor O for 0 or I and L for 1.

    Raises:
        UnreadableCode: It was typed wrongly; the message says where, as far as that is known, and holds none of it.
    """
    text = re.sub(r"[\s\-–—.]", "", code).upper().translate(_MEANT)
    for place, character in enumerate(text):
        if character not in _ALPHABET:
            raise UnreadableCode(f"group {_group(place)} has a character that no recovery code has")
    if len(text) != _CODE_CHARACTERS:
        raise UnreadableCode(f"a recovery code has {_CODE_CHARACTERS} characters; {len(text)} were typed")
    values = [_ALPHABET.index(character) for character in text]
    if _checksum(values) != _CONSTANT:
        raise UnreadableCode(_where_wrong(values))
    if not text.startswith(_PREFIX):
        raise UnreadableCode("this is a code, but not a recovery code: those begin with EN")
    return _root(values[len(_PREFIX) : -_CHECK_CHARACTERS])


def _root(body: list[int]) -> SecretKey:
    number = 0
    for value in body:
        number = number << 5 | value
    number, spare = divmod(number, 1 << (5 * _BODY_CHARACTERS - 8 * KEY_BYTES))
    if spare:
        raise UnreadableCode("this is a code, but not a recovery code that this release writes")
    return SecretKey(number.to_bytes(KEY_BYTES, "big"))


def _where_wrong(values: list[int]) -> str:
    place = _places_by_difference().get(_checksum(values) ^ _CONSTANT)
    if place is None:
        return "the code has typing errors: compare each group with the paper"
    return f"the code has a typing error, most likely in group {_group(place)}"


@cache
def _places_by_difference() -> dict[int, int]:
    """Give the place of the one wrong character that makes a checksum differ by this."""
    places = {}
    for wrong_by in range(1, 32):
        difference = wrong_by
        for place in reversed(range(_CODE_CHARACTERS)):
            places[difference] = place
            difference = _step(difference, 0)
    return places


def _checksum(values: list[int]) -> int:
    return reduce(_step, values, 1)


def _step(check: int, value: int) -> int:
    top = check >> 25
    check = (check & 0x1FFFFFF) << 5 ^ value
    for i, generator in enumerate(_GENERATOR):
        check ^= generator if top >> i & 1 else 0
    return check


def _group(place: int) -> int:
    return place // GROUP_CHARACTERS + 1
