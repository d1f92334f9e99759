"""The recovery kit's shares, as hands type them."""

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import combine_mnemonics, generate_mnemonics
from shamir_mnemonic.rs1024 import create_checksum
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

from appliance.errors import UnreadableCode
from appliance.keys.recovery import recovery_code
from appliance.keys.recovery_shares import ShareOfKit, looks_like_share, make_kit, read_share, root_from_shares
from appliance.keys.secret import SecretKey

ROOT = SecretKey(bytes(range(32)))
KIT = make_kit(ROOT)
WORDS = KIT.shares[0].split()


@settings(max_examples=15)
@given(st.binary(min_size=32, max_size=32).map(SecretKey))
def test_every_root_comes_back_from_any_two_shares(root: SecretKey) -> None:
    kit = make_kit(root)
    for two in combinations(kit.shares, 2):
        assert root_from_shares(two) == root
    assert root_from_shares(kit.shares) == root


def test_another_reader_of_the_standard_combines_them() -> None:
    assert combine_mnemonics(KIT.shares[1:]) == ROOT.reveal()


def test_a_share_says_which_kit_it_is_of_and_which_of_the_three() -> None:
    assert [read_share(share) for share in KIT.shares] == [ShareOfKit(KIT.identifier, number) for number in (1, 2, 3)]
    assert all(len(share.split()) == 33 for share in KIT.shares)


def test_two_kits_of_one_root_are_different_papers() -> None:
    other = make_kit(ROOT)
    assert not set(other.shares) & set(KIT.shares)


def test_case_numbers_commas_line_ends_and_the_letters_after_the_fourth_do_not_matter() -> None:
    typed = "\n".join(f"{place}. {word[:4].upper()}," for place, word in enumerate(WORDS, 1))
    assert root_from_shares([typed, KIT.shares[2]]) == ROOT


def test_every_single_wrong_word_is_found_and_its_place_named() -> None:
    for place, word in enumerate(WORDS):
        other = WORDLIST[(WORDLIST.index(word) + 7 * place + 1) % 1024]
        typed = " ".join([*WORDS[:place], other, *WORDS[place + 1 :]])
        with pytest.raises(UnreadableCode, match=rf"most likely in word {place + 1}$"):
            read_share(typed)


def test_every_swap_of_neighbours_is_found() -> None:
    for place in range(32):
        if WORDS[place] != WORDS[place + 1]:
            typed = [*WORDS[:place], WORDS[place + 1], WORDS[place], *WORDS[place + 2 :]]
            with pytest.raises(UnreadableCode, match="typing error"):
                read_share(" ".join(typed))


@settings(max_examples=60)
@given(st.data())
def test_up_to_three_wrong_words_are_found(data: st.DataObject) -> None:
    typed = list(WORDS)
    for place in data.draw(st.sets(st.integers(0, 32), min_size=1, max_size=3)):
        typed[place] = data.draw(st.sampled_from([word for word in WORDLIST if word != WORDS[place]]))
    with pytest.raises(UnreadableCode):
        read_share(" ".join(typed))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "has 33 words; 0 were typed"),
        (" ".join(WORDS[:-1]), "has 33 words; 32 were typed"),
        (" ".join([*WORDS, WORDS[0]]), "has 33 words; 34 were typed"),
        (" ".join([*WORDS[:6], "zzzzz", *WORDS[7:]]), "word 7 is not one of the list's words"),
        (" ".join([*WORDS[:6], WORDS[6][:3], *WORDS[7:]]), "word 7 is not one of the list's words"),
        (" ".join([*WORDS[:6], WORDS[6][:4] + "q", *WORDS[7:]]), "word 7 is not one of the list's words"),
    ],
)
def test_what_cannot_be_a_share_is_told_plainly(typed: str, told: str) -> None:
    with pytest.raises(UnreadableCode, match=told):
        read_share(typed)


def test_which_of_the_shares_was_typed_wrongly_is_told() -> None:
    with pytest.raises(UnreadableCode, match="share 2 as typed: a share has 33 words; 1 were typed"):
        root_from_shares([KIT.shares[0], "academic"])


def test_shares_of_another_kit_are_refused_and_both_numbers_told() -> None:
    other = make_kit(ROOT)
    assert other.identifier != KIT.identifier
    with pytest.raises(UnreadableCode, match=f"different kits \\({KIT.identifier} and {other.identifier}\\)"):
        root_from_shares([KIT.shares[0], other.shares[1]])


@pytest.mark.parametrize("shares", [[], KIT.shares[:1], [KIT.shares[0], KIT.shares[0]]])
def test_one_share_is_not_enough_even_typed_twice(shares: list[str]) -> None:
    with pytest.raises(UnreadableCode, match="2 different shares"):
        root_from_shares(shares)


def test_shares_of_something_else_are_told_apart_from_a_typing_error() -> None:
    for foreign in (generate_mnemonics(1, [(3, 5)], bytes(32)), generate_mnemonics(1, [(2, 3), (1, 1)], bytes(32))):
        with pytest.raises(UnreadableCode, match="not of a recovery kit that this product makes"):
            read_share(foreign[0][0])


def test_a_share_with_bits_where_none_may_be_is_refused() -> None:
    values = [WORDLIST.index(word) for word in WORDS]
    values[4] |= 1 << 9  # the padding before the secret's 256 bits
    body = values[:-3]
    with pytest.raises(UnreadableCode, match="not of a recovery kit that this product makes"):
        read_share(" ".join(WORDLIST[value] for value in [*body, *create_checksum(body, b"shamir_extendable")]))


def test_shares_that_only_claim_to_be_of_one_kit_are_refused() -> None:
    one, other = Share.from_mnemonic(KIT.shares[0]), Share.from_mnemonic(make_kit(ROOT).shares[1])
    forged = Share(one.identifier, *(getattr(other, name) for name in list(Share.__annotations__)[1:]))
    with pytest.raises(UnreadableCode, match="do not fit together"):
        root_from_shares([KIT.shares[0], forged.mnemonic()])


def test_an_error_never_repeats_what_was_typed() -> None:
    kits = (KIT, make_kit(ROOT))
    for wrong in (("papaya", "guava"), ("acid", "lunar", "tidy")):
        told = set()
        for number, kit in enumerate(kits):
            words = kit.shares[0].split()
            typed = " ".join([*words[:6], [word for word in wrong if word != words[6]][number], *words[7:]])
            with pytest.raises(UnreadableCode) as fault:
                root_from_shares([typed, kit.shares[1]])
            told.add(str(fault.value))
        assert len(told) == 1, "whatever is on the paper, the same is told"
        assert not set(wrong) & set(re.findall("[a-z]+", told.pop()))


def test_a_kit_does_not_print_its_shares() -> None:
    assert repr(KIT) == f"Kit({KIT.identifier})"


def test_words_and_a_code_are_told_apart() -> None:
    assert looks_like_share(KIT.shares[0])
    assert looks_like_share(" ".join(word[:4] for word in WORDS[:-3]))
    assert not looks_like_share(recovery_code(ROOT))
    assert not looks_like_share("")
