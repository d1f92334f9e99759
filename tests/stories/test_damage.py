"""Story: a bit flips on the disk of a running box; whoever looks is told, once in the trail and on the pages."""

from contextlib import closing
from pathlib import Path

import httpx

from tests.faults.raw_scu import RawScu, instance
from tests.stories.running_box import RunningBox

SLICES = 4


def flip_a_bit(file: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_flipped_bit_is_told_where_people_look(tmp_path: Path, free_port_block: int) -> None:
    with RunningBox(tmp_path / "data", free_port_block) as box:
        with RawScu(box.dicom) as association:
            for number in range(SLICES):
                association.store(instance(7 * number, 50_000))
            association.release()
        rows = box.wait_until_taken_in()
        flip_a_bit(next(file for file in sorted((box.data / "vault").rglob("*")) if file.is_file()))
        for _ in range(2):
            answers = [told(box, row) for row in rows]
            assert sorted(answers) == [200] * (SLICES - 1) + [500]
        events = [event for event in box.enamel("audit", "list") if event["event"] == "file damaged"]
        assert [(event["outcome"], event["subject_kind"], event["study_key"]) for event in events] == [
            ("failure", "instance", 1)
        ]
        assert len(box.enamel("studies", "show", "1")["damaged_instances"]) == 1
        with closing(box.sign_in("dentist")) as dentist, closing(box.sign_in()) as administrator:
            assert "1 image is damaged on this box" in dentist.get("/studies/1").text
            assert "1 stored file is damaged" in administrator.get("/quarantine").text
            assert 'class="count" aria-label="1 waiting"' in administrator.get("/studies").text
            check_marks_and_clears(box, dentist)
            assert "damaged" not in administrator.get("/quarantine").text


def told(box: RunningBox, row: dict[str, dict[str, list[str]]]) -> int:
    """Ask for one frame and give the answer's status."""
    study, series, sop = (row[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
    answer = box.dicomweb(f"/studies/{study}/series/{series}/instances/{sop}/frames/1", "multipart/related; type=*/*")
    assert answer.status_code == 200 or "the study and the quarantine page say so" in answer.text
    return answer.status_code


def check_marks_and_clears(box: RunningBox, dentist: httpx.Client) -> None:
    """Check the running box: another image rots and is told though nobody looked at it; then both are put back."""
    files = sorted(file for file in (box.data / "vault").rglob("*") if file.is_file())
    flip_a_bit(files[1])
    assert box.run("check").returncode == 3
    assert "2 images are damaged on this box" in dentist.get("/studies/1").text
    for file in files[:2]:
        flip_a_bit(file)
    assert box.enamel("check")["sound_again"] == 2
    assert "damaged" not in dentist.get("/studies/1").text
    told = [row["event"] for row in box.enamel("audit", "list") if row["event"].startswith("file ")]
    assert told == ["file sound again"] * 2 + ["file damaged"] * 2
