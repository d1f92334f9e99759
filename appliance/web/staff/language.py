"""A person chooses the language of the pages, signed in or not, and on a locked box too."""

from dataclasses import dataclass

from litestar import post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from appliance.errors import Unsuitable
from appliance.web.http.access import Door, access
from appliance.web.http.cookies import language_cookie
from appliance.web.http.paths import local_path
from appliance.web.languages import languages


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
    if data.language not in {each.code for each in languages()}:
        raise Unsuitable("no page is written in this language")
    return Redirect(local_path(data.back), status_code=303, cookies=[language_cookie(data.language)])


HANDLERS = (choose_language,)
