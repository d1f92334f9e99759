"""Lays out a target as the box does, with restic repositories whose password is cheap to try.

restic makes every password cost half a second, at every call. The box's passwords are derived from its root, so that
cost guards nothing a test asks about, and a test makes dozens of calls. Key and configuration are written here as
`restic init` writes them, with another cost in the key's own file; restic itself does the rest.

Source: restic 0.14, doc/design.rst, "Keys, Encryption and MAC" and "Repository Format".
"""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.poly1305 import Poly1305

from appliance.backup.connecting import FILES, KEYS
from appliance.backup.marker import MARKER, Marker
from appliance.backup.target import TARGET_ID_BYTES
from appliance.identifiers import BoxId
from appliance.keys.hierarchy import repository_password
from appliance.keys.secret import SecretKey

_COST = {"N": 16, "r": 8, "p": 1}
_KEY_BYTES, _ENCRYPTING_BYTES, _MAC_HALF_BYTES = 64, 32, 16
_POLYNOMIAL = "3da3358b4dc173"  # irreducible, of degree 53: how restic cuts files into chunks


def lay_out(place: Path, box_id: BoxId, backup_key: SecretKey) -> None:
    """Make an empty folder one that this box may add as a target: a marker and two empty repositories."""
    target_id = token_bytes(TARGET_ID_BYTES)
    for name in (FILES, KEYS):
        password = repository_password(backup_key, target_id, name)
        lay_out_repository(place / name, password)
    (place / MARKER).write_bytes(Marker(target_id, box_id).encode())


def lay_out_repository(place: Path, password: SecretKey) -> None:
    """Make an empty repository."""
    for folder in ("index", "keys", "locks", "snapshots", *(f"data/{number:02x}" for number in range(256))):
        (place / folder).mkdir(mode=0o700, parents=True)
    master, salt = token_bytes(_KEY_BYTES), token_bytes(64)
    opened = Scrypt(salt, _KEY_BYTES, _COST["N"], _COST["r"], _COST["p"]).derive(password.reveal().hex().encode())
    told = {"created": "2026-01-01T00:00:00Z", "username": "", "hostname": "", "kdf": "scrypt", **_COST,
            "salt": _text(salt), "data": _text(_sealed(opened, json.dumps(_parts_of(master)).encode()))}  # fmt: skip
    key = json.dumps(told).encode()
    (place / "keys" / sha256(key).hexdigest()).write_bytes(key)
    facts = {"version": 2, "id": token_bytes(32).hex(), "chunker_polynomial": _POLYNOMIAL}
    (place / "config").write_bytes(_sealed(master, json.dumps(facts).encode()))


def _parts_of(key: bytes) -> dict[str, object]:
    mac = key[_ENCRYPTING_BYTES:]
    return {
        "mac": {"k": _text(mac[:_MAC_HALF_BYTES]), "r": _text(mac[_MAC_HALF_BYTES:])},
        "encrypt": _text(key[:_ENCRYPTING_BYTES]),
    }


def _sealed(key: bytes, plain: bytes) -> bytes:
    """Encrypt by AES-256-CTR and authenticate by Poly1305-AES."""
    nonce, mac = token_bytes(16), key[_ENCRYPTING_BYTES:]
    hidden = Cipher(AES(key[:_ENCRYPTING_BYTES]), CTR(nonce)).encryptor().update(plain)
    once = Cipher(AES(mac[:_MAC_HALF_BYTES]), ECB()).encryptor().update(nonce)  # noqa: S305  one block, as Poly1305-AES is
    return nonce + hidden + Poly1305.generate_tag(mac[_MAC_HALF_BYTES:] + once, hidden)


def _text(value: bytes) -> str:
    return b64encode(value).decode()
