"""Receives one large multi-frame object, catalogues and serves it: `python -m tests.web.large_server FOLDER FRAMES`.

Nothing here holds the object. Prints one line of JSON when it answers: socket,
token, path, dataset bytes. Ends when its standard input closes.
"""

import json
import sys
from pathlib import Path

from appliance.accounts.context import Accounts
from appliance.accounts.roles import IMAGE_RIGHT
from appliance.accounts.tokens import issue_token
from appliance.archive.source import ScopedSource
from appliance.inbox.association import Outcome
from appliance.keys.hierarchy import Subkey, derive
from tests.intake.a_clinic import CT_IMAGE_STORAGE, EXPLICIT_LITTLE, Clinic, ct_slice, encoded
from tests.web.a_dicomweb import TESTER, serving

SIDE = 1024
FRAME_BYTES = SIDE * SIDE * 2
SOP = "1.2.3.4.5.1"


def frame(number: int) -> bytes:
    """Give a frame's pixels; no two are the same."""
    return number.to_bytes(4, "little") * (FRAME_BYTES // 4)


def receive(clinic: Clinic, frames: int) -> int:
    """Receive the object frame by frame and catalogue it; give the length of its dataset."""
    head = encoded(ct_slice(1, PixelData=b"", Rows=SIDE, Columns=SIDE, NumberOfFrames=frames))
    head = head[:-4] + (frames * FRAME_BYTES).to_bytes(4, "little")
    association = clinic.association()
    arrival = association.begin(CT_IMAGE_STORAGE, SOP, EXPLICIT_LITTLE)
    arrival.write(head)
    for number in range(1, frames + 1):
        arrival.write(frame(number))
    arrival.commit()
    association.end(Outcome.RELEASED)
    intake = clinic.intake()
    intake.step()
    intake.close()
    return len(head) + frames * FRAME_BYTES


def main(folder: Path, frames: int) -> None:
    """Receive, serve, wait."""
    clinic = Clinic(folder)
    length = receive(clinic, frames)
    source = ScopedSource(clinic.database, clinic.parts.vault, clinic.keys, clinic.audit, clinic.clock)
    key = derive(clinic.root, Subkey.ACCOUNTS)
    accounts = Accounts(clinic.database, clinic.audit, key, clinic.clock, "Clinic")
    told = {
        "socket": str(folder / "web.sock"),
        "token": issue_token(accounts, "test", IMAGE_RIGHT, TESTER),
        "path": f"/dicomweb/studies/1.2.3.1/series/1.2.3.2/instances/{SOP}",
        "dataset_bytes": length,
    }
    with serving(folder / "web.sock", source, accounts):
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
