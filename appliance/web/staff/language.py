"""A person chooses the language of the pages, signed in or not, and on a locked box too.

Whoever is in finds the choice again on every device, for it is kept with the
account; anybody else's is kept in the browser alone. A locked screen shows the
account's language and changes nothing of the account.
"""

from dataclasses import dataclass

from litestar import post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from appliance.accounts.service import choose_own_language
from appliance.accounts.sessions import Stage
from appliance.errors import Unsuitable
from appliance.web.http.access import Door, access
from appliance.web.http.cookies import language_cookie
from appliance.web.http.paths import local_path
from appliance.web.http.threads import in_thread
from appliance.web.languages import languages
from appliance.web.staff.signing_in import Caller, Context


@dataclass(frozen=True, slots=True)
class LanguageForm:
    """The language's code, and where the person was."""

    language: str
    back: str = "/"


@post("/language", opt=access(Door.PUBLIC, activity=False), status_code=303, sync_to_thread=False)
def choose_language(data: URLEncodedBody[LanguageForm]) -> Redirect:
    """Keep the choice in this browser and go back to where the person was.

    Raises:
        Unsuitable: Nothing here is written in this language.
    """
    return _kept_here(data)


@post("/language", opt=access(Door.PUBLIC, activity=False), status_code=303)
@in_thread
def choose_language_of_account(context: Context, actor: Caller, data: URLEncodedBody[LanguageForm]) -> Redirect:
    """The same, and keep it with the account of whoever is in.

    Raises:
        Unsuitable: Nothing here is written in this language.
    """
    answer, session = _kept_here(data), actor.session
    if session is not None and session.stage is Stage.FULL and not session.locked:
        choose_own_language(context.accounts, session, data.language, actor.address)
    return answer


def _kept_here(data: LanguageForm) -> Redirect:
    if data.language not in {each.code for each in languages()}:
        raise Unsuitable("no page is written in this language")
    return Redirect(local_path(data.back), status_code=303, cookies=[language_cookie(data.language)])


HANDLERS = (choose_language_of_account,)
LOCKED_HANDLERS = (choose_language,)
