"""Other people's senders: the box keeps the very bytes that DCMTK's storescp receives from the same sender."""

from pathlib import Path

import pytest

from appliance.assembly.box import unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import open_rooms
from appliance.clock import SystemClock
from appliance.config import read_settings
from appliance.keys.hierarchy import Keyring
from tests.faults.kept import digests_in_quarantine, digests_kept
from tests.faults.raw_scu import Address
from tests.stories.corpus import sample
from tests.stories.running_box import RunningBox
from tests.stories.senders import Sender, by_orthanc, by_pynetdicom, by_storescu, storescp

pytestmark = [pytest.mark.slow, pytest.mark.peer("storescu", "storescp", "Orthanc")]
# pynetdicom sends six datasets that storescp refuses and the box takes: JPEG types and UIDs that DCMTK does not know.
SENDERS = {"storescu": (by_storescu, 0), "orthanc": (by_orthanc, 0), "pynetdicom": (by_pynetdicom, 6)}


@pytest.mark.parametrize(("sender", "more"), SENDERS.values(), ids=SENDERS)
def test_all_that_a_sender_can_send_is_kept_bit_for_bit(
    corpus_files: list[Path], tmp_path: Path, free_port_block: int, sender: Sender, more: int
) -> None:
    samples = [s for s in map(sample, corpus_files) if s is not None]
    (tmp_path / "scratch").mkdir()
    compared = Address("127.0.0.1", free_port_block + 6, "STORESCP")
    with (
        RunningBox(tmp_path / "data", free_port_block) as box,
        storescp(tmp_path / "received", compared.port) as received,
    ):
        sender(samples, [box.dicom, compared], tmp_path / "scratch")
        sent = received()
        box.wait_until_taken_in()
    kept = kept_by(tmp_path / "data")
    print(f"{len(samples)} files, {len(sent)} different datasets sent, {len(kept)} kept")  # noqa: T201  `pytest -s` shows these
    assert len(sent) >= 0.5 * len(samples)
    assert sent <= kept
    assert len(kept - sent) <= more, "the box keeps what nobody sent"


def kept_by(data: Path) -> set[str]:
    """Give the digest of every dataset that a box keeps, listed or in quarantine, read with its keys."""
    settings = read_settings(data / "settings.toml")
    root = unseal_root(Folders.of(settings), None)
    rooms = open_rooms(settings, Keyring.for_process("staff", root), SystemClock())
    versions = digests_kept(rooms)
    return {digest for digests in versions.values() for digest in digests} | digests_in_quarantine(rooms)
