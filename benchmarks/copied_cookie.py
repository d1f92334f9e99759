"""For how long a copied session cookie is good after what ends its session: `python -m benchmarks.copied_cookie`.

Each round has a fresh clinic, the whole of it with Caddy in front. Three people come in; a thief copies each cookie,
opens the live line and asks for the list every 20 ms. One signs out, one gets another role, one is closed by the
leaver's button. Seconds run from the answer to the button until the list is refused, and until the line is ended.
"""

import argparse
import json
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.results import write_section
from tests.stories.a_copied_cookie import Shut, ended
from tests.stories.clinic import RunningClinic

MOST_SECONDS = 1.0
ENDS = {"signs.out": "signing out", "changes": "another role", "leaves": "the leaver's button"}


def main() -> None:
    """Measure, write, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description="Measure for how long a copied cookie is good")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=21480)
    parser.add_argument("--write", type=Path, help="write the figures there as JSON, and into results.md")
    asked = parser.parse_args()
    rounds = [_round(asked.port) for _ in range(asked.rounds)]
    print("\n".join(table(rounds)))
    if asked.write is not None:
        asked.write.write_text(json.dumps(figures(rounds), indent=1) + "\n")
        write_section("A copied session cookie", table(rounds))
    late = worst(rounds) > MOST_SECONDS
    print(f"Later than {MOST_SECONDS:.0f} s." if late else "The promise holds.")
    raise SystemExit(1 if late else 0)


def _round(port: int) -> Mapping[str, Shut]:
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningClinic(Path(folder) / "data", port, ("--no-samples",)) as clinic,
    ):
        return ended(clinic)[0]


def figures(rounds: Sequence[Mapping[str, Shut]]) -> dict[str, object]:
    """Give the slowest of all, and the seconds of each round."""
    shown = [{end: asdict(shut) for end, shut in one.items()} for one in rounds]
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    return {"worst_seconds": round(worst(rounds), 3), "rounds": shown, "machine": machine}


def worst(rounds: Sequence[Mapping[str, Shut]]) -> float:
    """Give the most seconds that anything of any cookie stayed good."""
    return max(max(shut.pages, shut.line) for one in rounds for shut in one.values())


def table(rounds: Sequence[Mapping[str, Shut]]) -> list[str]:
    """Write the medians and the worst of each way as a table."""
    lines = [
        f"Seconds until a copied cookie opens nothing more, {len(rounds)} rounds, each in a fresh clinic:",
        "",
        "| what ended the session | pages, median | pages, worst | live line, median | live line, worst |",
        "|---|---|---|---|---|",
    ]
    for end, words in ENDS.items():
        pages = [one[end].pages for one in rounds]
        line = [one[end].line for one in rounds]
        cells = (median(pages), max(pages), median(line), max(line))
        lines.append(f"| {words} | " + " | ".join(f"{seconds:.2f}" for seconds in cells) + " |")
    return lines


if __name__ == "__main__":
    main()
