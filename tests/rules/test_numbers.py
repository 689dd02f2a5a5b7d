"""Case numbers, query codes and pickup codes."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.numbers import (
    QUERY_ALPHABET,
    case_number,
    is_case_number,
    is_handling_code,
    is_implementation_code,
    pickup_code,
    query_code,
    read_query_code,
)

REAL = ("11440232MB2D06811W4000117051000", "11371302MB2861293F4000117129007")
BYTES = st.binary(min_size=16, max_size=32)


def test_implementation_codes() -> None:
    for code in REAL:
        assert is_implementation_code(code)
        assert is_handling_code(code + "01") and not is_handling_code(code)
        assert not is_implementation_code(code + "0")
        assert not is_implementation_code(code + "\n")
        assert not is_implementation_code(code[:18] + "7" + code[19:])
        assert not is_implementation_code("I" + code[1:])


def test_a_case_number_as_observed() -> None:
    received = datetime(2020, 10, 20, 1, 0, tzinfo=UTC)
    number = case_number(REAL[0], received, 8)
    assert number == "11440232MB2D06811W4000117051000202010200008"
    assert is_case_number(number)


def test_the_day_is_chinas() -> None:
    late = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    assert case_number(REAL[0], late, 1).endswith("202603020001")


@pytest.mark.parametrize(("serial", "tail"), [(9999, "9999"), (10000, "10000"), (999999, "999999")])
def test_a_serial_grows(serial: int, tail: str) -> None:
    number = case_number(REAL[0], datetime(2026, 3, 2, tzinfo=UTC), serial)
    assert number.endswith("20260302" + tail) and is_case_number(number)


@pytest.mark.parametrize("serial", [0, -1, 1_000_000])
def test_serials_out_of_range(serial: int) -> None:
    with pytest.raises(ValueError, match="serial"):
        case_number(REAL[0], datetime(2026, 3, 2, tzinfo=UTC), serial)


def test_a_wrong_code_makes_no_case_number() -> None:
    with pytest.raises(ValueError, match="implementation"):
        case_number("ITEM01", datetime(2026, 3, 2, tzinfo=UTC), 1)


@given(BYTES)
def test_a_query_code_reads_back_however_it_is_typed(random: bytes) -> None:
    code = query_code(random)
    assert len(code) == 10 and set(code) <= set(QUERY_ALPHABET)
    typed = f" {code[:5].lower()}-{code[5:]} ".replace("2", "Z").replace("5", "s").replace("8", "B")
    assert read_query_code(typed) == code


def test_no_look_alikes() -> None:
    assert len(set(QUERY_ALPHABET)) == 27
    assert not set("0O1ILZSBU") & set(QUERY_ALPHABET)


@given(random=BYTES, place=st.integers(0, 9), letter=st.sampled_from(QUERY_ALPHABET))
def test_one_wrong_character_is_always_seen(random: bytes, place: int, letter: str) -> None:
    code = query_code(random)
    wrong = code[:place] + letter + code[place + 1 :]
    assert read_query_code(wrong) == (code if wrong == code else None)


@given(random=BYTES, place=st.integers(0, 7))
def test_two_swapped_characters_are_always_seen(random: bytes, place: int) -> None:
    code = query_code(random)
    wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert read_query_code(wrong) == (code if wrong == code else None)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    code = read_query_code(text)
    assert code is None or read_query_code(code) == code


def test_pickup_codes_are_six_digits_and_spread() -> None:
    codes = [pickup_code(number.to_bytes(8)) for number in range(0, 10**19, 10**16 + 7)]
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert Counter(codes).most_common(1)[0][1] <= 2
    assert pickup_code(b"\0" * 8) == "000000"


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="16 random"):
        query_code(b"\0" * 15)
    with pytest.raises(ValueError, match="8 random"):
        pickup_code(b"\0" * 7)
