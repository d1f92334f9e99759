"""Serves an archive on a unix socket as the staff process does: `python -m benchmarks.read_server FOLDER SLICES SIZE`.

Prints one line of JSON when it answers: socket, token, paths' parts. Ends when its standard input closes.
"""

import json
import sys
from pathlib import Path

from benchmarks.series import SERIES, STUDY, slices
from tests.web.a_dicomweb import ADicomweb
from tests.web.a_phantom import SYNTAX


def main(folder: Path, count: int, size: int) -> None:
    """Store the slices, serve them, wait."""
    dicomweb = ADicomweb(folder)
    for data in slices(count, size):
        dicomweb.archive.store(data, SYNTAX)
    dicomweb.archive.stored.clear()
    with dicomweb.served():
        told = {"socket": str(dicomweb.socket), "token": dicomweb.token, "study": STUDY, "series": SERIES}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
