"""How a request to withdraw (撤回请求) ends: what comes first in the case's order wins."""

from datetime import datetime
from enum import StrEnum

from models.case import Case
from models.rules.events import Event
from models.rules.lifecycle import events_from
from models.rules.states import State
from models.withdrawal import Withdrawal

DECIDED = "已经作出决定,不能撤回。"
OVER = "这次办理已经结束,不用再撤回。"


class WithdrawalStatus(StrEnum):
    OPEN = "OPEN"
    TAKEN_BACK = "TAKEN_BACK"
    CONFIRMED = "CONFIRMED"
    DECLINED = "DECLINED"
    OVERTAKEN = "OVERTAKEN"


def may_request(state: State) -> bool:
    """Tell whether a case in this state can be withdrawn on request (T47)."""
    return Event.WITHDRAW_CONFIRMED in events_from(state)


async def answer(case: Case, status: WithdrawalStatus, text: str, now: datetime) -> None:
    """Answer the request that waits, in the caller's transaction with the case's row held."""
    waiting = Withdrawal.filter(case_id=case.id, status=WithdrawalStatus.OPEN.value)
    await waiting.update(status=status.value, answer=text, answered_at=now)


async def answer_by_step(case: Case, event: Event, now: datetime) -> None:
    """Answer a request by the step that has just ended its being possible."""
    if event is Event.WITHDRAW_CONFIRMED:
        await answer(case, WithdrawalStatus.CONFIRMED, "", now)
    else:
        text = OVER if case.decided_at is None else DECIDED
        await answer(case, WithdrawalStatus.OVERTAKEN, text, now)
