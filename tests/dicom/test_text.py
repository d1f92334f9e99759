"""Text of every character set becomes Unicode, and none is ever a failure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.text import CharacterSet


@pytest.mark.parametrize(
    ("terms", "raw", "expected"),
    [
        ([""], b"Doe^John", "Doe^John"),
        (["ISO_IR 100"], "Äneas^Rüdiger".encode("latin-1"), "Äneas^Rüdiger"),
        (["ISO-IR 100"], "Ñandú".encode("latin-1"), "Ñandú"),
        (["ISO_IR 144"], "Люкceмбypг".encode("iso8859-5"), "Люкceмбypг"),
        (["ISO_IR 126"], "Διονυσιος".encode("iso8859-7"), "Διονυσιος"),
        (["ISO_IR 127"], "قباني".encode("iso8859-6"), "قباني"),
        (["ISO_IR 138"], "שרון".encode("iso8859-8"), "שרון"),
        (["ISO_IR 166"], "นามสกุล".encode("tis-620"), "นามสกุล"),
        (["ISO_IR 192"], "王^小東".encode(), "王^小東"),
        (["GB18030"], "王^小东".encode("gb18030"), "王^小东"),
        (["GBK"], "王^小东".encode("gbk"), "王^小东"),
        (["ISO_IR 13"], "ﾔﾏﾀﾞ^ﾀﾛｳ".encode("shift_jis"), "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        (["", "ISO 2022 IR 87"], b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=山田^太郎"),
        (["", "ISO 2022 IR 149"], b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "Hong^Gildong=洪^吉洞"),
        (["", "ISO 2022 IR 58"], b"Zhang=\x1b$)A\xd5\xc5", "Zhang=张"),
        (["", "ISO 2022 IR 159"], b"\x1b$(D\x30\x21\x1b(B", b"\x8f\xb0\xa1".decode("euc_jp")),
        (["ISO 2022 IR 100", "ISO 2022 IR 144"], b"\xc4^\x1b-L\xbb", "Ä^Л"),
    ],
)
def test_each_character_set_is_read(terms: list[str], raw: bytes, expected: str) -> None:
    assert CharacterSet(terms).decode(raw) == (expected, True)


@pytest.mark.parametrize(
    ("terms", "raw", "expected"),
    [
        ([], b"\xd1and\xfa", "Ñandú"),
        (["ISO_IR 999"], b"\xd1", "Ñ"),
        (["nonsense"], b"\xd1", "Ñ"),
        (["ISO_IR 192"], b"\xd1", "Ñ"),
        (["", "ISO 2022 IR 87"], b"\x1b$B\x7f\x7f", "\x7f\x7f"),
        (["ISO_IR 100"], b"\x1bzz", "\x1bzz"),
    ],
)
def test_what_a_set_cannot_explain_is_read_as_latin_and_told(terms: list[str], raw: bytes, expected: str) -> None:
    assert CharacterSet(terms).decode(raw) == (expected, False)


@given(st.lists(st.sampled_from(["", "ISO_IR 192", "ISO 2022 IR 87", "ISO 2022 IR 149", "?"])), st.binary())
def test_any_bytes_become_text(terms: list[str], raw: bytes) -> None:
    text, _ = CharacterSet(terms).decode(raw)
    assert isinstance(text, str)


def test_bytes_of_a_two_byte_set_are_no_delimiters() -> None:
    """PS3.5 H.3.1: the kana of Yamada hold 24 5E, whose second half is a caret elsewhere."""
    esc = b"\x1b"
    kana = b"Yamada^Tarou=" + esc + b"$B;3ED" + esc + b"(B^" + esc + b"$BB@O:" + esc + b"(B="
    kana += esc + b"$B$d$^$@" + esc + b"(B^" + esc + b"$B$?$m$&" + esc + b"(B"
    assert CharacterSet(["", "ISO 2022 IR 87"]).decode(kana) == ("Yamada^Tarou=山田^太郎=やまだ^たろう", True)
