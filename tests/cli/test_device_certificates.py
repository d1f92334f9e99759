"""A scanner's certificate from the box's own authority opens the TLS port that asks for one."""

import shutil
import stat
from pathlib import Path

import pytest

from appliance.inbox.admission import PeerEntry
from tests.cli.test_access import enamel
from tests.dicom_scp.receiver_process import Running, running
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
