"""The catalogue's own name."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.identifiers import BoxId
from appliance.store.box import BoxRow, find_box, name_box
from tests.store.a_box import ABox


def test_a_catalogue_is_named_once(tmp_path: Path) -> None:
    box = ABox(tmp_path).create()
    row = BoxRow(BoxId.new(), "Zahnarztpraxis Müller", datetime(2026, 11, 21, 3, 0, 0, 17, tzinfo=UTC))
    with box.database.write() as tx:
        assert find_box(tx) is None
        name_box(tx, row)
        assert find_box(tx) == row
    with pytest.raises(Exception, match="UNIQUE"), box.database.write() as tx:
        name_box(tx, row)
