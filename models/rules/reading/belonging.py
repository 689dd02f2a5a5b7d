"""Is it theirs, and still good? Name, number and organisation, validity, the red seal."""

from collections.abc import Iterator, Sequence
from datetime import date

from models.rules import identity
from models.rules.reading.fields import Field, FieldName, is_number, is_uscc
from models.rules.reading.findings import Finding, FindingCode, Severity
from models.rules.reading.text import plain
from models.rules.reading.validity import LONG_TERM
from models.rules.reading.values import Reading
from models.rules.reading.wants import Against, Owner, Person, Wants

SURE_NAME = 0.85
"""Below it a name that differs is taken for misread."""
SEALED = 0.5

_F = FieldName


def of_owner(
    fields: Sequence[Field], wants: Wants, against: Against, pages: int
) -> Iterator[Finding]:
    """Yield where a document is somebody else's, or its number was not read right."""
    person = against.owner
    if person is None or wants.owner is Owner.ANYBODY:
        return
    if wants.owner is Owner.ORGANISATION:
        yield from _organisation(fields, person, pages)
    else:
        yield from _person(fields, person, pages)


def _person(fields: Sequence[Field], person: Person, pages: int) -> Iterator[Finding]:
    numbers = [field for field in fields if field.name is _F.ID_NUMBER]
    good = [field for field in numbers if is_number(field.text)]
    if numbers and not good:
        yield _misread(numbers[0], "身份证号", identity.mask_id_number(numbers[0].text), pages)
    matched = person.number is not None and any(each.text == person.number for each in good)
    if good and person.number is not None and not matched:
        yield _others(good[0], person, "身份证号", identity.mask_id_number(good[0].text), pages)
        return
    # A number that is right outweighs a name that was misread by a stroke.
    if not matched and person.name is not None:
        yield from _name(fields, person, pages)


def _name(fields: Sequence[Field], person: Person, pages: int) -> Iterator[Finding]:
    names = [f for f in fields if f.name is _F.NAME and f.found.score >= SURE_NAME]
    wanted = plain(person.name or "")
    if names and all(each.text != wanted for each in names):
        yield _others(names[0], person, "姓名", identity.mask_name(names[0].text), pages)


def _organisation(fields: Sequence[Field], owner: Person, pages: int) -> Iterator[Finding]:
    codes = [field for field in fields if field.name is _F.USCC]
    good = [field for field in codes if is_uscc(field.text)]
    if codes and not good:
        yield _misread(codes[0], "统一社会信用代码", codes[0].text, pages)
    if good and owner.number is not None and all(f.text != owner.number for f in good):
        words = {"field": "统一社会信用代码"}
        evidence = _read(good[0], good[0].text)
        page = good[0].found.page
        yield Finding(FindingCode.WRONG_ORGANISATION, Severity.WARNS, page, evidence, words, pages)


def of_validity(fields: Sequence[Field], today: date, pages: int) -> Iterator[Finding]:
    """Yield each date of expiry that has passed; the last day itself is still good."""
    for field in fields:
        if field.name is not _F.VALID_UNTIL:
            continue
        until = date.fromisoformat(field.text)
        if until is not LONG_TERM and until < today:
            words = {"until": f"{until.year}年{until.month}月{until.day}日"}
            evidence = _read(field, field.text)
            page = field.found.page
            yield Finding(FindingCode.EXPIRED, Severity.WARNS, page, evidence, words, pages)


def of_seal(reading: Reading) -> Iterator[Finding]:
    """Yield that no page bears a red seal."""
    best = max((page.seal for page in reading.pages), default=0.0)
    if best < SEALED and not reading.left_out:
        evidence = {"sure": round(best, 2)}
        yield Finding(FindingCode.SEAL_MISSING, Severity.WARNS, None, evidence)


def _misread(field: Field, called: str, shown: str, pages: int) -> Finding:
    return Finding(
        FindingCode.NUMBER_INVALID,
        Severity.WARNS,
        field.found.page,
        _read(field, shown),
        {"field": called},
        pages,
    )


def _others(field: Field, person: Person, called: str, shown: str, pages: int) -> Finding:
    return Finding(
        FindingCode.WRONG_PERSON,
        Severity.WARNS,
        field.found.page,
        _read(field, shown),
        {"field": called, "owner": person.called},
        pages,
    )


def _read(field: Field, shown: str) -> dict[str, object]:
    return {"read": shown, "sure": round(field.found.score, 2)}
