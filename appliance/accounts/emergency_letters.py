"""The letters of a sealed emergency code: drawn, written in groups, and checked for a slip before they are judged.

A code has 100 random bits, and four letters more that follow from them. They tell a slip of the hand from a wrong code
and say nothing that whoever typed it did not know.
"""

import hashlib
import secrets

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 letters and digits that are not mistaken for each other
RANDOM_LETTERS, CHECKING_LETTERS, GROUP = 20, 4, 4


def new_code() -> str:
    """Draw a code, grouped for reading: six groups of four."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LETTERS))
    whole = drawn + _checking(drawn)
    return "-".join(whole[start : start + GROUP] for start in range(0, len(whole), GROUP))


def packed(text: str) -> str:
    """Give a code as it is compared; case, dashes and spaces do not matter."""
    return text.replace("-", "").replace(" ", "").upper()


def is_whole(text: str) -> bool:
    """Say whether these can be the letters of a code, without a slip."""
    code = packed(text)
    return len(code) == RANDOM_LETTERS + CHECKING_LETTERS and code[RANDOM_LETTERS:] == _checking(code[:RANDOM_LETTERS])


def code_hash(text: str) -> bytes:
    """Give what the catalogue keeps of a code."""
    return hashlib.sha256(b"enamel emergency code " + packed(text).encode("utf-8", "surrogatepass")).digest()


def _checking(drawn: str) -> str:
    digest = hashlib.sha256(b"enamel emergency check " + drawn.encode("utf-8", "surrogatepass")).digest()
    return "".join(ALPHABET[each % len(ALPHABET)] for each in digest[:CHECKING_LETTERS])
