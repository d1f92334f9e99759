"""What every function of this room needs, passed as one value."""

import hashlib
import hmac
from dataclasses import dataclass, field

from appliance.accounts.challenges import Challenges
from appliance.accounts.knocks import Knocks
from appliance.accounts.password_rules import PasswordPolicy
from appliance.accounts.refusals import Refusals
from appliance.accounts.turned_away import TurnedAway
from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.keys.passphrases import ACCOUNT_COST, RANDOM_CODE_COST, PassphraseCost
from appliance.keys.secret import SecretKey
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class Accounts:
    """The catalogue, the audit trail, the accounts key, the time, and what the settings say.

    `clinic_name` is for password rules, `lock_after_seconds` is how long a screen stays open unattended;
    `emergency_minutes` is for how long the glass is broken;
    `passwords` is what the clinic asks of them, `password_cost` what a guess at one costs, `code_cost` one at a code
    that the box drew;
    `knocks` counts sign-ins that were not heard by their
    address, `turned_away` requests that were too many by their caller, `refusals` what was not allowed;
    `challenges` are those of passkeys.
    """

    database: Database
    audit: AuditLog
    accounts_key: SecretKey
    clock: Clock
    clinic_name: str
    lock_after_seconds: int = 300
    emergency_minutes: int = 60
    passwords: PasswordPolicy = field(default_factory=PasswordPolicy)
    password_cost: PassphraseCost = ACCOUNT_COST
    code_cost: PassphraseCost = RANDOM_CODE_COST
    knocks: Knocks[str] = field(default_factory=lambda: Knocks(""))
    turned_away: TurnedAway = field(default_factory=TurnedAway)
    refusals: Refusals = field(default_factory=Refusals)
    challenges: Challenges = field(default_factory=Challenges)


def folded_user_name(user_name: str) -> str:
    """Give the one spelling of a user name that is stored and compared."""
    return user_name.strip().casefold()


def attempt_hash(accounts: Accounts, kind: bytes, tried: str) -> bytes:
    """Give what a failed attempt keeps of what it tried: somebody may have typed a password as their user name."""
    text = tried[:256].encode("utf-8", "surrogatepass")
    return hmac.new(accounts.accounts_key.reveal(), b"enamel failed " + kind + b"\x00" + text, hashlib.sha256).digest()
