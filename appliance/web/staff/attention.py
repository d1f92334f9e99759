"""Counts what asks for a person's attention, for those who may act on it; tells the others of a refused scanner."""

from datetime import timedelta

from appliance.accounts.context import Accounts
from appliance.accounts.peers.queries import count_waiting_senders, latest_waiting_sender
from appliance.accounts.roles import Permission
from appliance.archive.reading.queries import count_damaged, count_quarantined
from appliance.web.http.actor import Actor
from appliance.web.languages import gettext as _
from appliance.web.staff.pages import Waiting
from appliance.web.staff.words import day_and_time

TOLD_FOR = timedelta(days=1)


def waiting(accounts: Accounts, actor: Actor) -> Waiting:
    """Count for the bar what this person may see."""
    with accounts.database.read() as tx:
        senders = count_waiting_senders(tx) if Permission.APPROVE_SENDERS in actor.permissions else 0
        sees_files = Permission.READ_QUARANTINE in actor.permissions
        files, damaged = (count_quarantined(tx), count_damaged(tx)) if sees_files else (0, 0)
    return Waiting(senders, files, damaged)


def refused_scanner(accounts: Accounts, actor: Actor) -> str:
    """Say which scanner was refused last, to somebody who waits for its scan and may not let it in; '' for no one."""
    if Permission.APPROVE_SENDERS in actor.permissions:
        return ""
    with accounts.database.read() as tx:
        sender = latest_waiting_sender(tx)
    if sender is None or accounts.clock.now() - sender.last_seen_at > TOLD_FOR:
        return ""
    told = {"scanner": sender.calling_ae_title, "when": day_and_time(sender.last_seen_at)}
    return _("%(scanner)s tried to send and was refused: %(when)s") % told
