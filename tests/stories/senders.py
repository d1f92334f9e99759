"""Other people's senders, each with all that it can send of the public files, and DCMTK's storescp to compare with."""

import hashlib
import os
import shutil
import subprocess
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pydicom
from pynetdicom.ae import ApplicationEntity

from benchmarks.peers import orthanc
from tests.faults.raw_scu import Address, RawScu, Refusal
from tests.patience import PATIENCE
from tests.stories.corpus import Sample, dataset_start

# What storescu proposes for each transfer syntax of the corpus (storescu --help); uncompressed ones share an option.
STORESCU_OPTION = {
    "1.2.840.10008.1.2": "-xi",
    "1.2.840.10008.1.2.1": "-xe",
    "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.5": "-xr",
}
# A sender of its own: it sends what it can to each address in turn.
Sender = Callable[[Sequence[Sample], Sequence[Address], Path], None]


@contextmanager
def storescp(folder: Path, port: int) -> Iterator[Callable[[], set[str]]]:
    """Run DCMTK's storescp, which keeps what it receives bit for bit; give a function that tells the digests."""
    folder.mkdir()
    command = ["storescp", "-od", str(folder), "--unique-filenames", "--promiscuous", "+xa", "+B", str(port)]
    with folder.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_for(Address("127.0.0.1", port, "STORESCP"))
        yield lambda: {_digest(file.read_bytes()) for file in folder.iterdir()}
    finally:
        process.terminate()
        process.wait(160)


def by_storescu(samples: Sequence[Sample], addresses: Sequence[Address], scratch: Path) -> None:
    """Send with DCMTK's storescu, one run for each transfer syntax, with the option that proposes it."""
    for option, files in _by_option(samples).items():
        folder = scratch / option
        folder.mkdir()
        for number, one in enumerate(files):
            shutil.copy(one.path, folder / f"{number:04}.dcm")
        for address in addresses:
            _storescu(option, address, folder)


def _by_option(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    groups = defaultdict(list)
    for one in samples:
        if one.context.transfer_syntax_uid in STORESCU_OPTION:
            groups[STORESCU_OPTION[one.context.transfer_syntax_uid]].append(one)
    return groups


def _storescu(option: str, address: Address, folder: Path) -> None:
    command = ["storescu", "-q", option, "-R", "-nh", "-aec", address.ae_title, "+sd", address.host, str(address.port)]
    # It returns 1 for a file that it cannot send; what it could is what is compared.
    subprocess.run([*command, str(folder)], check=False, env={**os.environ, "TCP_NODELAY": "1"}, capture_output=True)


def by_pynetdicom(samples: Sequence[Sample], addresses: Sequence[Address], _: Path) -> None:
    """Send with pynetdicom, one association for each context; what pydicom cannot encode again is left out."""
    groups = defaultdict(list)
    for one in samples:
        groups[one.context].append(one)
    for context, files in groups.items():
        for address in addresses:
            entity = ApplicationEntity("PYNETDICOM")
            entity.add_requested_context(context.sop_class_uid, context.transfer_syntax_uid)
            for one in files:
                _store(entity, address, one)


def _store(entity: ApplicationEntity, address: Address, one: Sample) -> None:
    association = entity.associate(address.host, address.port, ae_title=address.ae_title)
    with warnings.catch_warnings(), suppress(Exception):
        warnings.simplefilter("ignore")
        association.send_c_store(pydicom.dcmread(one.path))
    association.release()


def by_orthanc(samples: Sequence[Sample], addresses: Sequence[Address], scratch: Path) -> None:
    """Send with Orthanc what it takes by its own API; a file that ends it is left out and Orthanc started again."""
    ports = addresses[-1].port + 1, addresses[-1].port + 2
    modalities = {f"to{n}": [a.ae_title, a.host, a.port] for n, a in enumerate(addresses)}
    left, taken = list(samples), list[str]()
    while left:
        with orthanc(scratch / "orthanc", *ports, DicomModalities=modalities) as url, httpx.Client(base_url=url) as api:
            with suppress(httpx.TransportError):
                while left:
                    answer = api.post("/instances", content=left.pop().path.read_bytes())
                    taken += [answer.json()["ID"]] if answer.is_success else []
            if not left:
                _forward(api, taken, modalities)


def _forward(api: httpx.Client, taken: Sequence[str], modalities: dict[str, Any]) -> None:
    resources = sorted(set(taken))
    for name in modalities:
        for at in range(0, len(resources), 20):
            asked = {"Resources": resources[at : at + 20], "Permissive": True, "Synchronous": True}
            answer = api.post(f"/modalities/{name}/store", json=asked, timeout=600)
            assert answer.is_success, answer.text


def _digest(content: bytes) -> str:
    return hashlib.sha256(content[dataset_start(content) :]).hexdigest()


def _wait_for(address: Address) -> None:
    end = time.monotonic() + 20 * PATIENCE
    while time.monotonic() < end:
        try:
            with RawScu(address) as association:
                association.release()
        except (Refusal, OSError):
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("storescp did not start")
