"""Says what ends with a person who leaves or gets another role, and what goes on because nobody answers for it."""

import logging
from collections.abc import Iterable, Iterator

from appliance.accounts.account import Account
from appliance.accounts.context import Accounts
from appliance.accounts.errors import NotPublished
from appliance.accounts.leavers import Ends, what_ended, what_ended_between, what_ends, what_roles_end, what_stays
from appliance.accounts.roles import Role
from appliance.web.languages import gettext as _
from appliance.web.languages import ngettext
from appliance.web.staff.context import StaffContext

log = logging.getLogger(__name__)


def ending_lines(accounts: Accounts, account: Account) -> list[str]:
    """Say what ends with an account when it is closed, or what ended with one that is."""
    closed_at = account.disabled_at
    with accounts.database.read() as tx:
        if closed_at is None:
            return list(_ending(what_ends(tx, account, accounts.clock.now())))
        return list(_ending(what_ended(tx, account, closed_at)))


def role_ending_lines(accounts: Accounts, account: Account, roles: Iterable[Role]) -> list[str]:
    """Say what would end with one of these roles in place of this person's, or with their image right."""
    with accounts.database.read() as tx:
        return list(_ending(what_roles_end(tx, account, roles, accounts.clock.now())))


def ended_lines(accounts: Accounts, account_key: int, since: int, until: int) -> list[str]:
    """Say what of an account ended between these microseconds since 1970; its sessions are not told."""
    with accounts.database.read() as tx:
        return list(_ending(what_ended_between(tx, account_key, since, until)))


def staying_lines(accounts: Accounts) -> list[str]:
    """Say what ends with nobody, and how to end it."""
    with accounts.database.read() as tx:
        return list(_staying(what_stays(tx, accounts.clock.now())))


def tell_receiver(context: StaffContext) -> None:
    """Tell the receiver of certificates that ended; what cannot be written now is said by pages, and tried again."""
    try:
        context.publication.publish_if_due(context.accounts)
    except NotPublished as fault:
        log.warning("%s", fault)


def _ending(ends: Ends) -> Iterator[str]:
    if ends.browsers:
        words = ngettext("%(num)d browser that is signed in", "%(num)d browsers that are signed in", ends.browsers)
        yield words % {"num": ends.browsers}
    if ends.tokens:
        words = ngettext(
            "Access of %(num)d machine: %(names)s", "Access of %(num)d machines: %(names)s", len(ends.tokens)
        )
        yield words % {"num": len(ends.tokens), "names": _names(one.name for one in ends.tokens)}
    if ends.certificates:
        count = len(ends.certificates)
        words = ngettext(
            "Certificate of %(num)d device: %(names)s", "Certificates of %(num)d devices: %(names)s", count
        )
        yield words % {"num": count, "names": _names(one.device_name for one in ends.certificates)}


def _staying(stays: Ends) -> Iterator[str]:
    for certificate in stays.certificates:
        told = {"number": certificate.certificate_key, "name": certificate.device_name}
        yield _("Certificate %(number)d of %(name)s. Revoke it on the page Scanners.") % told
    for token in stays.tokens:
        told = {"number": token.token_key, "name": token.name}
        yield _("Access of the machine %(name)s. End it at the box: enamel tokens revoke %(number)d") % told


def _names(names: Iterator[str]) -> str:
    return ", ".join(names)
