"""Cards of unknown senders, and the list of those that may send."""

from typing import TypedDict

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from appliance.accounts.errors import NotPublished
from appliance.accounts.peers import approval, queries
from appliance.accounts.peers.queries import Peer, Sender
from appliance.accounts.roles import Permission
from appliance.config import ReceiverSettings
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.attention import waiting
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering, moved_on
from appliance.web.staff.words import day, day_and_time

SHOWN_CARDS = 24
_TOLD = {
    "approved": later("It may send from now on. Start the transfer again at the scanner's console."),
    "dismissed": later("The card is put away. The sender stays refused."),
    "removed": later("It may no longer send. What it sent before stays."),
}


class Card(TypedDict):
    """What a card shows of a sender."""

    sender_key: int
    calling_ae_title: str
    called_ae_title: str
    address: str
    software: str
    certificate: str
    reason: str
    attempts: str


@get("/senders", opt=needs(Permission.APPROVE_SENDERS))
@in_thread
def sender_cards(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show who waits and who may send."""
    with context.accounts.database.read() as tx:
        senders = queries.waiting_senders(tx)
        cards, more = [_card(sender) for sender in senders[:SHOWN_CARDS]], len(senders[SHOWN_CARDS:])
        peers = [_peer(peer) for peer in queries.peers(tx)]
    unpublished = not context.publication.is_current(context.accounts)
    words = _(_TOLD[told]) if told in _TOLD else ""
    bar = waiting(context.accounts, actor)
    door = _door(context.receiver, request.url.hostname or "")
    return pages.show_in_office(
        "senders.html", request, bar,
        senders=cards, peers=peers, told=words, unpublished=unpublished, more=more, door=door,
    )  # fmt: skip


def _door(receiver: ReceiverSettings, host: str) -> list[tuple[str, str]]:
    """Give what somebody types into a console; the box is reached where this browser reached it."""
    ports = [(_("Port"), receiver.port), (_("Port with TLS"), receiver.tls_port)]
    named = [(name, str(port)) for name, port in ports if port]
    return [(_("Address (host name or IP)"), host), *named, (_("AE title of this box"), receiver.ae_title)]


@post("/senders/{sender_key:int}/approve", opt=needs(Permission.APPROVE_SENDERS), status_code=303)
@in_thread
def approve(context: Context, actor: Caller, sender_key: FromPath[int]) -> Redirect:
    """Let a sender in."""
    try:
        approval.approve_sender(context.accounts, context.publication, sender_key, actor.audited)
    except NotPublished:
        return moved_on("/senders?told=unpublished")
    return moved_on("/senders?told=approved")


@post("/senders/{sender_key:int}/dismiss", opt=needs(Permission.APPROVE_SENDERS), status_code=303)
@in_thread
def dismiss(context: Context, actor: Caller, sender_key: FromPath[int]) -> Redirect:
    """Put a card away."""
    approval.dismiss_sender(context.accounts, sender_key, actor.audited)
    return moved_on("/senders?told=dismissed")


@post("/peers/{peer_key:int}/remove", opt=needs(Permission.APPROVE_SENDERS), status_code=303)
@in_thread
def remove(context: Context, actor: Caller, peer_key: FromPath[int]) -> Redirect:
    """Stop a device from sending."""
    try:
        approval.remove_peer(context.accounts, context.publication, peer_key, actor.audited)
    except NotPublished:
        return moved_on("/senders?told=unpublished")
    return moved_on("/senders?told=removed")


def _card(sender: Sender) -> Card:
    last = day_and_time(sender.last_seen_at)
    attempts = _("%(count)d · last %(when)s") % {"count": sender.attempts, "when": last}
    version = sender.implementation_version_name or sender.implementation_class_uid or _("not told")
    fingerprint = sender.certificate_sha256.hex(" ", 2)[:29] + " …" if sender.certificate_sha256 else ""
    return Card(
        sender_key=sender.sender_key,
        calling_ae_title=sender.calling_ae_title,
        called_ae_title=sender.called_ae_title,
        address=sender.address,
        software=version,
        certificate=fingerprint,
        reason=_reason(sender.reason),
        attempts=attempts,
    )


def _reason(code: str) -> str:
    """Say why a sender was refused."""
    return {
        "called-ae-title": _("It calls this box by a name that is not the box's."),
        "calling-ae-title": _("A device of this name has not sent here before."),
        "address": _("A device of this name is known, but it comes from another address."),
        "certificate": _("A device of this name is known, but it showed another certificate."),
    }.get(code, _("It is not on the list of devices that may send."))


def _peer(peer: Peer) -> dict[str, object]:
    return {
        "peer_key": peer.peer_key,
        "name": peer.name,
        "calling_ae_title": peer.calling_ae_title,
        "address": peer.address or _("any, with its certificate"),
        "called": ", ".join(peer.called_ae_titles),
        "since": day(peer.approved_at.astimezone().date()),
    }


HANDLERS = (sender_cards, approve, dismiss, remove)
