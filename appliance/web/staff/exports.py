"""The page on which a study, or all of a patient's, is taken out as a package.

Guards: the first byte is read, and who takes it recorded, before the answer begins. A download ends at once when the
person's session ends or the right is taken away; a screen that locks meanwhile does not end it. A passphrase is shown
once: between the two steps it travels sealed for this session, and the box keeps nothing of it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from anyio import to_thread
from litestar import get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Response, Stream

from appliance.accounts.roles import Permission
from appliance.errors import NotFound, Tampered
from appliance.export.contents import Contents
from appliance.export.package import Package
from appliance.export.sealed_zip import new_passphrase, sealed_zip_pieces
from appliance.export.zipping import zip_bytes, zip_pieces
from appliance.keys.wrapping import seal_secret, unseal_secret
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.threads import in_thread
from appliance.web.staff.attention import waiting
from appliance.web.staff.context import StaffContext
from appliance.web.staff.downloading import NO_MORE, batched, check, sent
from appliance.web.staff.export_words import package_words
from appliance.web.staff.pages import PageRequest, Pages
from appliance.web.staff.signing_in import Caller, Context, Rendering, session_of
from appliance.web.staff.words import patient_facts, person_name, size

EXPORT = Permission.EXPORT_STUDIES
Answer = Response[str] | Stream


@dataclass(frozen=True, slots=True)
class ExportForm:
    """Whether a passphrase is wanted, and one that was shown, sealed."""

    form: str = "zip"
    sealed: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request of this page."""

    request: PageRequest
    context: StaffContext
    pages: Pages
    actor: Actor


@get("/studies/{study_key:int}/export", opt=needs(Permission.EXPORT_STUDIES))
@in_thread
def study_export_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, study_key: FromPath[int]
) -> Response[str]:
    """Ask in which form a study is taken out."""
    package = context.exporter.study(study_key, package_words())
    return _asking(_Asked(request, context, pages, actor), package, f"/studies/{study_key}")


@get("/patients/{patient_key:int}/export", opt=needs(Permission.EXPORT_STUDIES))
@in_thread
def patient_export_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, patient_key: FromPath[int]
) -> Response[str]:
    """Ask in which form all of a patient's studies are taken out."""
    package = context.exporter.patient(patient_key, package_words())
    return _asking(_Asked(request, context, pages, actor), package, f"/patients/{patient_key}")


@post("/studies/{study_key:int}/export", opt=needs(Permission.EXPORT_STUDIES), status_code=200)
async def export_study(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, study_key: FromPath[int],
    data: URLEncodedBody[ExportForm],
) -> Answer:  # fmt: skip
    """Give a study's package."""
    look_up = partial(context.exporter.study, study_key, package_words())
    return await _answer(_Asked(request, context, pages, actor), look_up, f"/studies/{study_key}", data)


@post("/patients/{patient_key:int}/export", opt=needs(Permission.EXPORT_STUDIES), status_code=200)
async def export_patient(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, patient_key: FromPath[int],
    data: URLEncodedBody[ExportForm],
) -> Answer:  # fmt: skip
    """Give the package of all of a patient's studies."""
    look_up = partial(context.exporter.patient, patient_key, package_words())
    return await _answer(_Asked(request, context, pages, actor), look_up, f"/patients/{patient_key}", data)


def _asking(asked: _Asked, package: Package, back: str, passphrase: str = "", sealed: str = "") -> Response[str]:
    contents = package.contents
    return asked.pages.show_in_office(
        "export.html", asked.request, waiting(asked.context.accounts, asked.actor), back=back,
        name=person_name(contents.person.patient_name), about=_about(contents, asked.context),
        of_patient=contents.study_key is None, studies=len(contents.studies),
        files=sum(1 for _one in contents.instances()), size=size(contents.total_bytes), damaged=contents.damaged,
        versions=contents.further_versions, passphrase=passphrase, sealed=sealed,
    )  # fmt: skip


def _about(contents: Contents, context: StaffContext) -> str:
    """Say whose it is and, of one study, which: nobody should take out another one's by mistake."""
    facts = patient_facts(contents.person, context.accounts.clock.now().date())
    study = "" if contents.study_key is None else contents.studies[0].study_description
    return " · ".join(part for part in (facts, study) if part)


async def _answer(asked: _Asked, look_up: Callable[[], Package], back: str, data: ExportForm) -> Answer:
    package = await to_thread.run_sync(look_up)
    await to_thread.run_sync(lambda: package.entries)  # its papers are made off the event loop
    if data.sealed:
        passphrase = _unseal(asked.context, asked.actor, data.sealed)
        pieces = sealed_zip_pieces(package.entries, package.made_at, passphrase)
        return await _download(asked, package, pieces, "encrypted zip", None)
    if data.form == "encrypted":
        passphrase = new_passphrase()
        sealed = seal_secret(asked.context.search_key, session_of(asked.actor).session_hash, passphrase.encode())
        shown = partial(_asking, asked, package, back, passphrase, urlsafe_b64encode(sealed).decode())
        return await to_thread.run_sync(shown)
    pieces = zip_pieces(package.entries, package.made_at)
    return await _download(asked, package, pieces, "zip", zip_bytes(package.entries))


def _unseal(context: StaffContext, actor: Actor, sealed: str) -> str:
    """Read the passphrase that was shown to this session.

    Raises:
        NotFound: It was another session's, or an older one's.
    """
    try:
        return unseal_secret(context.search_key, session_of(actor).session_hash, urlsafe_b64decode(sealed)).decode()
    except (NotBase64, ValueError, Tampered) as fault:
        raise NotFound("this passphrase was shown to another session") from fault


async def _download(asked: _Asked, package: Package, pieces: Iterator[bytes], form: str, length: int | None) -> Stream:
    """Begin to give a package; the first bytes are there, and the event is, before the answer begins."""
    batches = batched(_given(package, asked.actor, form, pieces))
    first = await to_thread.run_sync(next, batches, NO_MORE)
    headers = {"Content-Disposition": f'attachment; filename="{package.file_name}"'}
    if length is not None:
        headers["Content-Length"] = str(length)
    still = partial(check, asked.context.accounts, session_of(asked.actor), EXPORT)
    return Stream(sent(first, batches, still), media_type="application/zip", headers=headers)


def _given(package: Package, actor: Actor, form: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with package.giving(actor.audited, form):
        yield from pieces


HANDLERS = (study_export_page, patient_export_page, export_study, export_patient)
