"""No erasure is finished while a catalogue that was replaced lies beside the one in use: it has the keys still."""

from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.errors import Unavailable
from appliance.jobs.job import Run
from appliance.keys.secret import SecretKey
from appliance.notifications.codes import NoticeCode
from appliance.notifications.queries import open_notices
from appliance.retention.certificate import facts_of
from appliance.retention.erasing import erase, finish_all
from appliance.retention.erasure_jobs import ProvingParts, prove_erasures
from appliance.store.asides import aside_of
from appliance.store.box import BoxRow, name_box
from tests.retention.an_archive import Archive, make


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    made = make(tmp_path_factory.mktemp("filled"))
    with made.database.write() as tx:
        name_box(tx, BoxRow(made.box_id, "A clinic", made.clock.now()))
    return made


def told(archive: Archive) -> dict[NoticeCode, int | None]:
    with archive.database.read() as tx:
        return {one.code: one.number for one in open_notices(tx)}


def night(archive: Archive) -> None:
    proving = ProvingParts(archive.erasing(), SecretKey.new(), lambda: 0, lambda: 0, lambda: 0)
    prove_erasures(proving, Run(1, archive.clock, archive.database, lambda: False))


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_what_a_replaced_catalogue_still_opens_is_not_certified_as_gone(
    filled: Archive, tmp_path: Path, ending: str
) -> None:
    archive = filled.copied_to(tmp_path / "box")
    aside = Path(f"{aside_of(archive.database.path, '20311123T120000.000000Z')}{ending}")
    aside.write_bytes((archive.folder / "catalogue.db").read_bytes())
    erasure = erase(archive.erasing(), "study", 1, "request", OPERATOR)
    assert (erasure.files_gone_at, erasure.gone_sequence) == (None, None)
    assert archive.rows("SELECT count(*) FROM audit_events WHERE event = 'erasure finished'") == [(0,)]
    assert told(archive) == {NoticeCode.ERASURE_ASIDE: 1}
    night(archive)
    with archive.database.read() as tx:
        facts = facts_of(tx, erasure.erasure_key, archive.clock.now())
    assert facts.erasure.files_gone_at is None
    assert told(archive) == {NoticeCode.ERASURE_ASIDE: 1}
    aside.unlink()
    night(archive)
    with archive.database.read() as tx:
        assert facts_of(tx, erasure.erasure_key, archive.clock.now()).erasure.files_gone_at is not None
    assert told(archive) == {}


def test_a_replaced_catalogue_alone_is_nothing_to_tell(filled: Archive, tmp_path: Path) -> None:
    archive = filled.copied_to(tmp_path / "box")
    erase(archive.erasing(), "study", 1, "request", OPERATOR)
    aside_of(archive.database.path, "x").write_bytes(b"")
    assert finish_all(archive.erasing()) == 0
    night(archive)
    assert told(archive) == {}


def test_a_folder_that_cannot_be_looked_at_finishes_nothing(filled: Archive, tmp_path: Path) -> None:
    archive = filled.copied_to(tmp_path / "box")
    parts = archive.erasing()
    archive.database.close()
    archive.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(Unavailable):
        _ = parts.has_asides
