"""The same archive under a passphrase: WinZip's AES (AE-2, AES-256), which 7-Zip, WinZip and Keka open.

Guards: the passphrase is drawn here, shown once and kept nowhere. File names within stay readable; they name nobody.
Leaves out: programs that know only the old weak ZIP encryption, as the one in Windows Explorer: they say so themselves.

Source: WinZip AES encryption specification (AE-2).
"""

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime

import pyzipper

from appliance.export.entries import Entry

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_GROUPS, _GROUP_LETTERS = 5, 5  # 124 bits: WinZip's AES stretches a passphrase by a thousand rounds only


def new_passphrase() -> str:
    """Draw a passphrase that can be read out and typed."""
    groups = ("".join(secrets.choice(_LETTERS) for _letter in range(_GROUP_LETTERS)) for _group in range(_GROUPS))
    return "-".join(groups)


def sealed_zip_pieces(entries: Sequence[Entry], made_at: datetime, passphrase: str) -> Iterator[bytes]:
    """Give the archive piece by piece.

    Raises:
        Tampered, Unavailable, NotFound: From an entry; what was given so far is no whole archive.
    """
    sink = _Sink()
    archive = pyzipper.AESZipFile(sink, "w", compression=pyzipper.ZIP_STORED, encryption=pyzipper.WZ_AES)
    archive.setpassword(passphrase.encode())
    for entry in entries:
        about = archive.zipinfo_cls(entry.name, made_at.timetuple()[:6])
        about.external_attr = 0o100600 << 16
        about.file_size = entry.size
        with archive.open(about, "w") as file:
            for piece in entry.pieces():
                file.write(piece)
                yield from sink.taken()
        yield from sink.taken()
    archive.close()
    yield from sink.taken()


class _Sink:
    """What the library writes to: nothing can be changed in it once it is given away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: pieces are taken as they come."""

    def taken(self) -> Iterator[bytes]:
        """Give what was written since."""
        pieces, self._pieces = self._pieces, []
        yield from pieces
