"""What came out of a backup is judged by a fresh process that has three keys, and each fault in it is named."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.audit.chain import Head
from appliance.audit.queries import head
from appliance.errors import Unavailable
from appliance.identifiers import FileId
from appliance.integrity.proof_process import Asking, proof_process
from appliance.integrity.wire import finding_of, head_members
from appliance.keys.hierarchy import Keyring
from appliance.store.box import BoxRow, name_box
from tests.intake.a_clinic import Clinic, ct_slice

SLICES = 9


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    made = Clinic(tmp_path_factory.mktemp("clinic"))
    with made.database.write() as tx:
        name_box(tx, BoxRow(made.box_id, "A clinic", made.clock.now()))
    made.take(*(ct_slice(number) for number in range(1, SLICES + 1)))
    return made


@pytest.fixture
def laid_out(clinic: Clinic, tmp_path: Path) -> Path:
    """Lay out what a restore would: the catalogue, and the vault beside it."""
    clinic.database.close()
    for part in clinic.folder.glob("catalogue.db*"):
        shutil.copy(part, tmp_path)
    shutil.copytree(clinic.folder / "vault", tmp_path / "vault")
    return tmp_path


@pytest.fixture
def ask(clinic: Clinic) -> Iterator[Asking]:
    with proof_process(Keyring.for_process("jobs", clinic.root)) as asking:
        yield asking


def request(clinic: Clinic, folder: Path, **changes: object) -> dict[str, object]:
    with clinic.database.read() as tx:
        end = head(tx)
    names = folder / "names"
    names.write_text("".join(f"{one.name} {one.stat().st_size}\n" for one in (folder / "vault").glob("??/*")))
    return {
        "do": "catalogue", "folder": str(folder), "box_id": str(clinic.box_id), "head": head_members(end),
        "anchors": [], "names": str(names), "erased": [], "turn": 0,
    } | changes  # fmt: skip


def told(answer: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    found = [finding_of(members, 1) for members in answer["findings"]]
    return [(one.place.value, one.code.value, None if one.file_id is None else str(one.file_id)) for one in found]


def a_file(folder: Path) -> Path:
    return sorted((folder / "vault").glob("??/*"))[4]


def shelves(folder: Path) -> list[str]:
    return sorted(shelf.name for shelf in (folder / "vault").iterdir())


def test_a_sound_snapshot_is_proved_to_the_last_byte_and_its_series_are_read_as_images(
    clinic: Clinic, laid_out: Path, ask: Asking
) -> None:
    answer = ask(request(clinic, laid_out))
    events, stored = clinic.rows("SELECT count(*) FROM audit_events")[0][0], clinic.rows("SELECT 1 FROM files")
    assert (answer["audit_events"], answer["files"], answer["findings"]) == (events, len(stored), [])
    key, files = answer["series"][0]
    assert len(files) == SLICES
    assert ask({"do": "series", "series": key})["findings"] == []
    proved = ask({"do": "shelves", "shelves": shelves(laid_out)})
    assert (len(proved["proved"]), proved["findings"]) == (SLICES, [])
    assert proved["bytes"] == clinic.rows("SELECT sum(plaintext_bytes) FROM files")[0][0]


def test_the_process_has_three_keys_and_no_environment_of_ours(ask: Asking) -> None:
    with pytest.raises(Unavailable, match="no catalogue was judged"):
        ask({"do": "shelves", "shelves": []})
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    proving = [child for child in children if b"prove" in Path(f"/proc/{child}/cmdline").read_bytes()]
    assert len(proving) == 1
    environment = Path(f"/proc/{proving[0]}/environ").read_bytes().split(b"\0")
    assert [line.partition(b"=")[0] for line in environment if line] == [b"OPENBLAS_NUM_THREADS"]


def test_a_changed_file_a_missing_one_and_one_of_another_length_are_named(
    clinic: Clinic, laid_out: Path, ask: Asking
) -> None:
    changed, missing, longer = sorted((laid_out / "vault").glob("??/*"))[:3]
    content = bytearray(changed.read_bytes())
    content[-20] ^= 1
    changed.write_bytes(content)
    missing.unlink()
    longer.write_bytes(longer.read_bytes() + b"x")
    answer = ask(request(clinic, laid_out))
    assert sorted(told(answer)) == sorted(
        [("snapshot", "missing", missing.name), ("snapshot", "lengthened", longer.name)]
    )
    proved = ask({"do": "shelves", "shelves": [changed.parent.name]})
    assert told(proved) == [("snapshot", "altered", changed.name)]


def test_a_file_with_every_tag_right_and_another_digest_is_found(clinic: Clinic, laid_out: Path, ask: Asking) -> None:
    identifier = a_file(laid_out).name
    with clinic.database.write() as tx:
        kept = tx.rows("SELECT dataset_sha256 FROM versions WHERE file_id = :id", id=FileId.parse(identifier).value)
        tx.change(
            "UPDATE versions SET dataset_sha256 = zeroblob(32) WHERE file_id = :id", id=FileId.parse(identifier).value
        )
    clinic.database.close()
    for part in clinic.folder.glob("catalogue.db*"):
        shutil.copy(part, laid_out)
    with clinic.database.write() as tx:
        tx.change(
            "UPDATE versions SET dataset_sha256 = :digest WHERE file_id = :id",
            digest=kept[0][0], id=FileId.parse(identifier).value,
        )  # fmt: skip
    ask(request(clinic, laid_out))
    assert told(ask({"do": "shelves", "shelves": [identifier[:2]]})) == [("snapshot", "other dataset", identifier)]


@pytest.mark.parametrize("place", [40, 4096 * 3 + 17, -700])
def test_a_bit_of_the_catalogue_is_named(clinic: Clinic, laid_out: Path, ask: Asking, place: int) -> None:
    for part in laid_out.glob("catalogue.db-*"):
        part.unlink()
    catalogue = laid_out / "catalogue.db"
    content = bytearray(catalogue.read_bytes())
    content[place] ^= 1
    catalogue.write_bytes(content)
    answer = ask(request(clinic, laid_out))
    assert {(one[0], one[1]) for one in told(answer)} == {("snapshot", "altered")}
    assert answer["series"] == []


def test_a_missing_catalogue_and_an_older_one_are_named(clinic: Clinic, laid_out: Path, ask: Asking) -> None:
    with clinic.database.read() as tx:
        end = head(tx)
    later = Head(end.sequence + 5, bytes(range(32)))
    assert told(ask(request(clinic, laid_out, head=head_members(later)))) == [("snapshot", "older", None)]
    rewritten = Head(end.sequence - 1, bytes(range(32)))
    assert told(ask(request(clinic, laid_out, anchors=[head_members(rewritten)]))) == [("snapshot", "exchanged", None)]
    other = request(clinic, laid_out, box_id="00" * 16)
    assert told(ask(other)) == [("snapshot", "exchanged", None)]
    (laid_out / "catalogue.db").unlink()
    assert told(ask(request(clinic, laid_out))) == [("snapshot", "missing", None)]


def test_what_was_erased_since_is_not_asked_for_and_has_no_key(clinic: Clinic, laid_out: Path, ask: Asking) -> None:
    erased = a_file(laid_out)
    erased.unlink()
    answer = ask(request(clinic, laid_out, erased=[erased.name]))
    assert (answer["findings"], answer["files"]) == ([], SLICES - 1)
    assert ask({"do": "shelves", "shelves": [erased.parent.name]})["findings"] == []
