"""Browsers that the box knows: where a person came in whole, by a cookie of their own.

A browser is known to each person apart who came in from it, so a colleague's
cookie says nothing of anybody else. The token is drawn here and never taken
from a browser that was not given it; only its SHA-256 is kept.
"""

import hashlib
import secrets

from appliance.accounts import queries_devices
from appliance.accounts.context import Accounts

TOKEN_BYTES = 32


def hash_device(token: str) -> bytes:
    """Give what the catalogue keeps of a browser's token; empty for no token."""
    return hashlib.sha256(b"enamel device " + token.encode("utf-8", "surrogatepass")).digest() if token else b""


def device_token(accounts: Accounts, cookie: str) -> str:
    """Give the token that a browser is to hold from now on: its own, where it was given one here, or a new one."""
    if cookie:
        with accounts.database.read() as tx:
            if queries_devices.is_device(tx, hash_device(cookie)):
                return cookie
    return secrets.token_urlsafe(TOKEN_BYTES)
