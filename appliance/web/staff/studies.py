"""The study list, its search, one study, and the page that the viewer lives in.

What was searched for is a patient's name more often than not, so it never
stands in an address: it is sealed for this session, and the address carries
only the sealed form.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl

from anyio import sleep, to_thread
from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from appliance.accounts.roles import Permission
from appliance.archive import studies as archive
from appliance.archive.reading.queries import count_arrived_since
from appliance.archive.reading.rows import Position, StudyRow
from appliance.archive.reading.wanted import Order, Wanted
from appliance.audit.events import Event, EventCode, Subject, SubjectKind
from appliance.backup.queries_copies import copies_of_study
from appliance.clock import microseconds
from appliance.errors import NotFound, Tampered
from appliance.intake.storing import is_taken_in
from appliance.keys.wrapping import seal_secret, unseal_secret
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import LARGEST_KEY, Door, access, needs
from appliance.web.http.actor import Actor
from appliance.web.http.pace import session_name
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import ngettext
from appliance.web.staff.attention import keeping_line, refused_scanner, restored_line, waiting
from appliance.web.staff.context import StaffContext
from appliance.web.staff.filters import Asked, asked_of, choices, wanted_of
from appliance.web.staff.pages import Page, PageRequest, Pages, Waiting, places_of
from appliance.web.staff.retention_words import keeping_facts
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, session_of
from appliance.web.staff.study_views import group_rows, midnight, series_choices, series_strip, study_view

PAGE_SIZE = 50
JUST_NOW = timedelta(minutes=10)
LOOKS, LOOK_EVERY_SECONDS = 40, 0.1


@dataclass(frozen=True, slots=True)
class SearchForm:
    """What a person searches for, and the filters that stay, as an address writes them."""

    q: str = ""
    kept: str = ""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a page of the list shows: the sealed search, what was typed, the filters, whether it renews itself."""

    find: str
    typed: str
    asked: Asked
    live: bool


@get("/", opt=access(Door.SIGNED_IN), sync_to_thread=False)
def home(request: PageRequest, pages: Rendering, actor: Caller) -> Answer:
    """Go to the first page that this person may see."""
    places = places_of(actor, Waiting())
    if places:
        return moved_on(places[0].url)
    why = _("Your role has no pages. An administrator can give you an account with another one.")
    return pages.show_in_office("nothing.html", request, Waiting(), why=why)


@get("/studies", opt=needs(Permission.LIST_STUDIES))
@in_thread
def study_list(  # each is one thing that the framework hands over
    request: PageRequest,
    context: Context,
    pages: Rendering,
    actor: Caller,
    find: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Page:
    """Show the latest arrivals, or what was asked for. Either is an event, whoever says what about it."""
    typed, asked, accounts = _unseal(context, actor, find), asked_of(request.query_params), context.accounts
    with accounts.database.read() as tx:
        rows = _rows(tx, wanted_of(tx, asked, typed, accounts.clock.now()), typed, after)
    shown = _Shown(find, typed, asked, live=not after and not typed)
    _record_search(context, actor, len(rows), shown)
    return _list_page(request, context, pages, actor, rows, shown)


@get("/studies/latest", opt=needs(Permission.LIST_STUDIES, activity=False))
@in_thread
def latest_studies(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Page:
    """Give the list that stands open its newest state.

    A page asks for it by itself, so it is no activity, and no event where this
    session opened the same list within the hour; otherwise it is a search.
    """
    asked, accounts = asked_of(request.query_params), context.accounts
    with accounts.database.read() as tx:
        rows = _rows(tx, wanted_of(tx, asked, "", accounts.clock.now()), "", "")
    shown = _Shown("", "", asked, live=True)
    if context.lists.is_due(session_name(session_of(actor)), asked.query(), accounts.clock.monotonic()):
        _record_search(context, actor, len(rows), shown)
    return _list_page(request, context, pages, actor, rows, shown)


def _record_search(context: StaffContext, actor: Actor, number: int, shown: _Shown) -> None:
    """Record a look at the list, and remember one that renews itself; it is durable before anything is shown."""
    accounts = context.accounts
    with accounts.database.write() as tx:
        accounts.audit.record(tx, Event(EventCode.STUDIES_SEARCHED, actor.audited, number=number))
    if shown.live:
        session = session_name(session_of(actor))
        context.lists.recorded(session, shown.asked.query(), accounts.clock.monotonic())


def _rows(tx: ReadTransaction, wanted: Wanted, typed: str, after: str) -> Sequence[StudyRow]:
    """Give a page of the list and one row more; the plain list has ways of its own that are faster still."""
    if typed and not wanted.words:
        return []
    if wanted.is_filtered or wanted.order is not Order.ARRIVED:
        here = _position(after)
        return archive.find_studies(tx, wanted, PAGE_SIZE + 1, None if here is None else here.study_key)
    here = _position(after)
    if typed:
        return archive.search_studies(tx, typed, PAGE_SIZE + 1, here)
    return archive.list_studies(tx, PAGE_SIZE + 1, here)


def _list_page(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, rows: Sequence[StudyRow], shown: _Shown
) -> Page:
    """Show a page of the list; `rows` has one more than a page when there are older ones."""
    accounts, asked = context.accounts, shown.asked
    now = accounts.clock.now()
    with accounts.database.read() as tx:
        today = count_arrived_since(tx, microseconds(midnight(now)))
        fields = choices(tx, asked)
    page = rows[:PAGE_SIZE]
    filtered = asked != Asked(sort=asked.sort)
    return pages.show_in_office(
        "studies.html",
        request,
        waiting(accounts, actor),
        groups=group_rows(page, now, Order(asked.sort or Order.ARRIVED), goes_on=len(rows) > PAGE_SIZE),
        summary=_found_words(len(rows)) if shown.typed or filtered else _today_words(today),
        query=shown.typed,
        find=shown.find,
        filters=fields,
        filtered=filtered,
        kept=asked.query(),
        live=asked.address("/studies/latest") if shown.live else "",
        refused=refused_scanner(accounts, actor) if shown.live else "",
        restored=restored_line(accounts),
        sees_recovery=Permission.READ_KEEPING in actor.permissions,
        keeping=keeping_line(accounts, actor) if shown.live else None,
        older=asked.address(find=shown.find, after=_after(page[-1].position)) if len(rows) > PAGE_SIZE else "",
    )


@post("/studies/search", opt=needs(Permission.LIST_STUDIES), status_code=303)
@in_thread
def search(context: Context, actor: Caller, data: URLEncodedBody[SearchForm]) -> Redirect:
    """Seal what was typed and show what it finds."""
    typed = data.q.strip()[: archive.LONGEST_SEARCH]
    asked = asked_of(dict(parse_qsl(data.kept)))
    if not typed:
        return moved_on(asked.address())
    sealed = seal_secret(context.search_key, session_of(actor).session_hash, typed.encode("utf-8"))
    return moved_on(asked.address(find=urlsafe_b64encode(sealed).decode().rstrip("=")))


@get("/studies/{study_key:int}", opt=needs(Permission.READ_STUDY))
@in_thread
def study_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, study_key: FromPath[int]
) -> Page:
    """Show one study. Looking at it is an event."""
    accounts = context.accounts
    with accounts.database.read() as tx:
        details, copies = archive.get_study(tx, study_key), copies_of_study(tx, study_key)
        keeping = keeping_facts(tx, context.retention, details.study)
    study = details.study
    with accounts.database.write() as tx:
        event = Event(EventCode.STUDY_OPENED, actor.audited, patient_key=study.patient_key, study_key=study_key)
        accounts.audit.record(tx, event)
    return pages.show_in_office(
        "study.html",
        request,
        waiting(accounts, actor),
        study=study_view(details, accounts.clock.now(), copies),
        keeping=keeping,
        may_decide=Permission.PROPOSE_ERASURE in actor.permissions,
        may_view=Permission.VIEW_IMAGES in actor.permissions,
        study_key=study_key,
        may_export=Permission.EXPORT_STUDIES in actor.permissions,
        may_give=Permission.GIVE_TO_LABORATORIES in actor.permissions,
    )


@get("/studies/uid/{study_instance_uid:str}", opt=needs(Permission.READ_STUDY))
async def study_by_uid(context: Context, actor: Caller, study_instance_uid: FromPath[str]) -> Redirect:
    """Lead to a study that this person has just stored, once it is catalogued, or to the list, which shows it then."""
    accounts = context.accounts

    def look() -> tuple[bool, int | None]:
        with accounts.database.read() as tx:
            taken_in = is_taken_in(tx, actor.audited, accounts.clock.now() - JUST_NOW)
            return taken_in, archive.find_study(tx, study_instance_uid)

    taken_in, study_key = await to_thread.run_sync(look)
    for _again in range(LOOKS):  # a study of which half is catalogued would be shown with gaps that it has not
        if taken_in:
            break
        await sleep(LOOK_EVERY_SECONDS)
        taken_in, study_key = await to_thread.run_sync(look)
    return Redirect("/studies" if study_key is None else f"/studies/{study_key}", status_code=303)


@get("/series/{series_key:int}/view", opt=needs(Permission.VIEW_IMAGES))
@in_thread
def viewer_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, series_key: FromPath[int]
) -> Page:
    """Show the room in which the viewer works. Opening it is an event."""
    accounts = context.accounts
    with accounts.database.read() as tx:
        study, series = archive.get_series(tx, series_key)
        others = series_choices(archive.get_study(tx, study.study_key))
    with accounts.database.write() as tx:
        accounts.audit.record(
            tx,
            Event(
                EventCode.SERIES_VIEWED,
                actor.audited,
                subject=Subject(SubjectKind.SERIES, series_key),
                patient_key=study.patient_key,
                study_key=study.study_key,
            ),
        )
    return pages.show("viewer.html", request, series=series_strip(study, series), others=others)


def _found_words(found: int) -> str:
    """Say in one line how much was found."""
    many = _("more than %d") % PAGE_SIZE if found > PAGE_SIZE else str(found)
    return ngettext("%(many)s study found", "%(many)s studies found", found) % {"many": many}


def _today_words(today: int) -> str:
    """Say in one line what the day brought."""
    if not today:
        return _("Nothing has arrived today yet.")
    return ngettext("%(count)d study arrived today", "%(count)d studies arrived today", today) % {"count": today}


def _after(position: Position) -> str:
    return f"{position.last_arrived_at}.{position.study_key}"


def _position(text: str) -> Position | None:
    """Read where a list goes on.

    Raises:
        NotFound: It is no such place.
    """
    if not text:
        return None
    arrived, _dot, key = text.partition(".")
    if not (arrived.isascii() and arrived.isdigit() and key.isascii() and key.isdigit() and len(text) < 40):
        raise NotFound("no such place in the list")
    if max(int(arrived), int(key)) > LARGEST_KEY:
        raise NotFound("no such place in the list")
    return Position(int(arrived), int(key))


def _unseal(context: StaffContext, actor: Actor, find: str) -> str:
    """Read what this session searched for; an address of another session finds nothing of it."""
    if not find:
        return ""
    try:
        sealed = urlsafe_b64decode(find + "=" * (-len(find) % 4))
        return unseal_secret(context.search_key, session_of(actor).session_hash, sealed).decode("utf-8")
    except (NotBase64, ValueError, Tampered) as fault:
        raise NotFound("this search is of another session") from fault


HANDLERS = (home, study_list, latest_studies, search, study_page, study_by_uid, viewer_page)
