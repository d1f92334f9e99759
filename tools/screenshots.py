"""Draws docs/images anew: starts a demonstration, sends invented patients, and looks at its pages in Chromium.

The unlock page is of a second box, sealed to a passphrase and locked since its start.

`make screenshots` runs it from the repository's root. Needs node, Chromium and DCMTK's storescu.
`python -m tools.screenshots --every FOLDER` takes every page and layout in three languages instead, to be looked at;
`--only office` leaves the viewer's out, `--only viewer` the others.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, EncodedObject, Scan
from tests.stories.clinic import ROOT, RunningClinic, without_study, written
from tests.stories.sealed_box import running
from tests.stories.test_accessible import put_an_erasure, put_certificates

PORTS = 34100
SHOWN = "Alarcón Núñez, María José"
PASSWORD = "morning tram quiet 42"  # noqa: S105  of invented people, in a folder that is gone afterwards
IMAGES = ROOT / "docs" / "images"
LARGEST_BYTES = 2_500_000
# The pages that an address alone leads to, for whoever may see them; `office_pages.mjs` comes to the others by deeds.
# STUDY and PATIENT stand for the keys of the patient who is shown.
DENTISTS = {
    "studies": "/studies", "studies-filtered": "/studies?sort=name&when=today", "studies-none": "/studies?modality=MR",
    "study": "/studies/STUDY", "patient": "/patients/PATIENT", "seen": "/patients/PATIENT/seen",
    "study-keeping": "/studies/STUDY/keeping", "files": "/files", "password": "/password",
}  # fmt: skip
ADMINISTRATORS = {
    "senders": "/senders", "quarantine": "/quarantine", "quarantine-dismissed": "/quarantine/dismissed",
    "people": "/people", "person": "/people/2", "seen-without-names": "/patients/PATIENT/seen",
    "keeping": "/keeping", "keeping-backups": "/keeping/backups", "keeping-proofs": "/keeping/proofs",
    "keeping-retention": "/keeping/retention", "keeping-rule": "/keeping/retention/rules/0",
    "keeping-rules-of-a-place": "/keeping/retention/jurisdictions?code=cl", "keeping-due": "/keeping/retention/due",
    "keeping-erasures": "/keeping/erasures", "keeping-erasure": "/keeping/erasures/1", "keeping-jobs": "/keeping/jobs",
    "keeping-disk": "/keeping/disk", "keeping-recovery": "/keeping/recovery", "keeping-keys": "/keeping/keys",
}  # fmt: skip
WALKS = {"viewer": "every_page", "office": "office_pages"}


def main() -> None:
    """Draw docs/images anew, or take every page."""
    parser = argparse.ArgumentParser(description="Pictures of the pages")
    parser.add_argument("--every", type=Path, metavar="FOLDER", help="every page in three languages, to there")
    parser.add_argument("--only", choices=WALKS, help="of every page, only these")
    given = parser.parse_args()
    if given.every is None:
        draw_docs()
    else:
        take_every(given.every.resolve(), [WALKS[given.only]] if given.only else list(WALKS.values()))


def take_every(target: Path, walks: list[str]) -> None:
    """Take every page and layout in each language, and say how many pictures that were."""
    pages = {"dentists": list(DENTISTS.items()), "administrators": list(ADMINISTRATORS.items())}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with RunningClinic(folder / "data", PORTS, ("--no-samples",)) as clinic:
            send_patients(clinic, folder)
            send(clinic, folder / "mouth", list(Scan(PATIENTS[0], Jaw(11), "20260912").full_mouth()))
            put_an_erasure(clinic)
            put_certificates(clinic, folder)
            facts = clinic.facts | pages | {"name": SHOWN, "folder": str(target), "first_password": PASSWORD}
            for walk in walks:
                look(folder, facts, walk)
    print(f"{sum(1 for _ in target.rglob('*.png'))} pictures")


def draw_docs() -> None:
    """Make every picture of the docs and say how large they are together."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with RunningClinic(folder / "data", PORTS, ("--no-samples",)) as clinic:
            send_patients(clinic, folder)
            look(folder, clinic.facts | {"name": SHOWN, "first_password": PASSWORD})
        with running(folder / "locked", PORTS, "--sealing", "passphrase", given=PASSWORD + "\n") as box:
            sent = storescu(folder / "jaw", "PHANTOM", box.dicom_port)
            assert sent.returncode == 0, sent.stderr
            look(folder, {"web": {"url": box.url}})
    total = sum(compact(picture) for picture in sorted(IMAGES.glob("*.png")))
    print(f"{total / 1e6:.2f} MB together")
    assert total < LARGEST_BYTES, "the pictures are too large for a repository"


def look(folder: Path, facts: dict[str, Any], script: str = "screenshots") -> None:
    """Let a browser look at what these facts tell of, and write its pictures."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps(facts | {"images": str(IMAGES)}))
    subprocess.run(["node", f"tools/{script}.mjs", str(plan)], cwd=ROOT, check=True)


def storescu(folder: Path, calling: str, port: int) -> "subprocess.CompletedProcess[str]":
    """Send a folder with DCMTK to a port of this machine."""
    command = ["storescu", "-aet", calling, "-aec", "ENAMEL", "+sd", "127.0.0.1", str(port), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def send_patients(clinic: RunningClinic, folder: Path) -> None:
    """Send a jaw with its panoramic, a jaw with a gap, panoramics, a broken file, and knock as a stranger."""
    others = [Scan(patient, Jaw(20 + n), f"202611{n + 2:02}") for n, patient in enumerate(PATIENTS[2:])]
    gap = list(Scan(PATIENTS[1], Jaw(12, scale=0.94), "20261003", (60, 200, 200), (0.6, 0.45, 0.45)).slices())
    first = Scan(PATIENTS[0], Jaw(11), "20260912", (160, 400, 400), (0.35, 0.25, 0.25))
    send(clinic, folder / "others", [scan.panoramic() for scan in others])
    send(clinic, folder / "gap", gap[:20] + gap[24:])
    send(clinic, folder / "jaw", [*first.slices(), first.panoramic()])
    send(clinic, folder / "broken", [without_study(gap[0])])
    for calling in ("CBCT_ROOM2", "PANO_FRONT"):
        assert storescu(folder / "broken", calling, clinic.facts["dicom"]["port"]).returncode != 0, (
            "a stranger is refused"
        )


def send(clinic: RunningClinic, folder: Path, objects: list[EncodedObject]) -> None:
    """Send as the demonstration's own scanner."""
    written(folder, objects)
    done = storescu(folder, "PHANTOM", clinic.facts["dicom"]["port"])
    assert done.returncode == 0, done.stderr


def compact(picture: Path) -> int:
    """Write a picture in 256 colours at most, which a page and a grey jaw need no more than, and give its size."""
    with Image.open(picture) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)
    return picture.stat().st_size


if __name__ == "__main__":
    main()
