"""Story 2, the box's side: a scan that has come to rest is prepared for quick opening, by processes as they are run."""

from contextlib import closing
from pathlib import Path

import pytest

from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, Scan
from tests.intake.pack_reader import read_stream
from tests.stories.clinic import RunningClinic, until, written

pytestmark = pytest.mark.peer("storescu")
PREPARED_SECONDS = 60.0  # after 5 s of rest; least urgent of all, and CI does much at once
SLICES, SIDE = 12, 176


def test_a_scan_at_rest_is_prepared_sent_by_ranges_and_can_be_dropped(tmp_path: Path, free_port_block: int) -> None:
    scan = Scan(PATIENTS[0], Jaw(3), shape=(SLICES, SIDE, SIDE), spacing_mm=(1.0, 0.5, 0.5))
    sent = written(tmp_path / "disk", scan.slices())
    with RunningClinic(tmp_path / "data", free_port_block) as clinic:
        assert clinic.storescu(tmp_path / "disk").returncode == 0
        until(lambda: len(clinic.enamel("packs", "list")["packs"]) == 1, PREPARED_SECONDS)
        with closing(clinic.sign_in("dentist")) as browser:
            whole = browser.get("/series/1/stream")
            resumed = {"Range": "bytes=100000-", "If-Range": whole.headers["etag"]}
            assert browser.get("/series/1/stream", headers=resumed).content == whole.content[100000:]
            pack = read_stream(whole.content)
            assert pack.preview is not None
            assert {uid: file.endswith(sent[uid].dataset) for uid, file in pack.files.items()} == dict.fromkeys(
                sent, True
            )
            assert clinic.enamel("check")["faults"] == []
            assert clinic.enamel("packs", "drop") == {"dropped": 1}
            until(lambda: not [*(tmp_path / "data" / "packs").glob("*/*")], PREPARED_SECONDS)
            assert len([*(tmp_path / "data" / "vault").glob("*/*")]) == SLICES
            on_the_fly = browser.get("/series/1/stream")
            assert "etag" not in on_the_fly.headers
            assert read_stream(on_the_fly.content).files == pack.files
