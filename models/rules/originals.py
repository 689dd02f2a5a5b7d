"""Originals (原件): which of them have to be seen (先办后验), and what can be said of each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.rules.conditions import Requirement
from models.rules.named import Named


class Outcome(StrEnum):
    """What a check came to. PENDING: a mismatch that no second officer has judged yet."""

    PASS = "PASS"  # noqa: S105
    INCOMPLETE = "INCOMPLETE"
    PENDING = "PENDING"
    MISMATCH = "MISMATCH"
    DISMISSED = "DISMISSED"


class Finding(Named):
    """What the officer found of one original."""

    TRUE = "TRUE", "与原件一致"
    MISSING = "MISSING", "没有带原件"
    DEFECTIVE = "DEFECTIVE", "形式不符"
    FALSE = "FALSE", "与原件不一致"

    @property
    def can_be_supplied(self) -> bool:
        """Three more working days help: 材料不齐或形式不符 (青神方案2018 附件3)."""
        return self in (Finding.MISSING, Finding.DEFECTIVE)


@dataclass(frozen=True)
class Original:
    """An original that has to be seen."""

    code: str
    name: str


def to_be_seen(
    materials: Sequence[Mapping[str, Any]],
    requirements: Sequence[Requirement],
    *,
    held: Collection[str],
    matched: Collection[str],
    seen: Collection[str],
) -> list[Original]:
    """Return which originals are still to be seen, in the item's order.

    ``held``: codes of materials that were filed; ``matched``: of those that a register confirmed
    (数据库核对一致), of which nobody may ask for paper again; ``seen``: found true before.
    """
    checked = {each["code"] for each in materials if each["original_check_on_pickup"]}
    done = {*matched, *seen}
    return [
        Original(each.code, each.name)
        for each in requirements
        if each.code in checked and each.code not in done and (each.code in held or each.required)
    ]
