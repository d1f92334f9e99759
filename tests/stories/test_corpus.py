"""Story 1 with real files: every public file is answered, kept as it was sent, and given back so."""

import re
from pathlib import Path

from tests.conftest import LEAST_LISTED
from tests.stories.corpus import measure
from tests.stories.running_box import RunningBox

NAMED = re.compile(r"status 0x[0-9a-f]{4}|the association was answered by PDU [37]")


def test_every_corpus_file_is_answered_kept_and_given_back(
    corpus_files: list[Path], tmp_path: Path, free_port_block: int
) -> None:
    with RunningBox(tmp_path / "data", free_port_block) as box:
        figures = measure(box, corpus_files)
    print(figures)  # noqa: T201  `pytest -s` shows them; so does `python -m tests.stories.corpus_figures`
    assert all(NAMED.search(answer) for answer in figures.refused.values()), figures.refused
    assert figures.listed_share >= LEAST_LISTED, figures
    assert len(figures.unlisted) == sum(figures.quarantined.values()), figures
    assert figures.acknowledged + len(figures.refused) == figures.sent
    assert figures.altered == []
    assert figures.given_back > 0
