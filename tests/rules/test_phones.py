"""Phone numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.phones import PhoneInvalid, read_phone


@pytest.mark.parametrize(
    "text",
    [
        "13800000001",
        "+8613800000001",
        "86 138-0000-0001",
        " 138 0000 0001 ",
        "１３８００００００01",
    ],
)
def test_one_number_in_many_spellings(text: str) -> None:
    assert read_phone(text) == "+8613800000001"


@pytest.mark.parametrize(
    "text", ["", "1380000000", "138000000011", "12800000001", "+113800000001", "١٣٨٠٠٠٠٠٠٠١", "0"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(PhoneInvalid) as refused:
        read_phone(text)
    assert not text or text not in str(refused.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        number = read_phone(text)
    except PhoneInvalid:
        return
    assert number.startswith("+861") and len(number) == 14 and number[1:].isascii()
