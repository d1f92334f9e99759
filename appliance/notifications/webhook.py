"""Tells a service of the clinic's choosing by one HTTPS request: codes and numbers as JSON, signed.

Guards: nothing is followed elsewhere (no redirect, no proxy); the request is
signed by HMAC-SHA256 where a secret is set, so that its receiver knows who speaks.
"""

import hashlib
import hmac
import json
import ssl
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from appliance.notifications.queries import Notice
from appliance.notifications.telling import NotTold, Telling

SIGNATURE = "X-Enamel-Signature"
_PATIENCE_SECONDS = 15


@dataclass(frozen=True)
class WebhookTeller:
    """Tells by a request.

    Attributes:
        url: Where to; `http` only on this machine, which the settings see to.
        box_id: Which box speaks.
        secret: Signs the request; None leaves it unsigned.
    """

    url: str
    box_id: str
    secret: bytes | None = field(default=None, repr=False)

    def tell(self, telling: Telling) -> None:
        """Send one request.

        Raises:
            NotTold: The service is not there, is not who it should be, or answers anything but 2xx.
        """
        body = encoded(telling, self.box_id)
        headers = {"Content-Type": "application/json", "User-Agent": "Enamel"}
        if self.secret is not None:
            headers[SIGNATURE] = "sha256=" + hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        try:
            status = self._status(body, headers)
        except ssl.SSLError as fault:
            raise NotTold("webhook not trusted") from fault
        except (OSError, HTTPException) as fault:
            raise NotTold("webhook unreachable") from fault
        if not 200 <= status < 300:
            raise NotTold("webhook refused")

    def _status(self, body: bytes, headers: dict[str, str]) -> int:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def encoded(telling: Telling, box_id: str) -> bytes:
    """Write what is told as JSON."""
    told = {
        "box": box_id,
        "at": telling.at.isoformat(),
        "notices": [_plain(notice) for notice in telling.notices],
        "over": [_plain(notice) for notice in telling.over],
    }
    return json.dumps(told).encode()


def _plain(notice: Notice) -> dict[str, object]:
    return {
        "code": notice.code.value,
        "severity": notice.severity.value,
        "subject": None if notice.subject is None else {"kind": notice.subject[0], "key": notice.subject[1]},
        "number": notice.number,
        "since": notice.first_at.isoformat(),
    }
