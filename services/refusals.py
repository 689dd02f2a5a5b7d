"""Refusing acceptance (不予受理, T08): the closed list of the law's reasons, each with its duty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.rules.reasons import DefectReason, RefusalReason
from models.rules.reasons import Verdict as Word
from services import verdicts
from services.assessments import Assessment
from services.cases import Opened
from services.deemed import check_in_time
from services.errors import Conflict, Invalid


class RefusalUnusable(Invalid):
    """A reason that the law does not give for this item (T08)."""

    code = "refusal_unusable"
    sentence = "这个事项不能以材料不齐为由不予受理,请发补正通知书。"


class RedirectMissing(Invalid):
    """Who says 'not here' has to say where (行政许可法32(二))."""

    code = "redirect_missing"
    sentence = "不属于本机关职权的,要写明应当向哪个机关申请。"


class RefusalListMissing(Conflict):
    """Refused as incomplete, but nothing is listed as missing (不动产登记暂行条例17)."""

    code = "refusal_list_missing"
    sentence = "以材料不齐为由不予受理的,请先给出不合格的审查意见,逐项列明。"


@dataclass(frozen=True)
class Refusal:
    """Why an application is not accepted; ``redirect_agency`` is the proper authority."""

    reason: RefusalReason
    explanation: str
    redirect_agency: str | None = None
    assessment: Assessment = field(default_factory=Assessment)


async def notice_of(opened: Opened, refusal: Refusal, now: datetime) -> Mapping[str, Any]:
    """Return what is kept of a refusal and shown to the applicant.

    Raises ``RefusalUnusable``, ``RedirectMissing``, ``AcceptedByLaw`` or ``RefusalListMissing``.
    """
    reason = refusal.reason
    if not reason.usable(opened.item.body["acceptance"]["incomplete_policy"]):
        raise RefusalUnusable
    if reason.needs_redirect and not refusal.redirect_agency:
        raise RedirectMissing
    listed: Sequence[str] = ()
    if reason is RefusalReason.INCOMPLETE:
        await check_in_time(opened, now)
        listed = await _missing(opened)
    return {
        "reason_code": reason.value,
        "explanation": refusal.explanation,
        "redirect_agency": refusal.redirect_agency,
        "items": listed,
        "text": _text(refusal, listed),
    }


async def _missing(opened: Opened) -> list[str]:
    names = {material["code"]: material["name"] for material in opened.item.materials}
    listed = [
        f"{names[code]}:{DefectReason[verdict.reason_code or 'MISSING'].zh}"
        for code, verdict in (await verdicts.of_round(opened.case)).items()
        if verdict.verdict == Word.FAIL.value
    ]
    if not listed:
        raise RefusalListMissing
    return listed


def _text(refusal: Refusal, listed: Sequence[str]) -> str:
    parts = ["申请不予受理。", refusal.reason.zh, f"说明:{refusal.explanation}"]
    if listed:
        parts.append("需要补的:" + "".join(listed))
    if refusal.redirect_agency:
        parts.append(f"请到{refusal.redirect_agency}申请。")
    return "".join(parts)
