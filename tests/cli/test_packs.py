"""What is prepared for quick opening, from the command line."""

import json
from pathlib import Path

from appliance.archive import queries_packs
from appliance.identifiers import FileId
from appliance.keys.secret import SecretKey
from appliance.store.stored_files import NewFile, add_file
from tests.cli.test_trail import box
from tests.warm import run
from tests.web.invented import put_all


def test_packs_are_listed_and_dropped(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    assert "No series is prepared." in run("packs", "list", "--data", data).stdout
    with rooms.database.write() as tx:
        put_all(tx, rooms.clock.now())
        file_id = FileId.new()
        add_file(tx, rooms.rotating_keys.current_wrapping_key(tx), NewFile(file_id, SecretKey.new(), 12345, None, 0))
        queries_packs.add_pack(tx, 1, file_id, 5_000_000)
    told = json.loads(run("packs", "list", "--data", data, "--json").stdout)
    assert (told["bytes"], [one["series_key"] for one in told["packs"]]) == (12345, [1])
    assert "1 packs, 12345 bytes" in run("packs", "list", "--data", data).stdout
    assert json.loads(run("packs", "drop", "--data", data, "--json").stdout) == {"dropped": 1}
    with rooms.database.read() as tx:
        assert queries_packs.all_packs(tx) == []
        assert queries_packs.leftovers(tx) == [file_id]
    rooms.database.close()
