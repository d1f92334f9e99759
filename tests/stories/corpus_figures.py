"""Print what a whole box makes of every public file: `python -m tests.stories.corpus_figures`."""

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.conftest import corpus
from tests.stories.corpus import measure
from tests.stories.running_box import RunningBox


def main() -> int:
    """Start a box, send everything, print the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder, RunningBox(Path(folder) / "data", 21820) as box:
        figures = measure(box, sorted(corpus()))
    json.dump(asdict(figures) | {"listed_share": round(figures.listed_share, 4)}, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
