"""What a browser answers about a passkey, read as far as it says what it is about; `passkeys` verifies it.

Source: W3C Web Authentication Level 3, 5.1 (PublicKeyCredential), 5.8.1 (client data).
"""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass

from appliance.errors import Unsuitable

_NO_ANSWER = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a browser meets the box: the host name, and the whole origin of its pages."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser answered to a challenge: its JSON as it came, from where, and what the challenge was bound to."""

    text: str
    site: Site
    bound_to: bytes
    address: str


def told_challenge(text: str) -> bytes:
    """Read which challenge is answered.

    Raises:
        Unsuitable: The answer says none.
    """
    try:
        return _bytes(json.loads(_bytes(json.loads(text)["response"]["clientDataJSON"]))["challenge"])
    except _NO_ANSWER:
        raise Unsuitable("an answer without a challenge") from None


def credential_id(text: str) -> bytes:
    """Read which passkey answers; empty where the answer does not say."""
    try:
        return _bytes(json.loads(text)["rawId"])
    except _NO_ANSWER:
        return b""


def told_handle(text: str) -> bytes | None:
    """Read whose the device says the passkey is; None where it does not, and empty where that is no handle."""
    try:
        told = json.loads(text)["response"].get("userHandle")
        return None if told is None else _bytes(told)
    except _NO_ANSWER:
        return b""


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
