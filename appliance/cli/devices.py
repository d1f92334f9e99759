"""`enamel peers`, `senders` and `send`: what may send to the box, and sending as a scanner does."""

import ssl
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path

from appliance.accounts.peers import queries
from appliance.accounts.peers.approval import add_peer, approve_sender, dismiss_sender, remove_peer
from appliance.accounts.peers.certificates import all_certificates, confirm_certificate, revoke_certificate
from appliance.accounts.peers.queries import Peer
from appliance.accounts.peers.queries_certificates import Certificate
from appliance.accounts.service import all_accounts
from appliance.assembly.certificates import issue_for_device
from appliance.audit.events import OPERATOR
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation
from appliance.cli.people import find_answerable
from appliance.dicom_scp.sender import Destination, Sent, echo, send
from appliance.errors import Refused, Unsuitable
from appliance.identifiers import AETitle
from appliance.inbox.admission import plain_address
from appliance.store.files import RealFiles, create_durably, storage_faults


def _peer_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("calling", metavar="AE_TITLE", help="how the device names itself")
    parser.add_argument("--name", help="what the clinic calls it (default: its AE title)")
    parser.add_argument("--called", action="append", default=[], metavar="AE_TITLE", help="what else it may call us")
    parser.add_argument("--address", help="where it is, an address or a network; without it, any")
    parser.add_argument("--certificate", metavar="SHA256", help="which certificate it must show, over TLS")


def _peers(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        rows = [_shown_peer(peer) for peer in queries.peers(tx)]
    return listed(rows, ("peer_key", "name", "ae_title", "called_ae_titles", "address"), "No device may send yet.")


def _add_peer(call: Invocation) -> Answer:
    given = call.given
    calling = AETitle.parse(given.calling).value
    called = tuple(AETitle.parse(title).value for title in given.called)
    peer = Peer(
        0, given.name or calling, calling, called, _address(given.address), _sha256(given.certificate), call.clock.now()
    )
    with call.rooms() as rooms:
        key = add_peer(rooms.accounts, rooms.publication, peer, OPERATOR)
    return Answer({"peer_key": key}, f"{calling} may send from now on.")


def _remove_peer(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        remove_peer(rooms.accounts, rooms.publication, call.given.peer_key, OPERATOR)
    return Answer({"removed": call.given.peer_key}, "It may not send any more; what it sent stays.")


def _certificate_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("device", metavar="NAME", help="which device it is for")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder for certificate and key")
    parser.add_argument(
        "--for", dest="answerable", metavar="USER",
        help="who answers for the device: when their account is closed, the certificate ends",
    )  # fmt: skip


def _certificate(call: Invocation) -> Answer:
    out: Path = call.given.out.absolute()
    if out.exists():
        raise Refused(f"{out} is there already: name a new folder")
    with call.rooms() as rooms:
        answerable = find_answerable(rooms.accounts, call.given.answerable)
        issued, authority, entered = issue_for_device(rooms, call.given.device, answerable)
    content = {"device.pem": issued.certificate, "device-key.pem": issued.private_key, "box-ca.pem": authority}
    with storage_faults():
        out.mkdir(mode=0o700, parents=True)
        for name, written in content.items():
            create_durably(RealFiles(), out / name, written, 0o600)
    digest = entered.certificate_sha256.hex()
    text = (
        f"device.pem and device-key.pem in {out} are for {call.given.device}, which has to trust box-ca.pem.\n"
        f"The key is nowhere else: carry it there and delete it here. To admit this certificate alone:\n"
        f"enamel peers add AE_TITLE --certificate {digest}\n"
        f"To take it back: enamel peers revoke {entered.certificate_key}"
    )
    facts = {"certificate_key": entered.certificate_key, "certificate_sha256": digest}
    return Answer({"out": str(out), "files": list(content), **facts}, text)


def _certificates(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        users = {one.account_key: one.user_name for one in all_accounts(rooms.accounts)}
        rows = [_shown_certificate(one, users) for one in all_certificates(rooms.accounts)]
    columns = ("certificate_key", "device", "issued_at", "ends_at", "answerable", "held_at", "revoked_at")
    return listed(rows, columns, "No device was given a certificate yet.")


def _shown_certificate(one: Certificate, users: Mapping[int, str]) -> dict[str, object]:
    return {
        "certificate_key": one.certificate_key,
        "device": one.device_name,
        "certificate_sha256": one.certificate_sha256.hex(),
        "issued_at": one.issued_at and one.issued_at.isoformat(),
        "ends_at": one.ends_at and one.ends_at.isoformat(),
        "answerable": None if one.answerable_key is None else users.get(one.answerable_key),
        "held_at": one.held_at and one.held_at.isoformat(),
        "revoked_at": one.revoked_at and one.revoked_at.isoformat(),
    }


def _confirm_certificate(call: Invocation) -> Answer:
    key = call.given.certificate_key
    with call.rooms() as rooms:
        confirm_certificate(rooms.accounts, rooms.publication, key, OPERATOR)
    return Answer({"certificate_key": key, "held": False}, "Whoever shows it may send again, if they are admitted.")


def _revoke_certificate(call: Invocation) -> Answer:
    key = call.given.certificate_key
    with call.rooms() as rooms:
        revoke_certificate(rooms.accounts, rooms.publication, key, OPERATOR)
    return Answer({"certificate_key": key, "revoked": True}, "Whoever shows it is refused; what came with it stays.")


def _senders(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        rows = [
            {
                "sender_key": sender.sender_key,
                "calling_ae_title": sender.calling_ae_title,
                "called_ae_title": sender.called_ae_title,
                "address": sender.address,
                "reason": sender.reason,
                "attempts": sender.attempts,
                "last_seen_at": sender.last_seen_at.isoformat(),
            }
            for sender in queries.waiting_senders(tx)
        ]
    return listed(rows, ("sender_key", "calling_ae_title", "called_ae_title", "address", "attempts"), "Nobody waits.")


def _approve(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        peer = approve_sender(rooms.accounts, rooms.publication, call.given.sender_key, OPERATOR)
    return Answer(_shown_peer(peer), f"{peer.calling_ae_title} may send from now on.")


def _dismiss(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        dismiss_sender(rooms.accounts, call.given.sender_key, OPERATOR)
    return Answer({"sender_key": call.given.sender_key, "dismissed": True}, "It stays refused.")


def _send_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, help="files, or folders of them; none asks for an echo")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=11112)
    parser.add_argument("--called", default="ENAMEL", metavar="AE")
    parser.add_argument("--calling", default="ENAMEL", metavar="AE")
    parser.add_argument("--tls", type=Path, metavar="CA", help="speak TLS and trust this authority")


def _send(call: Invocation) -> Answer:
    given = call.given
    tls = None if given.tls is None else ssl.create_default_context(cafile=str(given.tls))
    destination = Destination(given.host, given.port, given.called, given.calling, tls)
    if not given.files:
        status = echo(destination)
        return Answer({"echo": status}, f"The echo was answered with {status:04X}.", FOUND_WRONG if status else 0)
    results = list(send(destination, _files(given.files)))
    left = [sent for sent in results if not sent.stored]
    text = "\n".join([*(_told(sent) for sent in left), f"{len(results) - len(left)} of {len(results)} were stored."])
    data = [{"file": str(sent.file), "status": sent.status, "reason": sent.reason} for sent in results]
    return Answer(data, text, FOUND_WRONG if left else 0)


def _files(given: list[Path]) -> list[Path]:
    return [file for path in given for file in (sorted(path.rglob("*")) if path.is_dir() else [path]) if file.is_file()]


def _told(sent: Sent) -> str:
    return f"{sent.file}: {sent.reason or f'answered with {sent.status:04X}'}"


def _shown_peer(peer: Peer) -> dict[str, object]:
    return {
        "peer_key": peer.peer_key,
        "name": peer.name,
        "ae_title": peer.calling_ae_title,
        "called_ae_titles": list(peer.called_ae_titles),
        "address": peer.address,
        "certificate_sha256": peer.certificate_sha256 and peer.certificate_sha256.hex(),
    }


def _address(text: str | None) -> str | None:
    return None if text is None else plain_address(text)


def _sha256(text: str | None) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text.replace(":", ""))
    except ValueError:
        raise Unsuitable("a certificate's SHA-256 is 64 hexadecimal digits") from None


COMMANDS = (
    Command("peers list", _peers),
    Command("peers add", _add_peer, _peer_arguments),
    Command("peers remove", _remove_peer,
            lambda parser: parser.add_argument("peer_key", type=int)),
    Command("peers certificate", _certificate, _certificate_arguments),
    Command("peers certificates", _certificates),
    Command("peers revoke", _revoke_certificate,
            lambda parser: parser.add_argument("certificate_key", type=int, metavar="NUMBER")),
    Command("peers confirm", _confirm_certificate,
            lambda parser: parser.add_argument("certificate_key", type=int, metavar="NUMBER")),
    Command("senders list", _senders),
    Command("senders approve", _approve,
            lambda parser: parser.add_argument("sender_key", type=int)),
    Command("senders dismiss", _dismiss,
            lambda parser: parser.add_argument("sender_key", type=int)),
    Command("send", _send, _send_arguments),
)  # fmt: skip
