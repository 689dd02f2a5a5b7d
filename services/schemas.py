"""Validators of form schemas: JSON Schema 2020-12 and the one rule of ours that it cannot say."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from models.rules.identity import id_check_digit

ID_NUMBER = "id_number"
LENGTH = 18
# For patterns beside which the item names no length of its own.
LONGEST = 1000


def _check(_: Validator, rule: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    """``x-check: id_number``: the check digit fits (GB 11643); its form is the pattern's matter."""
    if rule != ID_NUMBER or not isinstance(value, str) or len(value) != LENGTH:
        return
    if value[:17].isascii() and value[:17].isdigit() and id_check_digit(value[:17]) != value[17]:
        yield ValidationError("the check digit does not fit")


def _pattern(validator: Validator, pattern: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """``pattern``, but never over more than ``maxLength``: that alone refuses the answer.

    A pattern may take time that grows with the square of what it reads, and worse.
    """
    most = schema.get("maxLength", LONGEST)
    if isinstance(value, str) and len(value) > most:
        if "maxLength" not in schema:
            yield ValidationError(f"longer than {LONGEST} characters")
        return
    yield from Draft202012Validator.VALIDATORS["pattern"](validator, pattern, value, schema) or ()


_FormValidator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"x-check": _check, "pattern": _pattern}
)


def form_validator(schema: Mapping[str, Any]) -> Validator:
    """Return a validator for a form, or for one field of it."""
    validator: Validator = _FormValidator(
        schema, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return validator
