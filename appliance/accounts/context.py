"""What every function of this room needs, passed as one value."""

import hashlib
import hmac
from dataclasses import dataclass

from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.keys.secret import SecretKey
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class Accounts:
    """The catalogue, the audit trail, the accounts key, the time, and the clinic's name for password rules."""

    database: Database
    audit: AuditLog
    accounts_key: SecretKey
    clock: Clock
    clinic_name: str


def folded_user_name(user_name: str) -> str:
    """Give the one spelling of a user name that is stored and compared."""
    return user_name.strip().casefold()


def user_name_hash(accounts: Accounts, user_name: str) -> bytes:
    """Give what a failed attempt keeps of a user name: somebody may have typed a password there."""
    text = folded_user_name(user_name)[:256].encode("utf-8")
    return hmac.new(accounts.accounts_key.reveal(), b"enamel login failure\x00" + text, hashlib.sha256).digest()
