"""Challenges for passkeys that say themselves whom and what they are for, and for how long.

Guards: a challenge serves the browser session and the purpose that it was drawn
for, within five minutes, and one right answer. Only answered ones are
remembered, so a stranger who asks for any number of them fills nothing.
Leaves out: a process that starts anew knows none of those drawn before.
"""

import hashlib
import hmac
import secrets
from enum import Enum
from threading import Lock

VALID_SECONDS = 300.0
_NONCE_BYTES = 16
_TIME_BYTES = 8


class Purpose(Enum):
    """What a challenge is drawn for."""

    ADD = b"add"
    SIGN_IN = b"sign in"
    SECOND_FACTOR = b"second factor"
    UNLOCK = b"unlock"
    DECISION = b"decision"


class Challenges:
    """Draws challenges and takes each back once; safe in threads."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._lock = Lock()
        self._taken: dict[bytes, float] = {}

    def draw(self, purpose: Purpose, bound_to: bytes, now: float) -> bytes:
        """Draw one.

        Args:
            purpose: What an answer will be taken for.
            bound_to: What only this browser holds, or a hash of it.
            now: Seconds that never step back.
        """
        head = secrets.token_bytes(_NONCE_BYTES) + int(now * 1000).to_bytes(_TIME_BYTES, "big", signed=True)
        return head + self._mac(head, purpose, bound_to)

    def take(self, challenge: bytes, purpose: Purpose, bound_to: bytes, now: float) -> bool:
        """Say whether this was drawn here for this, lately, and was not taken before."""
        head, mac = challenge[: _NONCE_BYTES + _TIME_BYTES], challenge[_NONCE_BYTES + _TIME_BYTES :]
        if not hmac.compare_digest(mac, self._mac(head, purpose, bound_to)):
            return False
        drawn_at = int.from_bytes(head[_NONCE_BYTES:], "big", signed=True) / 1000
        with self._lock:
            self._taken = {each: at for each, at in self._taken.items() if now - at < VALID_SECONDS}
            if now - drawn_at >= VALID_SECONDS or head in self._taken:
                return False
            self._taken[head] = drawn_at
        return True

    def _mac(self, head: bytes, purpose: Purpose, bound_to: bytes) -> bytes:
        message = b"\x00".join((head, purpose.value, hashlib.sha256(bound_to).digest()))
        return hmac.new(self._key, message, hashlib.sha256).digest()
