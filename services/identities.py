"""A name and an ID number as somebody typed them, read by our own rules before anyone is asked."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Self

from models.rules.identity import IdNumberInvalid, read_id_number
from services.errors import FieldFault, Invalid

_HAN = "〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
# 阿依古丽·买买提; foreigners in Latin letters as on their residence card.
_NAME = re.compile(rf"[{_HAN}]+(?:·[{_HAN}]+)*|[{_LATIN}]+(?:[ '.,-]{{1,2}}[{_LATIN}]+)*\.?")
_LONGEST_NAME = 50
# Keyboards offer several dots; the household register knows one.
_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･.．", "·"))


class IdNumberRefused(Invalid):
    """Not an ID number by our own rule (GB 11643)."""

    code = "id_number_invalid"
    sentence = "身份证号填写有误,请检查。"


class NameRefused(Invalid):
    """Not a name that a register can hold."""

    code = "name_invalid"
    sentence = "姓名应为2到50个汉字或字母,请按身份证填写。"


@dataclass(frozen=True, repr=False)
class Identity:
    """A name and an ID number in the form in which they are stored. ``repr`` shows neither."""

    name: str
    id_number: str

    def __repr__(self) -> str:
        return "Identity()"

    @classmethod
    def read(cls, name: str, id_number: str, today: date) -> Self:
        """Raise ``IdNumberRefused`` or ``NameRefused`` for what cannot be one."""
        try:
            number = read_id_number(id_number, today)
        except IdNumberInvalid as error:
            fault = FieldFault("/id_number", error.fault.value)
            raise IdNumberRefused(faults=[fault]) from error
        return cls(read_name(name), number)


def read_name(text: str) -> str:
    """Return a name as the register writes it: one kind of middle dot, no stray blanks.

    2 to 50 characters, Han with middle dots or Latin letters; raise ``NameRefused``.
    """
    name = " ".join(text.split())
    if re.search(f"[{_HAN}]", name):
        name = name.replace(" ", "").translate(_DOTS)
    if not 2 <= len(name) <= _LONGEST_NAME or not _NAME.fullmatch(name):
        raise NameRefused(faults=[FieldFault("/name", NameRefused.sentence)])
    return name
