"""Ten printed codes that stand in for a lost phone, each once.

A code has 50 random bits, few enough that whoever has the catalogue's key could try them all: so the catalogue
keeps a password's hash of it. Ten of one drawing share their salt, and a guess at all of them costs one hash. It is
slow on purpose: never inside a transaction.

Source: OWASP ASVS 5.0, 6.5.2 (look-up secrets of less than 112 bits).
"""

import hashlib
import secrets
from dataclasses import dataclass

from appliance.accounts import queries_codes
from appliance.accounts.context import Accounts
from appliance.accounts.queries_codes import Salted
from appliance.keys.passphrases import PassphraseCost, key_from_passphrase, new_salt

CODES = 10
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 letters and digits that are not mistaken for each other
_LETTERS = 10


@dataclass(frozen=True, slots=True)
class Drawn:
    """Codes that nobody has seen yet, and what the catalogue keeps of them."""

    codes: tuple[str, ...]
    salted: Salted
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What the catalogue may keep of the code that somebody typed."""

    hashes: tuple[bytes, ...]


def draw(cost: PassphraseCost) -> Drawn:
    """Draw the codes, grouped for reading: `ABCDE-FGHJK`, each hashed at this cost; slow."""
    codes = tuple(_grouped("".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))) for _ in range(CODES))
    salted = Salted(new_salt(), cost)
    return Drawn(codes, salted, tuple(_slow(_quick(each), salted) for each in codes))


def read_typed(accounts: Accounts, account_key: int, text: str) -> Typed | None:
    """Read what was typed where a code is asked for; None when it was meant as one of the app; slow.

    Case and dashes do not matter.
    """
    if len(_packed(text)) != _LETTERS:
        return None
    with accounts.database.read() as tx:
        salts = queries_codes.salts_of(tx, account_key)
    quick = _quick(text)
    return Typed((quick, *(_slow(quick, each) for each in salts)))


def salt_old_codes(accounts: Accounts) -> int:
    """Put the slow hash in place of the quick one that was kept before; give of how many people; slow."""
    with accounts.database.read() as tx:
        old = queries_codes.unsalted_codes(tx)
    for account_key, hashes in old.items():
        salted = Salted(new_salt(), accounts.code_cost)
        slow = [(each, _slow(each, salted)) for each in hashes]
        with accounts.database.write() as tx:
            for quick, kept in slow:
                queries_codes.salt_code(tx, account_key, quick, kept, salted)
    return len(old)


def _slow(quick: bytes, salted: Salted) -> bytes:
    return key_from_passphrase(quick.hex(), salted.salt, salted.cost).reveal()


def _quick(text: str) -> bytes:
    return hashlib.sha256(b"enamel recovery code " + _packed(text).encode("utf-8", "surrogatepass")).digest()


def _grouped(code: str) -> str:
    return f"{code[:5]}-{code[5:]}"


def _packed(text: str) -> str:
    return text.replace("-", "").replace(" ", "").upper()
