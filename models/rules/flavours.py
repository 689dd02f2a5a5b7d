"""The flavours of acceptance (容缺受理, 先办后验, 告知承诺), read from an item's data."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from models.rules.calendar import Limit, WorkCalendar, due_at, due_on
from models.rules.named import Named
from models.rules.reasons import DefectReason
from models.rules.states import AcceptMode


class ShortfallStage(Named):
    """Where one missing material is on its way from a wish to the file."""

    WANTED = "WANTED", "您申请以后补交,等窗口看"
    PROPOSED = "PROPOSED", "等审批部门确认"
    CONFIRMED = "CONFIRMED", "可以先缺,请签承诺"
    DECLINED = "DECLINED", "不能先缺,需要补齐"
    PROMISED = "PROMISED", "您已经承诺补交"
    FULFILLED = "FULFILLED", "已经补齐"
    OVERDUE = "OVERDUE", "到期没有补齐"

    @property
    def is_open(self) -> bool:
        """Whether the applicant may still be let off the material for now."""
        return self in (
            ShortfallStage.WANTED,
            ShortfallStage.PROPOSED,
            ShortfallStage.CONFIRMED,
            ShortfallStage.PROMISED,
        )


def allows(body: Mapping[str, Any], mode: AcceptMode) -> bool:
    """Whether an item may be accepted in a mode; an exclusion outweighs a flag.

    DEEMED is nobody's choice. A promise that was never written (no ``commitment``) cannot be
    signed.
    """
    flags = body["flags"]
    match mode:
        case AcceptMode.NORMAL:
            return True
        case AcceptMode.SHORTFALL:
            return bool(flags["shortfall_allowed"])
        case AcceptMode.VERIFY_LATER:
            return bool(flags["verify_later_allowed"]) and not flags.get("verify_later_exclusion")
        case AcceptMode.COMMITMENT:
            excluded = flags.get("commitment_exclusion")
            return bool(flags["commitment_allowed"]) and not excluded and "commitment" in body
        case _:
            return False


def may_be_missing(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes of the materials that may come later (容缺材料标注); a core one never."""
    if not allows(body, AcceptMode.SHORTFALL):
        return frozenset()
    return frozenset(
        material["code"]
        for material in body["materials"]
        if material["shortfall_allowed"] and not material["core"]
    )


def replaced_by_promise(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes of the materials that a signed 告知承诺书 stands for."""
    if not allows(body, AcceptMode.COMMITMENT):
        return frozenset()
    return frozenset(body["commitment"].get("replaces", ()))


def latest_promise(start: datetime, limit: Limit, calendar: WorkCalendar) -> date:
    """Return the last day that an applicant may promise: the promised decision's own last day.

    ``start`` is what the decision limit counts from; raise ``ValueError`` for no limit.
    """
    return due_on(due_at(start, limit, calendar))


# What can be wrong with an original though its upload was right; the rest was visible before.
SEEN_ON_ORIGINALS = frozenset(
    {
        DefectReason.MISSING,
        DefectReason.WRONG_DOCUMENT,
        DefectReason.EXPIRED,
        DefectReason.INCOMPLETE_PAGES,
        DefectReason.NOT_MATCHING,
        DefectReason.MISSING_SEAL,
        DefectReason.MISSING_SIGNATURE,
        DefectReason.ALTERED,
    }
)
