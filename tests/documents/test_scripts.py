"""Letters take the forms that their neighbours ask for, and a line is plain."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.documents.scripts import is_right_to_left, joined, plain, script_of


def test_arabic_letters_are_joined() -> None:
    assert joined("ليلى") == "\ufedf\ufef4\ufee0\ufef0"  # initial, medial, medial, final
    assert joined("حداد") == "\ufea3\ufeaa\ufe8d\ufea9"


def test_lam_and_alef_are_one_sign() -> None:
    assert joined("لا") == "\ufefb"
    assert joined("سلام") == "\ufeb3\ufefc\ufee1"


def test_marks_above_letters_part_nothing() -> None:
    assert joined("بَب") == "\ufe91\u064e\ufe90"


def test_two_words_do_not_join() -> None:
    assert joined("ب ب") == "\ufe8f \ufe8f"


@given(st.text(alphabet=st.characters(max_codepoint=0x5FF)))
def test_other_scripts_stay_as_they_are(text: str) -> None:
    assert joined(text) == text


@given(st.text())
def test_a_line_is_plain(text: str) -> None:
    line = plain(text)
    assert line == " ".join(line.split())
    assert not any(ord(one) < 32 or 127 <= ord(one) < 160 for one in line)
    assert plain(line) == line


def test_scripts_are_told_apart() -> None:
    assert [script_of(one) for one in "a山やא\u0000"] == ["LATIN", "CJK", "HIRAGANA", "HEBREW", ""]
    assert is_right_to_left("a א")
    assert not is_right_to_left("a1 山")
