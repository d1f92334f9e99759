"""Puts the staff app together: every route with its door, every answer with its headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

from litestar import Litestar, Request
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, ControllerRouterHandler, Dependencies, Guard, Middleware, Scope

from appliance.accounts.context import Accounts
from appliance.web.http.access import Door, access, check_access, check_row_keys
from appliance.web.http.actor import Actor, Identify
from appliance.web.http.behind import behind_of, standing_before
from appliance.web.http.csrf import check_form
from appliance.web.http.headers import HEADERS, VIEWER_POLICY, add_headers
from appliance.web.http.methods import shared_methods
from appliance.web.http.pace import Gate
from appliance.web.http.packed import packed_files
from appliance.web.http.released import release_of, released_files
from appliance.web.http.speaking import speaking_to
from appliance.web.languages import Language, languages
from appliance.web.staff import (
    confirming,
    description,
    dismissals,
    emergency,
    envelope,
    exports,
    files,
    health,
    joining,
    keeping,
    keeping_backups,
    keeping_disk,
    keeping_due,
    keeping_erasures,
    keeping_jobs,
    keeping_keys,
    keeping_notices,
    keeping_proofs,
    keeping_recovery,
    keeping_retention,
    laboratories,
    laboratory,
    language,
    live,
    own_account,
    passkey_doors,
    patients,
    people,
    printing,
    quarantine,
    screen,
    security_txt,
    senders,
    signing_in,
    studies,
    switching,
    trail,
    trail_anchors,
    trail_days,
    trail_emergencies,
    trail_emergency,
    trail_exports,
    trail_patient,
)
from appliance.web.staff.context import StaffContext
from appliance.web.staff.faults import Faults
from appliance.web.staff.pages import Pages
from appliance.web.staff.refusals import record_refusal

STATIC = Path(__file__).parents[1] / "static"
STATIC_PATH = "/static"
LARGEST_FORM_BYTES = 64 * 1024
_HANDLERS = (
    *signing_in.HANDLERS,
    *passkey_doors.HANDLERS,
    *joining.HANDLERS,
    *envelope.HANDLERS,
    *screen.HANDLERS,
    *emergency.HANDLERS,
    *own_account.HANDLERS,
    *confirming.HANDLERS,
    *switching.HANDLERS,
    *studies.HANDLERS,
    *patients.HANDLERS,
    *printing.HANDLERS,
    *exports.HANDLERS,
    *laboratories.HANDLERS,
    *laboratory.HANDLERS,
    *files.HANDLERS,
    *senders.HANDLERS,
    *quarantine.HANDLERS,
    *dismissals.HANDLERS,
    *people.HANDLERS,
    *keeping.HANDLERS,
    *keeping_backups.HANDLERS,
    *keeping_disk.HANDLERS,
    *keeping_erasures.HANDLERS,
    *keeping_jobs.HANDLERS,
    *keeping_proofs.HANDLERS,
    *keeping_keys.HANDLERS,
    *keeping_notices.HANDLERS,
    *keeping_recovery.HANDLERS,
    *keeping_retention.HANDLERS,
    *keeping_due.HANDLERS,
    *live.HANDLERS,
    *health.HANDLERS,
    *language.HANDLERS,
    *security_txt.HANDLERS,
    *trail.HANDLERS,
    *trail_days.HANDLERS,
    *trail_emergencies.HANDLERS,
    *trail_emergency.HANDLERS,
    *trail_anchors.HANDLERS,
    *trail_exports.HANDLERS,
    *trail_patient.HANDLERS,
)
HANDLERS = (*_HANDLERS, description.handler_of(_HANDLERS))


@cache
def static_address() -> str:
    """Give the address under which this release's files are kept."""
    return f"{STATIC_PATH}/{release_of(STATIC, [*HEADERS.values(), VIEWER_POLICY])}"


@dataclass(frozen=True, slots=True)
class Rooms:
    """What stands behind the routes of an unlocked box."""

    context: StaffContext
    pages: Pages
    watcher: live.Watcher

    @property
    def accounts(self) -> Accounts:
        return self.context.accounts

    @property
    def gate(self) -> Gate:
        return self.context.gate


def create_app(
    context: StaffContext, handlers: Sequence[ControllerRouterHandler] = HANDLERS, speaks: Sequence[Language] = ()
) -> ASGIApp:
    """Build the app of an unlocked box.

    Args:
        context: What the pages need.
        handlers: Every route but those of files; each states its `Access`, or is closed.
        speaks: The languages of its pages; all that there are unless told.
    """
    pages = Pages(context.clinic_name, static_address(), context.accounts.lock_after_seconds)
    rooms = Rooms(context, pages, live.watcher_of(context.accounts))
    return standing_before(rooms, routes_of(tuple(handlers), tuple(speaks)))


@lru_cache(maxsize=4)  # a box asks for one; whoever makes many, as tests do, does not keep them all
def routes_of(handlers: tuple[ControllerRouterHandler, ...], speaks: tuple[Language, ...]) -> Litestar:
    """Build the routes of an unlocked box, once for the same handlers and languages."""
    return put_together(
        handlers,
        middleware=[DefineMiddleware(Identify)],
        guards=[check_access, check_form, check_row_keys],
        dependencies={
            name: Provide(given, sync_to_thread=False)
            for name, given in (
                ("context", current_context), ("pages", current_pages), ("actor", current_actor),
                ("watcher", current_watcher),
            )
        },
        faults=Faults(lambda scope: _rooms(scope).pages, [record_refusal]),
        speaks=speaks,
    )  # fmt: skip


def put_together(
    handlers: Sequence[ControllerRouterHandler],
    middleware: Sequence[Middleware],
    guards: Sequence[Guard],
    dependencies: Dependencies,
    faults: Faults,
    speaks: Sequence[Language] = (),
) -> Litestar:
    """Build an app with what holds for every app of this door: files, headers, limits, answers to faults, no extras."""
    public = access(Door.PUBLIC, activity=False, page=False)
    app = Litestar(
        [*handlers, create_static_files_router(STATIC_PATH, [STATIC], name=STATIC_PATH, opt=public)],
        middleware=middleware,
        guards=guards,
        dependencies=dependencies,
        exception_handlers={Exception: faults.answer},
        after_exception=faults.told,
        before_send=[add_headers],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=LARGEST_FORM_BYTES,
    )
    files = packed_files(app.asgi_handler, f"{STATIC_PATH}/viewer", STATIC / "viewer")
    files = released_files(files, static_address())
    app.asgi_handler = speaking_to(shared_methods(files), speaks or languages())
    return app


def _rooms(scope: Scope) -> Rooms:
    return cast("Rooms", behind_of(scope))


def current_context(request: Request[Actor, str, Any]) -> StaffContext:
    """Give handlers what they need."""
    return _rooms(request.scope).context


def current_pages(request: Request[Actor, str, Any]) -> Pages:
    """Give handlers the clinic's pages."""
    return _rooms(request.scope).pages


def current_watcher(request: Request[Actor, str, Any]) -> live.Watcher:
    """Give the live line what watches the catalogue."""
    return _rooms(request.scope).watcher


def current_actor(request: Request[Actor, str, Any]) -> Actor:
    """Give the caller to handlers."""
    return request.user
