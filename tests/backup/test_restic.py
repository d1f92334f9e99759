"""One repository by the real restic: what goes in comes out, and what is wrong is told by its kind."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.backup.engine import Finding, Progress, Source
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.guard import Guard
from appliance.backup.program import Call, Ended, in_memory, run
from appliance.backup.restic import Connection, Places, ResticRepository, restic_version
from appliance.backup.restic_words import fault_of, is_missing, is_refused, left_out
from appliance.errors import Unavailable
from appliance.keys.secret import SecretKey
from tests.backup.quick_repositories import lay_out_repository

pytestmark = pytest.mark.peer("restic")
AT = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
PASSWORD = SecretKey(b"\x17" * 32)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    folder = tmp_path / "data" / "backup" / "staged"
    folder.mkdir(parents=True)
    (folder / "catalogue.db").write_bytes(b"a catalogue" * 1000)
    inbox = tmp_path / "data" / "inbox" / "association"
    inbox.mkdir(parents=True)
    (inbox / "end").write_bytes(b"the end")
    return Source(folder, ["catalogue.db", "../../inbox"], may_vanish=["../../inbox"])


def repository(tmp_path: Path, password: SecretKey = PASSWORD, name: str = "repository") -> ResticRepository:
    places = Places(tmp_path / "guard", tmp_path / "cache", None)
    return ResticRepository(Connection(str(tmp_path / name)), password, places)


@pytest.fixture
def made(tmp_path: Path) -> ResticRepository:
    one = repository(tmp_path)
    lay_out_repository(tmp_path / "repository", PASSWORD)
    return one


def test_what_goes_in_comes_out_under_its_paths(made: ResticRepository, source: Source, tmp_path: Path) -> None:
    heard: list[Progress] = []
    snapshot = made.backup(source, "night", AT, heard.append)
    assert (snapshot.taken_at, snapshot.tag, snapshot.file_count) == (AT, "night", 2)
    assert snapshot.bytes == 11_000 + 7
    assert [one.snapshot_id for one in made.snapshots()] == [snapshot.snapshot_id]
    assert made.names(snapshot.snapshot_id) == {"catalogue.db": 11_000, "inbox/association/end": 7}
    assert b"".join(made.dump(snapshot.snapshot_id, "inbox/association/end")) == b"the end"
    made.restore(snapshot.snapshot_id, tmp_path / "out", on_progress=heard.append)
    assert (tmp_path / "out" / "catalogue.db").read_bytes() == b"a catalogue" * 1000
    made.restore(snapshot.snapshot_id, tmp_path / "part", ["/inbox"])
    assert [path.name for path in (tmp_path / "part").iterdir()] == ["inbox"]
    assert made.check("all") == []


TORN: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "zeroed": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("torn", TORN)
@pytest.mark.parametrize("first", ["backup", "names", "dump", "prune"])
def test_what_a_power_cut_left_of_the_cache_is_not_taken_for_the_repository(
    made: ResticRepository, source: Source, tmp_path: Path, torn: str, first: str
) -> None:
    old = made.backup(source, "night", AT)
    (source.folder / "catalogue.db").write_bytes(b"a later one" * 1000)
    new = made.backup(source, "night", AT + timedelta(days=1))
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file() and path.name not in {"version", "CACHEDIR.TAG"}:
            path.chmod(0o600)
            path.write_bytes(TORN[torn](path.read_bytes()))
    again = repository(tmp_path)
    if first == "backup":
        assert again.backup(source, "night", AT + timedelta(days=2)).file_count == 2
    elif first == "names":
        assert again.names(new.snapshot_id) == {"catalogue.db": 11_000, "inbox/association/end": 7}
    elif first == "dump":
        assert b"".join(again.dump(new.snapshot_id, "catalogue.db")) == b"a later one" * 1000
    else:
        again.forget([old.snapshot_id])
        again.prune()
    assert repository(tmp_path).check("all") == []


def test_damage_of_the_repository_itself_is_told_though_the_cache_was_dropped(
    made: ResticRepository, source: Source, tmp_path: Path
) -> None:
    snapshot = made.backup(source, "night", AT)
    for path in [*(tmp_path / "repository" / "index").iterdir(), *(tmp_path / "cache").rglob("index/*/*")]:
        path.chmod(0o600)
        path.write_bytes(bytes(path.stat().st_size))
    for read in (lambda one: one.names(snapshot.snapshot_id), lambda one: [*one.dump(snapshot.snapshot_id, "x")]):
        with pytest.raises(BackupFailed) as failed:
            read(repository(tmp_path))
        assert failed.value.fault is Fault.DAMAGED


def test_making_it_twice_changes_nothing(tmp_path: Path, source: Source) -> None:
    one = repository(tmp_path)
    one.create()
    one.backup(source, "night", AT)
    one.create()
    assert len(one.snapshots()) == 1


def test_listed_files_are_copied_and_one_that_is_not_there_fails_it(made: ResticRepository, source: Source) -> None:
    folder = source.folder.parents[1]
    snapshot = made.backup(Source(folder, listed=["inbox/association/end"]), "arrivals", AT)
    assert list(made.names(snapshot.snapshot_id)) == ["inbox/association/end"]
    with pytest.raises(BackupFailed) as failed:
        made.backup(Source(folder, listed=["inbox/association/end", "vault/ab/gone"]), "arrivals", AT)
    assert failed.value.fault is Fault.INCOMPLETE
    with pytest.raises(BackupFailed) as failed:
        made.backup(Source(folder, listed=["vault/ab/gone"]), "arrivals", AT)
    assert failed.value.fault is Fault.INCOMPLETE


@pytest.mark.usefixtures("made")
def test_another_box_s_repository_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    before = sorted(path.name for path in (tmp_path / "repository").rglob("*"))
    stranger = repository(tmp_path, SecretKey(b"\x18" * 32))
    for ask in (stranger.create, stranger.exists, stranger.snapshots):
        with pytest.raises(NotOurs):
            ask()
    assert sorted(path.name for path in (tmp_path / "repository").rglob("*")) == before


def test_a_repository_that_is_not_there_is_told(tmp_path: Path, source: Source) -> None:
    absent = repository(tmp_path)
    assert not absent.exists()
    with pytest.raises(BackupFailed) as failed:
        absent.backup(source, "night", AT)
    assert failed.value.fault is Fault.MISSING


def test_what_is_forgotten_and_pruned_is_gone_and_the_rest_stays(
    made: ResticRepository, source: Source, tmp_path: Path
) -> None:
    first = made.backup(source, "night", AT)
    (source.folder / "catalogue.db").write_bytes(bytes(range(256)) * 4000)
    second = made.backup(source, "night", AT + timedelta(days=1))
    before = sum(path.stat().st_size for path in (tmp_path / "repository").rglob("*"))
    made.forget([first.snapshot_id])
    made.forget([])
    made.prune()
    assert [one.snapshot_id for one in made.snapshots()] == [second.snapshot_id]
    assert sum(path.stat().st_size for path in (tmp_path / "repository").rglob("*")) < before
    assert made.check("all") == []


def test_a_lock_that_a_crash_left_keeps_nobody_out(made: ResticRepository, source: Source, tmp_path: Path) -> None:
    snapshot = made.backup(source, "night", AT)
    command = ["restic", "-r", str(tmp_path / "repository"), "--no-cache", "backup", "--stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={"RESTIC_PASSWORD": PASSWORD.reveal().hex(), "PATH": "/usr/bin"}) as other:  # fmt: skip
        while not list((tmp_path / "repository" / "locks").iterdir()):
            assert other.poll() is None
        other.kill()
    assert list((tmp_path / "repository" / "locks").iterdir())
    made.forget([snapshot.snapshot_id])
    made.prune()
    assert made.snapshots() == []


def test_nothing_is_removed_while_somebody_reads(made: ResticRepository, source: Source, tmp_path: Path) -> None:
    snapshot = made.backup(source, "night", AT)
    with Guard(tmp_path / "guard").shared():
        with pytest.raises(BackupFailed) as failed:
            made.forget([snapshot.snapshot_id])
        assert failed.value.fault is Fault.BUSY
        assert made.snapshots() == [replace(snapshot, file_count=0, bytes=0)]
    with Guard(tmp_path / "guard").alone(), pytest.raises(BackupFailed):
        made.snapshots()


@pytest.mark.parametrize("how", ["altered", "gone"])
def test_a_pack_that_is_not_what_was_stored_is_named(
    made: ResticRepository, source: Source, tmp_path: Path, how: str
) -> None:
    made.backup(source, "night", AT)
    pack = max((tmp_path / "repository" / "data").rglob("*"), key=lambda path: path.stat().st_size * path.is_file())
    if how == "gone":
        pack.unlink()
    else:
        pack.chmod(0o600)
        content = bytearray(pack.read_bytes())
        content[100] ^= 1
        pack.write_bytes(content)
    assert made.check(None if how == "gone" else "all") == [Finding("pack", pack.name)]


def test_a_reading_of_all_names_what_is_altered_beside_what_is_gone(
    made: ResticRepository, source: Source, tmp_path: Path
) -> None:
    data = tmp_path / "repository" / "data"
    made.backup(source, "night", AT)
    (source.folder / "catalogue.db").write_bytes(SecretKey.new().reveal() * 4000)
    made.backup(source, "night", AT + timedelta(days=1))
    altered, gone, *_ = sorted(
        (path for path in data.rglob("*") if path.is_file()), key=lambda one: -one.stat().st_size
    )
    gone.unlink()
    altered.chmod(0o600)
    altered.write_bytes(bytes(100) + altered.read_bytes()[100:])
    assert {*made.check("all")} == {Finding("pack", altered.name), Finding("pack", gone.name)}


@pytest.mark.as_root("mounts a small disk")
def test_a_full_target_is_told_and_the_next_copy_goes_on(source: Source, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small], check=True)
    try:
        one = repository(tmp_path, name="small/repository")
        lay_out_repository(small / "repository", PASSWORD)
        (source.folder / "catalogue.db").write_bytes(b"small")
        one.backup(source, "night", AT)
        content = b"".join(SecretKey.new().reveal() for _ in range(100_000))
        (source.folder / "catalogue.db").write_bytes(content)
        with pytest.raises(BackupFailed) as failed:
            one.backup(source, "night", AT)
        assert failed.value.fault is Fault.FULL
        subprocess.run(["mount", "-o", "remount,size=20m", small], check=True)
        snapshot = one.backup(source, "night", AT)
        assert one.check("all") == []
        assert b"".join(one.dump(snapshot.snapshot_id, "catalogue.db")) == content
    finally:
        subprocess.run(["umount", small], check=True)


def test_what_a_listener_raises_stops_the_program_and_goes_on(made: ResticRepository, source: Source) -> None:
    (source.folder / "catalogue.db").write_bytes(bytes(1000) * 30_000)

    def stop(_: Progress) -> None:
        raise BackupFailed(Fault.STOPPED)

    with pytest.raises(BackupFailed) as failed:
        made.backup(source, "night", AT, stop)
    assert failed.value.fault is Fault.STOPPED
    assert made.backup(source, "night", AT).file_count == 2


def test_no_secret_is_among_a_program_s_arguments_or_environment(tmp_path: Path) -> None:
    """What restic is started with is asked of a program in its place that shows it."""
    shown: list[bytes] = []
    with in_memory(b"a secret") as held:
        path = f"/dev/fd/{held[0]}"
        script = f"cat /proc/self/cmdline /proc/self/environ | tr '\\0' '\\n'; cat {path}; cat {path}"
        ended = run(Call(("sh", "-c", script), {"FILE": path}, held, tmp_path), shown.append)
    assert ended == Ended(0, "")
    told = b"\n".join(shown)
    assert told.count(b"a secret") == 2, "it can be read as often as it likes"
    assert b"a secret" not in told.replace(b"a secreta secret", b"")


def test_a_program_that_moves_nothing_is_ended_however_much_it_says_of_itself() -> None:
    """A server took the connection and says nothing; the program goes on to tell how far it is."""
    lines: list[bytes] = []
    talks = Call(("sh", "-c", "while :; do echo 0 %; sleep 0.2; done"), still_seconds=2.5)
    ended = run(talks, lines.append)
    assert (fault_of(ended.said), len(lines) > 3) == (Fault.UNREACHABLE, True)
    works = "for n in 1 2 3 4 5 6 7 8; do head -c 400000 /dev/zero >/dev/null; sleep 0.6; done; exit 7"
    assert run(Call(("sh", "-c", works), still_seconds=2.5)).status == 7


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(Unavailable, match="not installed"):
        run(Call(("no-such-program",)))
    assert re.fullmatch(r"\d+\.\d+\.\d+", restic_version())


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("Fatal: wrong password or no key found", Fault.NOT_OURS),
        ("unable to create lock in backend: repository is already locked exclusively by PID 3", Fault.BUSY),
        ("Fatal: unable to save snapshot: write x: no space left on device", Fault.FULL),
        ('Head "http://127.0.0.1:1/config": dial tcp: connect: connection refused', Fault.UNREACHABLE),
        ("unexpected HTTP response (403): 403 Forbidden", Fault.DENIED),
        ("ignoring error for /f: ciphertext verification failed", Fault.DAMAGED),
        ("panic: who knows", Fault.FAILED),
        ("nice: cannot set niceness: Permission denied\nFatal: no such host", Fault.UNREACHABLE),
        ("server response unexpected: 507 Insufficient Storage (507)", Fault.FULL),
        ("List failed, server response: 502 Bad Gateway (502)", Fault.UNREACHABLE),
        ("client.PutObject: 401 Unauthorized", Fault.DENIED),
    ],
)
def test_what_restic_says_is_told_apart(said: str, fault: Fault) -> None:
    assert fault_of(said) is fault


@pytest.mark.parametrize("number", ["401.7184", "403.118", "502.453954", "503", "504.1", "507.903218"])
@pytest.mark.parametrize("unit", ["ms", "s", "µs"])
def test_a_pause_a_length_or_an_offset_is_no_answer_of_a_server(number: str, unit: str) -> None:
    """Restic 0.14 pauses for a random time, told to the nanosecond; its words are those of cmd/restic/global.go."""
    whole = number.partition(".")[0]
    told = (
        f"Load(<data/3d91522b15>, {whole}, {whole}) returned error, retrying after {number}{unit}: ",
        f"Save(<data/{whole}1522b15>) returned error, retrying after {number}{unit}: ",
    )
    why = {
        "read /x: input/output error": Fault.FAILED,
        f"wrote 0 bytes instead of the expected {whole} bytes": Fault.FAILED,
        "write tcp 192.168.11.18:51620->1.2.3.4:443: write: connection reset by peer": Fault.UNREACHABLE,
        "server response unexpected: 403 Forbidden (403)": Fault.DENIED,
    }
    for begun in told:
        for reason, fault in why.items():
            expected = Fault.DAMAGED if fault is Fault.FAILED and begun.startswith("Load") else fault
            assert fault_of(begun + reason) is expected
            assert is_refused(f"{begun}{reason}\n" * 2) is (fault is Fault.DENIED)
    asked = "Is there a repository at the following location?\nrest:https://x/"
    assert not is_missing(f"{told[0].replace(whole, '404')}unknown\n{asked}")


def test_what_could_not_be_read_counts_unless_it_may_vanish_and_did() -> None:
    def error(path: str, number: int) -> str:
        return f'{{"message_type":"error","error":{{"Op":"open","Path":"x","Err":{number}}},"item":"{path}"}}'

    source = Source(Path("/"), may_vanish=["../../inbox"])
    assert left_out(error("/data/inbox/a/f", 2), source) == []
    assert left_out(error("/data/inbox/a/f", 5), source) == ["/data/inbox/a/f"]
    assert left_out(error("/data/vault/a/f", 2), source) == ["/data/vault/a/f"]


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    yield
    found = subprocess.run(["pgrep", "-P", str(os.getpid()), "restic"], capture_output=True, check=False)
    assert found.stdout == b""
