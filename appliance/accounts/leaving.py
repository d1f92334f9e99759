"""What ends with a person's right to manage accounts, or with being a laboratory: what opens more than their account.

Whoever managed accounts has seen the sealed emergency code that they drew and the codes of the invitations that they
made for others, and gave out tokens of machines. Each ends in the transaction that ends the right.
Leaves out: what was printed for the box itself (its passphrase, recovery kits), which the box cannot take back.
"""

from collections.abc import Iterable

from appliance.accounts import queries_invitations, queries_tokens
from appliance.accounts.context import Accounts
from appliance.accounts.emergency_endings import settle_code
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


def _record_revoked(tx: WriteTransaction, accounts: Accounts, token_keys: Iterable[int], by: Actor) -> None:
    for token_key in token_keys:
        event = Event(EventCode.TOKEN_REVOKED, by, subject=Subject(SubjectKind.TOKEN, token_key))
        accounts.audit.record(tx, event)
