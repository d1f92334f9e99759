"""What a thief with the catalogue key would find: every page of the catalogue and its log decrypted, used or not."""

from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from appliance.keys.secret import SecretKey

PAGE, IV_AT, SALT, WAL_HEADER, FRAME_HEADER = 4096, 4016, 16, 32, 24


def decrypted(database: Path, key: SecretKey) -> bytes:
    """Give every page of a SQLCipher file and every frame of its log in clear, one after another.

    Source: https://www.zetetic.net/sqlcipher/design (pages of 4096 bytes, AES-256-CBC, 80 bytes reserved).
    """
    stored = database.read_bytes()
    pages = [_page(stored[at : at + PAGE], key, first=at == 0) for at in range(0, len(stored), PAGE)]
    log = database.with_name(f"{database.name}-wal")
    frames = log.read_bytes() if log.exists() else b""
    for at in range(WAL_HEADER, len(frames), FRAME_HEADER + PAGE):
        number = int.from_bytes(frames[at : at + 4], "big")
        pages.append(_page(frames[at + FRAME_HEADER : at + FRAME_HEADER + PAGE], key, first=number == 1))
    return b"".join(pages)


def everything_in(folder: Path) -> bytes:
    """Give the bytes of every file below a folder, and their paths."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\n".join(str(path.relative_to(folder)).encode() + b"\n" + path.read_bytes() for path in files)


def _page(page: bytes, key: SecretKey, *, first: bool) -> bytes:
    decryptor = Cipher(algorithms.AES(key.reveal()), modes.CBC(page[IV_AT : IV_AT + 16])).decryptor()
    return decryptor.update(page[SALT if first else 0 : IV_AT]) + decryptor.finalize()
