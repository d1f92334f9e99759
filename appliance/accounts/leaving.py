"""What ends with a person's account, their right to manage accounts, or being a laboratory: what opens more than it.

Whoever managed accounts has seen the sealed emergency code that they drew and the codes of the invitations that they
made for others, and gave out tokens of machines. Whoever answers for a device's certificate or a machine's token may
hold its secret. Each ends in the transaction that ends the right.
Leaves out: telling the receiver of certificates, which follows the transaction (`peers.publishing`); and what was
printed for the box itself (its passphrase, recovery kits), which the box cannot take back.
"""

from collections.abc import Iterable, Set

from appliance.accounts import queries_invitations, queries_tokens
from appliance.accounts.context import Accounts
from appliance.accounts.emergency_endings import settle_code
from appliance.accounts.peers import queries_certificates
from appliance.accounts.peers.certificates import record_revoked
from appliance.accounts.roles import Permission
from appliance.accounts.trail import record_account_event
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.store.transactions import WriteTransaction


def end_what_was_seen(tx: WriteTransaction, accounts: Accounts, account_key: int, by: Actor) -> None:
    """End every secret of others that a person has seen; to be done once the account says that they may no more."""
    now = accounts.clock.now()
    settle_code(tx, accounts.audit, now, by)
    for invited in queries_invitations.end_invitations_made_by(tx, account_key, now):
        record_account_event(tx, accounts, EventCode.INVITATION_ENDED, by, invited)
    _record_revoked(tx, accounts, queries_tokens.revoke_tokens_given_by(tx, account_key, now), by)


def end_machines(tx: WriteTransaction, accounts: Accounts, account_key: int, by: Actor) -> None:
    """End the tokens of a laboratory's machines."""
    _record_revoked(tx, accounts, queries_tokens.revoke_tokens_of_laboratory(tx, account_key, accounts.clock.now()), by)


def end_what_is_answered_for(
    tx: WriteTransaction,
    accounts: Accounts,
    account_key: int,
    by: Actor,
    lost: Set[Permission] = frozenset(Permission),
) -> None:
    """End the certificates and tokens that a person answers for, as far as the rights that they lost are about them.

    Certificates go with the right to say which devices may send, a token with any right that it gives.
    """
    now = accounts.clock.now()
    if Permission.APPROVE_SENDERS in lost:
        record_revoked(tx, accounts, queries_certificates.revoke_certificates_of(tx, account_key, now), by)
    going = [key for key, scopes in queries_tokens.good_tokens_answered_for(tx, account_key) if lost & set(scopes)]
    for token_key in going:
        queries_tokens.revoke_token(tx, token_key, now)
    _record_revoked(tx, accounts, going, by)


def _record_revoked(tx: WriteTransaction, accounts: Accounts, token_keys: Iterable[int], by: Actor) -> None:
    for token_key in token_keys:
        event = Event(EventCode.TOKEN_REVOKED, by, subject=Subject(SubjectKind.TOKEN, token_key))
        accounts.audit.record(tx, event)
