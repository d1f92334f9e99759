"""Whether a demonstration's processes answer, seen from outside, and which of them do not."""

import http.client
import json
import ssl
from collections.abc import Mapping

from appliance.assembly.certificates import CA_FILE
from appliance.assembly.demo import AE_TITLE, HOST, SENDER, Clinic
from appliance.assembly.folders import Folders
from appliance.dicom_scp.sender import Destination, echo
from appliance.errors import ApplianceError, Unavailable

_PROBE_SECONDS = 2.0
_PROCESSES = ("receiver", "intake", "staff", "caddy")


def silent_processes(clinic: Clinic, running: Mapping[str, int]) -> list[str]:
    """Name the processes that do not run or do not answer.

    Staff is asked through Caddy, so of the two only Caddy is named while it keeps silent itself.

    Args:
        clinic: The demonstration.
        running: Its processes' numbers by name, as its supervisor tells them.
    """
    absent = [name for name in _PROCESSES if name not in running]
    return absent or [name for name in (_silent_at_dicom(clinic), _silent_at_web(clinic)) if name]


def no_answer(clinic: Clinic, silent: list[str], seconds: float) -> Unavailable:
    """Give the fault that tells an operator whose log to read."""
    logs = Folders.of(clinic.settings).logs
    told = "; ".join(f"{name}, whose log is {logs / name}.log" for name in silent)
    return Unavailable(f"no answer within {seconds:.0f} s from {told}")


def _silent_at_dicom(clinic: Clinic) -> str:
    port = clinic.settings.receiver.port
    try:
        answered = echo(Destination(HOST, port, AE_TITLE, SENDER, timeout_seconds=_PROBE_SECONDS)) == 0
    except (OSError, ApplianceError):
        answered = False
    return "" if answered else "receiver"


def _silent_at_web(clinic: Clinic) -> str:
    try:
        trust = ssl.create_default_context(cafile=str(Folders.of(clinic.settings).tls / CA_FILE))
        line = http.client.HTTPSConnection(HOST, clinic.settings.staff.port, context=trust, timeout=_PROBE_SECONDS)
        line.connect()
    except OSError:
        return "caddy"
    try:
        line.request("GET", "/healthz")
        return "" if json.loads(line.getresponse().read())["keys"] == "open" else "staff"
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return "staff"
    finally:
        line.close()
