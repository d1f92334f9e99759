"""The app of a locked box: one page, no keys, no catalogue, no accounts.

It shows how much waits and hands a passphrase to the locker. Guards: guesses
are counted by address and in all (`guesses`) before they cost anything, and
tried one at a time, for each takes Argon2id's 256 MiB; a box whose root asks
for no passphrase is not unlocked from a browser at all, whatever is typed: the
page says who can, and the locker refuses as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from threading import Semaphore
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.middleware import DefineMiddleware
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_404_NOT_FOUND
from litestar.types import ASGIApp

from appliance.clock import Clock
from appliance.errors import ApplianceError, KeysSealed, Refused, Tampered
from appliance.web.http.access import Door, access, check_access
from appliance.web.http.actor import Actor, Connection, form_token
from appliance.web.http.cookies import FORM_COOKIE, host_cookie, new_form_secret
from appliance.web.http.csrf import check_form
from appliance.web.http.pace import Gate
from appliance.web.http.problems import problem_of
from appliance.web.http.threads import in_thread
from appliance.web.languages import Language, ngettext
from appliance.web.languages import gettext as _
from appliance.web.staff import language
from appliance.web.staff.app import put_together, static_address
from appliance.web.staff.faults import Faults, wants_page
from appliance.web.staff.guesses import Guesses
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.words import size

PATIENCE_SECONDS = 10.0  # several guesses' worth


@dataclass(frozen=True, slots=True)
class LockedStatus:
    """What a locked box can tell of itself.

    Attributes:
        waiting_scans: Received files that are not listed yet.
        free_bytes: Free space where scans are kept.
        total_bytes: That disk's size.
        locked: False once it was unlocked, while this page still stands.
        asks_passphrase: Whether a passphrase unlocks it, or only the operator at the machine.
    """

    waiting_scans: int
    free_bytes: int
    total_bytes: int
    locked: bool = True
    asks_passphrase: bool = True


@dataclass(frozen=True, slots=True)
class LockedContext:
    """What the page needs.

    `unlock` hands the passphrase to the locker and raises `Refused` when it is wrong;
    it returns once the other processes have their keys or are being started.
    """

    clinic_name: str
    status: Callable[[], LockedStatus]
    unlock: Callable[[str], None]
    guesses: Guesses
    one_attempt: Semaphore
    patience_seconds: float


@dataclass(frozen=True, slots=True)
class UnlockForm:
    """The box's passphrase."""

    passphrase: str


LockedDependency = NamedDependency[LockedContext]
Rendering = NamedDependency[Pages]


@get(["/", "/unlock", "/login", "/studies"], opt=access(Door.PUBLIC))
@in_thread
def unlock_page(request: PageRequest, locked: LockedDependency, pages: Rendering) -> Page:
    """Show how the box stands and ask for the passphrase, where one opens it."""
    return _unlock_form(request, locked, pages, "", 200)


@post("/unlock", opt=access(Door.PUBLIC), status_code=200)
@in_thread
def submit_unlock(
    request: PageRequest, locked: LockedDependency, pages: Rendering, data: URLEncodedBody[UnlockForm]
) -> Page:
    """Try the passphrase, if this address has not guessed too much and one opens this box."""
    if not locked.status().asks_passphrase:
        return _unlock_form(request, locked, pages, "", 403)
    address = request.user.address
    wait = locked.guesses.begin(address)
    if wait:
        words = _("Too many wrong passphrases came from here. Wait %(seconds)d seconds, then try again.")
        return _unlock_form(request, locked, pages, words % {"seconds": ceil(wait)}, 429)
    if not locked.one_attempt.acquire(timeout=locked.patience_seconds):
        locked.guesses.take_back(address)
        return _unlock_form(request, locked, pages, _("Somebody else is trying right now. Wait a moment."), 429)
    try:
        return _tried(request, locked, pages, data.passphrase)
    finally:
        locked.one_attempt.release()


def _tried(request: PageRequest, locked: LockedContext, pages: Pages, passphrase: str) -> Page:
    try:
        locked.unlock(passphrase)
    except Refused:
        return _unlock_form(request, locked, pages, _("That passphrase does not open this box."), 403)
    except Tampered:
        words = _(
            "What this passphrase opens is missing or damaged, so the box stays locked. Scanners can still send. "
            "Whoever looks after the box finds what to do in its log."
        )
        return _unlock_form(request, locked, pages, words, 503)
    except ApplianceError:
        return _unlock_form(request, locked, pages, _("The box could not be unlocked now. Try again."), 503)
    locked.guesses.take_back(request.user.address)
    return pages.show_with_token("unlocking.html", "")


def _unlock_form(request: PageRequest, locked: LockedContext, pages: Pages, trouble: str, status: int) -> Page:
    secret = request.cookies.get(FORM_COOKIE) or new_form_secret()
    now = locked.status()
    if not now.locked:
        return pages.show_with_token("unlocking.html", "")
    waiting = ngettext("%(count)d file", "%(count)d files", now.waiting_scans) % {"count": now.waiting_scans}
    disk = _("%(free)s of %(total)s") % {"free": size(now.free_bytes), "total": size(now.total_bytes)}
    cookies = [host_cookie(FORM_COOKIE, secret)]
    return pages.show_with_token(
        "unlock.html", form_token(secret), status, cookies, path="/unlock", waiting=waiting, disk=disk, trouble=trouble,
        asks_passphrase=now.asks_passphrase,
    )  # fmt: skip


@get("/healthz", opt=access(Door.PUBLIC, page=False), sync_to_thread=False)
def healthz() -> Response[dict[str, str]]:
    """Say that the process answers and that the box is locked."""
    return Response({"status": "ok", "keys": "sealed"})


class LockedFaults(Faults):
    """Leads a person who asks for any page of an unlocked box to the one page there is, and tells DICOMweb to wait."""

    def answer(self, request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
        if problem_of(fault).status != HTTP_404_NOT_FOUND:
            return super().answer(request, fault)
        if request.method == "GET" and wants_page(request):
            return Redirect("/unlock", status_code=303)
        if request.url.path.startswith("/dicomweb/"):  # a machine that stores would take 404 for its last word
            return super().answer(request, KeysSealed("the box is locked"))
        return super().answer(request, fault)


class Nobody(AbstractAuthenticationMiddleware):
    """Takes every caller for a stranger: there are no accounts without keys."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        super().__init__(app)
        self._gate, self._clock = Gate(), clock

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Give the stranger, with the secret that the form is bound to.

        Raises:
            TooManyRequests: Too many came from there, or from strangers in all.
        """
        address = connection.client.host if connection.client else ""
        self._gate.admit_stranger(address, self._clock.monotonic())
        return AuthenticationResult(user=Actor(address), auth=connection.cookies.get(FORM_COOKIE, ""))


def create_locked_app(
    clinic_name: str,
    status: Callable[[], LockedStatus],
    unlock: Callable[[str], None],
    clock: Clock,
    patience_seconds: float = PATIENCE_SECONDS,
    speaks: Sequence[Language] = (),
) -> Litestar:
    """Build the app that staff sees until the box is unlocked.

    Args:
        clinic_name: For every page.
        status: Tells how the box stands.
        unlock: See `LockedContext`.
        clock: The time.
        patience_seconds: How long a guess waits for another that is being tried.
        speaks: The languages of its page; all that there are unless told.
    """
    pages = Pages(clinic_name, static_address())
    locked = LockedContext(clinic_name, status, unlock, Guesses(clock), Semaphore(), patience_seconds)
    return put_together(
        [unlock_page, submit_unlock, healthz, *language.LOCKED_HANDLERS],
        middleware=[DefineMiddleware(Nobody, clock=clock)],
        guards=[check_access, check_form],
        dependencies={
            "locked": Provide(lambda: locked, sync_to_thread=False),
            "pages": Provide(lambda: pages, sync_to_thread=False),
        },
        faults=LockedFaults(lambda _scope: pages),
        speaks=speaks,
    )
