"""The command line as a whole: help, exit statuses, documentation, bugs that are told as bugs."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from appliance import errors
from appliance.cli.answers import EXIT_STATUSES, Answer, exit_status, listed, shown
from appliance.cli.listing import MODULES, SUMMARIES
from appliance.cli.main import command_parser, main
from tests.assembly.test_box import seal_cheaply

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "operations" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_command_has_help_and_is_in_the_operators_guide(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*name.split(), "--help"])
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out
    assert f"`enamel {name}`" in GUIDE


@pytest.mark.parametrize("module", MODULES)
def test_the_listing_names_what_each_module_does(module: str) -> None:
    commands = import_module(f"appliance.cli.{module}").COMMANDS
    assert [command.name for command in commands] == list(MODULES[module])


def test_the_whole_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown_help = " ".join(capsys.readouterr().out.split())
    assert all(name in shown_help and SUMMARIES[name] in shown_help for name in SUMMARIES if " " not in name)
    assert "init, status, rotate, recover" in shown_help


@pytest.mark.parametrize("words", [["status"], ["--help"], ["keys", "--help"], ["lock"], ["accounts", "list"]])
def test_a_command_loads_no_code_of_the_others(tmp_path: Path, words: list[str]) -> None:
    program = (
        "import sys\nfrom appliance.__main__ import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    data = [] if "--help" in words else ["--data", str(tmp_path)]
    command = [sys.executable, "-c", program, *words, *data]
    loaded = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stderr.split()
    assert "appliance" in loaded
    assert not {"litestar", "pydicom", "numpy", "uvicorn", "pynetdicom"} & set(loaded)


def faults(kind: type[errors.ApplianceError]) -> list[type[errors.ApplianceError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in faults(child))]


@pytest.mark.parametrize("kind", [kind for kind in faults(errors.ApplianceError) if kind.__module__ == errors.__name__])
def test_every_fault_has_an_exit_status_of_its_own_family(kind: type[errors.ApplianceError]) -> None:
    family = {errors.Refused: 10, errors.Unavailable: 20, errors.Tampered: 30}
    status = exit_status(kind("x"))
    for base, tens in family.items():
        if issubclass(kind, base):
            assert status // 10 * 10 == tens


def test_the_table_has_subclasses_above_their_bases_and_is_in_the_guide() -> None:
    for place, (kind, status) in enumerate(EXIT_STATUSES):
        assert not any(issubclass(later, kind) for later, _ in EXIT_STATUSES[place + 1 :])
        assert f"| {status} | `{kind.__name__}`" in GUIDE


def test_no_command_is_a_usage_fault() -> None:
    with pytest.raises(SystemExit) as ended:
        command_parser().parse_args([])
    assert ended.value.code == 2


def test_json_is_one_line_and_nothing_where_there_is_nothing() -> None:
    assert shown(Answer({"name": "Ñandú\n"}), as_json=True) == '{"name": "Ñandú\\n"}'
    assert shown(Answer(None, "for a person"), as_json=True) == ""
    assert shown(Answer(None, "for a person"), as_json=False) == "for a person"


def test_rows_are_aligned_and_their_absence_is_said() -> None:
    table = listed([{"a_b": 1, "c": None}, {"a_b": 100, "c": ["x", "y"]}], ("a_b", "c"), "none")
    assert table.text == "a b  c\n1    -\n100  x, y"
    assert listed([], ("a",), "There is none.") == Answer([], "There is none.")


def run(*words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "appliance", *words]
    return subprocess.run(command, capture_output=True, text=True, input=given, cwd=ROOT, check=False)


def test_a_passphrase_box_is_made_asked_and_recovered_from_standard_input(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert run("keys", "init", "--data", data, given="a\n").returncode == 15
    made = run("keys", "init", "--data", data, "--json", given="open sesame, I said\n")
    code = json.loads(made.stdout)["recovery_code"]
    assert json.loads(run("keys", "status", "--data", data, "--json").stdout)["asks_passphrase"]
    seal_cheaply(tmp_path, code, "open sesame, I said")
    wrong = run("studies", "list", "--data", data, given="open barley\n")
    assert wrong.returncode == 13
    assert "barley" not in wrong.stderr
    assert run("studies", "list", "--data", data, "--json", given="open sesame, I said\n").stdout == "[]\n"
    assert run("keys", "recover", "--data", data, given=f"{code[:-1]}\nanother sesame seed\n").returncode == 14
    assert run("keys", "recover", "--data", data, given=f"{code}\nanother sesame seed\n").returncode == 0
    assert run("check", "--data", data, given="another sesame seed\n").returncode == 0
    seal_cheaply(tmp_path, code, "another sesame seed")
    assert run("studies", "list", "--data", data, given="open sesame, I said\n").returncode == 13


def test_a_box_that_does_not_run_says_so(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    run("keys", "init", "--sealing", "file", "--data", data)
    assert json.loads(run("status", "--data", data, "--json").stdout) == {"running": False, "waiting_count": 0}
    locked = run("lock", "--data", data)
    assert locked.returncode == 20
    assert "is it running" in locked.stderr


def test_a_folder_without_a_box_is_told_in_words(tmp_path: Path) -> None:
    done = run("status", "--data", str(tmp_path))
    assert done.returncode == 15
    assert "enamel keys init" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_file_is_found_by_the_check(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run("keys", "init", "--sealing", "file", "--data", str(data))
    catalogue = data / "catalogue" / "catalogue.db"
    damaged = bytearray(catalogue.read_bytes())
    damaged[5000] ^= 1
    catalogue.write_bytes(damaged)
    assert run("check", "--data", str(data)).returncode in (3, 30, 31)


def test_the_check_tells_of_files_without_row_and_of_a_catalogue_that_is_gone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run("keys", "init", "--sealing", "file", "--data", str(data))
    assert run("check", "--data", str(data)).returncode == 0
    stray = data / "vault" / "ab" / ("ab" * 16)
    stray.parent.mkdir()
    stray.write_bytes(b"sealed once")
    told = run("check", "--data", str(data), "--json")
    assert told.returncode == 3
    assert ["ab" * 16 in fault for fault in json.loads(told.stdout)["faults"]] == [True]
    (data / "catalogue").rename(tmp_path / "away")
    for _ in range(2):
        gone = run("check", "--data", str(data))
        assert gone.returncode == 30
        assert "put catalogue/catalogue.db back" in gone.stderr
