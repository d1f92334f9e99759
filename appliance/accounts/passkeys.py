"""Passkeys: enrolling one, coming in by one, as the second factor or as the only one, and deciding by one.

Whoever has no authenticator app has passkeys alone as the second factor: then each verifies its owner when it is made,
or one would come in and decide nothing, and the last that works cannot be removed where a second factor is compulsory.

As the only factor, at a locked screen and for a decision, the device must have verified its owner
(a PIN, a finger, a face); as the second factor right after a password, a touch is enough. A passkey works
under the name of the box where it was made and nowhere else, so a page of
another name can collect nothing that opens this one. Whose it is, the device says
too, by a handle that names nobody: it has to be its person's, and has to be told
by whoever comes in by a passkey alone.

Guards: every refusal is `SignInRefused` and says nothing of whether a passkey
or an account exists; each answer works once (`challenges`); a count that does
not go on tells a copied key, which is refused. Wrong answers alone are slowed:
a right one cannot be guessed, so no stranger's keep it waiting.

Source: W3C Web Authentication Level 3, 7.1 and 7.2.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from appliance.accounts import queries, queries_codes, queries_passkeys, recovery_codes, second_factor, throttle
from appliance.accounts.account import Account
from appliance.accounts.challenges import Purpose
from appliance.accounts.context import Accounts
from appliance.accounts.errors import SignInRefused
from appliance.accounts.passkey_answers import Answer, Site, credential_id, told_challenge, told_handle
from appliance.accounts.queries_passkeys import Passkey
from appliance.accounts.second_factor import Confirmed
from appliance.accounts.sessions import Session, let_in, promote
from appliance.accounts.trail import person, record_failure, record_own_event
from appliance.audit.events import EventCode
from appliance.errors import NotFound, Unsuitable
from appliance.keys.secret import SecretKey
from appliance.store.transactions import WriteTransaction

MOST_OF_ONE_PERSON = 20
LONGEST_NAME = 60
CLINIC = "Enamel"
_TIMEOUT_MS = 300_000
_OWNER_VERIFIED = frozenset({Purpose.SIGN_IN, Purpose.UNLOCK, Purpose.DECISION})


def passkeys_of(accounts: Accounts, account: Account) -> list[Passkey]:
    """Give a person's passkeys."""
    with accounts.database.read() as tx:
        return queries_passkeys.passkeys_of(tx, account.account_key)


def options_to_add(accounts: Accounts, session: Session, site: Site) -> str:
    """Give, in JSON, what a browser needs to make a passkey for this person."""
    account = session.account
    asked = UserVerificationRequirement
    return options_to_json(
        generate_registration_options(
            rp_id=site.host,
            rp_name=CLINIC,
            user_id=_user_handle(accounts.accounts_key, account.account_key),
            user_name=account.user_name,
            user_display_name=account.display_name,
            challenge=_draw(accounts, Purpose.ADD, session.session_hash),
            timeout=_TIMEOUT_MS,
            exclude_credentials=_descriptors(passkeys_of(accounts, account)),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=asked.PREFERRED if account.authenticator_app else asked.REQUIRED,
            ),
        )
    )


def options_to_show(accounts: Accounts, purpose: Purpose, site: Site, bound_to: bytes, account: Account | None) -> str:
    """Give, in JSON, what a browser needs to show a passkey: one of this person's, or any it has for the box."""
    mine = [] if account is None else passkeys_of(accounts, account)
    strict = purpose in _OWNER_VERIFIED
    verified = UserVerificationRequirement.REQUIRED if strict else UserVerificationRequirement.PREFERRED
    return options_to_json(
        generate_authentication_options(
            rp_id=site.host,
            challenge=_draw(accounts, purpose, bound_to),
            timeout=_TIMEOUT_MS,
            allow_credentials=_descriptors([each for each in mine if each.host == site.host]),
            user_verification=verified,
        )
    )


def add_passkey(accounts: Accounts, by: Confirmed, name: str, answer: Answer) -> int:
    """Keep a new passkey of somebody who has just shown their second factor; give its key.

    Raises:
        Unsuitable: The answer is not one to our challenge, or there are too many passkeys.
    """
    made = _made(accounts, by.account, answer)
    with accounts.database.write() as tx:
        return _keep(tx, accounts, by.account, made, name, answer)


def enrol(accounts: Accounts, session: Session, name: str, answer: Answer, device: str = "") -> tuple[str, list[str]]:
    """Make a passkey the second factor of somebody who has none.

    Returns:
        The token of a full session, and the recovery codes to print, which are shown once.

    Raises:
        NotPermitted: A second factor is set up already.
        Unsuitable: The answer is not one to our challenge, or the device did not verify its owner.
    """
    made, drawn = _made(accounts, session.account, answer), recovery_codes.draw(accounts.code_cost)
    with accounts.database.write() as tx:
        account = second_factor.unconfirmed(tx, session).account
        queries.set_sealed_secret(tx, account.account_key, None)
        _keep(tx, accounts, account, made, name, answer)
        return second_factor.enrolled(tx, accounts, session, drawn, answer.address, device), list(drawn.codes)


def _made(accounts: Accounts, account: Account, answer: Answer) -> VerifiedRegistration:
    """Verify that a device made a passkey as it was asked to."""
    challenge = _taken(accounts, Purpose.ADD, answer)
    try:
        return verify_registration_response(
            credential=answer.text,
            expected_challenge=challenge,
            expected_rp_id=answer.site.host,
            expected_origin=answer.site.origin,
            require_user_verification=not account.authenticator_app,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise Unsuitable("the new passkey does not answer our challenge") from None


def _keep(
    tx: WriteTransaction, accounts: Accounts, account: Account, made: VerifiedRegistration, name: str, answer: Answer
) -> int:
    if len(queries_passkeys.passkeys_of(tx, account.account_key)) >= MOST_OF_ONE_PERSON:
        raise Unsuitable("one person has at most 20 passkeys")
    if queries_passkeys.find_passkey(tx, made.credential_id) is not None:
        raise Unsuitable("this passkey is known already")
    key = queries_passkeys.insert_passkey(
        tx,
        accounts.clock.now(),
        account_key=account.account_key,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        host=answer.site.host,
        name=name.strip()[:LONGEST_NAME] or answer.site.host,
    )
    record_own_event(tx, accounts, EventCode.PASSKEY_ADDED, account, answer.address)
    return key


def remove_passkey(accounts: Accounts, by: Confirmed, passkey_key: int, site: Site | None, address: str) -> None:
    """Let a passkey open nothing any more; the printed codes go with a second factor that nobody asks for.

    Raises:
        NotFound: This person has no such passkey.
        Unsuitable: It is the only second factor, and one is asked for (`keeps`).
    """
    with accounts.database.write() as tx:
        found = queries.credentials_by_key(tx, by.account.account_key)
        mine = queries_passkeys.passkeys_of(tx, by.account.account_key)
        if found is None or passkey_key not in {each.passkey_key for each in mine}:
            raise NotFound("this person has no such passkey")
        if passkey_key in keeps(accounts, found.account, mine, site):
            raise Unsuitable("the only second factor that works stays while one is asked for")
        queries_passkeys.delete_passkey(tx, passkey_key, by.account.account_key)
        if len(mine) == 1 and not found.account.authenticator_app:
            queries_codes.drop_codes(tx, by.account.account_key)
        record_own_event(tx, accounts, EventCode.PASSKEY_REMOVED, by.account, address)


def keeps(accounts: Accounts, account: Account, mine: Sequence[Passkey], site: Site | None) -> set[int]:
    """Give the passkeys that somebody cannot remove, as no other that works would be left: one at most, or one a name.

    One works under the name of the box at which it was made. `site` is where it is asked; at a bare address, where none
    works, each counts under its own name. Where no second factor is compulsory the last of all may go, as nobody asks
    for one then, and the last that works may not while others are there.
    """
    if not account.proves_by_passkey_alone:
        return set()
    if len(mine) == 1:
        return {mine[0].passkey_key} if second_factor.is_compulsory(accounts, account) else set()
    hosts = Counter(each.host for each in mine)
    return {each.passkey_key for each in mine if hosts[each.host] == 1 and (site is None or each.host == site.host)}


def sign_in(accounts: Accounts, answer: Answer, device: str = "") -> str:
    """Let somebody in by a passkey alone; give the token of a full session.

    Raises:
        SignInRefused: Whatever it is that is wrong.
        TooManyAttempts: Wrong, and too soon after failures.
    """
    shown = _shown(accounts, Purpose.SIGN_IN, answer, None)
    with accounts.database.write() as tx:
        if _use(tx, accounts, shown):
            return let_in(tx, accounts, shown.account, answer.address, device)
    return _refuse(accounts, shown.account, answer.address)


def finish_sign_in(accounts: Accounts, session: Session, answer: Answer, device: str = "") -> str:
    """Let somebody in whose password was right; give the token of a full session.

    Raises:
        SignInRefused: Whatever it is that is wrong.
        TooManyAttempts: Wrong, and too soon after failures.
    """
    shown = _shown(accounts, Purpose.SECOND_FACTOR, answer, session.account)
    with accounts.database.write() as tx:
        if _use(tx, accounts, shown):
            return promote(tx, accounts, session, answer.address, device)
    return _refuse(accounts, shown.account, answer.address)


def unlock_screen(accounts: Accounts, session: Session, answer: Answer) -> None:
    """Unlock a screen by a passkey of the person who locked it.

    Raises:
        SignInRefused: Whatever it is that is wrong.
        TooManyAttempts: Wrong, and too soon after failures.

    Source: NIST SP 800-63B-4 2.2.3 (reauthentication: a password or a verified owner, never a thing alone).
    """
    shown = _shown(accounts, Purpose.UNLOCK, answer, session.account)
    with accounts.database.write() as tx:
        if _use(tx, accounts, shown):
            queries.unlock_session(tx, session.session_hash, accounts.clock.now())
            record_own_event(tx, accounts, EventCode.SCREEN_UNLOCKED, shown.account, answer.address)
            return
    _refuse(accounts, shown.account, answer.address)


def confirm(accounts: Accounts, session: Session, answer: Answer) -> Confirmed:
    """Take a passkey of somebody who is in for one decision, in place of a code of their app.

    Raises:
        SignInRefused: Whatever it is that is wrong.
        TooManyAttempts: Wrong, and too soon after failures.
    """
    shown = _shown(accounts, Purpose.DECISION, answer, session.account)
    with accounts.database.write() as tx:
        if _use(tx, accounts, shown):
            return Confirmed(shown.account, person(shown.account, answer.address))
    return _refuse(accounts, shown.account, answer.address)


def hand_over(tx: WriteTransaction, old: SecretKey) -> None:
    """Keep the handles that devices hold already: by the accounts key of another root they would be others."""
    for passkey_key, account_key in queries_passkeys.without_handle(tx):
        queries_passkeys.keep_handle(tx, passkey_key, _user_handle(old, account_key))


@dataclass(frozen=True, slots=True)
class _Shown:
    """A passkey whose answer verified, and the count that it came with."""

    account: Account
    passkey: Passkey
    sign_count: int


def _shown(accounts: Accounts, purpose: Purpose, answer: Answer, wanted: Account | None) -> _Shown:
    """Verify an answer, of one person or of whomever the passkey belongs to."""
    known = _known(accounts, answer, wanted)
    if known is None:
        _refuse(accounts, wanted, answer.address)
    account, passkey = known
    try:
        verified = verify_authentication_response(
            credential=answer.text,
            expected_challenge=_taken(accounts, purpose, answer),
            expected_rp_id=answer.site.host,
            expected_origin=answer.site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=purpose in _OWNER_VERIFIED,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, Unsuitable):
        _refuse(accounts, account, answer.address)
    return _Shown(account, passkey, verified.new_sign_count)


def _known(accounts: Accounts, answer: Answer, wanted: Account | None) -> tuple[Account, Passkey] | None:
    """Give the passkey that says it answers, and its person; None where the two do not belong together.

    Source: W3C Web Authentication Level 3, 7.2, step 6 (identifying the user).
    """
    with accounts.database.read() as tx:
        passkey = queries_passkeys.find_passkey(tx, credential_id(answer.text))
        found = None if passkey is None else queries.credentials_by_key(tx, passkey.account_key)
    if passkey is None or found is None or passkey.host != answer.site.host:
        return None
    account = found.account
    if account.disabled_at is not None or (wanted or account).account_key != account.account_key:
        return None
    told = told_handle(answer.text)
    own = passkey.user_handle or _user_handle(accounts.accounts_key, account.account_key)
    is_right = wanted is not None if told is None else hmac.compare_digest(told, own)
    return (account, passkey) if is_right else None


def _use(tx: WriteTransaction, accounts: Accounts, shown: _Shown) -> bool:
    return queries_passkeys.use_passkey(tx, shown.passkey.passkey_key, shown.sign_count, accounts.clock.now())


def _refuse(accounts: Accounts, account: Account | None, address: str) -> NoReturn:
    throttle.begin_attempt(accounts, throttle.at_passkey(accounts, address))
    with accounts.database.write() as tx:
        record_failure(tx, accounts, EventCode.LOGIN_FAILED, account, address)
    raise SignInRefused("sign-in refused")


def _draw(accounts: Accounts, purpose: Purpose, bound_to: bytes) -> bytes:
    return accounts.challenges.draw(purpose, bound_to, accounts.clock.monotonic())


def _taken(accounts: Accounts, purpose: Purpose, answer: Answer) -> bytes:
    """Give the challenge that was answered, and take it back.

    Raises:
        Unsuitable: It is none of ours for this, is too old, or was answered before.
    """
    challenge = told_challenge(answer.text)
    if not accounts.challenges.take(challenge, purpose, answer.bound_to, accounts.clock.monotonic()):
        raise Unsuitable("the challenge is not ours, is too old, or was answered")
    return challenge


def _descriptors(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each.credential_id) for each in passkeys]


def _user_handle(accounts_key: SecretKey, account_key: int) -> bytes:
    """Give the same random-looking handle for an account as long as the box has this root; it names nobody."""
    message = b"enamel passkey user\x00" + str(account_key).encode()
    return hmac.new(accounts_key.reveal(), message, hashlib.sha256).digest()
