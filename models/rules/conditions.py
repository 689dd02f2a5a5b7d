"""What an item's conditions mean for one applicant: which materials, and whether any permit at all.

The conditions themselves stand in condition_tree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.rules.condition_tree import (
    Comparison,
    Condition,
    ConditionInvalid,
    Facts,
    Group,
    Op,
    look_up,
    parse,
)

__all__ = [
    "Comparison",
    "Condition",
    "ConditionInvalid",
    "Exemption",
    "Facts",
    "Group",
    "Op",
    "Requirement",
    "Why",
    "exemption_for",
    "look_up",
    "parse",
    "required_materials",
]


class Why(StrEnum):
    """Why a material is asked for or not, in words for the applicant."""

    ALWAYS = "办这件事必须交。"
    BY_ANSWERS = "按您填写的情况,需要交。"
    OPTIONAL = "有就交,没有可以不交。"
    NOT_NEEDED = "按您填写的情况,不用交。"


@dataclass(frozen=True)
class Requirement:
    """A material for one applicant.

    ``asked``: it concerns them, so it is shown. ``required``: without it nothing can be
    submitted. ``upload``: a file is expected; what the online form itself makes needs none.
    """

    code: str
    name: str
    asked: bool
    required: bool
    upload: bool
    why: Why


@dataclass(frozen=True)
class Exemption:
    """A finding that the answers alone decide (行政许可法32(1): told at once)."""

    outcome: str
    reason_code: str
    basis: str


def required_materials(materials: Sequence[Mapping[str, Any]], facts: Facts) -> list[Requirement]:
    """Decide each material of an item by the facts, in the item's order.

    Raise ``ConditionInvalid`` when the item's data is wrong.
    """
    return [_requirement(material, facts) for material in materials]


def _requirement(material: Mapping[str, Any], facts: Facts) -> Requirement:
    condition = material.get("condition")
    if material["required"]:
        why = Why.ALWAYS
    elif condition is None:
        why = Why.OPTIONAL
    else:
        why = Why.BY_ANSWERS if parse(condition).holds(facts) else Why.NOT_NEEDED
    return Requirement(
        code=material["code"],
        name=material["name"],
        asked=why is not Why.NOT_NEEDED,
        required=why in (Why.ALWAYS, Why.BY_ANSWERS),
        upload=material["kind"] != "ONLINE_FORM",
        why=why,
    )


def exemption_for(rules: Sequence[Mapping[str, Any]], facts: Facts) -> Exemption | None:
    """Return the first exemption whose condition holds; a permit is not needed then."""
    for rule in rules:
        if parse(rule["when"]).holds(facts):
            return Exemption(rule["outcome"], rule["reason_code"], rule["basis"])
    return None
