"""Identity numbers of people and organisations, and how much of them a screen may show."""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from models.rules.item_words import ApplicantType

_FULL_WIDTH: Mapping[int, int] = MappingProxyType(
    {0xFF10 + digit: ord("0") + digit for digit in range(10)} | {0xFF38: ord("X"), 0xFF58: ord("X")}
)
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
# 81-83 are the residence permits of Hong Kong, Macao and Taiwan residents.
_PROVINCES = frozenset(
    str(code)
    for block in (
        range(11, 16),
        range(21, 24),
        range(31, 38),
        range(41, 47),
        range(50, 55),
        range(61, 66),
        (71, 81, 82, 83),
    )
    for code in block
)
_OLDEST = 130
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")


# 92 个体, 93 合作社, 51-53 社团, 民非, 基金会, N2 村集体, N3 乡镇集体.
_ORGANISATIONS: Mapping[str, ApplicantType] = MappingProxyType(
    {
        "92": ApplicantType.INDIVIDUAL_BUSINESS,
        "93": ApplicantType.COOPERATIVE,
        "51": ApplicantType.SOCIAL_ORG,
        "52": ApplicantType.SOCIAL_ORG,
        "53": ApplicantType.SOCIAL_ORG,
        "N2": ApplicantType.VILLAGE_COLLECTIVE,
        "N3": ApplicantType.VILLAGE_COLLECTIVE,
    }
)


class Sex(StrEnum):
    """As the ID number says it."""

    MALE = "MALE"
    FEMALE = "FEMALE"


class IdNumberFault(StrEnum):
    """What is wrong with an ID number, as a sentence for the person who typed it."""

    FORM = "身份证号应为18位,最后一位可以是X。"
    PROVINCE = "身份证号开头的地区代码不对,请检查。"
    BIRTH_DATE = "身份证号里的出生日期不对,请检查。"
    CHECK_DIGIT = "身份证号有一位填错了,请检查。"


class IdNumberInvalid(ValueError):
    """Not an ID number. Neither message nor repr repeats the number."""

    def __init__(self, fault: IdNumberFault) -> None:
        self.fault = fault
        super().__init__(fault.name)


class UsccInvalid(ValueError):
    """Not a unified social credit code."""


def id_check_digit(first17: str) -> str:
    """Return the 18th character by ISO 7064 MOD 11-2 (GB 11643)."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first17))
    return "0123456789X"[(12 - total) % 11]


def read_id_number(text: str, today: date) -> str:
    """Return the number as it is to be stored: 18 half-width characters, a capital X.

    Our own rule: right check digit, a real birth date not after ``today`` and at most 130 years
    back, a province that exists or the leading 9 of a foreigner's permanent residence card. The
    county is not looked up: counties change, numbers do not. Raise ``IdNumberInvalid``.
    """
    number = "".join(text.split()).translate(_FULL_WIDTH).replace("x", "X")
    if not _ID_NUMBER.fullmatch(number):
        raise IdNumberInvalid(IdNumberFault.FORM)
    if number[:2] not in _PROVINCES and number[0] != "9":
        raise IdNumberInvalid(IdNumberFault.PROVINCE)
    try:
        born = birth_date(number)
    except ValueError:
        raise IdNumberInvalid(IdNumberFault.BIRTH_DATE) from None
    if born > today or age_on(born, today) > _OLDEST:
        raise IdNumberInvalid(IdNumberFault.BIRTH_DATE)
    if id_check_digit(number[:17]) != number[17]:
        raise IdNumberInvalid(IdNumberFault.CHECK_DIGIT)
    return number


def birth_date(number: str) -> date:
    """Return the date inside a stored number; raise ``ValueError`` when it is none."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex(number: str) -> Sex:
    """Return the sex that a stored number tells: an odd 17th digit is a man's."""
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def age_on(born: date, day: date) -> int:
    """Return full years (周岁) on ``day``; a year is full on the birthday, 29 Feb on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def uscc_check_digit(first17: str) -> str:
    """Return the 18th character by GB 32100."""
    total = sum(
        _USCC_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(first17)
    )
    return _USCC_ALPHABET[-total % 31]


def read_uscc(text: str) -> str:
    """Return the code in capitals; village collectives (N2, N3) and the like are right too.

    Raise ``UsccInvalid`` for a wrong form or check character.
    """
    code = "".join(text.split()).translate(_FULL_WIDTH).upper()
    if not _USCC.fullmatch(code) or uscc_check_digit(code[:17]) != code[17]:
        raise UsccInvalid("not a unified social credit code")
    return code


def organisation_type(uscc: str) -> ApplicantType:
    """Return the kind of organisation that a credit code's first characters tell (GB 32100)."""
    return _ORGANISATIONS.get(uscc[:2], ApplicantType.ENTERPRISE)


def full_age_on(number: str, years: int) -> date:
    """Return the day on which the person of a stored number has full years; 29 Feb on 1 March."""
    born = birth_date(number)
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def mask_name(name: str) -> str:
    """Show the first and last character: 王*国, 王*."""
    if len(name) <= 2:
        return f"{name[:1]}*"
    return f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


def mask_id_number(number: str) -> str:
    """Show three and two characters.

    The last four open the progress of a case together with its query code, so they stay hidden.
    """
    return f"{number[:3]}{'*' * max(len(number) - 5, 3)}{number[-2:]}"


def mask_phone(phone: str) -> str:
    """Show 138****0001, without the country code."""
    national = phone.removeprefix("+86")
    return f"{national[:3]}****{national[-4:]}"
