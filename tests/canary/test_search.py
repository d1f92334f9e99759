"""The canary search finds what is leaked on purpose, in every form, and nothing else."""

import base64
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.canary.search import (
    bytes_spellings,
    compressed_forms,
    search_bytes,
    search_folder,
    search_process,
    spellings,
)

NAME = "Canário^Zilda Ünü"
NEEDLES = spellings(NAME)
WRITTEN = {
    "utf-8": NAME.encode(),
    "latin-1": NAME.encode("latin-1"),
    "utf-16-le": NAME.encode("utf-16-le"),
    "utf-16-be": NAME.encode("utf-16-be"),
    "hexadecimal": NAME.encode().hex().encode(),
    "base64": base64.b64encode(NAME.encode()),
    "base64 shifted by one": base64.b64encode(b"x" + NAME.encode()),
    "base64 shifted by two": base64.b64encode(b"xy" + NAME.encode()),
    "json": b'{"name": "Can\\u00e1rio^Zilda \\u00dcn\\u00fc"}',
    "url": b"/studies?q=Can%C3%A1rio%5EZilda%20%C3%9Cn%C3%BC",
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_leak_is_found_however_it_is_written(written: bytes) -> None:
    assert search_bytes(b"before " + written + b" after", NEEDLES)


@pytest.mark.parametrize("form", compressed_forms(b""))
def test_a_leak_is_found_however_it_is_compressed(form: str) -> None:
    leaked = b"log line about " + NAME.encode("utf-16-le") + b" and more" * 20
    assert search_bytes(os.urandom(300) + compressed_forms(leaked)[form] + b"tail", NEEDLES)


def test_a_pixel_watermark_is_found_inside_other_bytes() -> None:
    watermark = os.urandom(48)
    needles = bytes_spellings(watermark)
    assert search_bytes(os.urandom(1000) + watermark + os.urandom(1000), needles)
    assert search_bytes(base64.b64encode(os.urandom(1000) + watermark + os.urandom(1000)), needles)


def test_nothing_is_found_where_nothing_is() -> None:
    assert not search_bytes(os.urandom(1 << 20) + b"Canario Zilda", NEEDLES)


def test_a_file_is_found_by_its_content_and_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "log").write_bytes(NAME.encode())
    (tmp_path / f"export {NAME}").write_bytes(b"")
    (tmp_path / "innocent").write_bytes(b"nothing")
    assert len(search_folder(tmp_path, NEEDLES)) == 2


@pytest.mark.parametrize("how", ["argument", "environment", "deleted file"])
def test_a_leak_in_a_process_is_found(how: str) -> None:
    arguments = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]
    environment = dict(os.environ)
    with tempfile.TemporaryFile() as deleted:
        deleted.write(b"spill " + NAME.encode())
        deleted.flush()
        if how == "argument":
            arguments.append(NAME)
        if how == "environment":
            environment["LEAK"] = NAME
        handed = (deleted.fileno(),) if how == "deleted file" else ()
        with subprocess.Popen(
            arguments, env=environment, pass_fds=handed, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            hits = search_process(process.pid, NEEDLES)
            process.kill()
    assert len(hits) == 1
