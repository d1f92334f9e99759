"""Counts what asks for a person's attention, for those who may act on it; tells the others of a refused scanner."""

from datetime import timedelta

from appliance.accounts.context import Accounts
from appliance.accounts.emergency_codes import envelope
from appliance.accounts.peers.queries import count_waiting_senders, latest_waiting_sender
from appliance.accounts.queries_emergencies import count_unreviewed
from appliance.accounts.roles import Permission
from appliance.archive.reading.queries import count_damaged, count_quarantined
from appliance.store.transactions import ReadTransaction
from appliance.web.http.actor import Actor
from appliance.web.languages import gettext as _
from appliance.web.staff.keeping_front import front_line
from appliance.web.staff.pages import Waiting
from appliance.web.staff.restored_words import Told as RestoredTold
from appliance.web.staff.restored_words import brought_back
from appliance.web.staff.words import State, day_and_time

TOLD_FOR = timedelta(days=1)


def waiting(accounts: Accounts, actor: Actor) -> Waiting:
    """Count for the bar what this person may see."""
    with accounts.database.read() as tx:
        senders = count_waiting_senders(tx) if Permission.APPROVE_SENDERS in actor.permissions else 0
        sees_files = Permission.READ_QUARANTINE in actor.permissions
        files, damaged = (count_quarantined(tx), count_damaged(tx)) if sees_files else (0, 0)
        emergencies = count_emergencies(tx, actor)
    return Waiting(senders, files, damaged, emergencies)


def count_emergencies(tx: ReadTransaction, actor: Actor) -> int:
    """Count what waits to be reviewed, and an envelope that was opened or is void and has no successor."""
    if Permission.REVIEW_EMERGENCIES not in actor.permissions:
        return 0
    left = envelope(tx)
    draws = Permission.MANAGE_ACCOUNTS in actor.permissions and left.is_wanted and not left.is_sealed
    return count_unreviewed(tx) + int(draws)


def keeping_line(accounts: Accounts, actor: Actor) -> State | None:
    """Say in one line whether what is kept is safe, to somebody who may know; None for the others."""
    if Permission.READ_KEEPING not in actor.permissions:
        return None
    with accounts.database.read() as tx:
        return front_line(tx, accounts.clock.now())


def restored_line(accounts: Accounts) -> RestoredTold | None:
    """Say to everybody that the box came back from a copy, for as long as that matters to whoever looks for a scan."""
    with accounts.database.read() as tx:
        return brought_back(tx, accounts.clock.now())


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
