"""`enamel keys rotate-root` and `enamel catalogue rekey`, as an operator gives them."""

import json
import os
import pty
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.assembly.test_box import seal_cheaply
from tests.warm import run

ROOT = Path(__file__).parents[2]
FIRST, SECOND = "correct horse battery staple", "another lamp under the stairs"


@pytest.fixture
def memory() -> Iterator[Path]:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def enamel(data: Path, *words: str, given: str = "") -> tuple[int, dict[str, object], str]:
    done = run(*words, "--data", str(data), "--json", given=given)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_a_root_is_rotated_with_another_passphrase_and_its_code_is_left_in_memory(tmp_path: Path, memory: Path) -> None:
    data, code = tmp_path / "data", memory / "code"
    _, made, _ = enamel(data, "keys", "init", given=FIRST + "\n")
    seal_cheaply(tmp_path, str(made["recovery_code"]), FIRST)
    given = f"{FIRST}\n{SECOND}\n"
    words = ("keys", "rotate-root", "--new-passphrase", "--compromised", "--recovery-file", str(code))
    status, answer, told = enamel(data, *words, given=given)
    assert (status, answer["root"]) == (0, 2), told
    assert code.read_text().strip() != made["recovery_code"]
    seal_cheaply(tmp_path, code.read_text().strip(), SECOND)
    assert enamel(data, "audit", "verify", given=FIRST + "\n")[0] == 13
    assert enamel(data, "audit", "verify", given=SECOND + "\n")[0] == 0
    given = code.read_text() + FIRST + "\n"
    assert enamel(data, "keys", "recover", given=given)[0] == 0
    assert enamel(data, "audit", "verify", given=FIRST + "\n")[0] == 0


def test_a_code_that_came_to_nothing_does_not_stay(tmp_path: Path, memory: Path) -> None:
    data, code = tmp_path / "data", memory / "code"
    enamel(data, "keys", "init", "--sealing", "file")
    (data / "catalogue" / "next").mkdir()
    (data / "catalogue" / "next").chmod(0o500)
    (data / "catalogue" / "next" / "stays").mkdir()  # so that what is left there cannot be thrown away
    status, _, told = enamel(data, "keys", "rotate-root", "--recovery-file", str(code))
    assert status == 20, told
    assert not code.exists()


def test_nobody_reads_the_new_code_who_is_not_there(disk_path: Path) -> None:
    data = disk_path / "data"
    enamel(data, "keys", "init", "--sealing", "file")
    status, _, told = enamel(data, "keys", "rotate-root")
    assert (status, "terminal" in told) == (10, True)
    for code in (disk_path / "code", disk_path / "absent" / "code"):
        words = ("--recovery-file", str(code))
        assert enamel(data, "keys", "rotate-root", *words)[0] == 15


def test_at_a_terminal_the_code_is_typed_back_before_anything_changes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    _, made, _ = enamel(data, "keys", "init", "--sealing", "file")
    sealed = (data / "keys" / "root.sealed").read_bytes()
    shown, status = _at_a_terminal(data, lambda _: [str(made["recovery_code"])] * 5)
    assert (status, (data / "keys" / "root.sealed").read_bytes()) == (10, sealed)
    assert "another code" in shown
    shown, status = _at_a_terminal(data, lambda code: ["EN", code.lower()])
    assert status == 0, shown
    assert (data / "keys" / "root.sealed").read_bytes() != sealed


def _at_a_terminal(data: Path, typed: Callable[[str], list[str]]) -> tuple[str, int]:
    """Run it at a terminal of its own; `typed` gives what is typed from the code that is shown."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "appliance", "keys", "rotate-root", "--data", str(data)])  # noqa: S606  the command under test
    shown, lines = "", None
    while chunk := _some(terminal):
        shown += chunk
        found = re.search(r"\b(EN\w{3}(-\w{5}){11})", shown)
        if found and lines is None:
            lines = typed(found[1])
        if lines and shown.endswith("code: "):
            os.write(terminal, lines.pop(0).encode() + b"\n")
            shown += "\n"
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _some(terminal: int) -> str:
    try:
        return os.read(terminal, 4096).decode()
    except OSError:  # Linux says so when the other end is closed
        return ""


def test_a_catalogue_gets_another_key_and_the_box_opens_as_before(tmp_path: Path) -> None:
    data = tmp_path / "data"
    _, made, _ = enamel(data, "keys", "init", given=FIRST + "\n")
    seal_cheaply(tmp_path, str(made["recovery_code"]), FIRST)
    for number in (2, 3):
        status, answer, told = enamel(data, "catalogue", "rekey", given=FIRST + "\n")
        assert (status, answer) == (0, {"catalogue_key": number}), told
        assert enamel(data, "audit", "verify", given=FIRST + "\n")[0] == 0
    assert enamel(data, "keys", "rotate", given=FIRST + "\n")[0] == 0


def test_a_leaked_wrapping_key_and_pair_are_replaced_at_once_and_the_states_tell(tmp_path: Path) -> None:
    data = tmp_path / "data"
    enamel(data, "keys", "init", "--sealing", "file")
    for kind in ("wrapping", "inbox"):
        status, answer, told = enamel(data, "keys", "compromised", kind, "1")
        assert (status, answer["made"]) == (0, 2), told
        assert enamel(data, "keys", "compromised", kind, "1")[0] == 12, "it is known already"
        assert enamel(data, "keys", "compromised", kind, "7")[0] == 12
    assert json.loads((data / "exchange" / "inbox-key.json").read_bytes())["number"] == 2
    rows = _states(data)
    for kind in ("wrapping", "inbox"):
        assert [row["state"] for row in rows if row["kind"] == kind] == ["active", "compromised"]
    assert [row["event"] for row in _events(data) if row["event"] == "key compromised"] == ["key compromised"] * 2
    assert all(row["next_rotation"] for row in rows if row["kind"] == "wrapping" and row["state"] == "active")


@pytest.mark.parametrize(
    ("kind", "file"), [("web-authority", "web-ca.pem"), ("device-authority", "dicom/dicom-clients.pem")]
)
def test_a_leaked_authority_is_replaced_with_all_that_it_issued(tmp_path: Path, kind: str, file: str) -> None:
    data = tmp_path / "data"
    enamel(data, "keys", "init", "--sealing", "file")
    before = {path: path.read_bytes() for path in (data / "tls").rglob("*.pem")}
    status, answer, told = enamel(data, "keys", "compromised", kind, "1")
    assert (status, answer["made"]) == (0, 2), told
    assert (data / "tls" / file).read_bytes() != before[data / "tls" / file]
    rows = [row for row in _states(data) if row["kind"] == kind.replace("-", " ")]
    assert [(row["number"], row["state"]) for row in rows] == [(2, "active"), (1, "compromised")]


@pytest.mark.parametrize(("kind", "advice"), [("root", "rotate-root --compromised"), ("catalogue", "catalogue rekey")])
def test_what_only_a_locked_box_can_change_is_refused_with_the_command_for_it(
    tmp_path: Path, kind: str, advice: str
) -> None:
    enamel(tmp_path / "data", "keys", "init", "--sealing", "file")
    status, _, told = enamel(tmp_path / "data", "keys", "compromised", kind, "1")
    assert (status, advice in told) == (10, True)


def _states(data: Path) -> list[dict[str, object]]:
    return _rows(data, "keys", "states")


def _events(data: Path) -> list[dict[str, object]]:
    return _rows(data, "audit", "list")


def _rows(data: Path, *words: str) -> list[dict[str, object]]:
    return list(json.loads(run(*words, "--data", str(data), "--json").stdout))
