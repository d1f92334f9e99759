"""Somebody's second factor, as decisions ask for it: the app that shows codes, and the device that holds a passkey."""

import pyotp

from appliance.accounts import passkeys, totp
from appliance.accounts.passkey_answers import Answer, Site
from appliance.accounts.second_factor import confirm
from appliance.accounts.sessions import Session
from tests.accounts.an_authenticator import Authenticator
from tests.web.a_clinic import AClinic, Browser

SECRET = b"12345678901234567890"
SITE = Site("enamel.test", "https://enamel.test")


def code_now(clinic: AClinic) -> str:
    """Give what everybody's app shows, after a while in which it changed."""
    clinic.clock.pass_time(seconds=30)
    return pyotp.TOTP(totp.secret_text(SECRET)).at(clinic.clock.now())


def device_of(clinic: AClinic, browser: Browser) -> Authenticator:
    """Give the person of this browser a passkey."""
    return device_for(clinic, browser.session(clinic.accounts), SITE)


def device_for(clinic: AClinic, session: Session, site: Site) -> Authenticator:
    """Give whose session this is a passkey for one name of the box."""
    device = Authenticator()
    made = device.create(passkeys.options_to_add(clinic.accounts, session, site), site.origin)
    by = confirm(clinic.accounts, session.account, code_now(clinic), "")
    passkeys.add_passkey(clinic.accounts, by, "mine", Answer(made, site, session.session_hash, ""))
    return device
