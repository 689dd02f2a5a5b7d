"""Assessments (核定): what a fee is by what was measured, told apart from a decision."""

from dataclasses import dataclass
from typing import Any

from models.case import Case
from models.ids import uuid7
from models.payment import Fee, FeeAssessment
from models.rules.states import FeeStage, Phase
from services.announcements import announce
from services.errors import FieldFault
from services.events.asides import keep_number
from services.events.problems import EventIncomplete, FeeAssessedBefore
from services.events.reports import NOT_USABLE, Told
from services.fees import Fees, charges
from services.items import PublishedItem
from services.transitions import StepNotAllowed, Transitions

OWED = "费用算好了,请缴费,缴后才能批"


@dataclass(frozen=True)
class Assessments:
    transitions: Transitions
    fees: Fees

    async def assess(self, told: Told) -> None:
        """Take a measurement: it makes the fee, or waits for the decision that the fee follows.

        Raises ``EventIncomplete`` where a measurement is of no use, ``FeeAssessedBefore`` for one
        that would change what the applicant was told to pay, ``FeeUndetermined``.
        """
        case, item, measured = told.case, told.item, dict(told.report.fee or {})
        if case.state.phase is not Phase.HANDLING:
            raise StepNotAllowed
        if not charges(case, item) or item.fee_stage is FeeStage.BEFORE_ACCEPTANCE:
            raise EventIncomplete(faults=[FieldFault("/payload/fee", NOT_USABLE)])
        if not await self.fees.agrees(case, item, measured):
            raise FeeAssessedBefore
        if item.fee_stage is FeeStage.AFTER_ACCEPTANCE:
            await charge(self.transitions, self.fees, case, item, measured)
        else:
            await self._keep(told, measured)
        await keep_number(told)
        self.transitions.look_again(case)

    async def _keep(self, told: Told, measured: dict[str, object]) -> None:
        """Keep it for the decision: nobody pays for what may still be refused."""
        kept: dict[str, Any] = {
            "measured": measured,
            "source": told.actor.id or "",
            "at": self.transitions.clock.now(),
        }
        if not await FeeAssessment.filter(case_id=told.case.id).update(**kept):
            await FeeAssessment.create(id=uuid7(), case_id=told.case.id, **kept)


async def charge(
    transitions: Transitions,
    fees: Fees,
    case: Case,
    item: PublishedItem,
    measured: dict[str, object] | None,
) -> None:
    """Make the fee that nobody could compute before, and tell the applicant once that it is due.

    In the caller's transaction, with the case's row held. Raises ``FeeUndetermined``.
    """
    known = await Fee.exists(case_id=case.id, stage=item.fee_stage.value)
    fee = await fees.assess(case, item, measured=measured)
    if fee is not None and not known and fee.settled_at is None:
        now = transitions.clock.now()
        await announce(transitions.jobs, case, OWED, now, key=f"fee:{fee.id}")
        transitions.look_again(case)


async def measured_before(case: Case) -> dict[str, object] | None:
    """Return the measurement that waits for a case's decision, if there is one."""
    kept = await FeeAssessment.get_or_none(case_id=case.id)
    return None if kept is None else dict(kept.measured)
