"""A box as an operator makes it with its root sealed as told, run by `enamel run`: its pages and the command."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from appliance.config import ReceiverSettings, Settings, StaffSettings, settings_text
from tests import warm
from tests.stories.clinic import ROOT, until


class SealedBox:
    """`enamel run` on a data folder of its own; DICOM at the first port, pages at the third."""

    def __init__(self, data: Path, first_port: int) -> None:
        self.data = data
        self.dicom_port = first_port
        self.url = f"https://127.0.0.1:{first_port + 2}"

    def enamel(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return warm.run(*words, "--data", str(self.data), "--json", given=given)

    def locked(self) -> bool:
        return bool(json.loads(self.enamel("status").stdout)["locked"])

    def keys(self) -> str:
        try:
            answer = self.browser().get("/healthz")
        except httpx.TransportError:
            return ""
        return str(answer.json()["keys"]) if answer.status_code == 200 else ""

    def browser(self) -> httpx.Client:
        trust = ssl.create_default_context(cafile=self.data / "tls" / "web-ca.pem")
        return httpx.Client(base_url=self.url, verify=trust, timeout=120)


@contextmanager
def running(data: Path, first_port: int, *sealing: str, given: str = "") -> Iterator[SealedBox]:
    """Make a box, start it, and stop it in the end; `given` is typed where its making asks for a passphrase."""
    data.mkdir()
    settings = Settings(
        clinic_name="Clínica Esmalte",
        receiver=ReceiverSettings(listen="127.0.0.1", port=first_port, tls_port=0, accept_any_peer=True),
        staff=StaffSettings(listen="127.0.0.1", port=first_port + 2),
    )
    (data / "settings.toml").write_text(settings_text(settings))
    box = SealedBox(data, first_port)
    made = box.enamel("keys", "init", *sealing, given=given)
    assert made.returncode == 0, made.stderr
    with (data.parent / "run.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance", "run", "--data", str(data)], stdout=log, stderr=log, cwd=ROOT
        )
        try:
            until(lambda: box.keys() != "", 30)
            yield box
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(240)
