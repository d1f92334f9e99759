"""Ten printed codes that stand in for a lost phone, each once.

A code has 50 random bits, so a plain SHA-256 of it is as hard to guess as the
throttled login itself: nobody without the catalogue key sees the hash.
"""

import hashlib
import secrets

CODES = 10
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 letters and digits that are not mistaken for each other
_LETTERS = 10


def new_codes() -> list[str]:
    """Draw the codes, grouped for reading: `ABCDE-FGHJK`."""
    return [_grouped("".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))) for _ in range(CODES)]


def looks_like_code(text: str) -> bool:
    """Say whether this was meant as a recovery code, not a six-digit one."""
    return len(_packed(text)) == _LETTERS


def code_hash(text: str) -> bytes:
    """Give what the catalogue keeps of a code; case and dashes do not matter."""
    return hashlib.sha256(b"enamel recovery code " + _packed(text).encode("utf-8")).digest()


def _grouped(code: str) -> str:
    return f"{code[:5]}-{code[5:]}"


def _packed(text: str) -> str:
    return text.replace("-", "").replace(" ", "").upper()
