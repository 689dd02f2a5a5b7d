"""ID numbers and credit codes against the weights printed in GB 11643 and GB 32100."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.identity import (
    IdNumberFault,
    IdNumberInvalid,
    Sex,
    UsccInvalid,
    age_on,
    birth_date,
    mask_id_number,
    mask_name,
    mask_phone,
    read_id_number,
    read_uscc,
    sex,
)

TODAY = date(2026, 11, 22)
ADULT, ELDER, MINOR = "511499198803162013", "511499194311051028", "511499201506203012"
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def with_check(first17: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(first17, ID_WEIGHTS, strict=True))
    return first17 + "10X98765432"[total % 11]


def uscc(first17: str) -> str:
    values = [USCC_ALPHABET.index(letter) for letter in first17]
    total = sum(value * weight for value, weight in zip(values, USCC_WEIGHTS, strict=True))
    return first17 + USCC_ALPHABET[(31 - total % 31) % 31]


@pytest.mark.parametrize(
    "number",
    [
        ADULT,
        ELDER,
        MINOR,
        "11010519491231002X",  # the standard's own example
        with_check("51142519900101123"),  # a county younger than its citizen
        with_check("81000019900101001"),
        with_check("82000019900101001"),
        with_check("83000019900101001"),
        with_check("93108419900101001"),  # a foreigner's permanent residence card of 2023
        with_check("91115619960229002"),  # any nationality's digits, a leap day
    ],
)
def test_right_numbers(number: str) -> None:
    assert read_id_number(number, TODAY) == number


def test_how_it_was_typed_does_not_matter() -> None:
    assert read_id_number("１１０１０５１９４９１２３１００２ｘ", TODAY) == "11010519491231002X"
    assert read_id_number(" 110105 19491231 002x ", TODAY) == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("", IdNumberFault.FORM),
        (ADULT[:17], IdNumberFault.FORM),
        (ADULT + "0", IdNumberFault.FORM),
        ("51149919880316201A", IdNumberFault.FORM),
        ("٥١١٤٩٩١٩٨٨٠٣١٦٢٠١٣", IdNumberFault.FORM),
        (with_check("16010119900101001"), IdNumberFault.PROVINCE),
        (with_check("00010119900101001"), IdNumberFault.PROVINCE),
        (with_check("51149919900229001"), IdNumberFault.BIRTH_DATE),
        (with_check("51149920301001001"), IdNumberFault.BIRTH_DATE),
        (with_check("51149920261123001"), IdNumberFault.BIRTH_DATE),
        (with_check("44052418800101001"), IdNumberFault.BIRTH_DATE),
        (ADULT[:17] + "4", IdNumberFault.CHECK_DIGIT),
    ],
)
def test_wrong_numbers(number: str, fault: IdNumberFault) -> None:
    with pytest.raises(IdNumberInvalid) as refusal:
        read_id_number(number, TODAY)
    assert refusal.value.fault is fault
    assert not number or number not in repr(refusal.value) + str(refusal.value)


def test_born_today_is_right() -> None:
    born_today = with_check("51149920261122001")
    assert read_id_number(born_today, TODAY) == born_today


@given(place=st.integers(0, 16), shift=st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(place: int, shift: int) -> None:
    digit = (int(ADULT[place]) + shift) % 10
    with pytest.raises(IdNumberInvalid):
        read_id_number(f"{ADULT[:place]}{digit}{ADULT[place + 1 :]}", TODAY)


@given(place=st.integers(0, 15))
def test_two_digits_swapped_are_always_seen(place: int) -> None:
    swapped = ADULT[:place] + ADULT[place + 1] + ADULT[place] + ADULT[place + 2 :]
    if swapped != ADULT:
        with pytest.raises(IdNumberInvalid):
            read_id_number(swapped, TODAY)


@given(st.text(max_size=25))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        number = read_id_number(text, TODAY)
    except IdNumberInvalid:
        return
    assert with_check(number[:17]) == number


def test_what_a_number_tells() -> None:
    assert birth_date(ELDER) == date(1943, 11, 5)
    assert [sex(number) for number in (ADULT, ELDER, MINOR)] == [Sex.MALE, Sex.FEMALE, Sex.MALE]


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1943, 11, 5), date(2026, 11, 4), 82),
        (date(1943, 11, 5), date(2026, 11, 5), 83),
        (date(2015, 6, 20), TODAY, 11),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
    ],
)
def test_age(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


@pytest.mark.parametrize(
    "code",
    [
        uscc("91511499MA6000001"),
        uscc("92511499MA6000002"),
        uscc("N2511499MF0000003"),  # a village collective
        uscc("N3511499MF0000004"),
        uscc("A1511499MB0000005"),
        uscc("Y1511499MB0000006"),
        "11511499MB9000015D",
    ],
)
def test_right_credit_codes(code: str) -> None:
    assert read_uscc(code) == code
    assert read_uscc(f" {code.lower()} ") == code


@given(place=st.integers(8, 17), letter=st.sampled_from(USCC_ALPHABET))
def test_one_wrong_character_of_a_credit_code_is_always_seen(place: int, letter: str) -> None:
    right = "11511499MB9000015D"
    wrong = right[:place] + letter + right[place + 1 :]
    if wrong != right:
        with pytest.raises(UsccInvalid):
            read_uscc(wrong)


@pytest.mark.parametrize("code", ["", "11511499MB9000015", "I1511499MB9000015D", "1" * 19])
def test_wrong_forms_of_a_credit_code(code: str) -> None:
    with pytest.raises(UsccInvalid):
        read_uscc(code)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("王建国", "王*国"), ("王伟", "王*"), ("王", "王*"), ("欧阳建国", "欧**国"), ("", "*")],
)
def test_mask_name(name: str, shown: str) -> None:
    assert mask_name(name) == shown


def test_masks_keep_the_secret_part() -> None:
    shown = mask_id_number(ADULT)
    assert len(shown) == 18 and shown.startswith("511") and shown.count("*") == 13
    assert ADULT[-4:] not in shown
    assert mask_phone("+8613800000001") == mask_phone("13800000001") == "138****0001"
