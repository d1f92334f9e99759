"""The key file of a restic repository, written anew so that our password opens it at once.

restic stretches every password for half a second, at every call. Ours are 256 random bits: there is nothing to
stretch, and nobody guesses one at any cost. The file holds the repository's own key, sealed by the password, beside
the cost; so the same key is sealed again at next to none. It holds the names of the machine and of who made it as
well, in plain text; they go.

Source: restic 0.14, design.rst, "Keys, Encryption and MAC"; RFC 7914 (scrypt); RFC 8439 2.5 (Poly1305).
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import sha256
from secrets import token_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.poly1305 import Poly1305

from appliance.errors import Tampered, WrongKey

_COST = {"N": 16, "r": 8, "p": 1}
_COST_NAMES = ("N", "r", "p")
_KEY_BYTES, _CIPHER_BYTES, _NONCE_BYTES, _TAG_BYTES, _SALT_BYTES = 64, 32, 16, 16, 64


def unstretched(key_file: bytes, password: bytes) -> bytes:
    """Give a key file of the same repository that opens by the same password at once.

    Args:
        key_file: As restic wrote it.
        password: Of 256 random bits; a person's must stay stretched.

    Raises:
        WrongKey: It does not open by this password.
        Tampered: It is no key file.
    """
    try:
        facts = json.loads(key_file)
        salt, data = b64decode(facts["salt"]), b64decode(facts["data"])
        stretched = _derived(password, salt, [facts[name] for name in _COST_NAMES])
        created = str(facts["created"])
    except (ValueError, KeyError, TypeError, NotBase64):
        raise Tampered("this is no key file of a repository") from None
    return key_file_of(_unsealed(stretched, data), password, created)


def key_file_of(repository_key: bytes, password: bytes, created: str) -> bytes:
    """Give the key file of a repository, which opens at once and names nobody.

    Args:
        repository_key: The repository's own key, in restic's JSON.
        password: Of 256 random bits.
        created: When, in RFC 3339.
    """
    salt = token_bytes(_SALT_BYTES)
    sealed = seal(_derived(password, salt, list(_COST.values())), repository_key)
    facts = {"created": created, "username": "", "hostname": "", "kdf": "scrypt", **_COST}
    return json.dumps({**facts, "salt": _text(salt), "data": _text(sealed)}).encode()


def is_stretched(key_file: bytes) -> bool:
    """Say whether a key file costs more to open than `unstretched` makes it.

    Raises:
        Tampered: It is no key file.
    """
    try:
        facts = json.loads(key_file)
        return {name: facts[name] for name in _COST_NAMES} != _COST
    except (ValueError, KeyError, TypeError):
        raise Tampered("this is no key file of a repository") from None


def key_file_name(key_file: bytes) -> str:
    """Give the name by which a repository knows a key file: the SHA-256 of its bytes."""
    return sha256(key_file).hexdigest()


def seal(key: bytes, plain: bytes) -> bytes:
    """Encrypt by AES-256-CTR and authenticate by Poly1305-AES, as restic does: nonce 16 | ciphertext | tag 16.

    Args:
        key: 64 bytes: 32 for the cipher, twice 16 for the tag.
        plain: Any bytes.
    """
    nonce = token_bytes(_NONCE_BYTES)
    hidden = Cipher(AES(key[:_CIPHER_BYTES]), CTR(nonce)).encryptor().update(plain)
    return nonce + hidden + Poly1305.generate_tag(_one_time_key(key, nonce), hidden)


def _derived(password: bytes, salt: bytes, cost: list[int]) -> bytes:
    return Scrypt(salt, _KEY_BYTES, *cost).derive(password)


def _unsealed(key: bytes, sealed: bytes) -> bytes:
    nonce, hidden, tag = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:-_TAG_BYTES], sealed[-_TAG_BYTES:]
    if len(sealed) <= _NONCE_BYTES + _TAG_BYTES:
        raise Tampered("this is no key file of a repository")
    try:
        Poly1305.verify_tag(_one_time_key(key, nonce), hidden, tag)
    except InvalidSignature:
        raise WrongKey("this key file does not open by this password") from None
    return Cipher(AES(key[:_CIPHER_BYTES]), CTR(nonce)).decryptor().update(hidden)


def _one_time_key(key: bytes, nonce: bytes) -> bytes:
    """Give Poly1305's key: the half that stays, and the nonce through AES by the other half."""
    cipher_half, stays = key[_CIPHER_BYTES : _CIPHER_BYTES + 16], key[_CIPHER_BYTES + 16 :]
    return stays + Cipher(AES(cipher_half), ECB()).encryptor().update(nonce)  # noqa: S305  one block, as Poly1305-AES is


def _text(value: bytes) -> str:
    return b64encode(value).decode()
