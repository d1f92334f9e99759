"""Who and what is refused, with which codes, and what is noted of it."""

import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.dicom_scp.pdu import decode_rejection
from appliance.inbox.admission import PeerEntry, encode_admission
from appliance.inbox.spool import SpoolEvent, read_spool
from tests.dicom_scp.raw_peer import CT, RawPeer, p_data, pdv, peer, request, store_command
from tests.dicom_scp.receiver_process import Running, running, wait_until

KNOWN = PeerEntry("Scanner", ("SCANNER",), ("127.0.0.1",), (), ("TEMPLATE",))


def codes(port: int, called: str, calling: str) -> tuple[int, int, int] | None:
    with peer(port) as raw:
        raw.say(request(called, calling))
        kind, body = raw.hear()
    if kind == 2:
        return None
    rejection = decode_rejection(body)
    return rejection.result, rejection.source, rejection.reason


def test_unknown_callers_are_refused_by_the_standards_codes_and_spooled(tmp_path: Path) -> None:
    with running(tmp_path, peers=[KNOWN]) as receiver:
        assert codes(receiver.port, "ENAMEL", "SCANNER") is None
        assert codes(receiver.port, "enamel", "scanner") is None
        assert codes(receiver.port, "TEMPLATE", "SCANNER") is None
        assert codes(receiver.port, "OTHER", "SCANNER") == (1, 1, 7)
        assert codes(receiver.port, "ENAMEL", "STRANGER") == (1, 1, 3)
        assert codes(receiver.port, "ENAMEL", "STRANGER") == (1, 1, 3)
        events = list(read_spool(receiver.folder.places.spool))
    assert [(e.event, e.facts["reason"], e.facts["calling_ae_title"]) for e in events] == [
        (SpoolEvent.ASSOCIATION_REFUSED, "called-ae-title", "SCANNER"),
        (SpoolEvent.ASSOCIATION_REFUSED, "calling-ae-title", "STRANGER"),
    ]


def test_one_click_later_the_sender_is_admitted_without_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, peers=[KNOWN]) as receiver:
        assert codes(receiver.port, "ENAMEL", "NEW") == (1, 1, 3)
        draft = tmp_path / "draft"
        draft.write_bytes(encode_admission([KNOWN, PeerEntry("New", ("NEW",))]))
        draft.replace(receiver.folder.places.admission)
        assert codes(receiver.port, "ENAMEL", "NEW") is None


def replace_list(receiver: Running, *known: PeerEntry) -> None:
    draft = receiver.folder.path / "draft"
    draft.write_bytes(encode_admission(known))
    draft.replace(receiver.folder.places.admission)


def test_a_device_that_is_removed_stores_nothing_more_over_its_open_association(tmp_path: Path) -> None:
    other = PeerEntry("Other", ("OTHER",))
    with running(tmp_path, peers=[KNOWN]) as receiver, peer(receiver.port) as raw:
        raw.say(request("ENAMEL", "SCANNER"))
        assert raw.hear()[0] == 2
        expected = [(KNOWN, 0x0000), (KNOWN, 0x0000), (other, 0x0124), (other, 0x0124), (KNOWN, 0x0000)]
        for number, (listed, status) in enumerate(expected):
            replace_list(receiver, listed)
            raw.say(p_data(pdv(1, 3, store_command(b"1.2.%d" % number)), pdv(1, 2, b"dataset")))
            assert raw.status() == status, number
        assert len(receiver.folder.objects()) == 3


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (store_command(b"../../etc/passwd"), 0x0117),
        (store_command(b"1." * 40 + b"1"), 0x0117),
        (store_command(b"1.2\x003.4"), 0x0117),
        (store_command(b"1.2\\3.4"), 0x0117),
        (store_command(b""), 0x0117),
        (store_command(b"1.2.3.4\x00\x00"), 0x0117),
        (store_command(sop_class="1.2.840.10008.5.1.4.1.1.4"), 0xA900),
        (store_command(), 0x0000),
    ],
)
def test_a_store_is_answered_by_its_names(tmp_path: Path, command: bytes, status: int) -> None:
    with running(tmp_path) as receiver, peer(receiver.port) as raw:
        raw.open()
        raw.say(p_data(pdv(1, 3, command)) + p_data(pdv(1, 2, b"dataset")))
        assert raw.status() == status
        assert len(receiver.folder.objects()) == (status == 0)
        raw.say(p_data(pdv(1, 3, store_command(b"1.2.9")), pdv(1, 2, b"next")))
        assert raw.status() == 0, "the association goes on"


def test_a_store_without_a_data_set_is_not_understood(tmp_path: Path) -> None:
    with running(tmp_path) as receiver, peer(receiver.port) as raw:
        raw.open()
        raw.say(p_data(pdv(1, 3, store_command(dataset_type=0x0101))))
        assert raw.status() == 0xC000
        assert receiver.folder.objects() == []


def test_too_many_associations_are_put_off_and_noted(tmp_path: Path) -> None:
    with running(tmp_path, "maximum_associations_per_peer = 2\n") as receiver:
        held = [RawPeer(receiver.port) for _ in range(2)]
        for raw in held:
            raw.open()
        assert codes(receiver.port, "ENAMEL", "RAW") == (2, 3, 1)
        held[0].stream.close()
        wait_until(lambda: codes(receiver.port, "ENAMEL", "RAW") is None)
        held[1].stream.close()
        assert [e.event for e in read_spool(receiver.folder.places.spool)] == [SpoolEvent.ASSOCIATION_LIMIT]


def test_a_box_short_of_space_puts_off_before_any_data(tmp_path: Path) -> None:
    with running(tmp_path, "maximum_association_bytes = 1000000\n") as receiver:
        receiver.folder.places.inbox_key.rename(tmp_path / "away")
        assert codes(receiver.port, "ENAMEL", "RAW") == (2, 3, 2)


def test_an_association_may_bring_only_so_many_bytes(tmp_path: Path) -> None:
    with running(tmp_path, "maximum_association_bytes = 100\n") as receiver, peer(receiver.port) as raw:
        raw.open()
        raw.say(p_data(pdv(1, 3, store_command()), pdv(1, 2, bytes(90))))
        assert raw.status() == 0
        raw.say(p_data(pdv(1, 3, store_command()), pdv(1, 2, bytes(90))))
        assert raw.status() == 0xA700
        assert len(receiver.folder.objects()) == 1


def test_a_silent_association_ends_and_its_place_is_free(tmp_path: Path) -> None:
    settings = "idle_seconds = 1\nmaximum_associations = 1\nartim_seconds = 1\n"
    with running(tmp_path, settings) as receiver, peer(receiver.port) as raw:
        raw.open()
        assert raw.hear()[0] == 7
        wait_until(lambda: codes(receiver.port, "ENAMEL", "RAW") is None)


def test_a_sender_that_drips_an_object_is_cut_off_and_one_that_rests_is_not(tmp_path: Path) -> None:
    settings = "least_bytes_per_second = 4096\nleast_rate_over_seconds = 1\n"
    with running(tmp_path, settings) as receiver, peer(receiver.port) as slow, peer(receiver.port) as resting:
        slow.open()
        resting.open()
        slow.say(p_data(pdv(1, 3, store_command()), pdv(1, 0, b"x")))
        for _ in range(4):
            time.sleep(0.4)
            with suppress(OSError):  # it was cut off already
                slow.say(p_data(pdv(1, 0, b"x")))
        assert slow.hear()[0] in {0, 7}
        resting.say(p_data(pdv(1, 3, store_command()), pdv(1, 2, b"x")))
        assert resting.status() == 0
        assert len(receiver.folder.objects()) >= 1


def test_a_socket_that_never_speaks_is_closed_when_artim_runs_out(tmp_path: Path) -> None:
    with running(tmp_path, "artim_seconds = 1\n") as receiver:
        silent = [socket.create_connection(("127.0.0.1", receiver.port), 5) for _ in range(3)]
        silent[1].sendall(b"\x01\x00\x00")
        silent[2].sendall(request()[:50])
        assert [closed(stream) for stream in silent] == [True] * 3


def closed(stream: socket.socket) -> bool:
    with stream:
        try:
            return stream.recv(10) == b""
        except ConnectionResetError:
            return True


def test_the_uid_of_the_class_is_the_contexts_own(tmp_path: Path) -> None:
    with running(tmp_path) as receiver, peer(receiver.port) as raw:
        raw.open()
        raw.say(p_data(pdv(1, 3, store_command(sop_class=CT + " ")), pdv(1, 2, b"x")))
        assert raw.status() == 0


def test_where_the_key_to_seal_to_is_damaged_nothing_is_acknowledged(tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        file = receiver.folder.places.inbox_key
        whole = file.read_bytes()
        at = whole.index(b"public_key") + 20
        file.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        with peer(receiver.port) as raw:
            raw.say(request())
            assert raw.hear() == (3, bytes((0, 2, 3, 2)))
        assert "public key is not there, or cannot be read" in (receiver.folder.path / "log").read_text()
        file.write_bytes(whole)
        with peer(receiver.port) as raw:
            raw.open()
