"""A passkey in software: makes and shows credentials as a device would, rightly or wrongly as it is told.

Source: W3C Web Authentication Level 3, 6.1 (authenticator data), 8.7 (attestation "none").
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _ATTESTED = 1, 4, 64


class Authenticator:
    """One credential; `count` is what it says next, 0 for a device that does not count.

    `user_handle` is what it calls its person, in base64url: as it was told when it was made; None says nothing.
    """

    def __init__(self, count: int = 0) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.count = count
        self.user_handle: str | None = None

    def create(self, options: str, origin: str = "https://enamel.test", *, verified: bool = True) -> str:
        """Answer what a page gave to make a passkey; `verified` when the owner was asked for a PIN or a finger."""
        asked = json.loads(options)
        self.user_handle = asked["user"]["id"]
        client = _client("webauthn.create", asked["challenge"], origin)
        public = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")})
        made = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose
        data = self._data(asked["rp"]["id"], _PRESENT | (_VERIFIED if verified else 0) | _ATTESTED) + made
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._told({"clientDataJSON": _text(client), "attestationObject": _text(attestation)})

    def show(self, options: str, origin: str = "https://enamel.test", *, verified: bool = True) -> str:
        """Answer what a page gave to show a passkey; `verified` when the owner was asked for a PIN or a finger."""
        asked = json.loads(options)
        client = _client("webauthn.get", asked["challenge"], origin)
        data = self._data(asked["rpId"], _PRESENT | (_VERIFIED if verified else 0))
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        told = {} if self.user_handle is None else {"userHandle": self.user_handle}
        return self._told({name: _text(value) for name, value in parts.items()} | told)

    def _data(self, host: str, flags: int) -> bytes:
        head = hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
        self.count += 1 if self.count else 0
        return head

    def _told(self, response: dict[str, str]) -> str:
        own = _text(self.credential_id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": response})


def _client(kind: str, challenge: str, origin: str) -> bytes:
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}).encode()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
