"""The one read path: scopes are asked, bytes are those stored, damage is told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.archive.matching import Level, Search
from appliance.archive.reading.queries import count_damaged
from appliance.archive.source import ScopedSource
from appliance.archive.studies import get_study
from appliance.errors import NotFound, NotPermitted, Tampered
from tests.web.an_archive import EVERYTHING, AnArchive


@pytest.fixture
def archive(tmp_path: Path, corpus_files: list[Path]) -> Iterator[AnArchive]:
    made = AnArchive(tmp_path)
    made.store_file(next(path for path in corpus_files if path.name == "CT_small.dcm"))
    yield made
    made.source.close()


def uids(archive: AnArchive) -> tuple[str, str, str]:
    row = archive.source.search(EVERYTHING, Search(Level.INSTANCE))[0]
    return row[0], row[15], row[24]


def test_what_is_read_is_what_was_stored(archive: AnArchive) -> None:
    study, series, sop = uids(archive)
    found = archive.source.instance(EVERYTHING, study, series, sop)
    assert archive.source.read(EVERYTHING, found, 0, found.file.plaintext_bytes) == archive.stored[sop]
    assert archive.source.read(EVERYTHING, found, 132, 40) == archive.stored[sop][132:172]


def test_a_study_outside_the_scope_does_not_exist(archive: AnArchive) -> None:
    study, series, sop = uids(archive)
    found = archive.source.instance(EVERYTHING, study, series, sop)
    other = replace(EVERYTHING, studies=frozenset({"1.2.3"}))
    with pytest.raises(NotFound):
        archive.source.instance(other, study, series, sop)
    with pytest.raises(NotFound):
        archive.source.instances(other, study)
    with pytest.raises(NotFound):
        archive.source.series_by_key(other, found.series_key)
    with pytest.raises(NotFound):
        archive.source.read(other, found, 0, 1)
    assert archive.source.search(other, Search(Level.STUDY)) == []
    own = replace(EVERYTHING, studies=frozenset({study}))
    assert len(archive.source.search(own, Search(Level.STUDY))) == 1


def test_each_right_is_asked_for_what_it_opens(archive: AnArchive) -> None:
    study, series, sop = uids(archive)
    with pytest.raises(NotPermitted):
        archive.source.search(replace(EVERYTHING, may_list=False), Search(Level.STUDY))
    with pytest.raises(NotPermitted):
        archive.source.search(replace(EVERYTHING, may_read=False), Search(Level.SERIES))
    blind = replace(EVERYTHING, may_view=False)
    found = archive.source.instance(EVERYTHING, study, series, sop)
    with pytest.raises(NotPermitted):
        archive.source.instance(blind, study, series, sop)
    with pytest.raises(NotPermitted):
        archive.source.instances(blind, study, series)
    with pytest.raises(NotPermitted):
        archive.source.series_by_key(blind, found.series_key)
    with pytest.raises(NotPermitted):
        archive.source.read(blind, found, 0, 1)


def test_a_flipped_bit_is_tampered_and_nothing_leaves(archive: AnArchive) -> None:
    found = archive.source.instance(EVERYTHING, *uids(archive))
    path = archive.box.vault.path_of(found.file.file_id)
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    for _ in range(3):
        with pytest.raises(Tampered):
            archive.source.read(EVERYTHING, found, 0, 10)
    with archive.box.database.read() as tx:
        told = tx.rows("SELECT event, outcome, subject_kind, subject_key, study_key FROM audit_events")
        assert told == [("file damaged", "failure", "instance", found.instance_key, found.study_key)]
        assert (count_damaged(tx), get_study(tx, found.study_key).damaged_instances) == (1, (found.instance_key,))


def test_damage_is_told_once_ever_whoever_reads_and_whenever(archive: AnArchive) -> None:
    found = archive.source.instance(EVERYTHING, *uids(archive))
    archive.box.vault.path_of(found.file.file_id).unlink()
    for _ in range(2):
        again = ScopedSource(
            archive.box.database, archive.box.vault, archive.box.keys, archive.box.audit, archive.box.clock
        )
        with pytest.raises(Tampered):
            again.read(EVERYTHING, found, 0, 10)
        again.close()
    with archive.box.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM audit_events WHERE event = 'file damaged'") == [(1,)]


def test_a_look_is_recorded_once_an_hour_for_each_study_and_session(archive: AnArchive) -> None:
    found = archive.source.instance(EVERYTHING, *uids(archive))
    assert archive.source.record_view(EVERYTHING, found)
    assert not archive.source.view_is_due(EVERYTHING, found)
    assert not archive.source.record_view(EVERYTHING, found)
    assert archive.source.record_view(replace(EVERYTHING, caller="another session"), found)
    with archive.box.database.read() as tx:
        events = tx.rows("SELECT event, study_key, patient_key FROM audit_events")
    assert [tuple(row) for row in events] == [("instances retrieved", found.study_key, found.patient_key)] * 2
