"""`enamel accounts` and `tokens`: who, and which machine, may come in."""

import logging
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime, timedelta

from appliance.accounts.account import Account, NewAccount
from appliance.accounts.context import Accounts, folded_user_name
from appliance.accounts.errors import NotPublished
from appliance.accounts.invitations import Invitation, invite, invite_again
from appliance.accounts.leavers import Ends, what_ended, what_stays
from appliance.accounts.roles import ASSIGNABLE, Role
from appliance.accounts.service import all_accounts, create_account, get_account, reset_account
from appliance.accounts.tokens import (
    LABORATORY,
    SCOPES,
    all_tokens,
    issue_laboratory_token,
    issue_token,
    revoke_token,
)
from appliance.assembly.rooms import Rooms
from appliance.audit.events import OPERATOR
from appliance.cli.answers import Answer, listed
from appliance.cli.line import Command, Invocation, ask_new_secret
from appliance.deidentify.leaving import close_account
from appliance.errors import NotFound, Unsuitable

log = logging.getLogger(__name__)

_MOST_DAYS = 3650
_HTTPS = 443
_SLIP = """Invitation for {name}. Shown this once; it opens one account, once.

  Open      {place}
  and type  {code}
  or open   {link}
  until     {until}
  as        {user}

Whoever has this can take the account: hand it to nobody else, and destroy it once it was used.
"""

_UNTOLD = (
    "The receiver still goes by its older list, which the disk does not let the box replace: scanners learn of this"
    " once it does. The box tries again every few seconds while its pages run; look at the disk."
)


def _add_arguments(parser: ArgumentParser) -> None:
    _person_arguments(parser, required=True)


def _invite_arguments(parser: ArgumentParser) -> None:
    _person_arguments(parser, required=False)


def _person_arguments(parser: ArgumentParser, *, required: bool) -> None:
    parser.add_argument("user")
    parser.add_argument("--name", required=required, help="the person's name")
    parser.add_argument("--role", required=required, choices=[role.value for role in ASSIGNABLE])
    parser.add_argument("--images", action="store_true", help="may look at images (administrator, dentist, assistant)")
    parser.add_argument("--language", default="")


def _user_argument(parser: ArgumentParser) -> None:
    parser.add_argument("user")


def _list(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        rows = [_shown(account) for account in all_accounts(rooms.accounts)]
    return listed(
        rows,
        ("user", "name", "role", "image_right", "second_factor", "last_in_at", "disabled_at"),
        "There is nobody yet.",
    )


def _add(call: Invocation) -> Answer:
    given = call.given
    with call.rooms() as rooms:
        password = ask_new_secret("First password, to be changed at the first sign-in: ")
        new = NewAccount(given.user, given.name, Role(given.role), password, given.images, language=given.language)
        account = create_account(rooms.accounts, new, OPERATOR)
    facts = {"account_key": account.account_key, "user": account.user_name}
    return Answer(facts, f"{account.user_name} may sign in, and sets up a second factor then.")


def _invite(call: Invocation) -> Answer:
    """Print an invitation: for somebody new, whose name and role are given, or anew for somebody who is there."""
    staff = call.settings().staff
    with call.rooms() as rooms:
        invitation = _invited(rooms.accounts, call)
    port = "" if staff.port == _HTTPS else f":{staff.port}"
    place = f"https://{staff.names[0]}{port}/join"
    facts: dict[str, object] = {
        "user": invitation.account.user_name,
        "code": invitation.code,
        "link": f"{place}#{invitation.code}",
        "until": invitation.until.isoformat(timespec="minutes"),
    }
    return Answer(facts, _SLIP.format(name=invitation.account.display_name, place=place, **facts))


def _invited(accounts: Accounts, call: Invocation) -> Invitation:
    given = call.given
    if given.name is None and given.role is None:
        return invite_again(accounts, _find(accounts, given.user).account_key, OPERATOR)
    if given.name is None or given.role is None:
        raise Unsuitable("somebody new needs --name and --role, somebody who is there neither")
    new = NewAccount(given.user, given.name, Role(given.role), "", given.images, language=given.language)
    return invite(accounts, new, OPERATOR)


def _reset(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        account = _find(rooms.accounts, call.given.user)
        password = ask_new_secret("New first password: ")
        reset_account(rooms.accounts, account.account_key, password, OPERATOR)
    return Answer({"user": account.user_name, "reset": True}, f"{account.user_name} signs in anew.")


def _disable(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        account = _find(rooms.accounts, call.given.user)
        close_account(rooms.accounts, account.account_key, OPERATOR)
        is_told = _receiver_told(rooms)
        closed = get_account(rooms.accounts, account.account_key)
        with rooms.database.read() as tx:
            ended = what_ended(tx, closed, closed.disabled_at or call.clock.now())
            stays = what_stays(tx, call.clock.now())
    facts = {
        "user": account.user_name, "disabled": True, "ended": _counted(ended), "stays": _counted(stays),
        "receiver_told": is_told,
    }  # fmt: skip
    lines = [f"{account.user_name} can no longer come in.", *_told(ended, stays)]
    return Answer(facts, "\n".join(lines if is_told else [*lines, _UNTOLD]))


def _receiver_told(rooms: Rooms) -> bool:
    """Tell the receiver of certificates that ended; say whether the disk let it be told now."""
    try:
        rooms.publication.publish_if_due(rooms.accounts)
    except NotPublished as fault:
        log.warning("%s", fault)
        return False
    return True


def _counted(ends: Ends) -> dict[str, object]:
    return {
        "browsers": ends.browsers,
        "tokens": [one.token_key for one in ends.tokens],
        "certificates": [one.certificate_key for one in ends.certificates],
    }


def _told(ended: Ends, stays: Ends) -> Iterator[str]:
    devices = "".join(f", {one.device_name}" for one in ended.certificates)
    yield (
        f"Ended with it: browsers signed in: {ended.browsers}; tokens: {len(ended.tokens)}; "
        f"device certificates: {len(ended.certificates)}{devices}."
    )
    for certificate in stays.certificates:
        named = f"{certificate.device_name}: enamel peers revoke {certificate.certificate_key}"
        yield f"Nobody answers for the certificate of {named}"
    for token in stays.tokens:
        yield f"Nobody answers for the token of {token.name}: enamel tokens revoke {token.token_key}"


def _token_add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="which machine it is for")
    opened = parser.add_mutually_exclusive_group(required=True)
    opened.add_argument(
        "--scope", action="append", default=[], choices=SCOPES,
        help="what it opens, given once for each: searching studies, searching inside them, metadata and images",
    )  # fmt: skip
    opened.add_argument("--laboratory", help="the user name of a laboratory: it opens what was given to it")
    parser.add_argument("--days", type=int, help="how long it is good; without it, until it is revoked")
    parser.add_argument(
        "--for", dest="answerable", metavar="USER",
        help="who answers for the machine: when their account is closed, the token ends; not with --laboratory",
    )  # fmt: skip


def _token_list(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        users = {one.account_key: one.user_name for one in all_accounts(rooms.accounts)}
        rows = [
            {
                "token_key": token.token_key,
                "name": token.name,
                "scopes": list(token.scopes),
                "ends_with": sorted(users[key] for key in token.ends_with),
                "created_at": token.created_at.isoformat(),
                "expires_at": token.expires_at and token.expires_at.isoformat(),
                "last_used_at": token.last_used_at and token.last_used_at.isoformat(),
                "revoked_at": token.revoked_at and token.revoked_at.isoformat(),
            }
            for token in all_tokens(rooms.accounts)
        ]
    columns = ("token_key", "name", "scopes", "ends_with", "created_at", "expires_at", "last_used_at", "revoked_at")
    return listed(rows, columns, "There is no token.")


def _token_add(call: Invocation) -> Answer:
    days, scopes = call.given.days, sorted(set(call.given.scope))
    if days is not None and not 0 < days <= _MOST_DAYS:
        raise Unsuitable(f"a token is good for 1 to {_MOST_DAYS} days, or until it is revoked")
    until = None if days is None else call.clock.now() + timedelta(days=days)
    with call.rooms() as rooms:
        token = _issued(rooms.accounts, call, scopes, until)
    scopes = scopes or [LABORATORY]
    facts = {"name": call.given.name, "scopes": scopes, "expires_at": until and until.isoformat(), "token": token}
    return Answer(facts, f"Shown this once; it opens DICOMweb to {', '.join(scopes)}:\n\n  {token}\n")


def _issued(accounts: Accounts, call: Invocation, scopes: list[str], until: datetime | None) -> str:
    user, name = call.given.laboratory, call.given.name
    if user is None:
        answerable = find_answerable(accounts, call.given.answerable)
        return issue_token(accounts, name, [SCOPES[scope] for scope in scopes], OPERATOR, until, answerable)
    if call.given.answerable is not None:
        raise Unsuitable("a laboratory answers for its own machine: give --laboratory or --for")
    return issue_laboratory_token(accounts, name, _find(accounts, user).account_key, OPERATOR, until)


def _token_revoke(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        revoke_token(rooms.accounts, call.given.token_key, OPERATOR)
    return Answer({"token_key": call.given.token_key, "revoked": True}, "The token is of no more use.")


def find_answerable(accounts: Accounts, user: str | None) -> int | None:
    """Give the account of whoever is to answer for something, None where nobody was named.

    Raises:
        NotFound: There is no such account.
    """
    return None if user is None else _find(accounts, user).account_key


def _find(accounts: Accounts, user: str) -> Account:
    wanted = folded_user_name(user)
    for account in all_accounts(accounts):
        if account.user_name == wanted:
            return account
    raise NotFound("there is no such account")


def _shown(account: Account) -> dict[str, object]:
    return {
        "account_key": account.account_key,
        "user": account.user_name,
        "name": account.display_name,
        "role": account.role.value,
        "image_right": account.image_right,
        "second_factor": account.second_factor,
        "last_in_at": account.last_in_at and account.last_in_at.isoformat(timespec="seconds"),
        "disabled_at": account.disabled_at and account.disabled_at.isoformat(),
    }


COMMANDS = (
    Command("accounts list", _list),
    Command("accounts add", _add, _add_arguments),
    Command("accounts invite", _invite, _invite_arguments),
    Command("accounts reset", _reset, _user_argument),
    Command("accounts disable", _disable, _user_argument),
    Command("tokens list", _token_list),
    Command("tokens add", _token_add, _token_add_arguments),
    Command("tokens issue", _token_add, _token_add_arguments),
    Command("tokens revoke", _token_revoke, lambda parser: parser.add_argument("token_key", type=int)),
)
