"""`enamel studies`, `quarantine`, `conflicts` and `check`: what the box keeps, and whether it is what was stored."""

from argparse import ArgumentParser
from dataclasses import asdict

from appliance.archive.reading.queries import open_conflicts, quarantined
from appliance.archive.studies import list_studies, search_studies
from appliance.assembly.checking import check_box
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation

_MOST = 1000


def _study_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("search", nargs="?", default="", help="words of a name, id, description or accession number")
    parser.add_argument("--limit", type=int, default=_MOST)


def _studies(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        limit = call.given.limit
        found = search_studies(tx, call.given.search, limit) if call.given.search else list_studies(tx, limit)
    rows = [
        {name: value for name, value in asdict(study).items() if name != "position"}
        | {"last_arrived_at": study.last_arrived_at.isoformat(), "first_arrived_at": study.first_arrived_at.isoformat()}
        for study in found
    ]
    columns = ("study_key", "patient_id", "patient_name", "study_date", "modalities", "series_count", "instance_count")
    return listed(rows, columns, "No study is listed.")


def _quarantine(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        found = quarantined(tx, _MOST, None)
    rows = [asdict(file) | {"arrived_at": file.arrived_at.isoformat()} for file in found]
    columns = ("quarantine_key", "reason", "calling_ae_title", "address", "dataset_bytes", "arrived_at")
    return listed(rows, columns, "Nothing is in quarantine.")


def _conflicts(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        found = open_conflicts(tx, _MOST)
    columns = ("conflict_key", "kind", "patient_key", "other_patient_key", "study_key", "found_at")
    return listed(found, columns, "No conflict of identity is open.")


def _check(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        report = check_box(rooms)
    lines = [f"{name.replace('_', ' '):22} {value}" for name, value in asdict(report).items() if name != "faults"]
    text = "\n".join([*lines, *(f"WRONG: {fault}" for fault in report.faults)])
    verdict = "All of it is what was stored." if not report.faults else f"{len(report.faults)} faults were found."
    return Answer(asdict(report), f"{text}\n{verdict}", FOUND_WRONG if report.faults else 0)


COMMANDS = (
    Command("studies list", _studies, _study_arguments),
    Command("quarantine list", _quarantine),
    Command("conflicts list", _conflicts),
    Command("check", _check),
)
