"""`enamel check`, `verify`, `catalogue rebuild`: whether what is kept is what was stored; mending the catalogue."""

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path

from appliance.assembly.folders import Folders
from appliance.assembly.integrity_parts import integrity_parts
from appliance.assembly.proof_parts import proof_parts
from appliance.assembly.rebuilding import Replaced, fetched_catalogue, rebuild_catalogue
from appliance.assembly.restoring import Choice
from appliance.assembly.restoring_targets import ask_logins, gather_erased, open_source, parse_where
from appliance.assembly.rooms import Rooms
from appliance.cli.answers import FOUND_WRONG, Answer
from appliance.cli.line import Command, Invocation
from appliance.cli.restore import ask_login, moment
from appliance.errors import Unsuitable
from appliance.identifiers import FileId
from appliance.integrity.checking import Report, check_box
from appliance.integrity.proofs import Proof, prove_all
from appliance.jobs.job import Run
from appliance.keys.hierarchy import Subkey
from appliance.retention.tombstones import decode_tombstones
from appliance.store.runs import begin_run, end_run


def _check(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        report = check_box(integrity_parts(rooms), _show_progress)
    return _answer(report)


def _show_progress(done: int, total: int) -> None:
    """Say at a terminal how far the reading is, about a hundred times."""
    if sys.stderr.isatty() and (done == total or done % max(total // 100, 1) == 0):
        sys.stderr.write(f"\r{done} of {total} stored files were read" + ("\n" if done == total else ""))
        sys.stderr.flush()


def _answer(report: Report) -> Answer:
    counts = {name: value for name, value in asdict(report).items() if name not in {"faults", "findings"}}
    lines = [f"{name.replace('_', ' '):22} {value}" for name, value in counts.items()]
    text = "\n".join([*lines, *(f"WRONG: {fault}" for fault in report.faults)])
    verdict = "All of it is what was stored." if not report.faults else f"{len(report.faults)} faults were found."
    return Answer(counts | {"faults": report.faults}, f"{text}\n{verdict}", FOUND_WRONG if report.faults else 0)


def _rebuild_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--target", action="append", default=[], metavar="WHERE",
        help="where a backup lies, as the kit's paper shows it: the first gives its newest catalogue, all tell what was"
        " erased since",
    )  # fmt: skip
    parser.add_argument("--before", type=moment, metavar="TIME", help="the last one up to then: YYYY-MM-DD[THH:MM]")
    parser.add_argument("--snapshot", type=Path, metavar="FILE", help="instead: a catalogue.db out of a backup")
    parser.add_argument(
        "--erased",
        type=Path,
        metavar="FILE",
        help="with it: the list `tombstones` out of a backup, what was erased since",
    )


def _rebuild(call: Invocation) -> Answer:
    if bool(call.given.target) == (call.given.snapshot is not None):
        raise Unsuitable("say where the catalogue comes from: --target, a backup, or --snapshot, a file out of one")
    if call.given.target:
        return _rebuild_from_targets(call)
    with call.rooms(snapshot=call.given.snapshot) as rooms:
        done = rebuild_catalogue(rooms, call.given.snapshot, _erased(rooms, call.given.erased))
        return _rebuilt(done, is_told=done.rebuilt.asked_old or call.given.erased is not None)


def _rebuild_from_targets(call: Invocation) -> Answer:
    folders, root = Folders.of(call.settings()), call.root()
    places = [parse_where(text) for text in call.given.target]
    logins = ask_logins(places, ask_login)
    sources = [open_source(where, login, root) for where, login in zip(places, logins, strict=True)]
    with (
        fetched_catalogue(folders, sources[0], root, Choice(before=call.given.before), call.clock) as snapshot,
        call.rooms(snapshot=snapshot, root=root) as rooms,
    ):
        return _rebuilt(rebuild_catalogue(rooms, snapshot, gather_erased(sources, root)), is_told=True)


def _rebuilt(done: Replaced, *, is_told: bool) -> Answer:
    rebuilt = done.rebuilt
    without = [str(file_id) for file_id in rebuilt.without_key]
    data = asdict(rebuilt) | {"without_key": without, "old": done.old and str(done.old)}
    lines = [
        f"from the snapshot      {rebuilt.from_snapshot}",
        f"came after it          {rebuilt.added}",
        f"erased since           {rebuilt.erased}",
        *(f"WRONG: file {name}: nothing here opens it" for name in without),
    ]
    if not is_told:
        lines.append(
            "NOT KNOWN: what was erased since that copy is here again until a place for copies that knows of it is "
            "reached: plug all of them in. Better: the same line with --target, or with --erased."
        )
    if done.old is not None:
        lines.append(
            f"The catalogue that was there is now {done.old}. Remove it once all is well: erasing does not reach it, "
            "and no erasure comes to its end before."
        )
    return Answer(data, "\n".join(lines), FOUND_WRONG if without else 0)


def _erased(rooms: Rooms, document: Path | None) -> frozenset[FileId]:
    if document is None:
        return frozenset()
    try:
        return decode_tombstones(document.read_bytes(), rooms.keyring.key(Subkey.AUDIT))
    except OSError as error:
        raise Unsuitable(f"the list of what was erased cannot be read: {error.strerror}") from error


def _verify_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--targets", action="store_true", help="also restore every copy in full, and compare all of it")


def _verify(call: Invocation) -> Answer:
    if not call.given.targets:
        return _check(call)
    with call.rooms_of_jobs() as rooms:
        answer, proofs = _answer(check_box(integrity_parts(rooms), _show_progress)), _prove(rooms)
    told = [one.told() for proof in proofs for one in (*proof.found, *proof.behind)]
    verdicts = {proof.target.name: proof.ending.verdict for proof in proofs}
    counts = {proof.target.name: asdict(proof.ending) for proof in proofs}
    lines = [f"{name}: {verdict}" for name, verdict in verdicts.items()] or ["There is no target to restore from."]
    text = "\n".join([answer.text, *lines, *(f"WRONG: {fault}" for fault in told)])
    is_whole = answer.status == 0 and set(verdicts.values()) <= {"proved"}
    return Answer({"box": answer.data, "targets": counts, "faults": told}, text, 0 if is_whole else FOUND_WRONG)


def _prove(rooms: Rooms) -> list[Proof]:
    database, clock = rooms.database, rooms.clock
    with database.write() as tx:
        run_key = begin_run(tx, "verify", clock.now())
    run = Run(run_key, clock, database, lambda: False)
    proofs = prove_all(proof_parts(rooms), run, in_full=True)
    with database.write() as tx:
        end_run(tx, run_key, clock.now(), len(proofs), run.failed_count)
    return proofs


COMMANDS = (
    Command("check", _check),
    Command("verify", _verify, _verify_arguments),
    Command("catalogue rebuild", _rebuild, _rebuild_arguments),
)
