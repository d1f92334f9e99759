"""Rows of sealed files, and files opened from their rows."""

from pathlib import Path

from appliance.identifiers import AssociationId
from appliance.keys.secret import SecretKey
from appliance.store.stored_files import mark_in_vault, unseal_row
from tests.store.a_box import ABox


def test_a_file_is_read_by_its_row_before_while_and_after_it_moves(tmp_path: Path) -> None:
    box = ABox(tmp_path).create()
    association = AssociationId.new()
    file_id = box.arrive(association, SecretKey.new(), b"scan" * 1000)
    for _ in range(3):
        with box.database.read() as tx:
            sealed = unseal_row(tx, box.keys, file_id)
        with sealed.open(box.vault) as stream:
            assert stream.read(1998, 8) == b"anscansc"
        box.vault.move_in(association, [file_id])
        with sealed.open(box.vault) as stream:
            assert stream.read(0, 10_000) == b"scan" * 1000
        with box.database.write() as tx:
            mark_in_vault(tx, file_id)
