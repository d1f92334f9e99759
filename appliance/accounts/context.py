"""What every function of this room needs, passed as one value."""

import hashlib
import hmac
from dataclasses import dataclass, field

from appliance.accounts.knocks import Knocks
from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.keys.secret import SecretKey
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class Accounts:
    """The catalogue, the audit trail, the accounts key, the time, and what the settings say.

    `clinic_name` is for password rules, `lock_after_seconds` is how long a screen stays open unattended;
    `knocks` counts refusals.
    """

    database: Database
    audit: AuditLog
    accounts_key: SecretKey
    clock: Clock
    clinic_name: str
    lock_after_seconds: int = 300
    knocks: Knocks = field(default_factory=Knocks)


def folded_user_name(user_name: str) -> str:
    """Give the one spelling of a user name that is stored and compared."""
    return user_name.strip().casefold()


def attempt_hash(accounts: Accounts, kind: bytes, tried: str) -> bytes:
    """Give what a failed attempt keeps of what it tried: somebody may have typed a password as their user name."""
    text = tried[:256].encode("utf-8", "surrogatepass")
    return hmac.new(accounts.accounts_key.reveal(), b"enamel failed " + kind + b"\x00" + text, hashlib.sha256).digest()
