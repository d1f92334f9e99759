"""`enamel restore`: a box comes back on a new machine, from a target and the recovery kit's papers.

Guards: papers, passwords and the new passphrase are typed, or read from
standard input a line each, in this order: shares or code, logins of targets,
passphrase. Leaves out: the work itself (`appliance.assembly.restoring`).
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from appliance.assembly.box import check_passphrase
from appliance.assembly.folders import Folders
from appliance.assembly.restoring import Choice, NewSeal, Outcome, Restoring, came_to
from appliance.assembly.restoring_state import State, find_begun
from appliance.assembly.restoring_targets import (
    Login,
    Where,
    ask_logins,
    gather_erased,
    look_at,
    open_source,
    parse_where,
    snapshots_at,
)
from appliance.assembly.restoring_vault import Told
from appliance.assembly.typed_papers import typed_root
from appliance.backup.engine import Snapshot
from appliance.backup.marks import read_mark
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.keys import ask_method, method_arguments
from appliance.cli.line import Command, Invocation, ask_secret, ask_words
from appliance.cli.papers import ask_papers
from appliance.clock import Clock
from appliance.config import Settings, in_folders, read_settings
from appliance.errors import Unsuitable

_STEPS = {
    "catalogue": "Fetching the newest catalogue of the backup.",
    "proving": "Proving it: every page, the box it belongs to, its record of events.",
    "placing": "Putting the catalogue and what waited in the inbox into place.",
    "erasing": "Erasing again what was erased since.",
    "fetching": "Fetching the scans; each is decrypted in memory and compared before it counts.",
    "closing": "Sealing the root secret anew and entering the restore into the record.",
}
_DRILL = (
    "This was a drill: what came back copies nowhere and mails nobody. Look at some scans, then remove its folder, and "
    "enter the drill at the box that lives: enamel drills add."
)
_MIB = 1 << 20
_TELL_SECONDS = 5.0


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--target", action="append", required=True, metavar="WHERE",
        help="where a backup lies, as the kit's paper shows it; more of them tell what was erased and fill gaps",
    )  # fmt: skip
    parser.add_argument("--snapshot", metavar="ID", help="which snapshot of the catalogue (default: the newest)")
    parser.add_argument("--before", type=moment, metavar="TIME", help="the last one up to then: YYYY-MM-DD[THH:MM]")
    parser.add_argument("--list", action="store_true", help="list the snapshots that there are, and restore nothing")
    parser.add_argument(
        "--drill", action="store_true",
        help="the box lives, this is an exercise: what comes back copies to no target, and removes nothing there",
    )  # fmt: skip
    method_arguments(parser)


def moment(text: str) -> datetime:
    """Read a moment that was given as an argument."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a moment is YYYY-MM-DD or YYYY-MM-DDTHH:MM, in UTC unless it says otherwise") from None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def _restore(call: Invocation) -> Answer:
    settings = _settings(call)
    places = [parse_where(text) for text in call.given.target]
    teller = _Teller(call.clock, as_json=call.given.json)
    begun = None if call.given.list else find_begun(Folders.of(settings))
    markers = [look_at(where) for where in places]
    root = typed_root(ask_papers()).root
    logins = ask_logins(places, ask_login)
    sources = [open_source(where, login, root) for where, login in zip(places, logins, strict=True)]
    copies = [snapshots_at(*each) for each in zip(places, sources, markers, strict=True)]
    if call.given.list:
        return _listed(places, copies)
    choice = Choice(call.given.snapshot, call.given.before)
    teller.say(_before_it_begins(begun, choice, places, copies))
    restoring = Restoring(settings, root, sources, call.clock, teller.step, teller.progress, call.given.drill)
    seal = _ask_seal(call, settings.clinic_name)
    try:
        outcome = restoring.run(choice, seal, gather_erased(sources, root))
    except KeyboardInterrupt:
        teller.say("Cut off. Nothing is lost: the same line goes on from here.")
        raise
    return _answer(outcome, settings, call)


def _before_it_begins(
    begun: State | None, choice: Choice, places: Sequence[Where], copies: Sequence[Sequence[Snapshot]]
) -> str:
    """Say what a person wants to know before going on: that this was begun, or that another copy is newer."""
    if begun is not None:
        return f"Going on with what was begun here, from the copy of {begun.taken_at:%Y-%m-%d %H:%M} UTC."
    if choice != Choice():
        return ""
    newest = [max(each, key=came_to, default=None) for each in copies]
    first = newest[0]
    newer = [
        f"{where.place} has a newer copy, of {one.taken_at:%Y-%m-%d %H:%M} UTC, than the target that was named first "
        f"({first.taken_at:%Y-%m-%d %H:%M}): to bring that one back, Ctrl-C, and name it first."
        for where, one in zip(places, newest, strict=True)
        if one is not None and first is not None and came_to(one)[0] > came_to(first)[0]
    ]
    return "\n".join(newer)


def _settings(call: Invocation) -> Settings:
    """Give the settings of the machine that is restored to, or those of a bare folder.

    Raises:
        Unsuitable: Nobody said where to.
    """
    if call.given.settings is not None:
        return read_settings(call.given.settings)
    if call.given.data is None:
        raise Unsuitable("say where the box is to be: --data DIR, a new folder on a disk with room for all of it")
    file = call.given.data / "settings.toml"
    if file.exists():
        return read_settings(file)
    folder = str(call.given.data.absolute())
    return in_folders(Settings(), folder, f"{folder}/run")


def _ask_seal(call: Invocation, clinic_name: str) -> NewSeal:
    """Ask how the root is to be kept, again where somebody at the keyboard chose what would be guessed.

    Raises:
        Unsuitable: The passphrase is a weak one, and nobody is there to be asked again.
    """
    while True:
        try:
            passphrase, host_key = ask_method(call)
            check_passphrase(passphrase, clinic_name)
        except Unsuitable as fault:
            if not sys.stdin.isatty():
                raise
            print(f"{fault}. Please choose again.", file=sys.stderr)  # noqa: T201  whoever types reads it
        else:
            return NewSeal(passphrase, host_key)


def ask_login(where: Where) -> Login:
    """Ask for the login of a target, or read it from standard input, a line each."""
    if sys.stdin.isatty():
        print(where.text, file=sys.stderr)  # noqa: T201  whoever types reads it
    user = ask_words("User name (or access key) of this target, - for none: ")
    return Login("", "") if user == "-" else Login(user, ask_secret("Its password (or secret): "))


def _listed(places: Sequence[Where], copies: Sequence[Sequence[Snapshot]]) -> Answer:
    rows = [
        {
            "target": where.place, "snapshot": one.snapshot_id[:8],
            "taken_at": one.taken_at.isoformat(timespec="seconds"), "kind": one.tag,
            "last_event": None if mark is None else mark.head.sequence,
        }
        for where, snapshots in zip(places, copies, strict=True)
        for one in reversed(snapshots) for mark in (read_mark(one.mark),)
    ]  # fmt: skip
    columns = ("snapshot", "taken_at", "kind", "last_event")
    return listed(
        rows, columns if len(places) == 1 else ("target", *columns), "There is no snapshot of a catalogue there."
    )


def _answer(done: Outcome, settings: Settings, call: Invocation) -> Answer:
    data = {
        "data": settings.data_folder, "box_id": str(done.box.box_id), "clinic_name": done.box.clinic_name,
        "taken_at": done.taken_at.isoformat(timespec="seconds"), "studies": done.studies, "files": done.files,
        "bytes": done.bytes, "missing": done.missing, "erased_again": done.erased_again,
        "later_files": done.later_files,
    }  # fmt: skip
    lines = [
        f"The box is back in {settings.data_folder}: {done.studies} studies, {done.files} files, each verified.",
        f"It is as it was on {done.taken_at:%Y-%m-%d %H:%M} UTC. Nothing that came later is in it: compare with the"
        " scanners' own lists, and send again what is missing.",
    ]
    if done.later_files:
        lines.append(f"Files on the target that came after that, and that nothing opens any more: {done.later_files}.")
    if done.erased_again:
        lines.append(f"Files that had been erased since, and were erased again: {done.erased_again}.")
    if done.missing:
        lines.append(
            f"WRONG: {done.missing} files are on no target that was named; the pages of their studies say so. "
            "Is there another target? `enamel verify` names the files."
        )
    lines.append("Everybody signs in anew. Accounts and machines' tokens are as they were then: look at People first.")
    where = f"--data {settings.data_folder}" if call.given.settings is None else f"--settings {call.given.settings}"
    lines.append(f"Start it: `systemctl start enamel.target` on an installed box, else enamel run {where}")
    if call.given.drill:
        lines.append(_DRILL)
    return Answer(data, "\n".join(lines), FOUND_WRONG if done.missing else 0)


@dataclass
class _Teller:
    """Tells on standard error how far it is; nothing where the answer is to be JSON."""

    clock: Clock
    as_json: bool
    _began: float | None = None
    _had: int = 0
    _told: float = float("-inf")

    def step(self, name: str) -> None:
        """Say what begins."""
        self.say(_STEPS[name])

    def progress(self, told: Told) -> None:
        """Say, every few seconds, how much has come and how long the rest will take."""
        now = self.clock.monotonic()
        if self._began is None:
            self._began, self._had = now, told.bytes_done
        if now - self._told < _TELL_SECONDS and told.bytes_done < told.bytes_total:
            return
        self._told = now
        done, total = told.bytes_done // _MIB, told.bytes_total // _MIB
        line = f"  {told.files_done} of {told.files_total} files, {done} of {total} MiB"
        self.say(line + self._rest(told, now - self._began))

    def _rest(self, told: Told, seconds: float) -> str:
        come = told.bytes_done - self._had
        if seconds < _TELL_SECONDS or not come or told.bytes_done == told.bytes_total:
            return ""
        left = timedelta(seconds=round((told.bytes_total - told.bytes_done) * seconds / come))
        return f", about {left} to go"

    def say(self, text: str) -> None:
        """Say a line, or nothing where there is nothing to say."""
        if text and not self.as_json:
            print(text, file=sys.stderr, flush=True)  # noqa: T201  whoever waits reads it


COMMANDS = (Command("restore", _restore, _arguments),)
