"""The root sealed to a TPM: swtpm plays the chip, systemd-creds is the real one."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.errors import Unavailable, WrongPassphrase
from appliance.keys.passphrases import PassphraseCost
from appliance.keys.sealing import Host, HostKey, open_root, seal_to_host
from appliance.keys.secret import SecretKey

CHEAP = PassphraseCost(memory_kib=64, passes=1, lanes=1)
ROOT = SecretKey(bytes(range(32)))
pytestmark = pytest.mark.peer("swtpm", "systemd-creds", "libtss2-tcti-swtpm.so.0")


@contextmanager
def tpm(state: Path) -> Iterator[Host]:
    """Start a TPM for one step: without a resource manager, sessions would pile up in a longer life."""
    state.mkdir(exist_ok=True)
    socket = state / "socket"
    command = [
        "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--server", f"type=unixio,path={socket}",
        "--ctrl", f"type=unixio,path={socket}.ctrl", "--flags", "not-need-init,startup-clear",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            while running.poll() is None and not Path(f"{socket}.ctrl").exists():
                time.sleep(0.01)
            yield Host(options=(f"--tpm2-device=swtpm:path={socket}",))
        finally:
            running.terminate()
            running.wait()
            Path(f"{socket}.ctrl").unlink(missing_ok=True)


@pytest.mark.parametrize("host_key", [HostKey.TPM2, HostKey.HOST_AND_TPM2])
def test_a_root_sealed_to_a_tpm_opens_with_that_tpm_alone(tmp_path: Path, host_key: HostKey) -> None:
    with tpm(tmp_path / "ours") as host:
        sealed = seal_to_host(ROOT, None, host, host_key)
    with tpm(tmp_path / "ours") as host:
        assert open_root(sealed, None, host) == ROOT
    with tpm(tmp_path / "another") as host, pytest.raises(Unavailable, match="systemd-creds refused"):
        open_root(sealed, None, host)
    with pytest.raises(Unavailable, match="systemd-creds refused"):
        open_root(sealed)


def test_with_a_passphrase_besides_the_tpm_alone_is_not_enough(tmp_path: Path) -> None:
    with tpm(tmp_path / "ours") as host:
        sealed = seal_to_host(ROOT, "nine lives", host, HostKey.HOST_AND_TPM2, CHEAP)
    with tpm(tmp_path / "ours") as host, pytest.raises(WrongPassphrase):
        open_root(sealed, None, host)
    with tpm(tmp_path / "ours") as host:
        assert open_root(sealed, "nine lives", host) == ROOT
