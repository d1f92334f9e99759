"""Handing in: whatever the disk or a child does, what is called stored is kept, and nothing else is."""

import sys
import tracemalloc
from ipaddress import ip_address
from pathlib import Path

import pytest

from appliance.audit.events import Actor, ActorKind
from appliance.errors import OutOfSpace, Unavailable
from appliance.identifiers import AETitle
from appliance.inbox.association import Outcome
from appliance.inbox.writer import InboxWriter
from appliance.intake.storing import CHECK_SPACE_BYTES, Handed, NotStored, Reception
from appliance.sandbox.birth import Birth, executed
from appliance.store.files import FileLayer, RealFiles
from tests.intake.a_clinic import Clinic
from tests.sandbox.test_parser import HOSTILE
from tests.store.failing_files import FailingFiles
from tests.web.a_phantom import slice_bytes

SOMEBODY = Actor(ActorKind.ACCOUNT, 1, ip_address("192.0.2.10"))


def reception(clinic: Clinic, files: FileLayer | None = None, birth: Birth | None = None) -> Reception:
    inbox = InboxWriter(clinic.folder / "inbox", lambda: clinic.public, files or RealFiles(), clinic.clock)
    return Reception(
        inbox, clinic.database, clinic.audit, clinic.clock, birth or executed(), lambda: None, AETitle("ENAMEL")
    )


def hand_in(to: Reception, parts: list[bytes], piece: int = 4096) -> list[Handed]:
    taken = to.begin(SOMEBODY)
    for part in parts:
        taken.begin_part()
        for at in range(0, len(part), piece):
            taken.write(memoryview(part)[at : at + piece])
        taken.end_part()
    taken.end(Outcome.RELEASED)
    return taken.handed


def listed(clinic: Clinic) -> set[str]:
    """Let intake do its work and give what is listed."""
    intake = clinic.intake()
    while intake.step():
        pass
    intake.close()
    return {str(uid) for (uid,) in clinic.rows("SELECT sop_instance_uid FROM instances")}


def slices(count: int) -> list[bytes]:
    return [slice_bytes("1.2.7", "1.2.7.1", number) for number in range(1, count + 1)]


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(
    "operation",
    ["make_folder", "create_exclusive", "write", "truncate", "fsync", "rename", "fsync_folder", "open_read"],
)
def test_one_refusal_of_the_disk_anywhere_loses_nothing_that_was_called_stored(
    tmp_path: Path, operation: str, nth: int
) -> None:
    clinic = Clinic(tmp_path)
    handed = hand_in(reception(clinic, FailingFiles(fail_at=(operation, nth))), slices(3))
    stored = {one.sop_instance_uid for one in handed if one.refused is None}
    assert {one.refused for one in handed} <= {None, NotStored.NOT_NOW, NotStored.NO_SPACE}
    assert stored <= listed(clinic)
    assert clinic.rows("SELECT * FROM quarantine") == []
    assert len(stored) >= 1 or operation == "fsync_folder", (
        "one refusal costs one object, or what its folder cannot keep"
    )


@pytest.mark.parametrize("how", ["dies", "no-json"])
def test_an_object_that_kills_its_reader_is_refused_and_the_box_says_that_it_failed(tmp_path: Path, how: str) -> None:
    clinic = Clinic(tmp_path)
    handed = hand_in(reception(clinic, birth=executed((sys.executable, HOSTILE, how))), slices(1))
    assert [one.refused for one in handed] == [NotStored.FAILED]
    assert listed(clinic) == set()


def test_the_catalogue_that_cannot_say_whose_they_are_keeps_them_out(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    to = reception(clinic)
    with clinic.database.write() as tx:
        tx.change("DROP TABLE web_senders")
    assert [one.refused for one in hand_in(to, slices(2))] == [NotStored.FAILED] * 2
    assert not any(file.name for file in tmp_path.glob("inbox/*/*") if len(file.name) == 32)


def test_a_disk_that_fills_while_an_object_comes_refuses_it(tmp_path: Path) -> None:
    clinic, asked = Clinic(tmp_path), []

    def check_space() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise OutOfSpace("free space is below the reserve")

    plain = reception(clinic)
    to = Reception(
        plain.inbox, plain.database, plain.audit, plain.clock, plain.birth, check_space, plain.called_ae_title
    )
    handed = hand_in(to, [large(CHECK_SPACE_BYTES + 1000)], 1 << 20)
    assert [one.refused for one in handed] == [NotStored.NO_SPACE]
    assert handed[0].sop_instance_uid == "1.2.7.1.1"
    assert listed(clinic) == set()


def large(pixels: int) -> bytes:
    """A slice whose pixel data has so many bytes."""
    small = slice_bytes("1.2.7", "1.2.7.1", 1, rows=2)
    return small[:-12] + pixels.to_bytes(4, "little") + bytes(pixels)


def test_little_memory_is_taken_however_large_an_object_is(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    to, part = reception(clinic), large(64 << 20)
    hand_in(to, slices(1))
    tracemalloc.start()
    try:
        handed = hand_in(to, [part], 1 << 16)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [one.refused for one in handed] == [None]
    assert peak < 8 << 20


def test_where_there_is_no_key_nothing_is_begun(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)

    def no_key() -> None:
        raise Unavailable("there is no key")

    to = reception(clinic)
    without = Reception(
        InboxWriter(tmp_path / "inbox", no_key, RealFiles(), clinic.clock),  # type: ignore[arg-type]  # it never gives one
        to.database, to.audit, to.clock, to.birth, lambda: None, to.called_ae_title,
    )  # fmt: skip
    with pytest.raises(Unavailable):
        without.begin(SOMEBODY)
