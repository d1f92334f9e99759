"""Wraps keys and other small secrets: AES-256-GCM under a random nonce.

Layout: nonce 12 | ciphertext | tag 16. What a secret is for is bound as
additional data, so that a wrapped key moved to another row does not open.
"""

from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.errors import Tampered, WrongKey
from appliance.identifiers import FileId
from appliance.keys.secret import KEY_BYTES, SecretKey

_NONCE_BYTES = 12
_TAG_BYTES = 16
WRAPPED_KEY_BYTES = _NONCE_BYTES + KEY_BYTES + _TAG_BYTES  # 60


def wrap_data_key(wrapping_key: SecretKey, file_id: FileId, data_key: SecretKey) -> bytes:
    """Wrap a file's data key for its row: 60 bytes that open for this file id only."""
    return seal_secret(wrapping_key, file_id.value, data_key.reveal())


def unwrap_data_key(wrapping_key: SecretKey, file_id: FileId, wrapped: bytes) -> SecretKey:
    """Give back a file's data key.

    Raises:
        WrongKey: Another wrapping key, another file's, or altered.
        Tampered: It has not the length of a wrapped key.
    """
    if len(wrapped) != WRAPPED_KEY_BYTES:
        raise Tampered("a wrapped key has 60 bytes")
    return SecretKey(unseal_secret(wrapping_key, file_id.value, wrapped))


def seal_secret(key: SecretKey, context: bytes, secret: bytes) -> bytes:
    """Seal a small secret (a key, a TOTP seed) for one context.

    Args:
        key: A key whose only use is sealing such secrets.
        context: What the secret is for: bound, not stored.
        secret: Any bytes; their length shows.
    """
    nonce = token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key.reveal()).encrypt(nonce, secret, context)


def unseal_secret(key: SecretKey, context: bytes, sealed: bytes) -> bytes:
    """Give back what `seal_secret` sealed.

    Raises:
        WrongKey: Another key, another context, or altered.
        Tampered: Too short to be one.
    """
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise Tampered("a sealed secret has at least 28 bytes")
    try:
        return AESGCM(key.reveal()).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except InvalidTag:
        raise WrongKey("a sealed secret does not open with this key here") from None
