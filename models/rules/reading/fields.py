"""Fields that a page shows: each with what was read, where, and how sure the engine was."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from models.rules import identity
from models.rules.reading.documents import DocumentKind
from models.rules.reading.kinds import kind_of
from models.rules.reading.text import Found, after_label, matches, plain
from models.rules.reading.validity import END_LABELS, ends_in
from models.rules.reading.values import Line, PageReading, Reading


class FieldName(StrEnum):
    """What is read off documents. ``VALID_UNTIL`` is an ISO date, or "9999-12-31" for 长期."""

    NAME = "NAME"
    ID_NUMBER = "ID_NUMBER"
    ADDRESS = "ADDRESS"
    ORGANISATION = "ORGANISATION"
    USCC = "USCC"
    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    PREMISES = "PREMISES"
    CERTIFICATE_NUMBER = "CERTIFICATE_NUMBER"
    VALID_UNTIL = "VALID_UNTIL"


@dataclass(frozen=True)
class Field:
    """One field of one page."""

    name: FieldName
    found: Found

    @property
    def text(self) -> str:
        return self.found.text


_F, _K = FieldName, DocumentKind
_ID_LIKE = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_USCC_LIKE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")
_PROPERTY_NUMBER = re.compile(r"[(（]?\d{4}[)）]?[^\n第]{2,12}不动产权第\d{5,9}号")
_NAME = re.compile(r"[\u3400-\u9fff·]{2,25}")
_AFTER_NAME = re.compile(r"(性别|民族|出生|国籍|身份|年龄|类型|证号|电话|联系).*")
_ADDRESS_ENDS = ("公民身份", "出生", "签发", "号码", "性别", "姓名", "有效", "初次", "准驾")
_PERSONS = frozenset(
    {
        _K.ID_CARD_PORTRAIT,
        _K.HOUSEHOLD_MEMBER,
        _K.DRIVING_LICENCE,
        _K.TRANSPORT_QUALIFICATION,
        _K.RESIDENCE_PERMIT,
        _K.SOCIAL_SECURITY_CARD,
        _K.HEALTH_CERTIFICATE,
        _K.DIAGNOSIS,
    }
)


def fields_of(reading: Reading) -> tuple[Field, ...]:
    """Return every field of every page whose kind is told, in the order of the pages."""
    return tuple(field for page in reading.pages for field in on_page(page))


def on_page(page: PageReading) -> Iterator[Field]:
    """Yield the fields of one page; a page of an unknown kind has none."""
    told = kind_of(page)
    if told is None:
        return
    for name, find in _READERS[told.kind].items():
        found = find(page)
        if found is not None:
            yield Field(name, found)


def number_on(page: PageReading) -> Found | None:
    """Return an ID number; one with a right check digit before one without."""
    found = list(matches(page, _ID_LIKE))
    good = (each for each in found if is_number(each.text))
    best = next(good, found[0] if found else None)
    return None if best is None else _with(best, best.text.upper())


def is_number(text: str) -> bool:
    """Tell whether an ID number's check digit is right (GB 11643)."""
    return identity.id_check_digit(text[:17]) == text[17].upper()


def is_uscc(text: str) -> bool:
    try:
        return identity.read_uscc(text) == text
    except identity.UsccInvalid:
        return False


def _name_on(page: PageReading) -> Found | None:
    for found in after_label(page, "姓名", "权利人", "持证人"):
        text = _AFTER_NAME.sub("", found.text)
        match = _NAME.match(text)
        if match is not None:
            return _with(found, match[0])
    return None


def _uscc_on(page: PageReading) -> Found | None:
    found = list(matches(page, _USCC_LIKE))
    return next((each for each in found if is_uscc(each.text)), found[0] if found else None)


def _beside(*labels: str) -> Callable[[PageReading], Found | None]:
    def find(page: PageReading) -> Found | None:
        return next(after_label(page, *labels), None)

    return find


def _address_on(page: PageReading) -> Found | None:
    """Return an address with the lines that it runs on into."""
    start = next(after_label(page, "居住地址", "住址"), None)
    if start is None:
        return None
    parts, last = [start.text], start.box
    for line in page.lines:
        if _runs_on(line, last.left, last.bottom, last.bottom - last.top):
            parts.append(plain(line.text))
            last = line.box
    return _with(start, "".join(parts))


def _runs_on(line: Line, left: float, bottom: float, height: float) -> bool:
    """Tell whether a line goes on with the address right above it."""
    text = plain(line.text)
    if any(word in text for word in _ADDRESS_ENDS) or ":" in text:
        return False
    gap = line.box.top - bottom
    return -0.5 * height <= gap <= 1.2 * height and line.box.left >= left - 2 * height


def _end_on(page: PageReading) -> Found | None:
    """Return the last day of validity as an ISO date."""
    for found in after_label(page, *END_LABELS):
        last = ends_in(found.text)
        if last is not None:
            return _with(found, last.isoformat())
    return None


def _property_number_on(page: PageReading) -> Found | None:
    return next(matches(page, _PROPERTY_NUMBER), None)


def _with(found: Found, text: str) -> Found:
    return Found(text, found.score, found.page, found.box)


_Readers = Mapping[FieldName, Callable[[PageReading], Found | None]]
_PERSON: _Readers = MappingProxyType({_F.NAME: _name_on, _F.ID_NUMBER: number_on})
_OF_KIND: Mapping[DocumentKind, _Readers] = MappingProxyType(
    {
        _K.ID_CARD_PORTRAIT: {_F.ADDRESS: _address_on},
        _K.ID_CARD_EMBLEM: {_F.VALID_UNTIL: _end_on},
        _K.RESIDENCE_PERMIT: {_F.ADDRESS: _address_on, _F.VALID_UNTIL: _end_on},
        _K.DRIVING_LICENCE: {_F.VALID_UNTIL: _end_on},
        _K.TRANSPORT_QUALIFICATION: {
            _F.VALID_UNTIL: _end_on,
            _F.CERTIFICATE_NUMBER: _beside("从业资格证号", "证号"),
        },
        _K.HEALTH_CERTIFICATE: {_F.VALID_UNTIL: _end_on},
        _K.BUSINESS_LICENCE: {
            _F.ORGANISATION: _beside("名称"),
            _F.USCC: _uscc_on,
            _F.LEGAL_REPRESENTATIVE: _beside("法定代表人", "经营者", "负责人"),
            _F.PREMISES: _beside("经营场所", "住所"),
            _F.VALID_UNTIL: _end_on,
        },
        _K.PROPERTY_CERTIFICATE: {
            _F.NAME: _name_on,
            _F.CERTIFICATE_NUMBER: _property_number_on,
            _F.PREMISES: _beside("坐落"),
        },
    }
)
_READERS: Mapping[DocumentKind, _Readers] = MappingProxyType(
    {
        kind: {**(_PERSON if kind in _PERSONS else {}), **_OF_KIND.get(kind, {})}
        for kind in DocumentKind
    }
)
