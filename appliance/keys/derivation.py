"""HKDF-SHA256, the one way in which a key comes from another.

Every use has its own label, so that no two purposes ever share a key. Labels
are listed in docs/key-hierarchy.md.

Source: RFC 5869.
"""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance.keys.secret import KEY_BYTES, SecretKey


def expand(key: SecretKey, label: bytes, context: bytes, length: int) -> bytes:
    """Give `length` bytes that only `key`, `label` and `context` together give."""
    return HKDF(SHA256(), length, salt=None, info=label + b"\x00" + context).derive(key.reveal())


def derive_key(key: SecretKey, label: bytes, context: bytes = b"") -> SecretKey:
    """Give the key for one purpose and one context."""
    return SecretKey(expand(key, label, context, KEY_BYTES))
