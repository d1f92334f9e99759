"""Copies without their patient, of stored files, and the archive that a laboratory takes."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR, Actor, ActorKind
from appliance.deidentify import grants
from appliance.deidentify.copying import Copied, LeftOut
from appliance.deidentify.laboratory import Caller
from appliance.deidentify.package import take
from appliance.deidentify.remains import pattern_of
from appliance.dicom.deidentifying.judging import Refusal
from appliance.errors import NotFound, Unsuitable
from tests.canary.search import search_bytes, spellings
from tests.web.a_laboratory import SLICES, ACanarysClinic


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> ACanarysClinic:
    return ACanarysClinic(tmp_path_factory.mktemp("clinic"))


@pytest.fixture
def caller(clinic: ACanarysClinic) -> Caller:
    clinic.give()
    return Caller(clinic.lab.account_key, Actor(ActorKind.ACCOUNT, clinic.lab.account_key), "test")


def taken(clinic: ACanarysClinic, caller: Caller) -> dict[str, bytes]:
    """Take the archive and give its files."""
    [lent] = clinic.laboratory.lent(caller.account_key)
    archive = take(clinic.laboratory, caller, lent, clinic.clock.now())
    content = b"".join(archive.pieces())
    assert len(content) == archive.total_bytes
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        assert read.testzip() is None
        return {name: read.read(name) for name in read.namelist()}


def originals(clinic: ACanarysClinic) -> Sequence[pydicom.Dataset]:
    return [pydicom.dcmread(io.BytesIO(raw)) for raw in clinic.originals.values()]


def test_the_archive_holds_the_pictures_and_nobodys_name(clinic: ACanarysClinic, caller: Caller) -> None:
    files = taken(clinic, caller)
    pictures = [pydicom.dcmread(io.BytesIO(files[name])) for name in sorted(files) if name.startswith("DICOM/")]
    assert len(pictures) == SLICES
    assert {bytes(one.PixelData) for one in pictures} <= {bytes(one.PixelData) for one in originals(clinic)}
    needles = spellings(clinic.word) | spellings(clinic.number) | {b"19640720"}
    assert [name for name, content in files.items() if search_bytes(content, needles)] == []
    assert any(search_bytes(raw, needles) for raw in clinic.originals.values())
    [study] = {one.StudyInstanceUID for one in pictures}
    assert study != clinic.study_uid
    assert {one.SeriesDescription for one in pictures} == {"CBCT 0.16"}
    assert {one.StudyDescription for one in pictures} == {"CBCT maxilla"}
    assert all(one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID for one in pictures)
    assert "1: its pixels may show words" in files["README.TXT"].decode()


def test_words_among_a_pictures_bytes_are_in_no_copy_and_its_values_are_the_originals(tmp_path: Path) -> None:
    clinic = ACanarysClinic(tmp_path, compressed=True)
    clinic.give()
    files = taken(clinic, Caller(clinic.lab.account_key, Actor(ActorKind.ACCOUNT, clinic.lab.account_key), "test"))
    needles = spellings(clinic.word)
    assert [name for name, content in files.items() if search_bytes(content, needles)] == []
    [original] = [one for one in originals(clinic) if one["PixelData"].is_undefined_length]
    pictures = [pydicom.dcmread(io.BytesIO(raw)) for name, raw in files.items() if name.startswith("DICOM/")]
    assert len(pictures) == SLICES + 1
    [copy] = [one for one in pictures if one.BitsAllocated == 8]
    assert search_bytes(original.PixelData, needles)
    assert len(copy.PixelData) == len(original.PixelData)
    assert (copy.pixel_array == original.pixel_array).all()


def test_taking_it_again_gives_the_same_files(clinic: ACanarysClinic, caller: Caller) -> None:
    assert taken(clinic, caller) == taken(clinic, caller)


def test_what_is_taken_is_in_the_trail_before_the_first_byte(clinic: ACanarysClinic, caller: Caller) -> None:
    [lent] = clinic.laboratory.lent(caller.account_key)
    take(clinic.laboratory, caller, lent, clinic.clock.now())
    assert clinic.events()[-1] == ("laboratory copy taken", "success")


def test_a_copy_in_which_something_remains_is_left_out(clinic: ACanarysClinic, caller: Caller) -> None:
    [lent] = clinic.laboratory.lent(caller.account_key)
    found = clinic.laboratory.instances(caller, lent)
    whose = replace(clinic.laboratory.whose(caller, lent), remains=pattern_of(["Invented Imaging"]))
    made = list(clinic.laboratory.copying.copies(whose, found[:1]))
    assert [one.why for one in made if isinstance(one, LeftOut)] == [Refusal.REMAINS]
    made = list(clinic.laboratory.copies(caller, lent, found[:1]))
    assert [type(one) for one in made] == [Copied]


def test_only_what_was_given_is_found_and_only_while_it_stands(clinic: ACanarysClinic, caller: Caller) -> None:
    other = clinic.person(Role.LAB, user_name="lab.other")
    [lent] = clinic.laboratory.lent(caller.account_key)
    assert list(clinic.laboratory.lent(other.account_key)) == []
    with pytest.raises(NotFound):
        clinic.laboratory.find(other.account_key, lent.reference)
    clinic.clock.pass_time(days=31)
    assert list(clinic.laboratory.lent(caller.account_key)) == []
    grant = clinic.give()
    assert len(clinic.laboratory.lent(caller.account_key)) == 1
    clinic.clock.step(days=-40)
    assert list(clinic.laboratory.lent(caller.account_key)) == []
    clinic.clock.step(days=40)
    grants.end(clinic.accounts, clinic.study_key, grant, OPERATOR)
    assert list(clinic.laboratory.lent(caller.account_key)) == []
    with pytest.raises(NotFound):
        grants.end(clinic.accounts, clinic.study_key, grant, OPERATOR)


def test_giving_again_ends_what_was_given_before(clinic: ACanarysClinic, caller: Caller) -> None:
    clinic.give(days=7)
    clinic.give(days=90)
    [lent] = clinic.laboratory.lent(caller.account_key)
    assert (lent.given.ends_at - clinic.clock.now()).days == 90


def test_only_a_laboratory_is_given_something_and_only_for_days_that_can_be_chosen(clinic: ACanarysClinic) -> None:
    dentist = clinic.person(Role.DENTIST, user_name="dentist.lab")
    for account, days in ((dentist.account_key, 30), (clinic.lab.account_key, 31), (999, 30)):
        with pytest.raises(Unsuitable):
            grants.give(clinic.accounts, clinic.study_key, account, days, OPERATOR)
    with pytest.raises(NotFound):
        grants.give(clinic.accounts, 999, clinic.lab.account_key, 30, OPERATOR)


def test_an_erased_study_ends_what_was_given_of_it(tmp_path: Path) -> None:
    clinic = ACanarysClinic(tmp_path)
    clinic.give()
    with clinic.database.write() as tx:
        sql = "DELETE FROM versions; DELETE FROM instances; DELETE FROM series; DELETE FROM studies"
        for statement in sql.split("; "):
            tx.change(statement)
        assert tx.rows("SELECT 1 FROM laboratory_grants") == []
