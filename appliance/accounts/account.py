"""An account as the rest of the box sees it: no hash, no secret."""

from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.roles import Permission, Role, permissions_of


@dataclass(frozen=True, slots=True)
class Account:
    """One person who may come in.

    `second_factor` is set up with a passkey, an authenticator app or both. `last_in_at` is None before a first whole
    sign-in, or while none was kept since an update; `language` is the code of the one that the person chose, empty
    before. `password_set_at` is None while none was kept since an update; `password_expired` is said of whoever has a
    session, where the clinic lets passwords expire. `lent` is what an emergency gives to its one session.
    """

    account_key: int
    user_name: str
    display_name: str
    role: Role
    image_right: bool
    must_change_password: bool
    second_factor: bool
    authenticator_app: bool
    language: str
    disabled_at: datetime | None
    created_at: datetime
    last_in_at: datetime | None
    password_set_at: datetime | None
    password_expired: bool = False
    lent: frozenset[Permission] = frozenset()

    @property
    def permissions(self) -> frozenset[Permission]:
        return permissions_of(self.role, image_right=self.image_right) | self.lent

    @property
    def proves_by_passkey_alone(self) -> bool:
        """Whether no app shows codes to this person: a passkey, or a printed code, is the second factor."""
        return self.second_factor and not self.authenticator_app

    @property
    def may_manage_accounts(self) -> bool:
        return Permission.MANAGE_ACCOUNTS in self.permissions


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator fills in.

    `totp_secret` is for a demo or a migration: the second factor then counts as confirmed.
    """

    user_name: str
    display_name: str
    role: Role
    password: str
    image_right: bool = False
    must_change_password: bool = True
    totp_secret: bytes | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sign-in compares with. Stays inside this room."""

    account: Account
    password_hash: str
    sealed_totp_secret: bytes | None
    last_totp_step: int
