"""Fills templates: everything outside is escaped, nothing is undefined, nothing is inline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie, State
from markupsafe import Markup

from appliance.accounts.account import Account
from appliance.accounts.roles import IMAGE_RIGHT, Permission, Role
from appliance.accounts.sessions import Session, Stage
from appliance.web.http.actor import Actor, form_token
from appliance.web.http.csrf import FIELD
from appliance.web.languages import gettext, languages, ngettext, pgettext, spoken
from appliance.web.staff.words import role_words

_TOKEN_FIELD = Markup('<input type="hidden" name="{}" value="{}">')  # its format() escapes
PageRequest = Request[Actor, str, State]
Page = Response[str]


@dataclass(frozen=True, slots=True)
class Place:
    """One link of the bar."""

    url: str
    name: str
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, for the bar."""

    name: str
    user_name: str
    initials: str
    role: str
    must_change_password: bool
    may_break_glass: bool
    is_envelope: bool
    proves_by_passkey_alone: bool


@dataclass(frozen=True, slots=True)
class Banner:
    """That an emergency goes on, for the top of every page."""

    minutes: int
    until: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What asks for somebody's attention, for the bar."""

    senders: int = 0
    quarantined: int = 0
    damaged: int = 0
    emergencies: int = 0


class Pages:
    """Renders the templates of one clinic; `static` is the address under which this release's files are."""

    def __init__(self, clinic_name: str, static: str, lock_after_seconds: int = 300) -> None:
        self._clinic_name = clinic_name
        self._lock_after_seconds = lock_after_seconds
        self._environment = _environment(static)

    def show(self, template: str, request: PageRequest, status: int = 200, **context: object) -> Page:
        """Render a page that stands alone: sign-in, lock, password, faults."""
        token = form_token(request.auth) if request.auth else ""
        own: dict[str, object] = {**_person(request.user), "path": request.url.path}
        return self._render(template, token, status, (), own | context)

    def show_in_office(self, template: str, request: PageRequest, waiting: Waiting, **context: object) -> Page:
        """Render a page under the bar."""
        here = "/" + request.url.path.strip("/").split("/")[0].replace("patients", "studies")
        own: dict[str, object] = {"places": places_of(request.user, waiting), "here": here, "path": request.url.path}
        token = form_token(request.auth)
        return self._render(template, token, 200, (), {**_person(request.user), **own, **context})

    def show_with_token(
        self, template: str, token: str, status: int = 200, cookies: Sequence[Cookie] = (), **context: object
    ) -> Page:
        """Render with a form token that the caller chose."""
        return self._render(template, token, status, cookies, context)

    def _render(
        self, template: str, token: str, status: int, cookies: Sequence[Cookie], context: Mapping[str, object]
    ) -> Page:
        usual: dict[str, object] = {
            "clinic_name": self._clinic_name,
            "form_token": token,
            "token_field": lambda: _TOKEN_FIELD.format(FIELD, token),
            "language": spoken(),
            "languages": languages(),
            "path": "",
            "lock_after_seconds": self._lock_after_seconds + 1,
            "may_choose_language": True,
            "emergency": None,
            "trouble": "",
            "told": "",
        }
        text = self._environment.get_template(template).render({**usual, **context})
        return Response(text, media_type=MediaType.HTML, status_code=status, cookies=list(cookies))


@cache
def _environment(static: str) -> Environment:
    """Give where templates are read and compiled, once a process."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.globals["static"] = static
    environment.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]  # the extension adds it
    return environment


def places_of(actor: Actor, waiting: Waiting) -> list[Place]:
    """Give the pages that this person may see, in the bar's order."""
    all_places = [
        (Permission.LIST_STUDIES, Place("/studies", gettext("Studies"))),
        (Permission.READ_GIVEN, Place("/laboratory", gettext("Given to you"))),
        (Permission.VIEW_IMAGES, Place("/files", gettext("Open files"))),
        (Permission.APPROVE_SENDERS, Place("/senders", gettext("Scanners"), waiting.senders)),
        (
            Permission.READ_QUARANTINE,
            Place("/quarantine", gettext("Quarantine"), waiting.quarantined + waiting.damaged),
        ),
        (Permission.READ_KEEPING, Place("/keeping", gettext("Safekeeping"))),
        (Permission.READ_AUDIT, Place("/trail", gettext("Record"), waiting.emergencies)),
        (Permission.MANAGE_ACCOUNTS, Place("/people", gettext("People"))),
    ]
    return [place for permission, place in all_places if permission in actor.permissions]


def _person(actor: Actor) -> dict[str, object]:
    """Say who asks. Somebody who is only half in changes nothing of an account that has its language."""
    session = actor.session
    if session is None:
        return {}
    if session.stage is not Stage.FULL:
        return {"may_choose_language": not session.account.language}
    return {"person": person_of(session.account), "emergency": banner_of(session)}


def banner_of(session: Session) -> Banner | None:
    """Say of a session with an emergency for how long it lasts."""
    if session.emergency is None:
        return None
    return Banner(session.minutes_left, f"{session.emergency.ends_at.astimezone():%H:%M}")


def person_of(account: Account) -> Person:
    """Give what the bar shows of a person."""
    words = [word for word in account.display_name.split() if not word.endswith(".")] or [account.user_name]
    initials = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()
    role = role_words(account.role)
    may_break = Permission.BREAK_GLASS in account.permissions and not account.permissions >= IMAGE_RIGHT
    return Person(
        account.display_name, account.user_name, initials, role, account.must_change_password, may_break,
        account.role is Role.EMERGENCY, account.proves_by_passkey_alone,
    )  # fmt: skip
