"""Reminders (提醒): what an applicant is told while a limit of theirs runs out."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.case import Case, ClockInstance
from models.rules.clock_table import ClockName
from models.rules.quiet import until_morning
from services.ports import Clock, Jobs

REMIND = "case.remind"

# What the person should do, at most 20 characters; the message shows until when.
WORDS: Mapping[ClockName, str] = MappingProxyType(
    {
        ClockName.CORRECTION: "补正快到期了,请尽快补交",
        ClockName.PAPER_SUBMIT: "请在到期前带原件到窗口",
        ClockName.PAY_CASE: "缴费快到期了,请尽快缴费",
        ClockName.SHORTFALL: "您承诺的材料快到期了",
        ClockName.ORIGINALS_3WD: "原件快到期了,请尽快补齐",
        ClockName.ORIGINALS_PRESENT: "请在到期前带原件来核对",
        ClockName.PICKUP_REMIND: "结果还没有领,请来领取",
    }
)


@dataclass(frozen=True)
class Reminders:
    clock: Clock
    jobs: Jobs

    async def enqueue(self, case: Case, clock: ClockInstance) -> None:
        """Have the applicant reminded of a clock, by day, in the caller's transaction."""
        payload = {
            "case_id": str(case.id),
            "clock_id": str(clock.id),
            "due_at": clock.due_at.isoformat(),
            "at": clock.next_at.isoformat() if clock.next_at else "",
        }
        key = f"{REMIND}:{clock.id}:{payload['at']}"
        after = until_morning(self.clock.now())
        await self.jobs.enqueue(REMIND, payload, after=after, key=key)
