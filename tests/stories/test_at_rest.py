"""Story: somebody carries the disk away: files, catalogue and root secret tell nothing without each other."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from appliance.keys.stream import HEADER_BYTES
from tests import warm
from tests.canary.search import bytes_spellings, search_folder, spellings
from tests.faults.raw_scu import RawScu, instance
from tests.stories.clinic import until
from tests.stories.running_box import RunningBox

NAME = "Restwell^Ottoline"
WATERMARK = bytes(range(1, 49))
SCANS = 4
NEEDLES = spellings("Restwell") | spellings("Ottoline") | bytes_spellings(WATERMARK)


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> Path:
    """Give all the files of a box that was at work: scans in the vault, and some in the inbox as well."""
    folder = tmp_path_factory.mktemp("rest")
    with RunningBox(folder / "data", module_port_block) as box:
        store(box, range(SCANS))
        assert len(box.wait_until_taken_in()) == SCANS
        box.enamel("lock")
        store(box, range(SCANS, SCANS + 2))
    return folder / "data"


def store(box: RunningBox, numbers: range) -> None:
    with RawScu(box.dicom) as association:
        for number in numbers:
            association.store(instance(number, 60_000, NAME, WATERMARK))
        association.release()


@pytest.fixture
def copy(taken: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(taken, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock")))


def enamel(data: Path, *words: str) -> tuple[int, str]:
    done = warm.run(*words, "--data", str(data), "--json")
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def check(data: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(enamel(data, "check")[1])
    return answer


def test_with_its_root_secret_all_of_it_opens(copy: Path) -> None:
    report = check(copy)
    assert (report["files"], report["faults"]) == (SCANS, [])
    assert "Restwell" in enamel(copy, "studies", "list")[1]


def test_no_file_of_a_box_shows_a_name_or_a_pixel(taken: Path) -> None:
    assert search_folder(taken, NEEDLES) == []


@pytest.mark.parametrize("words", [("check",), ("studies", "list"), ("quarantine", "list"), ("accounts", "list")])
def test_without_the_root_secret_nothing_opens(copy: Path, words: tuple[str, ...]) -> None:
    (copy / "keys" / "root.sealed").unlink()
    status, said = enamel(copy, *words)
    assert status != 0
    assert "root.sealed is missing" in said
    assert "Restwell" not in said


def test_another_boxs_root_secret_opens_nothing(copy: Path, tmp_path: Path, free_port_block: int) -> None:
    with RunningBox(tmp_path / "other", free_port_block):
        pass
    shutil.copy(tmp_path / "other" / "keys" / "root.sealed", copy / "keys" / "root.sealed")
    for words in (("check",), ("studies", "list")):
        status, said = enamel(copy, *words)
        assert status != 0
        assert "another root secret's" in said
        assert "Restwell" not in said


def test_the_files_without_the_catalogue_tell_nothing_even_with_the_root_secret(copy: Path) -> None:
    shutil.rmtree(copy / "catalogue")
    status, said = enamel(copy, "check")
    assert status != 0
    assert "catalogue" in said
    assert search_folder(copy, NEEDLES) == []
    assert sum(1 for path in (copy / "vault").rglob("*") if path.is_file()) == SCANS


def test_the_catalogue_without_the_files_holds_no_scan(copy: Path) -> None:
    for path in [*(copy / "vault").rglob("*"), *(copy / "inbox").rglob("*")]:
        if path.is_file():
            path.unlink()
    report = check(copy)
    assert report["bytes_read"] == 0
    assert len(report["faults"]) == SCANS
    assert all("missing" in fault for fault in report["faults"])


def test_a_flipped_bit_in_a_stored_file_is_named_and_the_others_are_whole(copy: Path) -> None:
    file = min(path for path in (copy / "vault").rglob("*") if path.is_file())
    content = bytearray(file.read_bytes())
    content[HEADER_BYTES + 1000] ^= 1
    file.write_bytes(content)
    faults = check(copy)["faults"]
    assert len(faults) == 1
    assert file.name in faults[0]


def test_a_flipped_bit_in_the_catalogue_is_named_by_its_page(copy: Path) -> None:
    catalogue = copy / "catalogue" / "catalogue.db"
    content = bytearray(catalogue.read_bytes())
    content[9 * 4096 + 700] ^= 1
    catalogue.write_bytes(content)
    assert check(copy)["faults"] == ["catalogue: altered: HMAC verification failed for page 10"]


def test_a_flipped_bit_in_a_scan_that_waits_is_told_and_the_others_are_listed(copy: Path) -> None:
    waiting = [path for path in (copy / "inbox").rglob("*") if len(path.name) == 32 and path.is_file()]
    content = bytearray(waiting[0].read_bytes())
    content[HEADER_BYTES + 1000] ^= 1
    waiting[0].write_bytes(content)
    with RunningBox(copy, 21860) as box:
        assert len(box.wait_for(SCANS + 1, 30)) == SCANS + 1
        until(lambda: len(box.enamel("quarantine", "list")) == 1, 10)
        assert box.enamel("quarantine", "list")[0]["reason"] == "damaged"
    faults = check(copy)["faults"]
    assert len(faults) == 1
    assert waiting[0].name in faults[0]


@pytest.mark.parametrize("place", range(0, 160, 23))
def test_a_flipped_bit_in_the_sealed_root_opens_nothing_and_flipped_back_all(copy: Path, place: int) -> None:
    sealed = copy / "keys" / "root.sealed"
    whole = sealed.read_bytes()
    sealed.write_bytes(whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :])
    status, said = enamel(copy, "studies", "list")
    assert status != 0
    assert "Restwell" not in said
    sealed.write_bytes(whole)
    assert check(copy)["faults"] == []
