"""Repositories by restic, the only module that runs it.

Guards: a repository's password and a target's credentials reach restic as
files in memory; none of what restic says (it names hosts and paths) leaves
here. A repository that does not open with our password is somebody else's and
is never written to. Locks: whoever may hold one holds the repository's guard
file as well, shared for reading and copying, alone for removing; so a lock
that nobody can be behind, a crash's, is removed by whoever holds the guard
alone. `restic unlock` itself is never asked which locks are stale: it would
send a signal to whatever process has that number now.
What is copied is ciphertext, so nothing is compressed.

Source: restic 0.14, doc/075_scripting.rst and design.rst.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from appliance.backup.cache import drop_cached
from appliance.backup.engine import Finding, OnProgress, Progress, Snapshot, Source, nobody_listens, short
from appliance.backup.faults import BackupFailed, Fault, GaveUp, NotOurs
from appliance.backup.guard import Guard
from appliance.backup.program import Call, Ended, in_memory, json_lines, run, stream
from appliance.backup.restic_words import DataReading, fault_of, findings_in, is_gone, is_missing, is_refused, left_out
from appliance.errors import Unavailable
from appliance.keys.secret import SecretKey

HOST = "enamel"  # a snapshot tells nothing of the machine
_ALL = "all"
_PACKS_AT_ONCE = 500  # on one command line


@dataclass(frozen=True)
class Connection:
    """How restic reaches a repository.

    Attributes:
        repository: As restic names it; may hold a password.
        options: Further arguments; `{0}`, `{1}`... in them name the paths of `files`.
        files: Contents of files in memory for them: a key, a certificate.
        aws: An AWS shared credentials file, where there is one.
    """

    repository: str = field(repr=False)
    options: tuple[str, ...] = ()
    files: tuple[bytes, ...] = field(default=(), repr=False)
    aws: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Places:
    """Where restic may keep what is its own on this machine; all of it can be made again.

    Attributes:
        guard: The file that whoever uses the repository holds; None where nobody else can.
        cache: Its cache, ciphertext as in the repository; None for none.
        scratch: For its temporary files, ciphertext as well; None for the system's.
        inbox: Where scans arrive; where jobs give way to others, restic stands still meanwhile.
    """

    guard: Path | None = None
    cache: Path | None = None
    scratch: Path | None = None
    inbox: Path | None = None


class ResticRepository:
    """One restic repository."""

    def __init__(self, connection: Connection, password: SecretKey, places: Places = Places()) -> None:
        self._connection = connection
        self._password = password
        self._places = places
        self._guard = Guard(places.guard)
        self._is_fresh = False  # nothing of the cache is older than this

    def create(self) -> None:
        if not self.exists():
            self._must(self._run("init"))

    def exists(self) -> bool:
        ended = self._run("cat", "config", "--no-lock")
        if ended.status == 0:
            return True
        if is_missing(ended.said):
            return False
        self._refuse(ended)
        return False

    def backup(self, source: Source, tag: str, at: datetime, on_progress: OnProgress = nobody_listens) -> Snapshot:
        told: dict[str, object] = {}

        def on_message(message: dict[str, object]) -> None:
            if message.get("message_type") == "status":
                on_progress(_progress(message))
            elif message.get("message_type") == "summary":
                told.update(message)

        arguments = ["backup", "--json", "--host", HOST, "--tag", tag, "--compression", "off", "--ignore-ctime"]
        arguments += ["--time", at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")]
        arguments += ["--tag", source.mark] if source.mark else []
        arguments += ["--parent", source.parent] if source.parent else []
        listed = ("\n".join(source.listed) + "\n").encode() if source.listed else b""
        arguments += ["--files-from-verbatim", "{list}"] if listed else []
        ended = self._run(*arguments, "--", *source.names, given=_Given(source.folder, json_lines(on_message), listed))
        self._must(ended, and_also=3)
        missing = left_out(ended.said, source)
        if missing or "snapshot_id" not in told:
            raise BackupFailed(Fault.INCOMPLETE if missing else Fault.FAILED)
        counts = _count(told, "total_files_processed"), _count(told, "total_bytes_processed")
        return Snapshot(str(told["snapshot_id"]), at.astimezone(UTC).replace(microsecond=0), tag, *counts, source.mark)

    def snapshots(self) -> list[Snapshot]:
        listed = json.loads(self._text("snapshots", "--json", "--no-lock") or "null") or []
        short = Counter(str(one["short_id"]) for one in listed)
        found = [
            Snapshot(one["short_id" if short[one["short_id"]] == 1 else "id"], _instant(one["time"]),
                     *_told_by(one.get("tags") or []))
            for one in listed
        ]  # fmt: skip
        return sorted(found, key=lambda one: (one.taken_at, one.snapshot_id))

    def restore(
        self, snapshot_id: str, into: Path, include: Sequence[str] = (), on_progress: OnProgress = nobody_listens,
        *, waits: bool = True,
    ) -> None:  # fmt: skip
        wanted = [word for path in include for word in ("--include", path)]
        given = _Given(on_step=_written(on_progress), gives_up=_never if waits else is_gone)
        ended = self._run("restore", snapshot_id, "--target", str(into), "--no-lock", *wanted, given=given)
        if ended.status != 0 and not waits and is_gone(ended.said):
            raise GaveUp
        self._must(ended)

    def lost(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        gone = sorted(one.name for one in self.check() if one.what == "pack")
        for first in range(0, len(gone), _PACKS_AT_ONCE):
            packs = gone[first : first + _PACKS_AT_ONCE]
            for one in json.loads(self._text("find", "--json", "--no-lock", "--pack", *packs) or "null") or []:
                found.setdefault(short(str(one["snapshot"])), set()).add(str(one["path"]).lstrip("/"))
        return found

    def dump(self, snapshot_id: str, path: str) -> Iterator[bytes]:
        is_begun = False
        with self._called(("dump", snapshot_id, f"/{path.lstrip('/')}", "--no-lock"), _Given(gives_up=is_gone)) as call:
            for piece in stream(call):
                if not isinstance(piece, Ended):
                    is_begun = True
                    yield piece
                elif is_begun or not self._drops_cache(piece):
                    self._must(piece)
                    return
        yield from self.dump(snapshot_id, path)

    def names(self, snapshot_id: str) -> dict[str, int]:
        found: dict[str, int] = {}

        def on_message(message: dict[str, object]) -> None:
            if message.get("type") == "file":
                found[str(message["path"]).lstrip("/")] = _count(message, "size")

        given = _Given(on_line=json_lines(on_message), gives_up=is_gone)
        self._must(self._run("ls", "--json", snapshot_id, "--no-lock", given=given))
        return found

    def check(self, read_data: str | None = None, on_progress: OnProgress = nobody_listens) -> list[Finding]:
        share = (
            [] if read_data is None else ["--read-data"] if read_data == _ALL else [f"--read-data-subset={read_data}"]
        )
        reading = DataReading()
        given = _Given(
            on_line=reading.told, on_step=lambda _: on_progress(Progress()), gives_up=reading.only_waits
        )  # fmt: skip
        ended = self._run("check", "--no-lock", *share, given=given)
        found = findings_in(ended.said)
        if ended.status != 0 and not found:
            self._must(ended)
        return found

    def forget(self, snapshot_ids: Sequence[str]) -> None:
        if snapshot_ids:
            self._alone("forget", *snapshot_ids)

    def prune(self, on_progress: OnProgress = nobody_listens) -> None:
        self._alone("prune", "--max-unused", "0", on_progress=on_progress)

    def _alone(self, *arguments: str, on_progress: OnProgress = nobody_listens) -> None:
        given = _Given(on_step=lambda _: on_progress(Progress()))
        with self._guard.alone():
            ended = self._run_held(*arguments, given=given)
            if fault_of(ended.said) is Fault.BUSY:
                self._remove_locks()
                ended = self._run_held(*arguments, given=given)
            self._must(ended)

    def _run(self, *arguments: str, given: "_Given | None" = None) -> Ended:
        with self._guard.shared():
            ended = self._run_held(*arguments, given=given)
        if ended.status == 0 or fault_of(ended.said) is not Fault.BUSY:
            return ended
        with self._guard.alone():
            self._remove_locks()
        with self._guard.shared():
            return self._run_held(*arguments, given=given)

    def _remove_locks(self) -> None:
        """Remove every lock: whoever could be behind one would hold the guard."""
        self._must(self._run_held("unlock", "--remove-all"))

    def _run_held(self, *arguments: str, given: "_Given | None" = None) -> Ended:
        ended = self._run_once(arguments, given or _Given())
        if arguments[0] != "check" and self._drops_cache(ended):  # that has a cache of its own
            return self._run_once(arguments, given or _Given())
        return ended

    def _run_once(self, arguments: Sequence[str], given: "_Given") -> Ended:
        with self._called(arguments, given) as call:
            return run(call, given.on_line)

    def _drops_cache(self, ended: Ended) -> bool:
        """Say whether it is to be tried again: what is damaged may be the cache alone, which is removed then, once."""
        cache = self._places.cache
        if cache is None or self._is_fresh or ended.status == 0 or fault_of(ended.said) is not Fault.DAMAGED:
            return False
        self._is_fresh, lines = True, list[bytes]()
        if self._run_once(("cat", "config", "--no-lock"), _Given(on_line=lines.append)).status != 0:
            return False
        drop_cached(cache, str(json.loads(b"".join(lines))["id"]))
        return True

    def _text(self, *arguments: str) -> str:
        lines: list[bytes] = []
        self._must(self._run(*arguments, given=_Given(on_line=lines.append)))
        return b"\n".join(lines).decode()

    def _must(self, ended: Ended, and_also: int = 0) -> None:
        if ended.status not in {0, and_also}:
            self._refuse(ended)

    def _refuse(self, ended: Ended) -> None:
        fault = Fault.MISSING if is_missing(ended.said) else fault_of(ended.said)
        if fault is Fault.NOT_OURS:
            raise NotOurs("what lies there does not open with this box's keys: nothing was changed")
        raise BackupFailed(fault)

    @contextmanager
    def _called(self, arguments: Sequence[str], given: "_Given") -> Iterator[Call]:
        connection = self._connection
        contents = [
            self._password.reveal().hex().encode(), connection.repository.encode(), connection.aws or b"",
            given.listed, *connection.files,
        ]  # fmt: skip
        with in_memory(*contents) as held:
            own = [f"/proc/{os.getpid()}/fd/{number}" for number in held[4:]]  # ssh closes what it inherits
            options = [option.format(*own) for option in connection.options]
            words = [f"/dev/fd/{held[3]}" if word == "{list}" else word for word in arguments]
            environment = {
                "RESTIC_PASSWORD_FILE": f"/dev/fd/{held[0]}",
                "RESTIC_REPOSITORY_FILE": f"/dev/fd/{held[1]}",
                "RESTIC_PROGRESS_FPS": "1",
            }
            if connection.aws is not None:
                environment["AWS_SHARED_CREDENTIALS_FILE"] = f"/dev/fd/{held[2]}"
            if self._places.scratch is not None:
                environment["TMPDIR"] = str(self._places.scratch)
            cache = ["--no-cache"] if self._places.cache is None else ["--cache-dir", str(self._places.cache)]
            command = ("restic", *cache, *options, *words)
            yield Call(command, environment, held, given.folder, given.on_step,
                       lambda said: is_refused(said) or given.gives_up(said), self._places.inbox)  # fmt: skip


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True)
class _Given:
    """What one call is given besides its arguments."""

    folder: Path = Path("/")
    on_line: Callable[[bytes], None] = lambda _: None
    listed: bytes = b""
    on_step: Callable[[int], None] = lambda _: None
    gives_up: Callable[[str], bool] = _never


def restic_version() -> str:
    """Give the version of the restic that is installed.

    Raises:
        Unavailable: None is.
    """
    lines: list[bytes] = []
    ended = run(Call(("restic", "version")), lines.append)
    words = lines[0].split() if lines else []
    if ended.status != 0 or len(words) < 2:
        raise Unavailable("the program restic does not answer")
    return words[1].decode()


def _told_by(tags: Sequence[str]) -> tuple[str, int, int, str]:
    """Give what a snapshot is of, counts that a listing does not tell, and its mark."""
    tag, mark = [*tags, "", ""][:2]
    return tag, 0, 0, mark


def _progress(message: dict[str, object]) -> Progress:
    return Progress(
        _count(message, "files_done"), _count(message, "total_files") or None,
        _count(message, "bytes_done"), _count(message, "total_bytes") or None,
    )  # fmt: skip


def _written(on_progress: OnProgress) -> Callable[[int], None]:
    """Tell how much a process has written, by the kernel's own count."""

    def on_step(process_id: int) -> None:
        with suppress(OSError, ValueError):
            for line in Path(f"/proc/{process_id}/io").read_text().splitlines():
                if line.startswith("wchar:"):
                    on_progress(Progress(bytes_done=int(line.split()[1])))
                    return
        on_progress(Progress())

    return on_step


def _count(message: dict[str, object], name: str) -> int:
    value = message.get(name, 0)
    return value if isinstance(value, int) else 0


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
