"""Real peers of the tests: a missing one fails in CI, elsewhere it skips by name; the run's end says what to install.

A test names the programs it runs, `@pytest.mark.peer("storescu", "strace")`; a name with `.so` is a shared library.
What only root may do names its deed: `@pytest.mark.as_root("mounts a small disk")`.

`python -m tests.peers NAME...` says before a long run whether all of them are here.
"""

import ctypes
import os
import shutil
import sys
from collections import Counter

import pytest

# Which Debian 12 packages bring what a test may ask for.
PACKAGES = {
    "Orthanc": "orthanc orthanc-dicomweb",
    "WebKitWebDriver": "webkit2gtk-driver",
    "Xvfb": "xvfb",
    "7z": "p7zip-full",
    "cc": "gcc libc6-dev",
    "chromedriver": "chromium-driver",
    "chromium": "chromium fonts-dejavu-core fonts-noto-core",
    "curl": "curl",
    "dcmdjpeg": "dcmtk",
    "dcmcjpeg": "dcmtk",
    "dcmcjpls": "dcmtk",
    "dcmcrle": "dcmtk",
    "dcmdump": "dcmtk",
    "dcmgpdir": "dcmtk",
    "dcmsend": "dcmtk",
    "echoscu": "dcmtk",
    "firefox-esr": "firefox-esr libegl1 libgl1-mesa-dri",
    "ip": "iproute2",
    "libtss2-tcti-swtpm.so.0": "libtss2-tcti-swtpm0 libtss2-esys-3.0.2-0 libtss2-mu0 libtss2-rc0",
    "mmdebstrap": "mmdebstrap",
    "msmtpd": "msmtp-mta",
    "mount": "mount",
    "node": "nodejs",
    "npm": "npm",
    "nginx": "nginx-light libnginx-mod-mail",
    "nsenter": "util-linux",
    "ojph_compress": "openjph-tools",
    "openssl": "openssl",
    "pdfdetach": "poppler-utils",
    "pdfsig": "poppler-utils",
    "pdftotext": "poppler-utils fonts-dejavu-core fonts-noto-core",
    "rclone": "rclone",
    "restic": "restic",
    "rsyslogd": "rsyslog rsyslog-gnutls",
    "ssh": "openssh-client",
    "sshd": "openssh-server",
    "socat": "socat",
    "storescp": "dcmtk",
    "storescu": "dcmtk",
    "strace": "strace",
    "swtpm": "swtpm",
    "systemd-analyze": "systemd",
    "systemd-creds": "systemd",
    "systemd-nspawn": "systemd-container",
    "systemd-socket-activate": "systemd",
    "systemd-sysusers": "systemd",
    "xmllint": "libxml2-utils",
}
_WANTED = "wanted"  # the property of a test that says what it was skipped for want of
_ROOT = "root"


def pytest_configure(config: pytest.Config) -> None:
    """Say what the two marks mean."""
    config.addinivalue_line("markers", "peer(*names): runs these real programs; missing fails in CI, else skips")
    config.addinivalue_line("markers", "as_root(deed): does what only root may; another user fails in CI, else skips")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for what a test asks for, before anything is made for it."""
    wanted = [name for name in _peers(item) if not _is_here(name)]
    if wanted:
        _do_without(item, wanted, f"peers are missing: {', '.join(wanted)}")
    deeds = [str(deed) for mark in item.iter_markers("as_root") for deed in mark.args]
    if deeds and os.geteuid() != 0:
        _do_without(item, [_ROOT], f"only root may do what it does: {', '.join(deeds)}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell in one place what was not tested for want of which peers, and how to get them."""
    skipped = terminalreporter.stats.get("skipped", [])
    counts = Counter(value for report in skipped for name, value in report.user_properties if name == _WANTED)
    if counts:
        terminalreporter.section("not tested, for want of peers")
        for line in advice(counts):
            terminalreporter.write_line(line)


def advice(counts: Counter[str]) -> list[str]:
    """Give the lines that say how many tests each missing peer kept from running, and what brings it."""
    missing = sorted(name for name in counts if name != _ROOT)
    told = [f"{', '.join(f'{name} ({counts[name]})' for name in missing)}"] if missing else []
    asked = [how_to_get(missing)] if missing else []
    return told + asked + ([f"{counts[_ROOT]} tests do what only root may"] if counts[_ROOT] else [])


def how_to_get(missing: list[str]) -> str:
    """Give the command that installs what brings them."""
    packages = sorted({package for name in missing for package in PACKAGES[name].split()})
    return f"    apt-get install --no-install-recommends {' '.join(packages)}"


def main(names: list[str]) -> int:
    """Say which of them are missing and how to get them; give 1 if any is."""
    missing = [name for name in names if not _is_here(name)]
    if missing:
        sys.stderr.write(f"peers are missing: {', '.join(missing)}\n{how_to_get(missing)}\n")
    return 1 if missing else 0


def _peers(item: pytest.Item) -> list[str]:
    """Give the names of a test's peers.

    Raises:
        UsageError: A mark names none, or one that no package is known for.
    """
    marks = list(item.iter_markers("peer"))
    names = {str(name) for mark in marks for name in mark.args}
    if not all(mark.args for mark in marks) or not names <= PACKAGES.keys():
        raise pytest.UsageError(f"{item.nodeid}: each peer mark names programs that tests/peers.py knows")
    return sorted(names)


def _is_here(name: str) -> bool:
    if ".so" not in name:
        return shutil.which(name) is not None
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _do_without(item: pytest.Item, wanted: list[str], reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (in CI nothing is skipped for that)", pytrace=False)
    item.user_properties += [(_WANTED, name) for name in wanted]
    pytest.skip(reason)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
