"""What a waiver is called in the timeline of its case."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from models.rules.waivers import WaiverStatus
from services.refund_words import RefundStep


def granted_text(ground: str) -> str:
    """Return what a grant says, in the step that it takes and where it takes none."""
    return f"费用已经减免({ground}),不用缴费。"


def waiver_steps(waiver: Mapping[str, Any]) -> Iterator[RefundStep]:
    """Yield what happened to a waiver; ``asked_at`` and ``decided_at`` are ISO 8601."""
    ground, status = waiver["ground"], WaiverStatus(waiver["status"])
    asked = f"已经申请减免费用({ground}),等收费的部门核对。"
    yield RefundStep(datetime.fromisoformat(waiver["asked_at"]), asked, asked)
    if status is WaiverStatus.GRANTED:
        text = plain = granted_text(ground)
    elif status is WaiverStatus.REFUSED:
        plain = f"减免没有批准({ground})。"
        text = f"{plain}理由:{waiver['refusal']}"
    elif status is WaiverStatus.TAKEN_BACK:
        text = plain = f"已经撤回减免申请({ground})。"
    else:
        return
    yield RefundStep(datetime.fromisoformat(waiver["decided_at"]), text, plain)
