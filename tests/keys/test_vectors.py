"""Each stored format against vectors with a stated outcome; they are never made anew.

A release reads what every earlier one wrote: a vector that no longer has its
outcome is a broken promise, whatever the code says. The sealed file is read
a second time by a reader written from docs/storage-format.md alone.
"""

import hashlib
import hmac
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance import errors
from appliance.audit.chain import START, Entry, Head, Verdict, walk
from appliance.identifiers import FileId
from appliance.keys.hierarchy import Subkey, derive
from appliance.keys.inbox_seal import end_mac, instance_key, open_association_key
from appliance.keys.recovery import recovery_code, root_from_recovery_code
from appliance.keys.sealing import open_root, root_fingerprint
from appliance.keys.secret import SecretKey
from appliance.keys.stream import SealedStream
from appliance.keys.wrapping import unwrap_data_key

FOLDER = Path(__file__).parent / "vectors"


def content(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def vectors(name: str) -> pytest.MarkDecorator:
    found = content(name)["vectors"]
    return pytest.mark.parametrize("vector", found, ids=[vector["name"] for vector in found])


def key(text: str) -> SecretKey:
    return SecretKey(bytes.fromhex(text))


def outcome_of(read: Callable[[], bytes]) -> tuple[str, bytes | None]:
    try:
        return "opens", read()
    except errors.ApplianceError as error:
        return type(error).__name__, None


def stated(vector: dict[str, Any], name: str) -> tuple[str, bytes | None]:
    return vector["outcome"], bytes.fromhex(vector[name]) if vector["outcome"] == "opens" else None


@vectors("sealed-file.json")
def test_a_sealed_file_has_its_stated_outcome(vector: dict[str, Any]) -> None:
    def read() -> bytes:
        file = io.BytesIO(bytes.fromhex(vector["sealed"]))
        stream = SealedStream(key(vector["data_key"]), FileId.parse(vector["file_id"]), file, vector["row_bytes"])
        return stream.read(0, stream.plaintext_bytes)

    assert outcome_of(read) == stated(vector, "plaintext")


@vectors("sealed-file.json")
def test_a_reader_written_from_the_document_alone_comes_to_the_same(vector: dict[str, Any]) -> None:
    sealed, file_id = bytes.fromhex(vector["sealed"]), bytes.fromhex(vector["file_id"])
    found = read_by_the_document(bytes.fromhex(vector["data_key"]), file_id, sealed, vector["row_bytes"])
    assert found == (bytes.fromhex(vector["plaintext"]) if vector["outcome"] == "opens" else None)


def read_by_the_document(data_key: bytes, file_id: bytes, sealed: bytes, row_bytes: int | None) -> bytes | None:
    extracted = hmac.digest(bytes(32), data_key, hashlib.sha256)
    info = b"enamel sealed file\x00" + file_id
    encryption_key = hmac.digest(extracted, info + b"\x01", hashlib.sha256)
    commitment = hmac.digest(extracted, encryption_key + info + b"\x02", hashlib.sha256)
    header, body = sealed[:64], sealed[64:]
    chunk_bytes = int.from_bytes(header[24:28], "big")
    wanted = b"ENAMEL\x00\x01" + file_id + header[24:28] + bytes(4) + commitment
    if header != wanted or not 0 < chunk_bytes <= 4 * 1024 * 1024 or not body:
        return None
    plaintext = b""
    for start in range(0, len(body), chunk_bytes + 16):
        chunk, last = body[start : start + chunk_bytes + 16], start + chunk_bytes + 16 >= len(body)
        if len(chunk) == 16 and start:
            return None
        nonce = (start // (chunk_bytes + 16)).to_bytes(11, "big") + bytes([last])
        try:
            plaintext += AESGCM(encryption_key).decrypt(nonce, chunk, header)
        except InvalidTag:
            return None
    return plaintext if row_bytes in (None, len(plaintext)) else None


@vectors("wrapped-key.json")
def test_a_wrapped_key_has_its_stated_outcome(vector: dict[str, Any]) -> None:
    wrapping_key, file_id = key(vector["wrapping_key"]), FileId.parse(vector["file_id"])
    wrapped = bytes.fromhex(vector["wrapped"])
    found = outcome_of(lambda: unwrap_data_key(wrapping_key, file_id, wrapped).reveal())
    assert found == stated(vector, "data_key")


@vectors("sealed-association-key.json")
def test_a_sealed_association_key_has_its_stated_outcome(vector: dict[str, Any]) -> None:
    private_key, info, sealed = key(vector["private_key"]), vector["info"].encode(), bytes.fromhex(vector["sealed"])
    found = outcome_of(lambda: open_association_key(private_key, info, sealed).reveal())
    assert found == stated(vector, "association_key")


@vectors("sealed-root.json")
def test_a_sealed_root_has_its_stated_outcome(vector: dict[str, Any]) -> None:
    sealed = json.dumps(vector["content"]).encode()
    found = outcome_of(lambda: open_root(sealed, vector["passphrase"]).reveal())
    assert found == stated({**vector, "root": content("sealed-root.json")["root"]}, "root")


def test_every_derived_key_is_what_it_was() -> None:
    kept = content("derived-keys.json")
    root, association_key = key(kept["root"]), key(kept["association_key"])
    assert {subkey.value: derive(root, subkey).reveal().hex() for subkey in Subkey} == kept["subkeys"]
    assert root_fingerprint(root).hex() == kept["fingerprint"]
    assert recovery_code(root) == kept["recovery_code"]
    assert root_from_recovery_code(kept["recovery_code"]) == root
    assert instance_key(association_key, FileId.parse(kept["file_id"])) == key(kept["instance_key"])
    assert end_mac(association_key, kept["end_record"].encode()).hex() == kept["end_mac"]


def test_the_audit_chain_is_linked_as_it_was() -> None:
    kept = content("audit-chain.json")
    events = [(Entry(*list(row.values())[:-1]), bytes.fromhex(row["chain"])) for row in kept["events"]]
    assert walk(key(kept["audit_key"]), events) == Verdict(None, 2, Head(2, events[-1][1]))
    link = START.chain
    for row in kept["events"]:
        text = json.dumps([value for name, value in row.items() if name != "chain"], separators=(",", ":"))
        covered = b"enamel audit event\x00" + link + text.encode()
        link = hmac.digest(bytes.fromhex(kept["audit_key"]), covered, hashlib.sha256)
        assert link.hex() == row["chain"]
