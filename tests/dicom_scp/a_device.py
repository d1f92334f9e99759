"""Certificates from an authority of the box's own kind, as files, and DCMTK's tools that show them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.inbox.admission import RevokedCertificate
from appliance.keys.authority import (
    Issued,
    certificate_sha256,
    issue_device_client,
    issue_device_server,
    new_device_root,
    serial_number,
)
from tests.dicom_scp.receiver_process import Running
from tests.dicom_scp.test_storing import dcmtk
from tests.dicom_scp.test_tls import CT


@dataclass(frozen=True)
class Device:
    """One device's certificate and key, in files."""

    issued: Issued
    certificate: Path
    key: Path
    authority: Path

    @property
    def revoked(self) -> RevokedCertificate:
        """Give what the receiver is told when it is taken back."""
        pem = self.issued.certificate
        return RevokedCertificate(certificate_sha256(pem).hex(), serial_number(pem))

    def sends(self, receiver: Running, calling: str = "PROMAX") -> bool:
        """Send one object with DCMTK's storescu; say whether it was stored."""
        return self._runs("storescu", receiver, calling, str(CT))

    def is_heard(self, receiver: Running, calling: str = "PROMAX") -> bool:
        """Ask with DCMTK's echoscu; say whether it was answered."""
        return self._runs("echoscu", receiver, calling)

    def _runs(self, tool: str, receiver: Running, calling: str, *files: str) -> bool:
        tls = ["+tls", str(self.key), str(self.certificate), "+cf", str(self.authority)]
        there = ["-aet", calling, "-aec", "ENAMEL", "127.0.0.1", str(receiver.tls_port)]
        return dcmtk(tool, *tls, *there, *files).returncode == 0


class DeviceAuthority:
    """The clinic's authority of devices; a receiver on `box` shows its certificate and believes its others."""

    def __init__(self, box: Path) -> None:
        """Make it, and the receiver's TLS folder below `box`."""
        self.root = new_device_root("Clínica Las Lilas", datetime.now(UTC))
        server = issue_device_server(self.root, ["127.0.0.1"], datetime.now(UTC))
        self._folder = box / "tls"
        self._folder.mkdir(parents=True)
        self._write("dicom-key.pem", server.private_key)
        self._write("dicom.pem", server.certificate + self.root.certificate)
        self.file = self._write("dicom-clients.pem", self.root.certificate)

    def device(self, name: str) -> Device:
        """Issue a certificate to a device."""
        issued = issue_device_client(self.root, name, datetime.now(UTC))
        return self.device_with(name, issued)

    def device_with(self, name: str, issued: Issued) -> Device:
        """Write what a device has into files."""
        certificate, key = (
            self._write(f"{name}.pem", issued.certificate),
            self._write(f"{name}.key", issued.private_key),
        )
        return Device(issued, certificate, key, self.file)

    def _write(self, name: str, content: bytes) -> Path:
        (self._folder / name).write_bytes(content)
        return self._folder / name
