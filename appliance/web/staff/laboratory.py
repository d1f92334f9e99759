"""A laboratory's own pages: what was given to it, under pseudonyms, and the archive it takes away.

Guards: nothing on these pages is read from a row that names a patient; the room `deidentify` gives what they show.
"""

from dataclasses import dataclass

from anyio import to_thread
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Stream

from appliance.accounts.roles import Permission
from appliance.audit.events import EventCode
from appliance.deidentify import laboratory as room
from appliance.deidentify.laboratory import Lent, LentSeries
from appliance.deidentify.package import take
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.languages import ngettext
from appliance.web.staff.context import StaffContext
from appliance.web.staff.downloading import NO_MORE, batched, check, sent
from appliance.web.staff.pages import Page, PageRequest, Waiting
from appliance.web.staff.refused_words import refused_words
from appliance.web.staff.signing_in import Caller, Context, Rendering, session_of
from appliance.web.staff.words import day, modality_words

HERE = "/laboratory"


@dataclass(frozen=True, slots=True)
class _Line:
    """A study as the page shows it."""

    reference: str
    pseudonym: str
    what: str
    held: str
    year: str
    until: str


@get(HERE, opt=needs(Permission.READ_GIVEN))
@in_thread
def given_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Page:
    """Show what a laboratory was given. Looking is an event."""
    caller = _caller(actor)
    lent = context.laboratory.lent(caller.account_key)
    context.laboratory.record(caller, None, EventCode.GIVEN_LISTED, len(lent))
    lines = [_line(context, one) for one in lent]
    return pages.show_in_office("laboratory.html", request, Waiting(), studies=lines)


@get(HERE + "/{reference:str}", opt=needs(Permission.READ_GIVEN))
@in_thread
def given_study_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, reference: FromPath[str]
) -> Page:
    """Show one study that was given. Looking at it is an event."""
    caller = _caller(actor)
    lent = context.laboratory.find(caller.account_key, reference)
    context.laboratory.record(caller, lent, EventCode.STUDY_OPENED, 1)
    series = context.laboratory.series(caller, lent)
    return pages.show_in_office(
        "laboratory_study.html", request, Waiting(), study=_line(context, lent),
        series=[_series(one) for one in series], any_given=any(one.refusal is None for one in series),
    )  # fmt: skip


@post(HERE + "/{reference:str}/download", opt=needs(Permission.READ_GIVEN), status_code=200)
async def take_study(context: Context, actor: Caller, reference: FromPath[str]) -> Stream:
    """Give the archive of a study; its taking is an event before the first byte leaves."""
    caller, laboratory = _caller(actor), context.laboratory
    lent = await to_thread.run_sync(laboratory.find, caller.account_key, reference)
    taken = await to_thread.run_sync(take, laboratory, caller, lent, context.accounts.clock.now())
    batches = batched(taken.pieces())
    first = await to_thread.run_sync(next, batches, NO_MORE)

    def still() -> None:
        check(context.accounts, session_of(actor), Permission.READ_GIVEN)
        laboratory.find(caller.account_key, reference)

    headers = {
        "Content-Disposition": f'attachment; filename="{taken.file_name}"', "Content-Length": str(taken.total_bytes)
    }  # fmt: skip
    return Stream(sent(first, batches, still), media_type="application/zip", headers=headers)


def _caller(actor: Actor) -> room.Caller:
    session = session_of(actor)
    return room.Caller(session.account.account_key, actor.audited, f"laboratory {session.session_hash.hex()}")


def _line(context: StaffContext, lent: Lent) -> _Line:
    given = lent.given
    kinds = ", ".join(dict.fromkeys(modality_words(modality) for modality in given.modalities))
    series = ngettext("%(count)d series", "%(count)d series", given.series_count) % {"count": given.series_count}
    files = ngettext("%(count)d image", "%(count)d images", given.instance_count) % {"count": given.instance_count}
    until = day(given.ends_at.astimezone(context.zone).date())
    return _Line(lent.reference, lent.pseudonym, kinds, f"{series} · {files}", lent.year, until)


def _series(one: LentSeries) -> dict[str, str]:
    count = len(one.instances)
    files = ngettext("%(count)d image", "%(count)d images", count) % {"count": count}
    facts = " · ".join(part for part in (one.description, one.device, files) if part)
    why = "" if one.refusal is None else refused_words(one.refusal)
    return {"modality": one.modality, "title": modality_words(one.modality), "facts": facts, "why": why}


HANDLERS = (given_page, given_study_page, take_study)
