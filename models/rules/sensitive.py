"""Files that not everybody who handles them may open: a minor's and a medical one.

A minor's: 未成年人网络保护条例(国务院令766号) 36, whoever opens it was allowed to by
who is in charge, and it is recorded. A medical one: 个人信息保护法 28 (医疗健康).
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

ADULT = 18
MEDICAL = "医疗健康"


class Sensitivity(StrEnum):
    """Why a file needs an approval."""

    MINOR = "MINOR"
    MEDICAL = "MEDICAL"


def medical_codes(materials: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the codes of an item's materials that tell of somebody's health."""
    return frozenset(
        str(each["code"]) for each in materials if each.get("sensitive_category") == MEDICAL
    )


def sensitivities(age: int | None, filed_medical: Collection[str]) -> frozenset[Sensitivity]:
    """Return why a file needs an approval: the applicant's age, medical materials in it."""
    found = set()
    if age is not None and age < ADULT:
        found.add(Sensitivity.MINOR)
    if filed_medical:
        found.add(Sensitivity.MEDICAL)
    return frozenset(found)
