"""`enamel studies`, `quarantine` and `conflicts`: what the box keeps."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from appliance.accounts.service import all_accounts
from appliance.archive.quarantine import get_entry, get_waiting
from appliance.archive.reading.queries import Entries, open_conflicts, quarantined
from appliance.archive.reading.rows import QuarantinedFile, SeriesRow, StudyRow
from appliance.archive.studies import get_study, list_studies, search_studies
from appliance.assembly.rooms import Rooms
from appliance.audit.events import OPERATOR, Event, EventCode
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation, ask_words
from appliance.clock import instant
from appliance.errors import Unsuitable
from appliance.intake.quarantine import Quarantine

_MOST = 1000


def _study_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("search", nargs="?", default="", help="words of a name, id, description or accession number")
    parser.add_argument("--limit", type=int, default=_MOST)


def _studies(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        limit = call.given.limit
        found = search_studies(tx, call.given.search, limit) if call.given.search else list_studies(tx, limit)
    rows = [_shown_study(study) for study in found]
    columns = ("study_key", "patient_id", "patient_name", "study_date", "modalities", "series_count", "instance_count")
    return listed(rows, columns, "No study is listed.")


def _shown_study(study: StudyRow) -> dict[str, object]:
    return {name: value for name, value in asdict(study).items() if name != "position"} | {
        "last_arrived_at": study.last_arrived_at.isoformat(),
        "first_arrived_at": study.first_arrived_at.isoformat(),
    }


def _show_study(call: Invocation) -> Answer:
    """Show what the study page shows. Looking at it is an event here, too."""
    with call.rooms() as rooms:
        with rooms.database.read() as tx:
            details = get_study(tx, call.given.study_key)
        study = details.study
        with rooms.database.write() as tx:
            event = Event(EventCode.STUDY_OPENED, OPERATOR, patient_key=study.patient_key, study_key=study.study_key)
            rooms.audit.record(tx, event)
    series = [_shown_series(row) for row in details.series]
    data = _shown_study(study) | {
        "series": series,
        "conflicts": [asdict(one) | {"found_at": one.found_at.isoformat()} for one in details.conflicts],
        "damaged_instances": list(details.damaged_instances),
    }
    columns = ("series_key", "modality", "series_description", "instance_count", "completeness", "further_versions")
    head = f"{study.patient_name}, {study.patient_id}, {study.study_date}: {study.study_description}"
    found = [f"open conflicts    {len(details.conflicts)}", f"damaged instances {len(details.damaged_instances)}"]
    return Answer(data, "\n".join([head, listed(series, columns, "It has no series.").text, *found]))


def _shown_series(row: SeriesRow) -> dict[str, object]:
    return asdict(row) | {
        "completeness": row.completeness.value,
        "findings": json.loads(row.findings),
        "last_arrived_at": row.last_arrived_at.isoformat(),
    }


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="also what was dismissed, or listed after all")


def _quarantine(call: Invocation) -> Answer:
    every: bool = call.given.all
    with call.rooms() as rooms:
        with rooms.database.read() as tx:
            found = quarantined(tx, _MOST, None, Entries.ALL if every else Entries.WAITING)
        names = _user_names(rooms) if every else {}
    rows = [_shown_entry(file, names) for file in found]
    columns = ["quarantine_key", "reason", "calling_ae_title", "address", "dataset_bytes", "arrived_at"]
    end = ["state", "resolved_at", "resolved_by", "dismissal_reason"] if every else []
    return listed(rows, columns + end, "Nothing is in quarantine.")


def _shown_entry(file: QuarantinedFile, names: Mapping[int, str]) -> dict[str, object]:
    state = "waiting" if file.resolved_at is None else "listed" if file.dismissal_reason is None else "dismissed"
    return asdict(file) | {
        "arrived_at": file.arrived_at.isoformat(),
        "resolved_at": file.resolved_at and file.resolved_at.isoformat(),
        "resolved_by": None if file.resolved_at is None else _who(names, file.resolved_by),
        "state": state,
    }


def _user_names(rooms: Rooms) -> Mapping[int, str]:
    return {account.account_key: account.user_name for account in all_accounts(rooms.accounts)}


def _who(names: Mapping[int, str], account_key: int | None) -> str:
    """Name who resolved an entry."""
    return "operator" if account_key is None else names.get(account_key, f"account {account_key}")


def _key_argument(parser: ArgumentParser) -> None:
    parser.add_argument("quarantine_key", type=int, help="its number in `quarantine list`")


def _export_arguments(parser: ArgumentParser) -> None:
    _key_argument(parser)
    parser.add_argument("file", type=Path, help="where to write it; must not be there yet")
    parser.add_argument("--dataset-only", action="store_true", help="only what came over the wire, without our head")


def _show(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        with rooms.database.read() as tx:
            entry = get_entry(tx, call.given.quarantine_key)
        who = None if entry.resolved_at is None else _who(_user_names(rooms), entry.resolved_by)
    row: dict[str, object] = asdict(entry) | {
        "file_id": entry.file_id and str(entry.file_id),
        "association_id": str(entry.association_id),
        "dataset_sha256": entry.dataset_sha256 and entry.dataset_sha256.hex(),
        "arrived_at": instant(entry.arrived_at).isoformat(),
        "resolved_at": entry.resolved_at and instant(entry.resolved_at).isoformat(),
        "resolved_by": who,
    }
    return Answer(row, "\n".join(f"{name.replace('_', ' '):20} {value or '-'}" for name, value in row.items()))


def _export(call: Invocation) -> Answer:
    given = call.given
    with call.rooms() as rooms:
        pieces = _quarantine_of(rooms).export(given.quarantine_key, OPERATOR, dataset_only=given.dataset_only)
        written = _write_new(given.file, pieces)
    data = {"quarantine_key": given.quarantine_key, "file": str(given.file), "bytes": written}
    return Answer(data, f"{written} bytes were written to {given.file}. They are not encrypted: remove them after use.")


def _retry(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        retried = _quarantine_of(rooms).retry(call.given.quarantine_key, OPERATOR)
    data = {"quarantine_key": call.given.quarantine_key, **asdict(retried)}
    if retried.reason is not None:
        return Answer(data, f"It still waits: {retried.reason}.", FOUND_WRONG)
    return Answer(data, "It is listed with its study now.")


def _resolve(call: Invocation) -> Answer:
    key: int = call.given.quarantine_key
    with call.rooms() as rooms:
        with rooms.database.read() as tx:
            get_waiting(tx, key)
        reason = ask_words("Why it is dismissed, in a few words and without a patient's name: ")
        _quarantine_of(rooms).dismiss(key, reason, OPERATOR)
    return Answer({"quarantine_key": key, "dismissed": True}, "It waits no longer. Nothing of it was deleted.")


def _reopen(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        _quarantine_of(rooms).reopen(call.given.quarantine_key, OPERATOR)
    return Answer({"quarantine_key": call.given.quarantine_key, "dismissed": False}, "It waits again.")


def _quarantine_of(rooms: Rooms) -> Quarantine:
    return Quarantine(rooms.database, rooms.rotating_keys, rooms.vault, rooms.audit, rooms.clock)


def _write_new(target: Path, pieces: Iterator[bytes]) -> int:
    """Write a file that was not there and that only this user may read; nothing stays of one that is damaged.

    Raises:
        Unsuitable: The file is there already, or cannot be made.
        Tampered, Refused, NotFound: From the pieces.
    """
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Unsuitable(f"{target} cannot be made: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            return sum(file.write(piece) for piece in pieces)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _conflicts(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        found = open_conflicts(tx, _MOST)
    columns = ("conflict_key", "kind", "patient_key", "other_patient_key", "study_key", "found_at")
    return listed(found, columns, "No conflict of identity is open.")


COMMANDS = (
    Command("studies list", _studies, _study_arguments),
    Command("studies show", _show_study, lambda parser: parser.add_argument("study_key", type=int)),
    Command("quarantine list", _quarantine, _list_arguments),
    Command("quarantine show", _show, _key_argument),
    Command("quarantine export", _export, _export_arguments),
    Command("quarantine retry", _retry, _key_argument),
    Command("quarantine resolve", _resolve, _key_argument),
    Command("quarantine reopen", _reopen, _key_argument),
    Command("conflicts list", _conflicts),
)
