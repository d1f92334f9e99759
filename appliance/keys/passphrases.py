"""What people remember: passphrases that become keys, passwords that are checked.

Both are Argon2id (RFC 9106) over the text in NFC, so that a password typed on
another keyboard is the same one. All of it is slow on purpose: never inside a
transaction.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from secrets import token_bytes

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from appliance.errors import Tampered, Unsuitable
from appliance.keys.secret import KEY_BYTES, SecretKey

SALT_BYTES = 16
_LARGEST_MEMORY_KIB = 4 * 1024 * 1024


@dataclass(frozen=True)
class PassphraseCost:
    """What one guess at a passphrase costs; the default takes under a second on a small box."""

    memory_kib: int = 256 * 1024
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        sane = 8 * self.lanes <= self.memory_kib <= _LARGEST_MEMORY_KIB and 1 <= self.passes <= 64
        if not (sane and 1 <= self.lanes <= 64):
            raise Unsuitable("an Argon2id cost is out of bounds")


ACCOUNT_COST = PassphraseCost(memory_kib=64 * 1024, passes=3, lanes=4)
RANDOM_CODE_COST = PassphraseCost(memory_kib=19 * 1024, passes=2, lanes=1)  # for what the box drew, of 50 bits and more


def new_salt() -> bytes:
    """Draw a salt for one passphrase."""
    return token_bytes(SALT_BYTES)


def key_from_passphrase(passphrase: str, salt: bytes, cost: PassphraseCost) -> SecretKey:
    """Turn a passphrase into a key, slowly.

    Raises:
        Unsuitable: The passphrase is empty, or the salt is not of 16 bytes.
    """
    if not passphrase or len(salt) != SALT_BYTES:
        raise Unsuitable("a passphrase is never empty, and its salt has 16 bytes")
    material = hash_secret_raw(
        _bytes(passphrase), salt, time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes,
        hash_len=KEY_BYTES, type=Type.ID,
    )  # fmt: skip
    return SecretKey(material)


def hash_password(password: str, cost: PassphraseCost = ACCOUNT_COST) -> str:
    """Give what an account's row keeps of its password."""
    return _hasher(cost).hash(_bytes(password))


def password_matches(password_hash: str, password: str) -> bool:
    """Check a password against its row.

    Raises:
        Tampered: The row holds no password hash.
    """
    try:
        return _hasher(ACCOUNT_COST).verify(password_hash, _bytes(password))
    except InvalidHashError:
        raise Tampered("an account's row holds no password hash") from None
    except VerificationError:
        return False


def needs_rehash(password_hash: str, cost: PassphraseCost = ACCOUNT_COST) -> bool:
    """Say whether a hash was made at another cost than today's, to be made anew at the next login."""
    return _hasher(cost).check_needs_rehash(password_hash)


@cache
def _hasher(cost: PassphraseCost) -> PasswordHasher:
    return PasswordHasher(
        time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, hash_len=KEY_BYTES,
        salt_len=SALT_BYTES,
    )  # fmt: skip


def _bytes(text: str) -> bytes:
    return unicodedata.normalize("NFC", text).encode()
