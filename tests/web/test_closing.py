"""What DICOMweb keeps open between requests is closed when the server shuts down."""

import os
from contextlib import suppress
from pathlib import Path

from tests.web.a_dicomweb import ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes


def open_files(folder: Path) -> list[Path]:
    """Give the vault's files that this process has open."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            links.append(descriptor.readlink())
    return [link for link in links if link.is_relative_to(folder / "vault")]


def nurseries() -> list[str]:
    """Give the ids of this process's own nurseries."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            command = (entry / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == str(os.getpid()) and b"appliance.sandbox.nursery" in command:
            found.append(entry.name)
    return found


def test_stored_files_and_the_nursery_are_closed_at_shutdown(tmp_path: Path) -> None:
    before = nurseries()
    dicomweb = ADicomweb(tmp_path)
    dicomweb.archive.store(slice_bytes("1.2.1", "1.2.1.1", 1), SYNTAX)
    with dicomweb.served():
        answer = dicomweb.client.get("/dicomweb/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/metadata")
        assert answer.status_code == 200
        assert len(open_files(tmp_path)) == 1
        assert len(nurseries()) == len(before) + 1
    assert open_files(tmp_path) == []
    assert nurseries() == before
