"""A scanner's certificate from the box's own authority opens the TLS port that asks for one."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.inbox.admission import PeerEntry, decode_admission
from appliance.keys.inbox_seal import new_inbox_key_pair
from tests import warm
from tests.cli.test_access import enamel
from tests.dicom_scp.receiver_process import Folder, Running, free_port, run_on, running
from tests.dicom_scp.test_storing import dcmtk
from tests.dicom_scp.test_tls import CT, make_certificate

pytestmark = pytest.mark.peer("storescu", "openssl")
REQUIRED = 'tls_client_certificate = "required"\n'


def sent(receiver: Running, certificate: Path, key: Path, authority: Path) -> int:
    """Send one object with DCMTK, showing a certificate; give its exit status."""
    tls = ["+tls", str(key), str(certificate), "+cf", str(authority)]
    there = ["-aet", "PROMAX", "-aec", "ENAMEL", "127.0.0.1", str(receiver.tls_port), str(CT)]
    return dcmtk("storescu", *tls, *there).returncode


def test_a_device_stores_with_the_certificate_it_was_given_and_a_stranger_does_not(tmp_path: Path) -> None:
    data, out, box = tmp_path / "data", tmp_path / "for the scanner", tmp_path / "box"
    enamel(data, "keys", "init", "--sealing", "file")
    told = enamel(data, "peers", "certificate", "Planmeca ProMax", "--out", str(out))
    assert isinstance(told, dict)
    assert sorted(file.name for file in out.iterdir()) == ["box-ca.pem", "device-key.pem", "device.pem"]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in out.iterdir())
    shutil.copytree(data / "tls" / "dicom", box / "tls")
    only_it = PeerEntry("ProMax", ("PROMAX",), (), (str(told["certificate_sha256"]),))
    authority = out / "box-ca.pem"
    with running(box, REQUIRED, [only_it]) as receiver:
        assert sent(receiver, out / "device.pem", out / "device-key.pem", authority) == 0
        assert sent(receiver, *make_certificate(tmp_path, "stranger"), authority) != 0
        assert len(receiver.folder.objects()) == 1


def test_a_certificate_is_recorded_and_never_written_over_another(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    enamel(data, "keys", "init", "--sealing", "file")
    enamel(data, "peers", "certificate", "Planmeca", "--out", str(out))
    enamel(data, "peers", "certificate", "Planmeca", "--out", str(out), status=10)
    enamel(data, "peers", "certificate", "  ", "--out", str(tmp_path / "none"), status=15)
    trail = [row for row in enamel(data, "audit", "list") if isinstance(row, dict)]
    assert [row["event"] for row in trail if row["actor_kind"] == "operator"] == [
        "certificate issued", "recovery code made", "box created",
    ]  # fmt: skip
    assert (trail[0]["subject_kind"], trail[0]["subject_key"]) == ("certificate", 1)


@contextmanager
def receiving(data: Path, box: Path) -> Iterator[Running]:
    """Run a receiver that reads what the commands on `data` write: its list, its certificates, its public key."""
    port, tls_port = free_port(), free_port()
    for part in ("inbox", "spool/receiver"):
        (box / part).mkdir(parents=True)
    (box / "exchange").symlink_to(data / "exchange")
    (box / "tls").symlink_to(data / "tls" / "dicom")
    (box / "settings.toml").write_text(
        f'[receiver]\nlisten = "127.0.0.1"\nport = {port}\ntls_port = {tls_port}\nreserve_bytes = 1000000\n{REQUIRED}'
    )
    with run_on(Folder(box, new_inbox_key_pair()), port, tls_port) as receiver:
        yield receiver


def made(data: Path, out: Path, *more: str) -> Path:
    """Have a certificate made; give its folder."""
    enamel(data, "peers", "certificate", out.name, "--out", str(out), *more)
    return out


def sends(receiver: Running, device: Path) -> bool:
    return sent(receiver, device / "device.pem", device / "device-key.pem", device / "box-ca.pem") == 0


def listed(data: Path) -> list[tuple[object, ...]]:
    rows = enamel(data, "peers", "certificates")
    columns = ("certificate_key", "device", "answerable", "certificate_sha256", "revoked_at")
    return [tuple(row[each] for each in columns) for row in rows if isinstance(row, dict)]


def test_a_certificate_that_is_revoked_or_whose_person_leaves_sends_nothing_more(tmp_path: Path) -> None:
    data = tmp_path / "data"
    enamel(data, "keys", "init", "--sealing", "file")
    enamel(data, "accounts", "add", "lea", "--name", "Lea", "--role", "assistant", given="quiet amber tram 42\n")
    assert enamel(data, "peers", "certificates") == []
    stolen, room = made(data, tmp_path / "stolen"), made(data, tmp_path / "room 2")
    hers = made(data, tmp_path / "hers", "--for", "LEA")
    enamel(data, "peers", "certificate", "x", "--out", str(tmp_path / "x"), "--for", "nobody", status=12)
    enamel(data, "peers", "add", "PROMAX", "--address", "127.0.0.1")
    with receiving(data, tmp_path / "box") as receiver:
        assert [sends(receiver, each) for each in (stolen, room, hers)] == [True] * 3
        enamel(data, "peers", "revoke", "1")
        assert [sends(receiver, each) for each in (stolen, room, hers)] == [False, True, True]
        told = enamel(data, "accounts", "disable", "lea")
        assert [sends(receiver, each) for each in (stolen, room, hers)] == [False, True, False]
    assert isinstance(told, dict)
    assert told["ended"] == {"browsers": 0, "tokens": [], "certificates": [3]}
    assert told["stays"] == {"browsers": 0, "tokens": [], "certificates": [2]}
    for number in ("1", "3", "99"):
        enamel(data, "peers", "revoke", number, status=12)
    rows = listed(data)
    assert [row[:3] for row in rows] == [(1, "stolen", None), (2, "room 2", None), (3, "hers", "lea")]
    assert [row[4] is None for row in rows] == [False, True, False]
    enamel(data, "peers", "add", "PROMAX", "--certificate", str(rows[0][3]), status=10)
    enamel(data, "peers", "add", "PROMAX", "--certificate", str(rows[1][3]))
    recorded = [row for row in enamel(data, "audit", "list") if isinstance(row, dict)]
    revoked = [(row["subject_kind"], row["subject_key"]) for row in recorded if row["event"] == "certificate revoked"]
    assert revoked == [("certificate", 3), ("certificate", 1)]


def test_what_the_command_says_of_a_leaver_names_devices_and_what_nobody_answers_for(tmp_path: Path) -> None:
    data = tmp_path / "data"
    enamel(data, "keys", "init", "--sealing", "file")
    enamel(data, "accounts", "add", "lea", "--name", "Lea", "--role", "assistant", given="quiet amber tram 42\n")
    made(data, tmp_path / "ProMax", "--for", "lea")
    made(data, tmp_path / "Ceph")
    enamel(data, "tokens", "add", "her phone", "--scope", "list-studies", "--for", "lea")
    enamel(data, "tokens", "add", "planning PC", "--scope", "list-studies")
    enamel(data, "tokens", "add", "both", "--laboratory", "lea", "--for", "lea", status=15)
    assert [row["ends_with"] for row in enamel(data, "tokens", "list") if isinstance(row, dict)] == [["lea"], []]
    said = warm.run("accounts", "disable", "lea", "--data", str(data)).stdout
    assert said.splitlines() == [
        "lea can no longer come in.",
        "Ended with it: browsers signed in: 0; tokens: 1; device certificates: 1, ProMax.",
        "Nobody answers for the certificate of Ceph: enamel peers revoke 2",
        "Nobody answers for the token of planning PC: enamel tokens revoke 2",
    ]
    enamel(data, "tokens", "add", "late", "--scope", "list-studies", "--for", "lea", status=12)


def test_where_the_receiver_cannot_be_told_the_account_is_closed_and_the_command_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    enamel(data, "keys", "init", "--sealing", "file")
    for user in ("lea", "leo"):
        enamel(data, "accounts", "add", user, "--name", user, "--role", "assistant", given="quiet amber tram 42\n")
        made(data, tmp_path / f"ProMax of {user}", "--for", user)
    enamel(data, "peers", "add", "PROMAX", "--address", "127.0.0.1")
    listing = data / "exchange" / "admission.json"
    aside = listing.rename(tmp_path / "aside.json")
    listing.mkdir()  # as a disk that gives and takes nothing there
    said = warm.run("accounts", "disable", "lea", "--data", str(data))
    assert (said.returncode, said.stdout.splitlines()[:2]) == (
        0,
        [
            "lea can no longer come in.",
            "Ended with it: browsers signed in: 0; tokens: 0; device certificates: 1, ProMax of lea.",
        ],
    )
    assert said.stdout.splitlines()[-1].startswith("The receiver still goes by its older list")
    told = enamel(data, "accounts", "disable", "leo")
    assert isinstance(told, dict)
    assert told["receiver_told"] is False
    listing.rmdir()
    aside.rename(listing)
    told = enamel(data, "accounts", "disable", "lea")
    assert isinstance(told, dict)
    assert told["receiver_told"] is True
    by_file = {one.sha256 for one in decode_admission(listing.read_bytes()).revoked}
    assert by_file == {str(row[3]) for row in listed(data)}
