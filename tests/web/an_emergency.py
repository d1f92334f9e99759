"""People who break the glass, envelopes that are opened, and what both leave to be reviewed, for tests."""

from dataclasses import replace

from appliance.accounts import emergencies, emergency_codes, second_factor, service
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.emergencies import Borrower, Reason, Why
from appliance.accounts.roles import Role
from appliance.accounts.second_factor import Confirmed
from appliance.accounts.sessions import Session, Stage, find_session, hash_token, start_session
from appliance.accounts.trail import nobody, person
from tests.web.a_clinic import PASSWORD, AClinic, hashed
from tests.web.a_proof import SECRET, code_now

ADDRESS = "192.0.2.10"
SAID = "Fell off a bicycle, the hospital asks"
WHY = Why(Reason.TREATMENT, SAID)


def with_app(clinic: AClinic, role: Role = Role.RECEPTION, name: str = "", **more: object) -> Account:
    """Add somebody with an authenticator app."""
    return clinic.person(role, user_name=name or f"{role.value}.app", totp_secret=SECRET, **more)  # type: ignore[arg-type]  # names of its own fields


def confirmed(clinic: AClinic, account: Account) -> Confirmed:
    """Have somebody type a fresh code."""
    return second_factor.confirm(clinic.accounts, account, code_now(clinic), ADDRESS)


def token_of(clinic: AClinic, account: Account) -> str:
    """Sign somebody in."""
    with clinic.database.write() as tx:
        return start_session(tx, account.account_key, Stage.FULL, ADDRESS, clinic.clock.now())


def session_of(clinic: AClinic, token: str) -> Session:
    """Give the session of a token, which has to be there."""
    found = find_session(clinic.accounts, token)
    assert found is not None
    return found


def broken(clinic: AClinic, account: Account) -> tuple[str, int]:
    """Let somebody break the glass in a session of their own; give its token and the emergency's key."""
    token = token_of(clinic, account)
    by = confirmed(clinic, account)
    return token, emergencies.begin(clinic.accounts, session_of(clinic, token), by, WHY)


def lent(clinic: AClinic, account: Account, minutes: int = 60) -> str:
    """Lend the image right to a session of this person, whoever confirmed it; give its token."""
    token, accounts = token_of(clinic, account), replace(clinic.accounts, emergency_minutes=minutes)
    with clinic.database.write() as tx:
        emergencies.begin_for(tx, accounts, Borrower(account, hash_token(token), person(account, ADDRESS)), WHY)
    return token


def an_envelope(clinic: AClinic, name: str) -> Account:
    """Make the account of an opened envelope, its code hashed cheaply."""
    new = NewAccount(f"envelope {name}", "Nora Nocturna", Role.EMERGENCY, "", must_change_password=False)
    with clinic.database.write() as tx:
        return service.insert_built_in(tx, clinic.accounts, new, hashed(PASSWORD), nobody(ADDRESS))


def drawn(clinic: AClinic, administrator: Account) -> str:
    """Have a sealed code drawn."""
    return emergency_codes.draw(clinic.accounts, confirmed(clinic, administrator))
