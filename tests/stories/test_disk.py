"""Story: the disk is full, or may not be written; the sender is told so, and nothing acknowledged is lost."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.raw_scu import RawScu, Refusal, instance
from tests.stories.running_box import RunningBox

pytestmark = [pytest.mark.slow, pytest.mark.peer("mount"), pytest.mark.as_root("mounts a small disk")]
SCANS = 400


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def store(box: RunningBox, first: int, count: int) -> tuple[list[str], set[str]]:
    """Store scans, each over an association of its own; give the UIDs that were acknowledged and all other answers."""
    acknowledged, answers = [], set[str]()
    for number in range(first, first + count):
        sent = instance(number, 1_000_000)
        try:
            with RawScu(box.dicom) as association:
                association.store(sent)
                acknowledged.append(sent.sop_instance_uid)
                association.release()
        except Refusal as refusal:
            answers.add(str(refusal))
            if number > first + len(acknowledged) + 4:
                break
    return acknowledged, answers


def listed(box: RunningBox) -> set[str]:
    return {row["00080018"]["Value"][0] for row in box.instances()}


def named(answers: set[str]) -> bool:
    """Say whether each answer is a store's failure by its number, or an association put off or rejected."""
    return bool(answers) and all("status 0xa7" in one or "answered by PDU 3" in one for one in answers)


def test_a_full_disk_is_told_and_after_making_room_all_goes_on(tmp_path: Path, free_port_block: int) -> None:
    small = tmp_path / "small"
    with (
        mounted(small, "-t", "tmpfs", "-o", "size=120m", "tmpfs"),
        RunningBox(small / "data", free_port_block) as box,
    ):
        before, _ = store(box, 1, 3)
        box.wait_until_taken_in(30)
        ballast = small / "ballast"
        ballast.write_bytes(bytes(max(shutil.disk_usage(small).free - (20 << 20), 0)))
        kept, answers = store(box, 100, SCANS)
        assert named(answers), answers
        ballast.unlink()
        after, later = store(box, 1000, 3)
        assert (len(after), later) == (3, set())
        box.wait_until_taken_in(60)
        assert listed(box) == {*before, *kept, *after}
        assert box.enamel("check")["faults"] == []


def test_an_inbox_that_may_not_be_written_is_told(tmp_path: Path, free_port_block: int) -> None:
    with RunningBox(tmp_path / "data", free_port_block) as box:
        before, _ = store(box, 1, 2)
        box.wait_until_taken_in(30)
        inbox = tmp_path / "data" / "inbox"
        with mounted(inbox, "--bind", str(inbox)):
            subprocess.run(["mount", "-o", "remount,bind,ro", str(inbox)], check=True)
            none, answers = store(box, 10, 3)
            assert none == []
            assert answers
            assert all("status 0x" in one or "answered by PDU 3" in one for one in answers), answers
            assert listed(box) == set(before)
        after, _ = store(box, 20, 2)
        box.wait_until_taken_in(30)
        assert listed(box) == {*before, *after}
        assert box.enamel("check")["faults"] == []


def test_scans_are_listed_and_given_back_while_the_vault_may_not_be_written(
    tmp_path: Path, free_port_block: int
) -> None:
    with RunningBox(tmp_path / "data", free_port_block) as box:
        before, _ = store(box, 1, 2)
        box.wait_until_taken_in(30)
        vault = tmp_path / "data" / "vault"
        with mounted(vault, "--bind", str(vault)):
            subprocess.run(["mount", "-o", "remount,bind,ro", str(vault)], check=True)
            during, answers = store(box, 10, 3)
            assert (len(during), answers) == (3, set())
            rows = {row["00080018"]["Value"][0]: row for row in box.wait_for(5, 30)}
            assert box.dataset(rows[during[0]]) == instance(10, 1_000_000).dataset
        box.wait_until_taken_in(60)
        assert listed(box) == {*before, *during}
        assert box.enamel("check")["faults"] == []
