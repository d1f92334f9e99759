"""Accounts, for an administrator: who there is, inviting, another role, and the leaver's button."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts import invitations, service
from appliance.accounts.account import Account, NewAccount
from appliance.accounts.errors import OwnRights, SignInRefused, TooManyAttempts
from appliance.accounts.invitations import Invitation
from appliance.accounts.login import may_come_in_without
from appliance.accounts.roles import ASSIGNABLE, Permission, Role
from appliance.accounts.unused import is_unused
from appliance.clock import microseconds
from appliance.deidentify import leaving
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.refusals import note_refused
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.attention import waiting
from appliance.web.staff.confirming import CodeForm, confirmed, said
from appliance.web.staff.context import StaffContext
from appliance.web.staff.enrolment import qr_picture
from appliance.web.staff.leaver_words import (
    ended_lines,
    ending_lines,
    role_ending_lines,
    staying_lines,
    tell_receiver,
)
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, session_of
from appliance.web.staff.words import day, day_and_time, role_words

_TOLD = {
    "changed": later("The role is changed. Whoever was signed in with the old one signs in again."),
    "closed": later("The account is closed, and whoever was signed in with it is out."),
    "out": later("Signed out everywhere. The account stays as it is."),
}
_CHANGED = re.compile(r"changed\.(?P<since>[0-9]{1,18})\.(?P<until>[0-9]{1,18})")  # when, in microseconds since 1970


@dataclass(frozen=True, slots=True)
class PersonForm:
    """A new person, with the administrator's second factor."""

    display_name: str
    user_name: str
    role: str
    code: str
    image_right: str = ""


_NOBODY = PersonForm("", "", "", "")


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person's page says of what was just asked: what went wrong, by which status, what was done or ended."""

    trouble: str = ""
    status: int = 200
    told: str = ""
    ended: Sequence[str] = ()


_NOTHING = Saying()


@dataclass(frozen=True, slots=True)
class RoleForm:
    """Another role, with the administrator's second factor."""

    role: str
    code: str
    image_right: str = ""


@get("/people", opt=needs(Permission.MANAGE_ACCOUNTS))
@in_thread
def people_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show every account."""
    return _people(request, context, pages, actor, told=_(_TOLD[told]) if told in _TOLD else "")


def _people(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, typed: PersonForm = _NOBODY, **more: str
) -> Page:
    own = session_of(actor).account.account_key
    people = [_shown(context, each, own) for each in service.all_accounts(context.accounts) if each.role in ASSIGNABLE]
    return pages.show_in_office(
        "people.html",
        request,
        waiting(context.accounts, actor),
        people=people,
        unused=[each for each in people if each["unused"]],
        roles=_roles(),
        typed=typed,
        **more,
    )


def _shown(context: StaffContext, account: Account, own: int) -> dict[str, object]:
    last_in, now = account.last_in_at, context.accounts.clock.now()
    return {
        "account_key": account.account_key,
        "display_name": account.display_name,
        "user_name": account.user_name,
        "role": role_words(account.role),
        "role_value": account.role.value,
        "image_right": Permission.VIEW_IMAGES in account.permissions,
        "second_factor": account.second_factor,
        "needs_none": may_come_in_without(context.accounts, account),
        "closed": account.disabled_at is not None,
        "unused": is_unused(account, now),
        "last_in": day_and_time(last_in) if last_in else "",
        "made": day(account.created_at.date()),
        "self": account.account_key == own,
    }


def _roles() -> list[dict[str, str]]:
    return [{"value": role.value, "name": role_words(role)} for role in ASSIGNABLE]


@post("/people", opt=needs(Permission.MANAGE_ACCOUNTS), status_code=200)
@in_thread
def add_person(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[PersonForm]
) -> Answer:
    """Add an account and show its invitation, this once; what cannot be added costs no code."""
    try:
        new = _new_account(data)
        service.check_person(context.accounts, new)
        by = confirmed(request, context, actor, data.code).actor
        return _slip(request, context, pages, actor, invitations.invite(context.accounts, new, by))
    except (SignInRefused, TooManyAttempts) as fault:
        trouble, status = said(fault, data.code)
    except (Unsuitable, ValueError):
        trouble = _("That does not work: the user name is taken or unusable, or the role may not view images.")
        status = 422
    page = _people(request, context, pages, actor, data, trouble=trouble)
    page.status_code = status
    return page


def _new_account(form: PersonForm) -> NewAccount:
    return NewAccount(
        user_name=form.user_name,
        display_name=form.display_name[:100],
        role=Role(form.role),
        password="",
        image_right=form.image_right == "yes",
    )


def _slip(request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, invitation: Invitation) -> Page:
    """Show an invitation to print or hand over; the code stands behind the link's #, which no server sees."""
    place = f"https://{request.headers.get('host', '')}/join"
    return pages.show_in_office(
        "invitation.html",
        request,
        waiting(context.accounts, actor),
        name=invitation.account.display_name,
        user_name=invitation.account.user_name,
        code=invitation.code,
        place=place,
        link=f"{place}#{invitation.code}",
        picture=qr_picture(f"{place}#{invitation.code}", scale=5).decode().partition("?>")[2],
        until=day_and_time(invitation.until),
    )


@get("/people/{account_key:int}", opt=needs(Permission.MANAGE_ACCOUNTS))
@in_thread
def person_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, account_key: FromPath[int],
    told: FromQuery[str] = "",
) -> Page:  # fmt: skip
    """Show one account and what can be done with it; after another role what ended with the one of before."""
    span = _CHANGED.fullmatch(told)
    word = "changed" if span else told
    ended = ended_lines(context.accounts, account_key, int(span["since"]), int(span["until"])) if span else ()
    saying = Saying(told=_(_TOLD[word]) if word in _TOLD else "", ended=ended)
    return _person(request, context, pages, actor, account_key, saying)


def _person(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, account_key: int,
    saying: Saying = _NOTHING,
) -> Page:  # fmt: skip
    account = service.get_account(context.accounts, account_key)
    if account.role not in ASSIGNABLE:
        raise NotFound("an opened envelope is no person")
    shown = _shown(context, account, session_of(actor).account.account_key)
    bar, alone = waiting(context.accounts, actor), service.is_only_administrator(context.accounts, account_key)
    others = (Role.ADMINISTRATOR,) if alone else ASSIGNABLE  # the last administrator stays one
    page = pages.show_in_office(
        "person.html", request, bar, each=shown, roles=_roles(), trouble=saying.trouble, told=saying.told, alone=alone,
        role_ends=role_ending_lines(context.accounts, account, others), ended=saying.ended,
        unpublished=not context.publication.is_current(context.accounts),
        ends=ending_lines(context.accounts, account), stays=staying_lines(context.accounts),
    )  # fmt: skip
    page.status_code = saying.status
    return page


@post("/people/{account_key:int}/role", opt=needs(Permission.MANAGE_ACCOUNTS), status_code=303)
@in_thread
def change_role(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, account_key: FromPath[int],
    data: URLEncodedBody[RoleForm],
) -> Answer:  # fmt: skip
    """Give another role or image right, but not oneself; sessions and what came with the role of before end."""
    try:
        by, role = confirmed(request, context, actor, data.code).actor, Role(data.role)
        since, right = context.accounts.clock.now(), data.image_right == "yes"
        leaving.change_role(context.accounts, account_key, role, by, image_right=right)
        until = context.accounts.clock.now()
        tell_receiver(context)
    except (SignInRefused, TooManyAttempts) as fault:
        return _person(request, context, pages, actor, account_key, Saying(*said(fault, data.code)))
    except OwnRights:
        note_refused(context.accounts, actor.audited)
        words = _("Another administrator changes your role, and whether you may view images.")
        return _person(request, context, pages, actor, account_key, Saying(words, 403))
    except (Unsuitable, ValueError):
        words = _("That does not work: the role may not view images, or nobody would be left to manage accounts.")
        return _person(request, context, pages, actor, account_key, Saying(words, 422))
    return moved_on(f"/people/{account_key}?told=changed.{microseconds(since)}.{microseconds(until)}")


@post("/people/{account_key:int}/invite", opt=needs(Permission.MANAGE_ACCOUNTS), status_code=200)
@in_thread
def invite_again(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, account_key: FromPath[int],
    data: URLEncodedBody[CodeForm],
) -> Answer:  # fmt: skip
    """Show a new invitation; what let the person in before does no more."""
    try:
        by = confirmed(request, context, actor, data.code).actor
        invitation = invitations.invite_again(context.accounts, account_key, by)
    except (SignInRefused, TooManyAttempts) as fault:
        return _person(request, context, pages, actor, account_key, Saying(*said(fault, data.code)))
    return _slip(request, context, pages, actor, invitation)


@post("/people/{account_key:int}/sessions/end", opt=needs(Permission.MANAGE_ACCOUNTS), status_code=303)
@in_thread
def sign_out_person(context: Context, actor: Caller, account_key: FromPath[int]) -> Answer:
    """End every session of a person, who signs in anew with password and code or a passkey."""
    service.sign_out_everywhere(context.accounts, account_key, actor.audited)
    return moved_on("/people?told=out")


@post("/people/{account_key:int}/close", opt=needs(Permission.MANAGE_ACCOUNTS), status_code=303)
@in_thread
def close_person(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, account_key: FromPath[int],
    data: URLEncodedBody[CodeForm],
) -> Answer:  # fmt: skip
    """Close an account at once, with all that it had or gave out.

    Raises:
        NotPermitted: It is one's own, which is closed on the page of one's own account.
    """
    if account_key == session_of(actor).account.account_key:
        raise NotPermitted("nobody closes their own account here")
    try:
        leaving.close_account(context.accounts, account_key, confirmed(request, context, actor, data.code).actor)
        tell_receiver(context)
    except (SignInRefused, TooManyAttempts) as fault:
        return _person(request, context, pages, actor, account_key, Saying(*said(fault, data.code)))
    except Unsuitable:
        words = _("This is the last administrator: make somebody else one first, or nobody could let anybody in.")
        return _person(request, context, pages, actor, account_key, Saying(words, 422))
    return moved_on(f"/people/{account_key}?told=closed")


HANDLERS = (people_page, add_person, person_page, change_role, invite_again, sign_out_person, close_person)
