"""The recovery kit: the root secret as three papers of words, any two of which give it back.

Each share is 33 common words (SLIP-39): one alone tells nothing of the root,
and whoever loses one loses nothing. Words may be typed by their first four
letters. A single wrong word is located; up to three wrong ones are found.
Guards: an error names places and never a word; shares of two kits are never
combined. Leaves out: keeping anything, which is on purpose, and showing them.

Source: SLIP-0039 (one group, 2 of 3, no passphrase, extendable).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.constants import CUSTOMIZATION_STRING_EXTENDABLE
from shamir_mnemonic.rs1024 import _polymod
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

from appliance.errors import UnreadableCode
from appliance.keys.secret import SecretKey

SHARE_COUNT = 3
NEEDED = 2
SHARE_WORDS = 33
_TOLD_BY = 4  # the first letters of a word that tell it from all others
_RADIX = 1024
_TYPED = re.compile(r"[^a-z]+")
_PLACES: dict[str, int] = {word[:_TOLD_BY]: place for place, word in enumerate(WORDLIST)}


@dataclass(frozen=True)
class Kit:
    """One set of shares, made at once.

    Attributes:
        identifier: 0 to 32767; the same on each share and another for each kit. Not secret.
        shares: Three texts of 33 words; each is a secret.
    """

    identifier: int
    shares: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Kit({self.identifier})"


@dataclass(frozen=True)
class ShareOfKit:
    """A share that was read: which kit's, and which of the three. Its words stay with whoever typed them."""

    identifier: int
    number: int


def make_kit(root: SecretKey) -> Kit:
    """Split the root. What this gives is the root: show each share once, never log or keep it."""
    shares = tuple(generate_mnemonics(1, [(NEEDED, SHARE_COUNT)], root.reveal())[0])
    return Kit(Share.from_mnemonic(shares[0]).identifier, shares)


def read_share(typed: str) -> ShareOfKit:
    """Check one share that was typed; case, commas and line ends do not matter, nor a word's letters after the fourth.

    Raises:
        UnreadableCode: It was typed wrongly; the message says where, as far as that is known, and holds none of it.
    """
    share = _share(typed)
    return ShareOfKit(share.identifier, share.index + 1)


def root_from_shares(typed: Sequence[str]) -> SecretKey:
    """Give the root back from two shares of one kit, or more.

    Raises:
        UnreadableCode: One was typed wrongly, they are of two kits, too few, or one of them twice.
    """
    shares = [_numbered(number, text) for number, text in enumerate(typed, 1)]
    if len({(share.identifier, share.group_parameters()) for share in shares}) > 1:
        kits = " and ".join(str(identifier) for identifier in dict.fromkeys(share.identifier for share in shares))
        raise UnreadableCode(f"these shares are of different kits ({kits}): take two that bear the same kit number")
    if len({share.index for share in shares}) < NEEDED:
        raise UnreadableCode(f"{NEEDED} different shares of one kit are needed: this is one")
    try:
        secret = combine_mnemonics([share.mnemonic() for share in _different(shares)])
    except MnemonicError:
        raise UnreadableCode("these shares do not fit together: they are not of one kit, though it says so") from None
    return SecretKey(secret)


def looks_like_share(typed: str) -> bool:
    """Say whether somebody typed words, rather than a recovery code's groups of characters."""
    words = _words(typed)
    return len(words) > SHARE_WORDS // 2 and sum(word[:_TOLD_BY] in _PLACES for word in words) > len(words) // 2


def _numbered(number: int, typed: str) -> Share:
    try:
        return _share(typed)
    except UnreadableCode as fault:
        raise UnreadableCode(f"share {number} as typed: {fault}") from None


def _share(typed: str) -> Share:
    values = _values(typed)
    if _checksum(values) != 1:
        raise UnreadableCode(_where_wrong(values))
    try:
        share = Share.from_mnemonic(" ".join(WORDLIST[value] for value in values))
    except MnemonicError:
        share = None
    if share is None or (share.group_count, share.member_threshold) != (1, NEEDED):
        raise UnreadableCode("this is a share, but not of a recovery kit that this product makes")
    return share


def _values(typed: str) -> list[int]:
    words = _words(typed)
    for place, word in enumerate(words, 1):
        value = _PLACES.get(word[:_TOLD_BY])
        if value is None or not (WORDLIST[value] == word or len(word) == _TOLD_BY):
            raise UnreadableCode(f"word {place} is not one of the list's words")
    if len(words) != SHARE_WORDS:
        raise UnreadableCode(f"a share has {SHARE_WORDS} words; {len(words)} were typed")
    return [_PLACES[word[:_TOLD_BY]] for word in words]


def _words(typed: str) -> list[str]:
    """Give the words of what was typed, without the numbers that are printed beside them."""
    return [word for word in _TYPED.split(typed.lower()) if word]


def _different(shares: Sequence[Share]) -> list[Share]:
    return list({share.index: share for share in shares}.values())[:NEEDED]


def _where_wrong(values: list[int]) -> str:
    place = _places_by_difference().get(_checksum(values) ^ 1)
    if place is None:
        return "it has typing errors: compare each word with the paper"
    return f"it has a typing error, most likely in word {place + 1}"


@cache
def _places_by_difference() -> dict[int, int]:
    """Give the place of the one wrong word that makes a checksum differ by this: the checksum is linear."""
    nothing = _polymod([0] * SHARE_WORDS)
    places = {}
    for place in range(SHARE_WORDS):
        bits = [_polymod([*[0] * place, 1 << bit, *[0] * (SHARE_WORDS - place - 1)]) ^ nothing for bit in range(10)]
        sums = [0]
        for bit in bits:
            sums += [one ^ bit for one in sums]
        places.update(dict.fromkeys(sums[1:], place))
    return places


def _checksum(values: list[int]) -> int:
    return int(_polymod([*CUSTOMIZATION_STRING_EXTENDABLE, *values]))
