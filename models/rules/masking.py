"""Masking a form for who has to judge it: whose it is shows, the whole of it does not.

A form schema marks what is sensitive (``x-sensitive``). Of that, names, ID numbers, phone and
account numbers are masked; an address or a reason is what the officer is to judge.
"""

from collections.abc import Mapping
from typing import Any

from models.rules.identity import mask_id_number, mask_name, mask_phone

ACCOUNT_SHOWN = 4


def mask_form(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a form with what names a person masked, also in rows and parts."""
    known = schema.get("properties", {})
    return {name: _masked(known.get(name, {}), value) for name, value in values.items()}


def is_masked(schema: Mapping[str, Any], name: str, values: Mapping[str, Any]) -> bool:
    """Tell whether a form's field shows less than it holds."""
    return name in values and mask_form(schema, {name: values[name]})[name] != values[name]


def mask_account(number: str) -> str:
    """Show the last four characters: ****0000."""
    return f"****{number[-ACCOUNT_SHOWN:]}" if len(number) > ACCOUNT_SHOWN else "****"


def _masked(field: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(field.get("items", {}), each) for each in value]
    if isinstance(value, Mapping):
        return mask_form(field, value)
    if isinstance(value, str) and value and field.get("x-sensitive"):
        return _masked_text(field, value)
    return value


def _masked_text(field: Mapping[str, Any], value: str) -> str:
    title, widget = str(field.get("title", "")), field.get("x-ui", {}).get("widget")
    if field.get("x-check") == "id_number":
        return mask_id_number(value)
    if "电话" in title or "手机" in title:
        return mask_phone(value)
    if "账" in title:
        return mask_account(value)
    return mask_name(value) if widget == "text" else value
