"""Cards of unknown senders, the list of those that may send, and the certificates that devices were given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from appliance.accounts.context import Accounts
from appliance.accounts.errors import CertificateRevoked, NotPublished, SignInRefused, TooManyAttempts
from appliance.accounts.peers import approval, queries
from appliance.accounts.peers.certificates import confirm_certificate, revoke_certificate
from appliance.accounts.peers.publishing import Publication
from appliance.accounts.peers.queries import Peer, Sender
from appliance.accounts.peers.queries_certificates import Certificate, certificates
from appliance.accounts.queries_names import names
from appliance.accounts.roles import Permission
from appliance.audit import events as audit
from appliance.config import ReceiverSettings
from appliance.inbox.admission import Refusal
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.attention import waiting
from appliance.web.staff.confirming import CodeForm, confirmed, said
from appliance.web.staff.context import StaffContext
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on
from appliance.web.staff.words import day, day_and_time

SHOWN_CARDS = 24
_TOLD = {
    "approved": later("It may send from now on. Start the transfer again at the scanner's console."),
    "dismissed": later("The card is put away. The sender stays refused."),
    "removed": later("It may no longer send. What it sent before stays."),
    "confirmed": later("The certificate is good: whoever shows it may send again, if the device is approved."),
    "revoked": later("The certificate is revoked: whoever shows it is refused."),
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
    refused: str


@get("/senders", opt=needs(Permission.APPROVE_SENDERS))
@in_thread
def sender_cards(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show who waits, who may send, and what certificates there are."""
    return _senders(request, context, pages, actor, told=_(_TOLD[told]) if told in _TOLD else "")


def _senders(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, *, told: str = "", trouble: str = ""
) -> Page:
    with context.accounts.database.read() as tx:
        senders, issued = queries.waiting_senders(tx), certificates(tx)
        people, peers = names(tx).accounts, queries.peers(tx)
    refused: dict[bytes | None, str] = {
        each.certificate_sha256: _refused(each) for each in issued if each.revoked_at or each.held_at
    }
    return pages.show_in_office(
        "senders.html", request, waiting(context.accounts, actor),
        senders=[_card(sender, refused) for sender in senders[:SHOWN_CARDS]], more=len(senders[SHOWN_CARDS:]),
        peers=[_peer(peer, refused) for peer in peers], told=told, trouble=trouble,
        certificates=[_certificate(each, people, context.accounts.clock.now()) for each in issued],
        held=sum(each.held_at is not None and each.revoked_at is None for each in issued),
        unpublished=not context.publication.is_current(context.accounts),
        door=_door(context.receiver, request.url.hostname or ""),
    )  # fmt: skip


def _door(receiver: ReceiverSettings, host: str) -> list[tuple[str, str]]:
    """Give what somebody types into a console; the box is reached where this browser reached it."""
    ports = [(_("Port"), receiver.port), (_("Port with TLS"), receiver.tls_port)]
    named = [(name, str(port)) for name, port in ports if port]
    return [(_("Address (host name or IP)"), host), *named, (_("AE title of this box"), receiver.ae_title)]


@post("/senders/{sender_key:int}/approve", opt=needs(Permission.APPROVE_SENDERS), status_code=303)
@in_thread
def approve(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, sender_key: FromPath[int]
) -> Answer:
    """Let a sender in."""
    try:
        approval.approve_sender(context.accounts, context.publication, sender_key, actor.audited)
    except NotPublished:
        return moved_on("/senders?told=unpublished")
    except CertificateRevoked:
        page = _senders(request, context, pages, actor, trouble=_reason(Refusal.REVOKED))
        page.status_code = 409
        return page
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


@post("/certificates/{certificate_key:int}/revoke", opt=needs(Permission.APPROVE_SENDERS), status_code=303)
@in_thread
def revoke(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, certificate_key: FromPath[int],
    data: URLEncodedBody[CodeForm],
) -> Answer:  # fmt: skip
    """Take a device's certificate back."""
    return _decided(request, context, pages, actor, data.code, _Deed("revoked", revoke_certificate, certificate_key))


@post("/certificates/{certificate_key:int}/confirm", opt=needs(Permission.APPROVE_SENDERS), status_code=303)
@in_thread
def confirm(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, certificate_key: FromPath[int],
    data: URLEncodedBody[CodeForm],
) -> Answer:  # fmt: skip
    """Say that a certificate that is held since a restore is good."""
    return _decided(request, context, pages, actor, data.code, _Deed("confirmed", confirm_certificate, certificate_key))


@dataclass(frozen=True, slots=True)
class _Deed:
    """What is done to a certificate, and how the page tells it."""

    told: str
    do: Callable[[Accounts, Publication, int, audit.Actor], None]
    certificate_key: int


def _decided(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, proof: str, deed: _Deed
) -> Answer:
    try:
        by = confirmed(request, context, actor, proof).actor
        deed.do(context.accounts, context.publication, deed.certificate_key, by)
    except (SignInRefused, TooManyAttempts) as fault:
        trouble, status = said(fault, proof)
        page = _senders(request, context, pages, actor, trouble=trouble)
        page.status_code = status
        return page
    except NotPublished:
        return moved_on("/senders?told=unpublished")
    return moved_on(f"/senders?told={deed.told}")


def _card(sender: Sender, refused: Mapping[bytes | None, str]) -> Card:
    is_revoked = sender.reason == Refusal.REVOKED  # for good, also of one whose fingerprint no row has
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
        refused=_revoked_words() if is_revoked else refused.get(sender.certificate_sha256, ""),
    )


def _reason(code: str) -> str:
    """Say why a sender was refused."""
    return {
        "called-ae-title": _("It calls this box by a name that is not the box's."),
        "calling-ae-title": _("A device of this name has not sent here before."),
        "address": _("A device of this name is known, but it comes from another address."),
        "certificate": _("A device of this name is known, but it showed another certificate."),
        "certificate-revoked": _("It shows a certificate that was revoked. Give the device another one, or remove it."),
        "certificate-held": _("Its certificate is held since this box was restored. Confirm or revoke it below."),
    }.get(code, _("It is not on the list of devices that may send."))


def _refused(one: Certificate) -> str:
    """Say why whoever shows a certificate is refused."""
    return _revoked_words() if one.revoked_at else _("Refused: its certificate is held")


def _revoked_words() -> str:
    return _("Refused: its certificate is revoked")


def _peer(peer: Peer, refused: Mapping[bytes | None, str]) -> dict[str, object]:
    return {
        "peer_key": peer.peer_key,
        "name": peer.name,
        "calling_ae_title": peer.calling_ae_title,
        "address": peer.address or _("any, with its certificate"),
        "called": ", ".join(peer.called_ae_titles),
        "since": day(peer.approved_at.astimezone().date()),
        "refused": refused.get(peer.certificate_sha256, ""),
    }


def _certificate(one: Certificate, people: Mapping[int, str], now: datetime) -> dict[str, object]:
    return {
        "number": one.certificate_key,
        "device": one.device_name or _("not known"),
        "fingerprint": one.certificate_sha256.hex(" ", 2)[:9] + " …",
        "answerable": "" if one.answerable_key is None else people.get(one.answerable_key, ""),
        "issued": _day(one.issued_at),
        "ends": _day(one.ends_at),
        "revoked": _day(one.revoked_at),
        "held": one.held_at is not None,
        "over": one.ends_at is not None and one.ends_at <= now,
    }


def _day(at: datetime | None) -> str:
    return "" if at is None else day(at.astimezone().date())


HANDLERS = (sender_cards, approve, dismiss, remove, revoke, confirm)
