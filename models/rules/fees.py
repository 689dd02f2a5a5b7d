"""What a case costs, by the item's published rules and nothing else. Amounts are integer fen."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from models.rules.condition_tree import Facts, look_up, parse
from models.rules.states import FeeStage

_MOST = Decimal(10**9)
_PLACES = 20  # more than any JSON number between 0.01 and a million has


class FeeUndetermined(ValueError):
    """The rules give no amount for these facts; the fee must be set before anybody pays."""


class WaiverUnknown(ValueError):
    """A waiver that the item does not publish."""


@dataclass(frozen=True)
class FeeLine:
    """One part of a fee: ``quantity`` times ``unit_price_fen``, half-up to the fen."""

    text: str
    quantity: Decimal
    unit_price_fen: int
    amount_fen: int


@dataclass(frozen=True)
class Assessment:
    """What is owed and when. ``waived_by`` names the published waiver that brought it to zero."""

    stage: FeeStage
    name: str
    basis: str
    lines: tuple[FeeLine, ...]
    waived_by: str | None = None

    @property
    def full_fen(self) -> int:
        """The amount without any waiver."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def total_fen(self) -> int:
        """The amount to pay."""
        return 0 if self.waived_by else self.full_fen


def assess(fee: Mapping[str, Any], facts: Facts, *, waiver: str | None = None) -> Assessment:
    """Compute an item's fee: the sum of the rules that hold.

    ``waiver`` is one of the item's published waivers that was granted. Raise ``WaiverUnknown``
    for another, ``FeeUndetermined`` when no rule holds or a quantity is not given.
    """
    if not fee["charged"]:
        return Assessment(FeeStage.NONE, "", "", ())
    if waiver is not None and waiver not in fee.get("waivers", ()):
        raise WaiverUnknown(waiver)
    applying = [
        rule for rule in fee["rules"] if rule["when"] is None or parse(rule["when"]).holds(facts)
    ]
    if not applying:
        raise FeeUndetermined("no fee rule holds")
    return Assessment(
        stage=FeeStage(fee["stage"]),
        name=fee["name"],
        basis=fee["basis"],
        lines=tuple(_line(rule, fee["name"], facts) for rule in applying),
        waived_by=waiver,
    )


def _line(rule: Mapping[str, Any], name: str, facts: Facts) -> FeeLine:
    text = rule.get("name", name)
    if "amount_cent" in rule:
        return FeeLine(text, Decimal(1), rule["amount_cent"], rule["amount_cent"])
    if "amount_cent_each" in rule:
        pieces = _quantity(facts, rule["each_of"])
        if pieces != int(pieces):
            raise FeeUndetermined(f"{rule['each_of']} is not a whole number")
        return _priced(text, pieces, rule["amount_cent_each"])
    kind = look_up(facts, rule["unit_price_by"])
    if not isinstance(kind, str) or kind not in rule["unit_price_cent"]:
        raise FeeUndetermined(f"no price for {rule['unit_price_by']}")
    price = rule["unit_price_cent"][kind]
    return _priced(f"{text}({kind})", _quantity(facts, rule["per"]), price)


def _priced(text: str, quantity: Decimal, price: int) -> FeeLine:
    exact = Fraction(quantity) * price
    half_up = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return FeeLine(text, quantity, price, half_up)


def _quantity(facts: Facts, field: str) -> Decimal:
    given = look_up(facts, field)
    if given is None or isinstance(given, bool):
        raise FeeUndetermined(f"{field} is not given")
    if "_" in str(given):
        raise FeeUndetermined(f"{field} is not a number")
    try:
        # The shortest text of a JSON number is what the person typed; no sum is done in floats.
        quantity = Decimal(str(given))
    except InvalidOperation:
        raise FeeUndetermined(f"{field} is not a number") from None
    if not quantity.is_finite() or not 0 <= quantity <= _MOST:
        raise FeeUndetermined(f"{field} is out of range")
    exponent = quantity.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_PLACES:
        raise FeeUndetermined(f"{field} has too many places")
    return quantity
