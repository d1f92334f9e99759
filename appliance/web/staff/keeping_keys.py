"""Keys: which there are, in which state each is, what still needs it, and when the next is due."""

from pathlib import Path

from litestar import get

from appliance.accounts.roles import Permission
from appliance.errors import Unavailable
from appliance.inbox.public_key import read_public_key
from appliance.intake.rotation import rotates_at
from appliance.store.key_states import MOST_COUNTED, KeyFacts, KeyState, Need, key_states
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering
from appliance.web.staff.words import State, day, day_and_time

_KINDS = {
    "root": (
        later("Root secret"),
        later("Everything else comes from it or is locked by it. The recovery kit is this."),
    ),
    "catalogue": (later("Catalogue key"), later("Encrypts names, dates and lists.")),
    "audit": (later("Record key"), later("Chains the record of who did what, so that a change shows.")),
    "backup": (later("Backup key"), later("Gives each backup its password.")),
    "key-wrapping": (later("Key-wrapping key"), later("Locks the keys that change by themselves.")),
    "pseudonym": (later("Pseudonyms key"), later("Makes the names under which laboratories know patients.")),
    "accounts": (later("Accounts key"), later("Locks the secrets behind sign-in codes.")),
    "signing": (later("Signing key"), later("Signs certificates of erasure.")),
    "wrapping": (later("Wrapping key"), later("Locks the key of each stored file.")),
    "inbox": (later("Inbox key pair"), later("Arriving scans are sealed to it; only this box opens them.")),
    "web authority": (later("Web authority"), later("Vouches for the box to the clinic's browsers.")),
    "device authority": (
        later("Device authority"),
        later("Vouches for scanners and workstations, and for the box to them."),
    ),
}
_STATES = {
    KeyState.PRE_ACTIVATION: ("", later("Not in use yet")),
    KeyState.ACTIVE: ("good", later("In use")),
    KeyState.DEACTIVATED: ("", later("Only opens what is old")),
    KeyState.COMPROMISED: ("bad", later("Somebody may know it")),
    KeyState.DESTROYED: ("", later("Destroyed")),
}
_NEEDS = {
    Need.EVERYTHING: later("all that it protects"),
    Need.FILES: later("stored files"),
    Need.ARRIVALS: later("arrivals that no backup holds yet"),
    Need.COPIES: later("copies made before: prune them, or declare them destroyed"),
    Need.RECORD: later("checking the record of that time"),
    Need.CERTIFICATES: later("checking certificates of that time; its fingerprint is under Erasures"),
    Need.TRUST: later("browsers and devices that trust it"),
    Need.NOTHING: later("nothing any more"),
}


@get("/keeping/keys", opt=needs(Permission.READ_KEEPING))
@in_thread
def keys_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Page:
    """Show every key that lies here, and those that were destroyed behind a fold."""
    published = _published_pair(context.inbox_key_file)
    with context.accounts.database.read() as tx:
        facts = key_states(tx, published)
    alive = [_row(fact) for fact in facts if fact.state is not KeyState.DESTROYED]
    gone = [_row(fact) for fact in facts if fact.state is KeyState.DESTROYED]
    return show_keeping("keeping_keys.html", request, context, pages, actor, alive=alive, gone=gone)


def _row(fact: KeyFacts) -> dict[str, object]:
    name, about = _KINDS[fact.kind]
    tone, words = _STATES[fact.state]
    return {
        "name": _(name),
        "about": _(about),
        "number": fact.number,
        "state": State(tone, _(words)),
        "standard": fact.state.value,
        "since": day_and_time(fact.since),
        "needed": _needed(fact),
        "next": _next(fact),
        "compromised": "" if fact.compromised_at is None else day_and_time(fact.compromised_at),
    }


def _needed(fact: KeyFacts) -> str:
    if fact.need is not Need.FILES or fact.count is None:
        return _(_NEEDS[fact.need])
    if fact.count >= MOST_COUNTED:
        return _("%(num)d stored files or more") % {"num": fact.count}
    return ngettext("%(num)d stored file", "%(num)d stored files", fact.count) % {"num": fact.count}


def _next(fact: KeyFacts) -> str:
    due = rotates_at(fact.kind, fact.made_at) if fact.state is KeyState.ACTIVE else None
    return "" if due is None else day(due.astimezone().date())


def _published_pair(file: Path | None) -> int | None:
    if file is None:
        return None
    try:
        return read_public_key(file).number
    except Unavailable:  # the page still tells the rest; intake writes the file again within a minute
        return None


HANDLERS = (keys_page,)
