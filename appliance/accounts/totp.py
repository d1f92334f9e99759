"""Time-based one-time codes from an authenticator app.

Source: RFC 6238 (30 s steps, SHA-1, 6 digits: what every authenticator app reads).
"""

import base64
import hmac
import secrets
from datetime import datetime, timedelta

import pyotp

SECRET_BYTES = 20  # RFC 4226 4 R6: 160 bits
STEP_SECONDS = 30
ISSUER = "Enamel"
_MOST_AHEAD_STEPS = 4
_DRIFT_STEPS = (0, -1, 1)


def new_secret() -> bytes:
    """Draw a secret for one account."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """Give the secret in base32, as an authenticator app takes it."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def secret_from_text(text: str) -> bytes:
    """Read back what `secret_text` gave."""
    packed = text.replace(" ", "").upper()
    return base64.b32decode(packed + "=" * (-len(packed) % 8))


def enrolment_uri(secret: bytes, user_name: str, clinic_name: str) -> str:
    """Give the otpauth link that the QR picture holds."""
    return pyotp.TOTP(secret_text(secret)).provisioning_uri(
        name=user_name, issuer_name=f"{ISSUER} {clinic_name}".strip()
    )


def accepted_step(secret: bytes, code: str, now: datetime, last_step: int) -> int | None:
    """Find the time step that the code belongs to, or None.

    A step at or before `last_step` never matches: each code works once.
    One step of clock drift either way is allowed.
    """
    digits = code.replace(" ", "")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret_text(secret))
    for step in (current + drift for drift in _DRIFT_STEPS):
        if step > last_step and hmac.compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def ahead(last_step: int, now: datetime) -> timedelta | None:
    """Say by how much a spent step lies ahead of the clock, or None when it does not.

    A step or two is drift; more shows that the clock was set back, and then the step says nothing.
    """
    steps = last_step - int(now.timestamp()) // STEP_SECONDS
    return timedelta(seconds=steps * STEP_SECONDS) if steps > _MOST_AHEAD_STEPS else None


def current_code(secret: bytes, now: datetime) -> str:
    """Give the code that an authenticator app shows now."""
    return pyotp.TOTP(secret_text(secret)).at(now)
