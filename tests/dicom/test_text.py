"""Text of every character set becomes Unicode, and none is ever a failure."""

from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.facts import InstanceFinding
from appliance.dicom.instance import parse_bytes
from appliance.dicom.part10 import read_file_meta
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


ANNEXES = Path(pydicom.__file__).parent / "data" / "charset_files"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chrH31", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("chrH32", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("chrI2", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("chrX1", "Wang^XiaoDong=王^小東="),
        ("chrX2", "Wang^XiaoDong=王^小东="),
    ],
)
def test_the_names_of_the_standards_annexes_are_read(name: str, expected: str) -> None:
    """PS3.5 H.3.1, H.3.2, I.2, J.1 and J.3, as files that pydicom keeps."""
    file = (ANNEXES / f"{name}.dcm").read_bytes()
    meta = read_file_meta(file)
    facts = parse_bytes(file[meta.dataset_offset :], meta.transfer_syntax_uid)
    assert facts.patient.patient_name == expected
    assert not {InstanceFinding.TEXT_UNDECODABLE, InstanceFinding.CHARACTER_SET_UNKNOWN} & set(facts.findings)


def test_lines_of_korean_text_begin_in_the_first_set() -> None:
    """PS3.5 I.3: each line that has Korean invokes its set again."""
    text = b"\x1b$)CThe 1st line includes \xb1\xe6\xb5\xbf.\r\nThe 2nd line\r\n\x1b$)C\xb1\xe6\xb5\xbf, too."
    expected = "The 1st line includes 길동.\r\nThe 2nd line\r\n길동, too."
    assert CharacterSet(["", "ISO 2022 IR 149"]).decode(text) == (expected, True)


def test_chinese_by_code_extensions_is_read() -> None:
    """PS3.5 K.2."""
    text = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="
    assert CharacterSet(["", "ISO 2022 IR 58"]).decode(text) == ("Zhang^XiaoDong=张^小东=", True)


@pytest.mark.parametrize(
    ("terms", "values"),
    [
        (["", "ISO 2022 IR 87"], [b"\x1b$B%+%\\\x1b(B", b"\x1b$BKL\x1b(B"]),
        (["", "ISO 2022 IR 87"], [b"\x1b$B%+%\\", b"\x1b$B%+\x1b(B"]),
        (["GB18030"], ["乗王".encode("gb18030"), "王".encode("gb18030")]),
        (["GBK"], ["僜王".encode("gbk"), b"Wang"]),
        (["ISO_IR 13"], ["ソ".encode("shift_jis"), b"A"]),
    ],
)
def test_only_a_backslash_between_characters_parts_values(terms: list[str], values: list[bytes]) -> None:
    """PS3.5 6.1.2.3: text is decoded first, for 0x5C can be the second half of a character."""
    assert b"\\" in values[0]
    characters = CharacterSet(terms)
    text, clean = characters.decode(b"\\".join(values))
    assert clean
    assert text.split("\\") == [characters.decode(value)[0] for value in values]
    assert "\\" not in characters.decode(values[0])[0]
