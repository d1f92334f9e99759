"""`enamel backup`: where copies go, how old they are, and copying now."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

from appliance.assembly.backup_parts import backup_parts
from appliance.assembly.restoring_targets import line_of
from appliance.audit.events import OPERATOR
from appliance.backup import queries, queries_copies
from appliance.backup.connecting import pack_credentials
from appliance.backup.engine import Progress
from appliance.backup.faults import BackupFailed
from appliance.backup.parts import BackupParts
from appliance.backup.pruning import prune_target
from appliance.backup.running import Kind, back_up
from appliance.backup.ssh_keys import found_host_key, new_key
from appliance.backup.standing import Standing, fault_told, standing_of
from appliance.backup.target import Target, TargetKind, location_of
from appliance.backup.targets import Change, NewTarget, add_target, change_target, declare_destroyed, remove_target
from appliance.backup.tombstones import carry_tombstones
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation, ask_secret
from appliance.errors import NotFound, Refused, Unavailable, Unsuitable

_FACTS = ("path", "host", "port", "user", "host_key", "url", "keys_url", "endpoint", "bucket", "prefix", "region")
_WRONG = {Standing.WARNING, Standing.ALARM}


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("kind", choices=[kind.value for kind in TargetKind])
    parser.add_argument("--name", help="what the clinic calls it (default: its kind)")
    parser.add_argument("--path", help="folder, sftp: an empty folder of the disk or server")
    parser.add_argument("--same-disk", action="store_true", help="folder: it may lie on the box's own disk")
    parser.add_argument("--host", help="sftp")
    parser.add_argument("--port", help="sftp (default: 22)")
    parser.add_argument("--user", help="sftp; for rest and s3, whose password is asked for: user name or access key")
    parser.add_argument("--host-key", help="sftp: as ssh-keyscan gives it; without it, it is shown and asked about")
    parser.add_argument("--key", type=Path, metavar="FILE", help="sftp: a private key; `enamel backup key` makes one")
    parser.add_argument("--url", help="rest")
    parser.add_argument("--keys-url", help="rest: where the keys lie, if the server refuses to delete at --url")
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="rest: its authority's, in PEM")
    parser.add_argument("--endpoint", help="s3: the service's address")
    parser.add_argument("--bucket", help="s3")
    parser.add_argument("--prefix", help="s3: a folder in the bucket")
    parser.add_argument("--region", help="s3")
    parser.add_argument("--append-only", action="store_true", help="the server refuses to delete scans from it")
    parser.add_argument("--at", default="01:30", metavar="HH:MM", help="when its night's run begins")
    parser.add_argument("--warn-after-days", type=float, default=1.0)
    parser.add_argument("--alarm-after-days", type=float, default=7.0)


def _add(call: Invocation) -> Answer:
    given = call.given
    facts = {name: getattr(given, name) for name in _FACTS if getattr(given, name)}
    credentials = _credentials(call, facts)
    if given.certificate is not None:
        facts["certificate"] = _read(given.certificate).decode("ascii", "replace")
    if given.same_disk:
        facts["same_disk"] = "yes"
    new = NewTarget(
        given.name or given.kind, location_of(given.kind, facts), credentials, given.append_only, _time(given.at),
        timedelta(days=given.warn_after_days), timedelta(days=given.alarm_after_days),
    )  # fmt: skip
    with call.rooms_of_jobs() as rooms:
        target = add_target(backup_parts(rooms), new, OPERATOR)
    text = f"{target.name} is a backup target now, number {target.target_key}. Its first copy begins within minutes."
    line = line_of(target)
    data = {"target_key": target.target_key, "target_id": target.target_id.hex(), "line": line}
    return Answer(
        data, f"{text}\nWrite this line onto the recovery kit's papers, for the day when it is needed:\n\n  {line}\n"
    )


def _credentials(call: Invocation, facts: dict[str, str]) -> bytes | None:
    """Ask for what the kind of target needs. A server's key is never taken on trust."""
    given = call.given
    if given.kind != TargetKind.SFTP:
        user = facts.pop("user", None)
        return None if user is None else pack_credentials(user, ask_secret("Password: "))
    if "host_key" not in facts:
        found = found_host_key(facts.get("host", ""), facts.get("port", "22"))
        raise Unsuitable(f"compare this with the server's own key, then add it: --host-key '{found}'")
    if given.key is None:
        raise Unsuitable("an SFTP target needs --key FILE: `enamel backup key --out FILE` makes one for it")
    return _read(given.key)


def _key_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a place in memory: /dev/shm/...")


def _key(call: Invocation) -> Answer:
    public = new_key(call.given.out)
    text = f"Let the server's user be entered with this key, by a line in its authorized_keys:\n{public}"
    return Answer({"public_key": public}, text)


def _list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        rows = [_shown(target, call.clock.now()) for target in queries.targets(tx)]
    return listed(rows, ("target_key", "name", "kind", "standing", "fault", "covered_at", "place"),
                  "Nothing is copied anywhere: `enamel backup add` adds a target.")  # fmt: skip


def _run_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--target", type=int, metavar="NUMBER", help="only this one")
    parser.add_argument("--arrivals", action="store_true", help="only what is new, not the whole night's run")


def _run(call: Invocation) -> Answer:
    kind = Kind.ARRIVALS if call.given.arrivals else Kind.NIGHT
    return _on_each(call, lambda parts, target: _copied(parts, target, kind))


def _copied(parts: BackupParts, target: Target, kind: Kind) -> dict[str, object]:
    carry_tombstones(parts, target)
    done = back_up(parts, target, kind, _tell)
    return {
        "snapshot": done.keys.snapshot_id,
        "files": 0 if done.files is None else done.files.file_count,
        "bytes": 0 if done.files is None else done.files.bytes,
        "covered_at": done.covered_at.isoformat(),
    }


def _prune(call: Invocation) -> Answer:
    return _on_each(call, lambda parts, target: {"snapshots_gone": prune_target(parts, target)})


def _on_each(call: Invocation, work: Callable[[BackupParts, Target], dict[str, object]]) -> Answer:
    rows: list[dict[str, object]] = []
    with call.rooms_of_jobs() as rooms:
        parts = backup_parts(rooms)
        for target in _chosen(call, parts):
            row: dict[str, object] = {"target_key": target.target_key, "name": target.name, "fault": None}
            try:
                row |= work(parts, target)
            except (Unavailable, Refused) as failed:
                row |= {
                    "fault": failed.fault.value if isinstance(failed, BackupFailed) else "not ours",
                    "why": str(failed),
                }
            rows.append(row)
    columns = [name for name in ("target_key", "name", "files", "bytes", "covered_at", "snapshots_gone", "fault", "why")
               if any(name in row for row in rows)]  # fmt: skip
    return Answer(rows, listed(rows, columns, "").text, FOUND_WRONG if any(row["fault"] for row in rows) else 0)


def _chosen(call: Invocation, parts: BackupParts) -> list[Target]:
    with parts.database.read() as tx:
        used = queries.used_targets(tx)
    wanted = getattr(call.given, "target", None)
    found = [target for target in used if wanted in {None, target.target_key}]
    if not found:
        raise NotFound("there is no such backup target: `enamel backup list` shows all")
    return found


def _status(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        rows = [_shown(target, call.clock.now()) for target in queries.used_targets(tx)]
        studies = queries_copies.studies_by_copies(tx)
    lines = [
        f"{row['target_key']} {row['name']}: {row['standing']}, copies everything up to "
        f"{row['covered_at'] or 'nothing yet'}"
        for row in rows
    ]
    lines += [f"studies on {copies} targets: {count}" for copies, count in studies.items()]
    is_wrong = not rows or any(row["standing"] in _WRONG for row in rows)
    data = {"targets": rows, "studies_by_copies": studies}
    return Answer(data, "\n".join(lines) or "Nothing is copied anywhere.", FOUND_WRONG if is_wrong else 0)


def _change_arguments(parser: ArgumentParser) -> None:
    _number(parser)
    parser.add_argument("--name", help="what the clinic calls it")
    parser.add_argument("--at", metavar="HH:MM", help="when its night's run begins")
    parser.add_argument("--warn-after-days", type=float, help="how old its copies may get before that is a warning")
    parser.add_argument("--alarm-after-days", type=float, help="how old before it is an alarm")


def _change(call: Invocation) -> Answer:
    given = call.given
    with call.rooms_of_jobs() as rooms:
        parts = backup_parts(rooms)
        with parts.database.read() as tx:
            known = queries.find_target(tx, given.target)
        if known is None:
            raise NotFound("there is no such backup target: `enamel backup list` shows all")
        change = Change(
            known.name if given.name is None else given.name,
            known.at if given.at is None else _time(given.at),
            known.warn_after if given.warn_after_days is None else timedelta(days=given.warn_after_days),
            known.alarm_after if given.alarm_after_days is None else timedelta(days=given.alarm_after_days),
        )
        change_target(parts, given.target, change, OPERATOR)
        with parts.database.read() as tx:
            rows = [_shown(one, call.clock.now()) for one in queries.targets(tx) if one.target_key == given.target]
    return listed(rows, ("target_key", "name", "at", "standing"), "")


def _remove(call: Invocation) -> Answer:
    with call.rooms_of_jobs() as rooms:
        remove_target(backup_parts(rooms), call.given.target, OPERATOR)
    return Answer({"removed": call.given.target}, "It is copied to no more. What is on it stays there and is listed.")


def _destroyed(call: Invocation) -> Answer:
    with call.rooms_of_jobs() as rooms:
        declare_destroyed(backup_parts(rooms), call.given.target, OPERATOR)
    return Answer({"destroyed": call.given.target}, "It counts as destroyed: nothing on it is looked for any more.")


def _shown(target: Target, now: datetime) -> dict[str, object]:
    fault = fault_told(target)
    return {
        "target_key": target.target_key,
        "target_id": target.target_id.hex(),
        "name": target.name,
        "kind": target.location.kind.value,
        "place": target.location.shown,
        "append_only": target.append_only,
        "at": f"{target.at:%H:%M}",
        "standing": standing_of(target, now).value,
        "fault": None if fault is None else fault.value,
        "seen_at": _iso(target.seen_at),
        "covered_at": _iso(target.covered_at),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise Unsuitable("a time of day is HH:MM") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error


def _tell(progress: Progress) -> None:
    if sys.stderr.isatty() and progress.bytes_total:
        share = 100 * progress.bytes_done // progress.bytes_total
        sys.stderr.write(f"\r{share:3d} % of {progress.bytes_total >> 20} MiB ")
        sys.stderr.flush()


def _number(parser: ArgumentParser) -> None:
    parser.add_argument("target", type=int, metavar="NUMBER")


COMMANDS = (
    Command("backup add", _add, _add_arguments),
    Command("backup key", _key, _key_arguments),
    Command("backup list", _list),
    Command("backup run", _run, _run_arguments),
    Command("backup prune", _prune, lambda parser: parser.add_argument("--target", type=int, metavar="NUMBER")),
    Command("backup status", _status),
    Command("backup change", _change, _change_arguments),
    Command("backup remove", _remove, _number),
    Command("backup declare-destroyed", _destroyed, _number),
)
