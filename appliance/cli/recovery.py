"""`enamel kit` and `enamel drills`: the papers that bring a box back, and the proof that somebody can use them.

Guards: shares are shown, or written where memory alone keeps them, once; no row, log, argument or disk has one.
Making a kit takes the root secret, so only the operator at the machine does it (docs/decisions/0080).
"""

from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from appliance.assembly.box import sealed_root, unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.recovery import check_typed, make_papers
from appliance.audit.events import OPERATOR
from appliance.cli.answers import Answer, listed
from appliance.cli.line import Command, Invocation, ask_secret
from appliance.cli.papers import ask_papers
from appliance.errors import NotFound, Unsuitable
from appliance.keys.sealing import asks_passphrase
from appliance.recovery import queries
from appliance.recovery.drills import FAILED, RESTORED, Drill, next_due_on, record_drill
from appliance.recovery.kits import SHARES, checked_holders, opening_kits
from appliance.recovery.paper import as_pdf, as_text
from appliance.recovery.paper_words import PAPER_WORDS
from appliance.store.files import RealFiles, create_durably, is_in_memory, storage_faults
from appliance.store.transactions import ReadTransaction

_OWNER_ONLY = 0o600
_OWNERS_FOLDER = 0o700
_OLD_PAPERS = (
    "An earlier kit of this box opens it as before: destroy its papers, or, if one was lost, rotate the root secret."
)
_STILL_OPENS = "A kit that was replaced opens this box as well, until its root secret is rotated: destroy its papers."
_READ_BACK = "Now let two of the keepers type their papers: enamel kit check. Until then nobody knows that it works."


def _make_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--holder", action="append", default=[], metavar="NAME", help="who keeps a share; three times, or not at all"
    )
    parser.add_argument(
        "--to", type=Path, metavar="DIR",
        help="write each share as PDF and text into this new folder in memory (/run, /dev/shm) instead of showing it",
    )  # fmt: skip
    parser.add_argument(
        "--language", choices=sorted(PAPER_WORDS), help="of the papers (default: the one that the box's mails have)"
    )


def _make(call: Invocation) -> Answer:
    holders, folder = checked_holders(call.given.holder), call.given.to
    _check_folder(folder)
    if call.given.keyring is not None:
        raise Unsuitable("a keyring holds no root secret: leave --keyring out, and give the passphrase")
    settings = call.settings()
    folders = Folders.of(settings)
    passphrase = ask_secret("Passphrase: ") if asks_passphrase(sealed_root(folders)) else None
    language = call.given.language or settings.mail.language
    papers = make_papers(settings, unseal_root(folders, passphrase), holders, call.clock, language)
    kit, earlier = papers.shares[0].kit, f"{_OLD_PAPERS}\n" if papers.had_earlier else ""
    if folder is None:
        data = {"kit": kit, "shares": [share.words for share in papers.shares]}
        return Answer(data, "\f\n".join(as_text(share) for share in papers.shares) + f"\n{earlier}{_READ_BACK}")
    with storage_faults():
        folder.mkdir(_OWNERS_FOLDER)
        for share in papers.shares:
            for ending, content in ((".pdf", as_pdf(share)), (".txt", as_text(share).encode())):
                create_durably(RealFiles(), folder / f"share-{share.number}{ending}", content, _OWNER_ONLY)
    where = f"Kit {kit} is in {folder}, in memory, and gone when this machine stops: print it, then remove the folder."
    return Answer({"kit": kit, "folder": str(folder)}, f"{where}\n{earlier}{_READ_BACK}")


def _check_folder(folder: Path | None) -> None:
    """Refuse, before anything is made, to leave shares on a disk.

    Raises:
        Unsuitable: The folder would lie on a disk, in no folder, or is there.
    """
    if folder is None:
        return
    parent = folder.absolute().parent
    if not parent.is_dir() or not is_in_memory(parent):
        raise Unsuitable("two shares open every scan and never lie on a disk: name a folder below /run, in memory")
    if folder.is_symlink() or folder.exists():
        raise Unsuitable("that folder is there already, perhaps with another kit: move it away")


def _check(call: Invocation) -> Answer:
    kit = check_typed(call.settings(), ask_papers(), call.clock)
    name = "The recovery code" if kit.identifier is None else f"Kit {kit.identifier}"
    data = {"form": kit.form, "kit": kit.identifier, "opens": True}
    return Answer(data, f"{name} opens this box. That is noted, with today's date.")


def _kit_list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        kits, opening = queries.all_kits(tx), opening_kits(tx)
    rows = [
        {"kit": kit.identifier, "form": kit.form, "holders": list(kit.holders), "made_at": _day(kit.made_at),
         "read_back_at": _day(kit.read_back_at), "replaced_at": _day(kit.ended_at)}
        for kit in kits
    ]  # fmt: skip
    columns = ("kit", "form", "holders", "made_at", "read_back_at", "replaced_at")
    told = listed(rows, columns, "No kit was made, and no code was read back yet.")
    if not any(kit.form == SHARES and kit.ended_at is not None for kit in opening):
        return told
    return replace(told, text=f"{told.text}\n{_STILL_OPENS}")


def _day(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "outcome", choices=(RESTORED, FAILED), help="whether the box came back elsewhere, scans and all"
    )
    parser.add_argument("--on", type=_date, metavar="YYYY-MM-DD", help="on which day (default: today)")
    parser.add_argument("--target", metavar="NAME", help="from which backup target")
    parser.add_argument("--minutes", type=int, help="how long it took")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a day is YYYY-MM-DD") from None


def _add(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.write() as tx:
        done_on = call.given.on or call.clock.now().date()
        drill = Drill(done_on, call.given.outcome, _target_key(tx, call.given.target), call.given.minutes)
        record_drill(tx, rooms.audit, drill, call.clock.now(), OPERATOR)
        due_on = next_due_on(tx)
    return Answer({"next_due_on": due_on.isoformat()}, f"The drill is entered. The next is due by {due_on}.")


def _target_key(tx: ReadTransaction, name: str | None) -> int | None:
    if name is None:
        return None
    found = [key for key, known in queries.targets(tx).items() if known == name]
    if not found:
        raise NotFound("there is no backup target of that name")
    return found[0]


def _drill_list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        drills, due_on = queries.all_drills(tx), next_due_on(tx)
    rows = [
        {"done_on": drill.done_on.isoformat(), "outcome": drill.outcome, "target": drill.target_name,
         "minutes": drill.minutes}
        for drill in drills
    ]  # fmt: skip
    answer = listed(rows, ("done_on", "outcome", "target", "minutes"), "No drill was entered yet.")
    return Answer({"drills": answer.data, "next_due_on": due_on.isoformat()}, f"{answer.text}\nNext by {due_on}.")


COMMANDS = (
    Command("kit make", _make, _make_arguments),
    Command("kit check", _check),
    Command("kit list", _kit_list),
    Command("drills list", _drill_list),
    Command("drills add", _add, _add_arguments),
)
