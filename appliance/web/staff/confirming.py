"""Asks somebody who is in for a second factor anew, before what cannot be undone.

A form that asks has one field for it, `code` (`proof.html`): what a person types
there is a code of their app; script puts a passkey's answer there instead, in
JSON, where the person has one for this name of the box. It asks for the question
by itself, so that no page has to be drawn with one that grows old.
"""

import json
from dataclasses import dataclass
from typing import TypedDict

from litestar import MediaType, Response, get

from appliance.accounts import passkeys, second_factor
from appliance.accounts.challenges import Purpose
from appliance.accounts.errors import NoSecondFactor, SignInRefused, TooManyAttempts
from appliance.accounts.second_factor import Confirmed
from appliance.web.http.access import Door, access
from appliance.web.http.actor import Actor
from appliance.web.http.refusals import note_refused
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.context import StaffContext
from appliance.web.staff.pages import PageRequest
from appliance.web.staff.passkey_doors import answer_of, refused_words
from appliance.web.staff.signing_in import Caller, Context, renew_token, session_of, status_of, trouble_words
from appliance.web.staff.sites import own_options


@dataclass(frozen=True, slots=True)
class CodeForm:
    """The second factor of whoever is in, shown anew for one decision: a code, or a passkey's answer."""

    code: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A code or a passkey that was not taken, in words for the page."""

    words: str
    status: int


def confirmed(request: PageRequest, context: StaffContext, actor: Actor, proof: str) -> Confirmed:
    """Spend the code or the passkey's answer that came for one decision; the session's token is another one then.

    Raises:
        SignInRefused: It is wrong, or was used before, or this person has none (`NoSecondFactor`).
        TooManyAttempts: Too soon after failures.
    """
    session = session_of(actor)
    if not session.account.second_factor:
        note_refused(context.accounts, actor.audited)
        raise NoSecondFactor("this person has no second factor")
    if _is_passkey(proof):
        by = passkeys.confirm(context.accounts, session, answer_of(request, actor, proof, session.session_hash))
    else:
        by = second_factor.confirm(context.accounts, session.account, proof, actor.address)
    renew_token(request, context, session)
    return by


def confirmed_by(request: PageRequest, context: StaffContext, actor: Actor, proof: str) -> Confirmed | Refusal:
    """Spend it, or give what the page says of it."""
    try:
        return confirmed(request, context, actor, proof)
    except (SignInRefused, TooManyAttempts) as fault:
        return Refusal(*said(fault, proof))


def said(fault: SignInRefused | TooManyAttempts, proof: str) -> tuple[str, int]:
    """Give words and status of what was not taken."""
    if isinstance(fault, NoSecondFactor):
        return _("Set up a second factor first, under Your account: this asks for it."), status_of(fault)
    if _is_passkey(proof):
        return refused_words(fault), status_of(fault)
    wrong = _("That code does not match, or was used already. Take the next one.")
    return trouble_words(fault, wrong), status_of(fault)


def _is_passkey(proof: str) -> bool:
    return proof.startswith("{")


class PasskeyQuestion(TypedDict, total=False):
    """What a browser shows a passkey for (WebAuthn 5.1.10); empty where there is none.

    Source: W3C Web Authentication Level 3, 5.1.10 (PublicKeyCredentialRequestOptionsJSON).
    """

    challenge: str
    timeout: int
    rpId: str  # the standard's own name
    allowCredentials: list[dict[str, object]]  # the standard's own name
    userVerification: str  # the standard's own name


@get("/account/passkey-question", opt=access(Door.SIGNED_IN, activity=False, page=False))
@in_thread
def passkey_question(request: PageRequest, context: Context, actor: Caller) -> Response[PasskeyQuestion]:
    """Give what a browser needs to show a passkey for a decision; nothing in it where this person has none here."""
    question = own_options(context.accounts, request, session_of(actor), Purpose.DECISION)
    return Response(json.loads(question) if question else {}, media_type=MediaType.JSON)


HANDLERS = (passkey_question,)
