"""Under which name a browser meets the box, for passkeys, which work under one name each."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from appliance.accounts.challenges import Purpose
from appliance.accounts.context import Accounts
from appliance.accounts.passkey_answers import Site
from appliance.accounts.passkeys import options_to_show, passkeys_of
from appliance.accounts.sessions import Session
from appliance.web.staff.pages import PageRequest


def site_of(request: PageRequest) -> Site | None:
    """Give the name and origin that this browser asked for, or None where there can be no passkey: at a bare address.

    Caddy hands on no request for a name that is not the box's. A browser tells its own origin under the
    passkey's signature, so a false name here makes every passkey fail and lets none in.

    Source: W3C Web Authentication Level 3, 5.1.2 (an RP ID is a domain).
    """
    authority = request.headers.get("host", "").casefold()
    try:
        host = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return None
    return None if not host or _is_address(host) else Site(host, f"https://{authority}")


def own_options(accounts: Accounts, request: PageRequest, session: Session, purpose: Purpose) -> str:
    """Give what a browser needs to show one of this person's passkeys; empty where they have none for this name."""
    site = site_of(request)
    if site is None or all(each.host != site.host for each in passkeys_of(accounts, session.account)):
        return ""
    return options_to_show(accounts, purpose, site, session.session_hash, session.account)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
