"""What the receiver seals with a public key alone, and only intake opens.

HPKE base mode (X25519, HKDF-SHA256, AES-256-GCM): whoever has the public key
can seal, so this hides arrivals but does not prove who sent them. `info`
binds an association key to its box, association, peer and time.

Source: RFC 9180.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from appliance.errors import Tampered, Unsuitable, WrongKey
from appliance.identifiers import BoxId, FileId
from appliance.keys.derivation import derive_key
from appliance.keys.secret import KEY_BYTES, SecretKey, same_bytes

PUBLIC_KEY_BYTES = 32
SEALED_KEY_BYTES = PUBLIC_KEY_BYTES + KEY_BYTES + 16  # encapsulated key | ciphertext | tag
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO_LABEL = b"enamel association key\x00"
_INSTANCE_LABEL = b"enamel instance key"
_END_LABEL = b"enamel association end"


@dataclass(frozen=True)
class InboxKeyPair:
    """One X25519 pair; the public half is all that the receiver is given."""

    private_key: SecretKey
    public_key: bytes


def new_inbox_key_pair() -> InboxKeyPair:
    """Draw a random pair."""
    private = X25519PrivateKey.generate()
    return InboxKeyPair(SecretKey(private.private_bytes_raw()), private.public_key().public_bytes_raw())


def encode_key_file(box_id: BoxId, number: int, public_key: bytes) -> bytes:
    """Give the bytes of the file that tells the receiver what to seal to."""
    fields = {"box_id": str(box_id), "number": number, "public_key": public_key.hex()}
    return json.dumps({**fields, "sha256": key_file_digest(box_id, number, public_key)}).encode() + b"\n"


def key_file_digest(box_id: BoxId, number: int, public_key: bytes) -> str:
    """Give what tells a whole key file from a damaged one; what is sealed to a damaged key opens for nobody."""
    return hashlib.sha256(b"enamel inbox key\x00" + box_id.value + number.to_bytes(8) + public_key).hexdigest()


def seal_association_key(public_key: bytes, info: bytes, key: SecretKey) -> bytes:
    """Seal an association's key: 80 bytes that open with the private half and the same `info` only.

    Raises:
        Unsuitable: `public_key` is no usable X25519 public key.
    """
    try:
        return _SUITE.encrypt(key.reveal(), X25519PublicKey.from_public_bytes(public_key), _INFO_LABEL + info)
    except ValueError:
        raise Unsuitable("the inbox's public key cannot be used") from None


def open_association_key(private_key: SecretKey, info: bytes, sealed: bytes) -> SecretKey:
    """Give back an association's key.

    Raises:
        WrongKey: Another pair, other facts in `info`, or altered.
        Tampered: It has not the length of a sealed key.
    """
    if len(sealed) != SEALED_KEY_BYTES:
        raise Tampered("a sealed association key has 80 bytes")
    private = X25519PrivateKey.from_private_bytes(private_key.reveal())
    try:
        return SecretKey(_SUITE.decrypt(sealed, private, _INFO_LABEL + info))
    except (InvalidTag, ValueError):
        raise WrongKey("an association key does not open with this pair and these facts") from None


def instance_key(association_key: SecretKey, file_id: FileId) -> SecretKey:
    """Give the data key of one file of an association."""
    return derive_key(association_key, _INSTANCE_LABEL, file_id.value)


def end_mac(association_key: SecretKey, record: bytes) -> bytes:
    """Authenticate an association's `end` record: 32 bytes."""
    return hmac.digest(derive_key(association_key, _END_LABEL).reveal(), record, hashlib.sha256)


def check_end_mac(association_key: SecretKey, record: bytes, mac: bytes) -> None:
    """Check an `end` record.

    Raises:
        Tampered: The record or its MAC is not what the receiver wrote.
    """
    if not same_bytes(end_mac(association_key, record), mac):
        raise Tampered("an association's end record is not what was written")
