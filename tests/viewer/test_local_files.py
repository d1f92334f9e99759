"""A person's own files, opened by a real Chromium in the page that the box serves them on: nothing of them is sent."""

import json
import os
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

from appliance.accounts.roles import Role
from tests.viewer.page_server import page_server
from tests.viewer.samples import grey_dataset, ramp
from tests.web.a_clinic import AClinic

pytestmark = [pytest.mark.peer("chromium", "node", "npm")]
NAMES = ("Prüfung^Änne", "ISO_IR 192"), ("山田^太郎", "ISO_IR 192")
SLICES = 9
THINGS = [
    "disc", "partial", "plain", "disc.zip", "stored.zip", "long.zip", "loose.dcm", "locked.zip", "bomb.zip",
    "overlapping.zip", "cut.zip", "flipped.zip", "nothing.zip",
]  # fmt: skip


def scan_of(name: str, charset: str, slices: int) -> list[Dataset]:
    """A CT of one invented person, each voxel of which tells where it is; not in display order."""
    study, series = generate_uid(None), generate_uid(None)
    facts = {
        "SpecificCharacterSet": charset, "PatientName": name, "PatientID": f"L-{len(name)}",
        "PatientBirthDate": "19700102",
        "StudyInstanceUID": study, "SeriesInstanceUID": series, "StudyDate": "20261121", "StudyTime": "101500",
        "StudyID": "1", "AccessionNumber": "", "SeriesNumber": 1, "StudyDescription": "Lower jaw",
        "SeriesDescription": "CBCT lower jaw", "FrameOfReferenceUID": generate_uid(None),
    }  # fmt: skip
    return [
        grey_dataset(ramp(i), **facts, InstanceNumber=slices - i, ImagePositionPatient=[0, 0, 0.3 * i])
        for i in range(slices)
    ]


def expected(slices: int) -> list[list[int]]:
    return [[int(value) for value in ramp(i).ravel()] for i in range(slices)]


def write_disc(folder: Path) -> None:
    """A disc as scanners write them: a DICOMDIR, two people, a viewer for Windows."""
    files = FileSet()
    for name, charset in NAMES:
        for slice_ in scan_of(name, charset, SLICES):
            files.add(slice_)
    files.write(folder)
    (folder / "VIEWER").mkdir()
    (folder / "VIEWER" / "START.EXE").write_bytes(b"MZ" + bytes(5000))
    (folder / "AUTORUN.INF").write_text("[autorun]")


def write_partial(disc: Path, folder: Path) -> None:
    """A disc of which one image was not copied and another only in part."""
    shutil.copytree(disc, folder)
    [*_, last, lost] = sorted(path for path in folder.rglob("IM*") if path.is_file())
    lost.unlink()
    last.write_bytes(last.read_bytes()[:-4000])


def write_plain(folder: Path) -> None:
    """A folder without a directory: rubbish between, a file cut short, one that is no more than a beginning, a copy."""
    inner = folder / "deep" / "er"
    inner.mkdir(parents=True)
    slices = scan_of(*NAMES[0], SLICES)
    for i, slice_ in enumerate(slices):
        slice_.save_as((folder if i % 2 else inner) / f"IM{i:04}", enforce_file_format=True)
    cut = (folder / "IM0003").read_bytes()
    (folder / "IM0003").write_bytes(cut[:-4000])
    (folder / "copy of 1.dcm").write_bytes((folder / "IM0001").read_bytes())
    (folder / "torn").write_bytes(cut[:200])
    (folder / "readme.txt").write_text("Not a picture. " * 100)
    (folder / "empty").write_bytes(b"")


def zipped(folder: Path, into: Path, method: int, *, long: bool = False) -> None:
    with zipfile.ZipFile(into, "w", method) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = str(path.relative_to(folder))
                info = zipfile.ZipInfo.from_file(path, name)
                info.compress_type = method
                with archive.open(info, "w", force_zip64=long) as entry:
                    entry.write(path.read_bytes())


def write_archives(folder: Path) -> None:
    zipped(folder / "disc", folder / "disc.zip", zipfile.ZIP_DEFLATED)
    zipped(folder / "plain", folder / "stored.zip", zipfile.ZIP_STORED)
    zipped(folder / "disc", folder / "long.zip", zipfile.ZIP_DEFLATED, long=True)
    whole = bytearray((folder / "disc.zip").read_bytes())
    (folder / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (folder / "locked.zip").write_bytes(changed(whole, 8, struct.pack("<H", 1)))
    (folder / "bomb.zip").write_bytes(changed(whole, 24, struct.pack("<I", 0xF0000000)))
    (folder / "overlapping.zip").write_bytes(changed(whole, 42, struct.pack("<I", 0), every=True))
    (folder / "flipped.zip").write_bytes(flipped(bytes(whole)))
    with zipfile.ZipFile(folder / "nothing.zip", "w") as archive:
        archive.writestr("letter.txt", "Dear colleague")


def changed(whole: bytes | bytearray, offset: int, value: bytes, *, every: bool = False) -> bytes:
    """Write `value` into the central directory's entry for its first file, or for all (APPNOTE 4.3.12)."""
    out = bytearray(whole)
    at = out.index(b"PK\x01\x02")
    while at >= 0:
        out[at + offset : at + offset + len(value)] = value
        at = out.find(b"PK\x01\x02", at + 4) if every else -1
    return bytes(out)


def flipped(whole: bytes) -> bytes:
    """Change the checksum that the directory states for the last image."""
    at = whole.rindex(b"PK\x01\x02", 0, whole.rindex(b"VIEWER"))
    at = whole.rindex(b"PK\x01\x02", 0, at)
    return whole[: at + 16] + b"\0\0\0\0" + whole[at + 20 :]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_disc(folder / "disc")
    write_partial(folder / "disc", folder / "partial")
    write_plain(folder / "plain")
    write_archives(folder)
    scan_of(*NAMES[0], 1)[0].save_as(folder / "loose.dcm", enforce_file_format=True)
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The page as the box serves it to a dentist."""
    clinic = AClinic(tmp_path_factory.mktemp("clinic"))
    return clinic.signed_in(clinic.person(Role.DENTIST, image_right=True)).get("/files").content


@pytest.fixture(scope="module")
def found(drive: Path, files: Path, page: bytes) -> dict[str, Any]:
    """What the browser made of each thing, and every request of it."""
    with page_server({"/files": page}, 0) as origin:
        command = ["node", str(drive), origin, "local", str(files)]
        told = {**os.environ, "ENAMEL_LOCAL": json.dumps({"things": THINGS})}
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=told)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["faults"] == {"policy": [], "foreign": [], "errors": []}
    return dict(answer["found"])


@pytest.mark.parametrize("thing", ["disc", "disc.zip", "long.zip", "by the folder field", "by the files field"])
def test_a_disc_opens_by_its_directory_with_every_voxel_and_every_name(found: dict[str, Any], thing: str) -> None:
    opened = found[thing]
    assert [one["voxels"] == expected(SLICES) for one in opened["series"]] == [True, True]
    titles = " ".join(one["title"] for one in opened["series"])
    assert "Prüfung, Änne" in titles
    assert "山田 太郎" in titles
    assert "2 other files are not DICOM" in opened["said"]
    assert opened["again"] == opened["said"], "back from the viewer the list is as it was"


@pytest.mark.parametrize("thing", ["plain", "stored.zip"])
def test_without_a_directory_each_file_is_asked_and_what_is_broken_is_said(found: dict[str, Any], thing: str) -> None:
    opened = found[thing]
    assert "1 file is damaged" in opened["said"]
    assert "torn" in opened["said"]
    assert "1 file is there twice" in opened["said"]
    assert "2 other files are not DICOM" in opened["said"]
    [series] = opened["series"]
    whole = [at for at, problem in enumerate(series["problems"]) if problem is None]
    assert whole == [0, 1, 2, 4, 5, 6, 7, 8], "the one that was cut short is not shown, in its place that is said"
    assert [series["voxels"][at] for at in whole] == [expected(SLICES)[at] for at in whole]


def test_a_disc_that_was_copied_in_part_says_so_and_shows_the_rest(found: dict[str, Any]) -> None:
    opened = found["partial"]
    assert "1 file is missing" in opened["said"]
    assert "Was the whole disc copied?" in opened["said"]
    assert sorted(sum(problem is None for problem in one["problems"]) for one in opened["series"]) == [7, 9]
    assert sum(problem is not None for one in opened["series"] for problem in one["problems"]) == 1


def test_a_single_file_opens(found: dict[str, Any]) -> None:
    assert [one["voxels"] for one in found["loose.dcm"]["series"]] == [expected(1)]


def test_an_entry_that_is_not_what_its_archive_says_is_not_shown(found: dict[str, Any]) -> None:
    problems = [problem for one in found["flipped.zip"]["series"] for problem in one["problems"] if problem]
    assert len(problems) == 1
    assert "checksum" in problems[0]


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        ("locked.zip", "locked with a password"),
        ("bomb.zip", "far more than such an archive can honestly hold"),
        ("overlapping.zip", "far more than such an archive can honestly hold"),
        ("cut.zip", "damaged or was not copied to its end"),
    ],
)
def test_an_archive_that_is_not_opened_says_why_and_what_to_do(found: dict[str, Any], thing: str, words: str) -> None:
    assert f"{thing} was not opened" in found[thing]["said"]
    assert words in found[thing]["said"]
    assert found[thing]["series"] == []


def test_where_there_are_no_images_that_is_said(found: dict[str, Any]) -> None:
    assert "No dental or medical images" in found["nothing.zip"]["said"]


def test_no_request_carries_anything_of_a_file(found: dict[str, Any]) -> None:
    requests = found["requests"]
    assert len(requests) > len(THINGS), "the page, its script and its worker were asked for"
    assert [one for one in requests if one["body"]] == []
    asked = {(one["method"], one["path"]) for one in requests}
    assert {path for method, path in asked if method != "GET"} <= {"/session/active"}
    assert all(path in {"/files", "/events", "/session/active"} or path.startswith("/static/") for _, path in asked)
