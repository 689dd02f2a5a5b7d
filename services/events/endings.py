"""Ends without a decision: termination (终止), and the answer to a request to withdraw (撤回)."""

from dataclasses import dataclass

from models.rules.events import Event
from models.withdrawal import Withdrawal
from services.events.asides import DECLINED, keep_number, tell
from services.events.problems import WithdrawalNotRequested, WithdrawalTakenBack
from services.events.reports import Told
from services.orders import close_soon
from services.transitions import Transitions
from services.withdrawal_answers import WithdrawalStatus, answer


@dataclass(frozen=True)
class Endings:
    transitions: Transitions

    async def terminate(self, told: Told) -> None:
        """T48: a reason of the law ends the case; nothing is to be paid any more."""
        report, reason = told.report, told.report.reason_code
        if reason is None:
            raise ValueError("a termination without its reason")
        await self.transitions.apply(
            told.case,
            told.item,
            Event.TERMINATE,
            told.actor,
            changes={"backoffice_seq": report.seq},
            data={
                "reason_code": reason.value,
                "explanation": f"{reason.zh}{report.reason}",
                "text": f"这次办理已经终止。原因:{reason.zh}{report.reason}",
            },
        )
        await close_soon(self.transitions.jobs, told.case.id)

    async def answer_withdrawal(self, told: Told) -> None:
        """T47 when confirmed; else the case goes on, and the applicant reads why.

        Raises ``WithdrawalNotRequested`` or ``WithdrawalTakenBack``: only the applicant withdraws.
        """
        case, report = told.case, told.report
        self.transitions.check(case, told.item, Event.WITHDRAW_CONFIRMED, told.actor)
        if case.withdraw_requested_at is None:
            # Only the last request: one that was answered since is nothing that was taken back.
            last = await Withdrawal.filter(case_id=case.id).order_by("-requested_at", "-id").first()
            if last is not None and last.status == WithdrawalStatus.TAKEN_BACK.value:
                raise WithdrawalTakenBack
            raise WithdrawalNotRequested
        if report.confirmed:
            await self.transitions.apply(
                case,
                told.item,
                Event.WITHDRAW_CONFIRMED,
                told.actor,
                changes={"backoffice_seq": report.seq},
            )
            await close_soon(self.transitions.jobs, case.id)
        else:
            await self._decline(told)

    async def _decline(self, told: Told) -> None:
        case, now = told.case, self.transitions.clock.now()
        await answer(case, WithdrawalStatus.DECLINED, told.report.reason or "", now)
        case.withdraw_requested_at = None
        await case.save(update_fields=["withdraw_requested_at"])
        await keep_number(told)
        await tell(self.transitions, told, DECLINED)
