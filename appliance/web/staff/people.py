"""Accounts, for an administrator: who there is, adding, closing."""

from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts import service
from appliance.accounts.account import NewAccount
from appliance.accounts.errors import PasswordTooWeak
from appliance.accounts.roles import Permission, Role
from appliance.errors import NotPermitted, Unsuitable
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.attention import waiting
from appliance.web.staff.context import StaffContext
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.screen import rule_words
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, session_of
from appliance.web.staff.words import role_words

_TOLD = {
    "added": later("The account is there. Tell the person the first password; it is changed at the first sign-in."),
    "closed": later("The account is closed, and whoever was signed in with it is out."),
}


@dataclass(frozen=True, slots=True)
class PersonForm:
    """A new person."""

    display_name: str
    user_name: str
    role: str
    password: str
    image_right: str = ""


@get("/people", opt=needs(Permission.MANAGE_ACCOUNTS))
@in_thread
def people_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show every account."""
    return _people(request, context, pages, actor, told=_(_TOLD[told]) if told in _TOLD else "")


def _people(request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, **more: str) -> Page:
    own = session_of(actor).account.account_key
    people = [
        {
            "account_key": each.account_key,
            "display_name": each.display_name,
            "user_name": each.user_name,
            "role": role_words(each.role),
            "image_right": Permission.VIEW_IMAGES in each.permissions,
            "second_factor": each.second_factor,
            "closed": each.disabled_at is not None,
            "self": each.account_key == own,
        }
        for each in service.all_accounts(context.accounts)
    ]
    roles = [{"value": role.value, "name": role_words(role)} for role in Role]
    bar = waiting(context.accounts, actor)
    return pages.show_in_office("people.html", request, bar, people=people, roles=roles, **more)


@post("/people", opt=needs(Permission.MANAGE_ACCOUNTS), status_code=303)
@in_thread
def add_person(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PersonForm]
) -> Answer:
    """Add an account."""
    try:
        service.create_account(context.accounts, _new_account(data), actor.audited)
    except PasswordTooWeak as fault:
        trouble = rule_words(fault)
    except (Unsuitable, ValueError):
        trouble = _("That does not work: the user name is taken or unusable, or the role may not view images.")
    else:
        return moved_on("/people?told=added")
    page = _people(request, context, pages, actor, trouble=trouble)
    page.status_code = 422
    return page


def _new_account(form: PersonForm) -> NewAccount:
    return NewAccount(
        user_name=form.user_name,
        display_name=form.display_name[:100],
        role=Role(form.role),
        password=form.password,
        image_right=form.image_right == "yes",
    )


@post("/people/{account_key:int}/close", opt=needs(Permission.MANAGE_ACCOUNTS), status_code=303)
@in_thread
def close_person(context: Context, actor: Caller, account_key: FromPath[int]) -> Answer:
    """Close an account at once; nobody closes their own, so one administrator is always left."""
    if account_key == session_of(actor).account.account_key:
        raise NotPermitted("nobody closes their own account")
    service.disable_account(context.accounts, account_key, actor.audited)
    return moved_on("/people?told=closed")


HANDLERS = (people_page, add_person, close_person)
