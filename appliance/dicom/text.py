"""Decodes text of any character set to Unicode; an unknown one is never a failure.

Text that its character set cannot explain is read as Latin-1, which gives
every byte a character, and the caller is told so.

Source: DICOM PS3.3 C.12.1.1.2 (Specific Character Set), PS3.5 6.1.
"""

import codecs
import re

_FALLBACK = "latin-1"
_SINGLE_BYTE = {  # PS3.3 tables C.12-2 and C.12-3
    "6": "latin-1", "100": "latin-1", "101": "iso8859-2", "109": "iso8859-3", "110": "iso8859-4",
    "144": "iso8859-5", "127": "iso8859-6", "126": "iso8859-7", "138": "iso8859-8", "148": "iso8859-9",
    "203": "iso8859-15", "13": "shift_jis", "14": "shift_jis", "166": "tis-620", "192": "utf-8",
    "87": "latin-1", "159": "latin-1", "149": "euc_kr", "58": "gb2312",
}  # fmt: skip
_NAMED = {"GB18030": "gb18030", "GBK": "gbk", "ISO 2022 GBK": "gbk", "ISO 2022 58": "gb2312"}
_STAND_ALONE = frozenset({"utf-8", "gb18030", "gbk"})  # PS3.5 6.1.2.5.4: no code extensions
_ESCAPES = {  # PS3.3 tables C.12-3 and C.12-4; a leading '^' marks sets that need their high bit set first
    b"(B": "latin-1", b"-A": "latin-1", b")I": "shift_jis", b"(J": "shift_jis", b"$B": "^euc_jp", b"$@": "^euc_jp",
    b"-B": "iso8859-2", b"-C": "iso8859-3", b"-D": "iso8859-4", b"-F": "iso8859-7", b"-G": "iso8859-6",
    b"-H": "iso8859-8", b"-L": "iso8859-5", b"-M": "iso8859-9", b"-T": "tis-620", b"-b": "iso8859-15",
    b"$)C": "euc_kr", b"$(D": "^jisx0212", b"$)A": "gb2312",
}  # fmt: skip
_ESCAPE = re.compile(rb"\x1b(\$\)[AC]|\$\(D|\$[B@]|\([BJ]|\)I|-[A-Za-z])")
_DELIMITED = re.compile(rb"([\\^=\r\n\f\t])")  # PS3.5 6.1.2.5.3: these reset to the first set
_CHARSET_TERM = re.compile(r"ISO[ _-](?:2022[ _-])?IR[ _-](\d+)")

for _codec in {*_SINGLE_BYTE.values(), *_NAMED.values(), "euc_jp", "utf-8"}:
    codecs.lookup(_codec)  # now, for a confined process cannot open the codec's file later


class CharacterSet:
    """The character set of one dataset.

    Args:
        terms: The values of (0008,0005), in order; empty means the default repertoire.
    """

    def __init__(self, terms: list[str]) -> None:
        self._codecs = [_codec_of(term) for term in terms] or [_FALLBACK]
        self.is_known = all(self._codecs)
        self._first = self._codecs[0] or _FALLBACK
        self._default = not any(terms)

    def decode(self, value: bytes) -> tuple[str, bool]:
        """Give the text, and whether the character set explained every byte of it."""
        if value.isascii() and b"\x1b" not in value:
            return value.decode("ascii"), True
        if b"\x1b" in value and self._first not in _STAND_ALONE:
            return self._decode_extended(value)
        text, clean = _decode_plain(value, self._first)
        return text, clean and self.is_known and not self._default

    def _decode_extended(self, value: bytes) -> tuple[str, bool]:
        parts = _ESCAPE.split(value)
        pieces = [_decode_plain(parts[0], self._first)]
        for escape, part in zip(parts[1::2], parts[2::2], strict=True):
            pieces += self._decode_escaped(part, _ESCAPES.get(escape, self._first))
        return "".join(text for text, _ in pieces), all(clean for _, clean in pieces)

    def _decode_escaped(self, part: bytes, codec: str) -> list[tuple[str, bool]]:
        """Decode what follows an escape: up to the first delimiter in its set, the rest in the first one.

        In a set of two seven-bit bytes '^', '=' and a backslash are halves of characters (the kana ma is 24 5E),
        so there a delimiter counts only where the whole makes no sense without it, and only between characters.
        """
        whole = _decode_plain(part, codec)
        width = 2 if codec.startswith("^") else 1
        places = (found.start() for found in _DELIMITED.finditer(part))
        delimiter = next((place for place in places if place % width == 0), None)
        if delimiter is None or (width > 1 and whole[1]):
            return [whole]
        here, rest = part[:delimiter], part[delimiter:]
        return [_decode_plain(here, codec), _decode_plain(rest, self._first)]


def _codec_of(term: str) -> str | None:
    term = term.strip().upper()
    if not term:
        return _FALLBACK
    match = _CHARSET_TERM.fullmatch(term)
    return _SINGLE_BYTE.get(match[1]) if match else _NAMED.get(term)


def _decode_plain(value: bytes, codec: str) -> tuple[str, bool]:
    raised = value
    if codec.startswith("^"):
        raised = bytes(byte | 0x80 if byte > 0x20 else byte for byte in value)
        if codec == "^jisx0212":
            raised = b"".join(b"\x8f" + raised[at : at + 2] for at in range(0, len(raised), 2))
        codec = "euc_jp"
    try:
        return raised.decode(codec), b"\x1b" not in value
    except UnicodeDecodeError:
        return value.decode(_FALLBACK), False
