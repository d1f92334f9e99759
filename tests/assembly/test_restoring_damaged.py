"""A target of which much is gone gives what it has, the others fill in, and nobody waits for what nobody has."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.assembly.restoring_targets import open_source, parse_where
from appliance.identifiers import FileId
from tests.assembly.a_full_box import FullBox, copy, new_target
from tests.assembly.a_lost_box import Lost, check_whole, packs_on, packs_with_files, restore, told_of
from tests.assembly.test_restoring_again import Noting

pytestmark = pytest.mark.peer("restic")


def copied_in_parts(tmp_path: Path) -> tuple[Lost, list[Path]]:
    """Make a box whose four studies lie in a pack each; give the packs in the studies' order."""
    box = FullBox(tmp_path / "data")
    target, packs = new_target(box, tmp_path / "disk"), list[Path]()
    lost, seen = Lost(box, tmp_path / "disk"), set[Path]()
    for number in (1, 2, 3, 4):
        box.add_study(number)
        copy(box, target)
        (pack,) = packs_with_files(lost, packs_on(lost.disk) - seen)
        packs.append(pack)
        seen = packs_on(lost.disk)
    box.close()
    return lost, packs


def files_of(box: FullBox, study: int) -> set[FileId]:
    rows = box.rows(
        "SELECT file_id FROM versions JOIN instances USING (instance_key) WHERE sop_instance_uid LIKE :uid",
        uid=f"1.2.9.{study}.%",
    )
    return {FileId(file_id) for (file_id,) in rows}


def test_what_is_gone_from_a_target_is_not_waited_for_and_the_rest_comes_back(tmp_path: Path) -> None:
    lost, packs = copied_in_parts(tmp_path)
    for pack in packs[:3]:
        pack.unlink()
    noting = Noting(lost.source.files)
    outcome = restore(tmp_path / "new", lost.box.root, replace(lost.source, files=noting))  # type: ignore[arg-type]  # it is one
    assert (outcome.files, outcome.missing, told_of(tmp_path / "new").missing_count) == (3, 9, 9)
    gone = {str(one) for study in (1, 2, 3) for one in files_of(lost.box, study)}
    asked_again = {path.rpartition("/")[2] for asked in noting.asked[1:] for path in asked}
    assert noting.waited == 0
    assert not gone & asked_again, "nor asked of the older snapshots, which have the same"
    assert not {name[:2] for name in gone} & asked_again
    there = {FileId(file_id) for (file_id,) in FullBox(tmp_path / "new").rows("SELECT file_id FROM damaged_files")}
    assert {str(one) for one in there} == gone


def test_another_target_fills_in_what_is_gone_or_altered_on_the_first(tmp_path: Path) -> None:
    lost, packs = copied_in_parts(tmp_path)
    box = FullBox(tmp_path / "data")
    copy(box, new_target(box, tmp_path / "other"))
    box.close()
    packs[0].unlink()
    packs[1].chmod(0o600)
    content = bytearray(packs[1].read_bytes())
    content[200] ^= 1
    packs[1].write_bytes(content)
    other = open_source(parse_where(f"folder:{tmp_path / 'other'}"), None, lost.box.root)
    outcome = restore(tmp_path / "new", lost.box.root, lost.source, other)
    assert (outcome.files, outcome.missing) == (12, 0)
    check_whole(tmp_path / "new", lost.box)
