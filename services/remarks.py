"""Remarks (办理情况说明): what holds for a case now, each in one sentence for its applicant.

The timeline tells what happened; a remark tells what lasts: a pause, a longer limit, a request or
a question that waits for its answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models.rules.calendar import day_of, due_on
from models.rules.clock_table import ClockName
from models.rules.states import Phase, State
from services.refund_words import remark_of
from services.withdrawal_answers import WithdrawalStatus


@dataclass(frozen=True)
class Remark:
    """A sentence with its code; ``plain`` is the sentence without what an officer wrote."""

    code: str
    text: str
    plain: str


def is_withdrawing(facts: Mapping[str, Any]) -> bool:
    """Tell whether a request to withdraw waits for its answer."""
    found = facts["withdrawal"]
    return found is not None and found[0] == WithdrawalStatus.OPEN.value


def open_questions(facts: Mapping[str, Any]) -> int:
    """Return how many questions can still be answered."""
    return int(facts["questions"]) if State[facts["state"]].phase is Phase.HANDLING else 0


def remarks_of(facts: Mapping[str, Any]) -> Sequence[Remark]:
    """Return what to say of a case, by the facts of the progress statement."""
    return tuple(_remarks(facts))


def _remarks(facts: Mapping[str, Any]) -> Iterator[Remark]:
    if facts["suspended"] is not None:
        yield _suspended(*facts["suspended"])
    for name, due_at, _, paused_at in facts["clocks"] or ():
        if name == ClockName.EXTENSION.value:
            yield _extended(due_at, paused_at)
    if facts["withdrawal"] is not None:
        yield from _withdrawal(*facts["withdrawal"])
    for refund in facts["refunds"] or ():
        if said := remark_of(refund):
            yield _said("refund", said)
    if open_ := open_questions(facts):
        yield _said("questions", f"审批部门有{open_}个问题请您说明。不答也可以,不影响办理期限。")


def _said(code: str, text: str, plain: str | None = None) -> Remark:
    return Remark(code, text, plain or text)


def _suspended(at: str, procedure: str | None, until: str | None) -> Remark:
    since = _day(day_of(datetime.fromisoformat(at)))
    what = f"从{since}起正在做{procedure or '专门程序'}"
    planned = f",预计{_day(date.fromisoformat(until))}前后做完" if until else ""
    return _said("suspended", f"{what}{planned}。这段时间不算在办理期限里。")


def _extended(due_at: str, paused_at: str | None) -> Remark:
    if paused_at is not None:
        return _said("extended", "办理期限已经延长,专门程序做完以后接着算。")
    last = _day(due_on(datetime.fromisoformat(due_at)))
    return _said("extended", f"办理期限已经延长,最晚到{last}。")


def _withdrawal(status: str, answer: str) -> Iterator[Remark]:
    if status == WithdrawalStatus.OPEN.value:
        yield _said("withdrawal_requested", "您请求撤回申请,正在等审批部门答复。")
    elif status == WithdrawalStatus.DECLINED.value:
        plain = "审批部门没有同意撤回,继续办理。"
        yield _said("withdrawal_declined", f"{plain}理由:{answer}", plain)
    elif status == WithdrawalStatus.OVERTAKEN.value:
        yield _said("withdrawal_overtaken", f"您请求撤回申请,但是{answer}")


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
