"""Filling by reading: what was read for sure, offered for the form and left to be confirmed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.rules.reading.fields import Field, FieldName, is_number, is_uscc
from models.rules.reading.wants import Wants

SURE = 0.8


@dataclass(frozen=True)
class Suggestion:
    """A value for a form field: from which material, page and field, and how sure."""

    field: str
    value: str
    material: str
    page: int
    read: FieldName
    sure: float


def suggestions(
    material: str, fields: Sequence[Field], wants: Wants, filled: Mapping[str, Any]
) -> Iterator[Suggestion]:
    """Yield values for the form fields that are empty, each at most once.

    Numbers are offered only with a right check digit: a person who confirms does not count digits.
    """
    for name, wanted in wants.fills:
        if filled.get(name) not in (None, ""):
            continue
        best = max(
            (field for field in fields if field.name is wanted and _is_good(field)),
            key=lambda field: field.found.score,
            default=None,
        )
        if best is not None:
            score = round(best.found.score, 2)
            yield Suggestion(name, best.text, material, best.found.page, wanted, score)


def _is_good(field: Field) -> bool:
    if field.name is FieldName.ID_NUMBER:
        return is_number(field.text)
    if field.name is FieldName.USCC:
        return is_uscc(field.text)
    return field.found.score >= SURE
