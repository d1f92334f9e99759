"""However large an object is, serving it takes the memory of a few buffers."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.web.large_server import FRAME_BYTES, frame

MOST_GROWTH_MB = 24
FRAMES_AT_ONCE = 40


@contextmanager
def large(folder: Path, frames: int) -> Iterator[tuple[httpx.Client, dict[str, str], Callable[[], float]]]:
    """Serve an object of so many frames; give a client, what was told, and a look at the server's peak in MB."""
    command = [sys.executable, "-m", "tests.web.large_server", str(folder), str(frames)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        told = json.loads(server.stdout.readline())
        headers = {"Authorization": f"Bearer {told['token']}"}
        transport = httpx.HTTPTransport(uds=told["socket"])

        def peak() -> float:
            status = Path(f"/proc/{server.pid}/status").read_text()
            return float(status.split("VmHWM:")[1].split()[0]) / 1024

        with httpx.Client(transport=transport, base_url="http://box.test", headers=headers, timeout=240) as client:
            yield client, told, peak
        server.stdin.close()


def digest(client: httpx.Client, path: str, accept: str, skip: int) -> tuple[str, int]:
    """Read an answer in passing; give the digest and the length of what follows the first `skip` bytes."""
    found, length = sha256(), 0
    with client.stream("GET", path, headers={"Accept": accept}) as answer:
        assert answer.status_code == 200
        for part in answer.iter_raw():
            kept = part[max(0, skip - length) :]
            length += len(part)
            found.update(kept)
    return found.hexdigest(), length - skip


@pytest.mark.parametrize("frames", [100, pytest.param(768, marks=pytest.mark.slow)])
def test_a_large_multi_frame_object_is_served_by_a_few_buffers(tmp_path: Path, frames: int) -> None:
    """100 frames are 210 MB, 768 are 1.6 GB; the peak grew by 3 and by 4 MB, from 118."""
    pixels = sha256()
    for number in range(1, frames + 1):
        pixels.update(frame(number))
    wanted = (pixels.hexdigest(), frames * FRAME_BYTES)
    octets = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    with large(tmp_path, frames) as (client, told, peak):
        client.get(f"{told['path']}/frames/1", headers={"Accept": octets}).raise_for_status()
        before = peak()
        path = told["path"]
        whole = int(client.head(path, headers={"Accept": "application/dicom"}).headers["content-length"])
        with client.stream("GET", path, headers={"Accept": "application/dicom"}) as stalled:  # it reads no further
            assert stalled.status_code == 200
            assert digest(client, path, "application/dicom", whole - wanted[1]) == wanted
            assert (
                digest(client, f"{path}/bulkdata/7FE00010", "application/octet-stream; transfer-syntax=*", 0) == wanted
            )
            asked = ",".join(str(number) for number in range(1, FRAMES_AT_ONCE + 1))
            answer = client.get(f"{path}/frames/{asked}", headers={"Accept": octets})
            assert all(answer.content.count(frame(number)) == 1 for number in (1, FRAMES_AT_ONCE))
            part = {"Accept": "application/dicom", "Range": "bytes=100000000-200000000"}
            client.get(path, headers=part).raise_for_status()
            assert digest(client, "/series/1/stream", "*/*", 0)[1] > wanted[1]
            client.get(f"{path}/metadata").raise_for_status()
        assert peak() - before < MOST_GROWTH_MB
