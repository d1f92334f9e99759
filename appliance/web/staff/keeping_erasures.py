"""Erasures: what was erased for good, what each place for copies still holds of it, and the signed certificate."""

from contextlib import suppress

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from appliance.accounts.roles import Permission
from appliance.audit.events import Event, EventCode, Subject, SubjectKind
from appliance.clock import instant, microseconds
from appliance.errors import NotFound
from appliance.jobs.asking import ask_run
from appliance.retention import queries_erasing, queries_proofs
from appliance.retention.erasure_jobs import PROVE_ERASURES
from appliance.retention.proofs import proofs_of
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later, spoken
from appliance.web.staff.erasure_words import kind_words, scope_words, state_of, target_line, whole_state
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.quarantine import beginning
from appliance.web.staff.signing_in import Caller, Context, Rendering, moved_on, session_of
from appliance.web.staff.words import day_and_time, size

PAGE_SIZE = 50
_TOLD = {"asked": later("The certificate is being made. It is here within a minute.")}


@get("/keeping/erasures", opt=needs(Permission.READ_KEEPING))
@in_thread
def erasures_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, before: FromQuery[str] = ""
) -> Page:
    """Show what was erased, the newest first, and whether it is proved."""
    now, start = context.accounts.clock.now(), beginning(before)
    with context.accounts.database.read() as tx:
        rows = queries_erasing.erasures(tx, start, PAGE_SIZE + 1)
        erasures = [
            {
                "key": one.erasure_key,
                "when": day_and_time(instant(one.erased_at)),
                "what": scope_words(one.scope),
                "why": kind_words(one.kind),
                "files": one.file_count,
                "size": size(one.bytes),
                "state": whole_state(one, proofs_of(tx, one, now)),
            }
            for one in rows[:PAGE_SIZE]
        ]
        keys = [{"fingerprint": key, "since": day_and_time(instant(at))} for key, at in queries_proofs.signing_keys(tx)]
        total = queries_proofs.count_erasures(tx)
    older = f"/keeping/erasures?before={rows[PAGE_SIZE - 1].erasure_key}" if len(rows) > PAGE_SIZE else ""
    return show_keeping(
        "keeping_erasures.html", request, context, pages, actor, erasures=erasures, keys=keys, total=total, older=older
    )


@get("/keeping/erasures/{erasure_key:int}", opt=needs(Permission.READ_KEEPING))
@in_thread
def erasure_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, erasure_key: FromPath[int],
    told: FromQuery[str] = "",
) -> Page:  # fmt: skip
    """Show one erasure: the box itself, then every place for copies."""
    now, language = context.accounts.clock.now(), spoken().code
    with context.accounts.database.read() as tx:
        one = queries_erasing.find_erasure(tx, erasure_key)
        if one is None:
            raise NotFound("there is no such erasure")
        targets = [target_line(proof) for proof in proofs_of(tx, one, now)]
        certificate = queries_proofs.certificate_of(tx, erasure_key, language)
    made_at = None if certificate is None else certificate[0]
    erasure = {
        "key": one.erasure_key,
        "id": one.erasure_id.hex(),
        "what": scope_words(one.scope),
        "why": kind_words(one.kind),
        "files": one.file_count,
        "size": size(one.bytes),
        "when": day_and_time(instant(one.erased_at)),
        "state": state_of(one),
        "finished": "" if one.files_gone_at is None else day_and_time(instant(one.files_gone_at)),
        "rewritten": "" if one.rewritten_at is None else day_and_time(instant(one.rewritten_at)),
        "certificate": "" if made_at is None else day_and_time(instant(made_at)),
        "making": certificate is not None and made_at is None,
    }
    words = _(_TOLD[told]) if told in _TOLD and erasure["making"] else ""
    return show_keeping(
        "keeping_erasure.html", request, context, pages, actor, erasure=erasure, targets=targets, told=words
    )


@post("/keeping/erasures/{erasure_key:int}/certificate", opt=needs(Permission.READ_KEEPING), status_code=303)
@in_thread
def ask_for_certificate(context: Context, actor: Caller, erasure_key: FromPath[int]) -> Redirect:
    """Have a certificate made in the reader's language, of what is known once the job has looked again."""
    accounts = context.accounts
    now, account = accounts.clock.now(), session_of(actor).account.account_key
    with accounts.database.write() as tx:
        if queries_erasing.find_erasure(tx, erasure_key) is None:
            raise NotFound("there is no such erasure")
        queries_proofs.ask_certificate(
            tx, erasure=erasure_key, language=spoken().code, at=microseconds(now), by=account
        )
        with suppress(NotFound):  # the process `jobs` has not run yet: it makes it when it does
            ask_run(tx, PROVE_ERASURES, now, account)
        subject = Subject(SubjectKind.ERASURE, erasure_key)
        accounts.audit.record(tx, Event(EventCode.JOB_ASKED, actor.audited, subject=subject))
    return moved_on(f"/keeping/erasures/{erasure_key}?told=asked")


@get("/keeping/erasures/{erasure_key:int}/certificate", opt=needs(Permission.READ_KEEPING))
@in_thread
def certificate_file(context: Context, erasure_key: FromPath[int]) -> Response[bytes] | Redirect:
    """Give the certificate that was made, to keep; the erasure's page where there is none in this language yet."""
    with context.accounts.database.read() as tx:
        found = queries_proofs.certificate_of(tx, erasure_key, spoken().code)
    if found is None or found[1] is None:
        return moved_on(f"/keeping/erasures/{erasure_key}")
    name = f'attachment; filename="erasure-{erasure_key}.pdf"'
    return Response(found[1], media_type="application/pdf", headers={"Content-Disposition": name})


HANDLERS = (erasures_page, erasure_page, ask_for_certificate, certificate_file)
