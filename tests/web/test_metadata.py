"""Metadata of many instances: the bytes of each alone, made while they are sent, and never a part for the whole."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from appliance.archive.located import Located
from appliance.archive.source import ScopedSource
from appliance.clock import SystemClock
from appliance.web.dicomweb.metadata import AT_ONCE, BATCH_BYTES, Metadata
from tests.web.a_dicomweb import ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes
from tests.web.an_archive import EVERYTHING, AnArchive

STUDY, SERIES = "1.2.5", "1.2.5.1"
COUNT = 60
LONG = {"ImageComments": "a slice of nobody " * 180}  # so that some batches are needed


@pytest.fixture(scope="module")
def dicomweb(tmp_path_factory: pytest.TempPathFactory) -> ADicomweb:
    dicomweb = ADicomweb(tmp_path_factory.mktemp("box"))
    for number in range(1, COUNT + 1):
        dicomweb.archive.store(slice_bytes(STUDY, SERIES, number, LONG), SYNTAX)
    return dicomweb


@pytest.fixture
def metadata(dicomweb: ADicomweb) -> Iterator[Metadata]:
    made = Metadata(dicomweb.archive.source, SystemClock())
    yield made
    made.close()


def test_a_series_is_answered_with_the_bytes_of_its_instances_one_after_the_other(dicomweb: ADicomweb) -> None:
    with dicomweb.served():
        whole = dicomweb.client.get(f"/dicomweb/studies/{STUDY}/series/{SERIES}/metadata")
        study = dicomweb.client.get(f"/dicomweb/studies/{STUDY}/metadata")
        alone = [
            dicomweb.client.get(f"/dicomweb/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.{number}/metadata")
            for number in range(1, COUNT + 1)
        ]
        head = dicomweb.client.head(f"/dicomweb/studies/{STUDY}/metadata")
    assert whole.content == b"[" + b",".join(one.content[1:-1] for one in alone) + b"]" == study.content
    assert len(whole.content) > 2 * BATCH_BYTES
    assert whole.headers["content-type"] == alone[0].headers["content-type"] == "application/dicom+json"
    assert whole.headers["cache-control"] == "no-store"
    assert whole.headers["transfer-encoding"] == "chunked"
    assert alone[0].headers["content-length"] == str(len(alone[0].content))
    assert (head.status_code, head.content) == (200, b"")


class Watched(list[Located]):
    """A list that remembers how far it was read."""

    furthest = -1

    def __getitem__(self, at: int) -> Located:  # type: ignore[override]  # nobody asks for slices of it
        self.furthest = max(self.furthest, at)
        return super().__getitem__(at)


def test_no_more_is_read_than_was_asked_for_and_no_child_waits_in_between(
    dicomweb: ADicomweb, metadata: Metadata
) -> None:
    found = Watched(dicomweb.archive.source.instances(EVERYTHING, STUDY))
    parts = metadata.of(EVERYTHING, found, "http://box.test/dicomweb")
    for _ in range(AT_ONCE + 1):  # others that stopped reading hold nothing up
        next(metadata.of(EVERYTHING, list(found), "http://box.test/dicomweb"))
    first = next(parts)
    assert BATCH_BYTES <= len(first) < BATCH_BYTES + 8192
    read = len(json.loads(first + b"]"))
    assert read < COUNT / 2
    assert found.furthest == read - 1
    list(parts)
    assert found.furthest == COUNT - 1


def test_damaged_instances_are_described_by_their_rows_and_the_others_come_whole(tmp_path: Path) -> None:
    dicomweb = ADicomweb(tmp_path)
    for number in range(1, COUNT + 1):
        dicomweb.archive.store(slice_bytes(STUDY, SERIES, number, LONG), SYNTAX)
    damaged = {1, COUNT}
    for number in damaged:
        spoil(dicomweb.archive, dicomweb.archive.source, number)
    with dicomweb.served():
        answer = dicomweb.client.get(f"/dicomweb/studies/{STUDY}/metadata")
        alone = dicomweb.client.get(f"/dicomweb/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.1/metadata")
    models = {model["00080018"]["Value"][0]: model for model in answer.json()}
    assert (answer.status_code, alone.status_code) == (200, 500)
    assert models.keys() == {f"{SERIES}.{number}" for number in range(1, COUNT + 1)}
    comments = "00204000"
    assert {uid for uid, model in models.items() if comments not in model} == {f"{SERIES}.{n}" for n in damaged}


def test_a_disk_that_refuses_cuts_the_answer_off_or_says_so_before_it_begins(tmp_path: Path) -> None:
    dicomweb = ADicomweb(tmp_path)
    for number in range(1, COUNT + 1):
        dicomweb.archive.store(slice_bytes(STUDY, SERIES, number, LONG), SYNTAX)
    path = f"/dicomweb/studies/{STUDY}/metadata"
    with dicomweb.served():
        with refused(dicomweb.archive, 1):
            assert dicomweb.client.get(path).status_code == 503
        with refused(dicomweb.archive, COUNT), pytest.raises(httpx.RemoteProtocolError):
            dicomweb.client.get(path)
        assert len(dicomweb.client.get(path).json()) == COUNT


@contextmanager
def refused(archive: AnArchive, number: int) -> Iterator[None]:
    """Let the disk refuse a stored file that is not open yet: a loop of links cannot be opened."""
    located = archive.source.instance(EVERYTHING, STUDY, SERIES, f"{SERIES}.{number}")
    path = archive.box.vault.path_of(located.file.file_id)
    aside = path.with_name("aside")
    path.rename(aside)
    path.symlink_to(path)
    yield
    aside.replace(path)


def spoil(archive: AnArchive, source: ScopedSource, number: int) -> None:
    """Flip a bit of a stored file."""
    located = source.instance(EVERYTHING, STUDY, SERIES, f"{SERIES}.{number}")
    path = archive.box.vault.path_of(located.file.file_id)
    stored = bytearray(path.read_bytes())
    stored[len(stored) // 2] ^= 1
    path.write_bytes(stored)
