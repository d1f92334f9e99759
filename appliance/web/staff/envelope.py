"""The door for whoever opened the sealed envelope: a code, a name, a reason.

It looks the same whether a code was ever drawn or not.
"""

from dataclasses import dataclass

from litestar import get, post
from litestar.params import URLEncodedBody

from appliance.accounts.emergencies import LONGEST_WORDS, why_of
from appliance.accounts.emergency_codes import LONGEST_NAME, Opening, open_envelope
from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.errors import Unsuitable
from appliance.web.http.access import Door, access
from appliance.web.http.actor import form_token
from appliance.web.http.cookies import FORM_COOKIE, SESSION_COOKIE, ended_cookie, host_cookie, new_form_secret
from appliance.web.http.threads import in_few_threads, in_thread
from appliance.web.languages import gettext as _
from appliance.web.staff.context import StaffContext
from appliance.web.staff.emergency_words import reason_choices
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, status_of, trouble_words

LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class EnvelopeForm:
    """What whoever opened it types."""

    code: str
    name: str
    words: str
    reason: str = ""


@get("/login/emergency", opt=access(Door.PUBLIC))
@in_thread
def envelope_page(request: PageRequest, context: Context, pages: Rendering) -> Page:
    """Ask for what the envelope held."""
    return _form(request, context, pages, EnvelopeForm("", "", ""), ("", 200))


def _form(
    request: PageRequest, context: StaffContext, pages: Pages, typed: EnvelopeForm, said: tuple[str, int]
) -> Page:
    secret = request.cookies.get(FORM_COOKIE) or new_form_secret()
    cookies = [host_cookie(FORM_COOKIE, secret), ended_cookie(SESSION_COOKIE)]
    return pages.show_with_token(
        "envelope.html", form_token(secret), status=said[1], cookies=cookies, path="/login/emergency", trouble=said[0],
        code=typed.code[:LONGEST_CODE], name=typed.name[:LONGEST_NAME], words=typed.words[:LONGEST_WORDS],
        reasons=reason_choices(typed.reason), longest=LONGEST_WORDS, minutes=context.accounts.emergency_minutes,
    )  # fmt: skip


@post("/login/emergency", opt=access(Door.PUBLIC), status_code=303)
@in_few_threads
def submit_envelope(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[EnvelopeForm]
) -> Answer:
    """Let whoever has the code look at images for a box of time."""
    try:
        given = Opening(data.code[:LONGEST_CODE], data.name, why_of(data.reason, data.words))
        token = open_envelope(context.accounts, given, actor.address)
    except Unsuitable:
        words = _("Something is missing, or a letter of the code is wrong: compare each group of four with the paper.")
        return _form(request, context, pages, data, (words, 422))
    except (SignInRefused, TooManyAttempts) as fault:
        wrong = _("That code opens nothing: it was used already, or another one was drawn since.")
        return _form(request, context, pages, data, (trouble_words(fault, wrong), status_of(fault)))
    return moved_on("/", host_cookie(SESSION_COOKIE, token), ended_cookie(FORM_COOKIE))


HANDLERS = (envelope_page, submit_envelope)
