"""Counts what asks for a person's attention, for those who may act on it."""

from appliance.accounts.context import Accounts
from appliance.accounts.peers.queries import count_waiting_senders
from appliance.accounts.roles import Permission
from appliance.archive.reading.queries import count_damaged, count_quarantined
from appliance.web.http.actor import Actor
from appliance.web.staff.pages import Waiting


def waiting(accounts: Accounts, actor: Actor) -> Waiting:
    """Count for the bar what this person may see."""
    with accounts.database.read() as tx:
        senders = count_waiting_senders(tx) if Permission.APPROVE_SENDERS in actor.permissions else 0
        sees_files = Permission.READ_QUARANTINE in actor.permissions
        files, damaged = (count_quarantined(tx), count_damaged(tx)) if sees_files else (0, 0)
    return Waiting(senders, files, damaged)
