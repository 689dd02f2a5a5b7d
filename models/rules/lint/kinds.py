"""Kinds of values that an element of an item can have: each is a question about one value."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from models.rules.calendar import Limit, Unit
from models.rules.events import acceptor_role

Fits = Callable[[Any], bool]
LONGEST = 1000
LONGEST_TEXT = 10_000  # a form to be copied
MOST_DAYS = 400
MOST_FEN = 10**11
MOST_NUMBER = 10**15  # beyond it a float is not exact


def text(value: Any, longest: int = LONGEST) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= longest


def short(longest: int) -> Fits:
    return lambda value: text(value, longest)


def maybe_blank(value: Any, longest: int = LONGEST) -> bool:
    return isinstance(value, str) and len(value) <= longest


def blank_or_short(longest: int) -> Fits:
    return lambda value: maybe_blank(value, longest)


def texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(text, value))


def any_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(text, value))


def number(value: Any) -> bool:
    whole_or_not = isinstance(value, int | float) and not isinstance(value, bool)
    return whole_or_not and abs(value) <= MOST_NUMBER


def mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def mappings(value: Any) -> bool:
    return isinstance(value, list) and all(map(mapping, value))


def some_mappings(value: Any) -> bool:
    return bool(value) and mappings(value)


def yes_no(value: Any) -> bool:
    return isinstance(value, bool)


def whole(least: int, most: int) -> Fits:
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    )


def word(words: type[StrEnum]) -> Fits:
    return lambda value: isinstance(value, str) and value in {word.value for word in words}


def words(words: type[StrEnum], least: int = 1) -> Fits:
    one = word(words)
    return lambda value: (
        isinstance(value, list) and len(value) >= least and all(one(each) for each in value)
    )


def among(*words: str) -> Fits:
    return lambda value: isinstance(value, str) and value in words


def formats(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(among("jpg", "png", "pdf"), value))


def day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def version(value: Any) -> bool:
    parts = value.split(".") if isinstance(value, str) else []
    digits = all(part.isascii() and part.isdigit() for part in parts)
    return 0 < len(parts) <= 4 and digits and len(value) <= 20


def limit(value: Any) -> bool:
    if not isinstance(value, Mapping) or not whole(0, MOST_DAYS)(value.get("value")):
        return False
    starts = among("ON_ACCEPTED", "ON_RECEIVED", "ON_DECISION")
    units = among(*({unit.value for unit in Unit} - {Unit.HOUR.value}))
    return (
        units(value.get("unit"))
        and Limit.of(value).value >= 0
        and ("clock_start" not in value or starts(value["clock_start"]))
        and maybe_blank(value.get("basis", ""))
    )


def actor(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(acceptor_role(value))
    except KeyError:
        return False


def fee_rule(value: Any) -> bool:
    """One amount, so much for each, or so much per unit by kind: never free text (安阳方案2014)."""
    if not isinstance(value, Mapping) or not isinstance(value.get("when", 0), Mapping | None):
        return False
    if not text(value.get("name", "-")):
        return False
    amount = whole(0, MOST_FEN)
    ways = [key for key in ("amount_cent", "amount_cent_each", "unit_price_cent") if key in value]
    if ways == ["amount_cent"]:
        return amount(value["amount_cent"])
    if ways == ["amount_cent_each"]:
        return amount(value["amount_cent_each"]) and text(value.get("each_of"))
    prices = value.get("unit_price_cent")
    return (
        ways == ["unit_price_cent"]
        and isinstance(prices, Mapping)
        and bool(prices)
        and all(map(amount, prices.values()))
        and text(value.get("unit_price_by"))
        and text(value.get("per"))
    )
