"""The page of keys: states in plain words, destroyed ones behind a fold, and what to do about a leaked one."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.identifiers import BoxId
from appliance.keys.secret import SecretKey
from appliance.store.rotating_keys import KeyKind, RotatingKeys, current_inbox_public_key, write_inbox_public_key
from appliance.web.staff.app import create_app
from tests.web.a_clinic import AClinic, Browser


def test_an_auditor_reads_which_keys_there_are_and_what_becomes_of_them(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    keys = RotatingKeys(SecretKey.new(), clinic.clock)
    with clinic.database.write() as tx:
        for _ in range(3):
            keys.rotate_wrapping_key(tx)
        keys.destroy(tx, KeyKind.WRAPPING, 1)
        keys.mark_compromised(tx, KeyKind.WRAPPING, 2)
    page = clinic.signed_in(clinic.person(Role.AUDITOR)).get("/keeping/keys").text
    for words in ("Root secret", "Somebody may know it", "1 key was destroyed", "compromised", "nothing any more"):
        assert words in page
    assert "21 Dec" in page, "the current wrapping key is due 30 days on"


@pytest.mark.parametrize("content", [b"", None])
def test_a_receivers_file_that_cannot_be_read_leaves_the_page_whole(tmp_path: Path, content: bytes | None) -> None:
    clinic, page = _with_pairs(tmp_path)
    assert "Not in use yet" in page
    file = tmp_path / "inbox-key.json"
    file.unlink() if content is None else file.write_bytes(content)
    again = clinic.signed_in(clinic.person(Role.AUDITOR), clinic.app).get("/keeping/keys")
    assert (again.status_code, "Not in use yet" in again.text) == (200, False)


def _with_pairs(folder: Path) -> tuple[AClinic, str]:
    """Give a clinic whose receiver does not know of the newest pair yet, and its page."""
    clinic = AClinic(folder)
    keys = RotatingKeys(SecretKey.new(), clinic.clock)
    with clinic.database.write() as tx:
        keys.rotate_inbox_key(tx)
        public = current_inbox_public_key(tx)
        keys.rotate_inbox_key(tx)
    write_inbox_public_key(clinic.files, folder / "inbox-key.json", BoxId.new(), public)
    clinic.app = create_app(replace(clinic.context, inbox_key_file=folder / "inbox-key.json"))
    reader: Browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR), clinic.app)
    return clinic, reader.get("/keeping/keys").text
