"""`enamel accounts`, `peers` and `tokens`: who may come in, decided from the box's own keyboard."""

from argparse import ArgumentParser

from appliance.accounts.account import NewAccount
from appliance.accounts.peers import queries as peer_queries
from appliance.accounts.peers.approval import add_peer, remove_peer
from appliance.accounts.peers.queries import Peer
from appliance.accounts.roles import Role
from appliance.accounts.service import all_accounts, create_account
from appliance.accounts.tokens import MAY_BE_SCOPED, issue_token
from appliance.audit.events import OPERATOR
from appliance.cli.answers import Answer, listed
from appliance.cli.line import Command, Invocation, ask_new_secret
from appliance.identifiers import AETitle


def _account_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("user", help="what the person signs in with")
    parser.add_argument("--name", required=True, help="what colleagues call the person")
    parser.add_argument("--role", required=True, choices=[role.value for role in Role])
    parser.add_argument("--images", action="store_true", help="this person may see images; no role implies it")


def _add_account(call: Invocation) -> Answer:
    given = call.given
    with call.rooms() as rooms:
        password = ask_new_secret("First password, to be changed at the first sign-in: ")
        new = NewAccount(given.user, given.name, Role(given.role), password, image_right=given.images)
        account = create_account(rooms.accounts, new, OPERATOR)
    facts = {"account_key": account.account_key, "user": account.user_name}
    return Answer(facts, f"{account.user_name} may sign in, and sets up a second factor then.")


def _list_accounts(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        rows = [
            {"account_key": one.account_key, "user": one.user_name, "name": one.display_name, "role": one.role.value}
            for one in all_accounts(rooms.accounts)
        ]
    return listed(rows, ("account_key", "user", "name", "role"), "Nobody may sign in yet.")


def _peer_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("calling", metavar="AE_TITLE", help="how the device names itself")
    parser.add_argument("--name", help="what the clinic calls it (default: its AE title)")
    parser.add_argument("--address", help="the address it must come from (default: any)")
    parser.add_argument(
        "--called", action="append", metavar="AE_TITLE", help="what it may call the box besides its own"
    )


def _add_peer(call: Invocation) -> Answer:
    given = call.given
    calling = AETitle.parse(given.calling).value
    called = tuple(AETitle.parse(title).value for title in given.called or ())
    with call.rooms() as rooms:
        peer = Peer(0, given.name or calling, calling, called, given.address, None, call.clock.now())
        peer_key = add_peer(rooms.accounts, rooms.folders.admission, peer, OPERATOR)
    return Answer({"peer_key": peer_key}, f"{calling} may send.")


def _list_peers(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        rows = [
            {"peer_key": peer.peer_key, "name": peer.name, "ae_title": peer.calling_ae_title, "address": peer.address}
            for peer in peer_queries.peers(tx)
        ]
    return listed(rows, ("peer_key", "name", "ae_title", "address"), "No device may send yet.")


def _remove_peer(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        remove_peer(rooms.accounts, rooms.folders.admission, call.given.peer_key, OPERATOR)
    return Answer({"removed": call.given.peer_key}, "It may no longer send; what it sent stays.")


def _issue_token(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        token = issue_token(rooms.accounts, call.given.name, MAY_BE_SCOPED, OPERATOR)
    return Answer({"token": token}, f"Shown this once; it opens DICOMweb for reading:\n\n  {token}\n")


COMMANDS = (
    Command("accounts add", "let a person sign in", _add_account, _account_arguments),
    Command("accounts list", "say who may sign in", _list_accounts),
    Command("peers add", "let a device send", _add_peer, _peer_arguments),
    Command("peers list", "say which devices may send", _list_peers),
    Command("peers remove", "stop a device from sending", _remove_peer,
            lambda parser: parser.add_argument("peer_key", type=int)),
    Command("tokens issue", "let a machine read by DICOMweb", _issue_token,
            lambda parser: parser.add_argument("name", help="what the machine is called")),
)  # fmt: skip
