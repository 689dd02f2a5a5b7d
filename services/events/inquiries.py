"""Questions of a back-office (说明): voluntary, without any effect on a clock, never a 补正."""

from dataclasses import dataclass

from models.ids import uuid7
from models.inquiry import Inquiry
from models.rules.inquiries import demands_materials
from models.rules.states import Phase
from services.events.asides import ASKED, keep_number, tell
from services.events.problems import CorrectionAfterAcceptance
from services.events.reports import Told
from services.transitions import StepNotAllowed, Transitions


@dataclass(frozen=True)
class Inquiries:
    transitions: Transitions

    async def ask(self, told: Told) -> None:
        """Put a question to the applicant; raise ``CorrectionAfterAcceptance`` for a demand."""
        question = told.report.question or ""
        if told.case.state.phase is not Phase.HANDLING:
            raise StepNotAllowed
        if demands_materials(question):
            raise CorrectionAfterAcceptance
        await Inquiry.create(
            id=uuid7(),
            case_id=told.case.id,
            seq=told.report.seq,
            question=question,
            asked_at=self.transitions.clock.now(),
        )
        await keep_number(told)
        await tell(self.transitions, told, ASKED)

    async def demand(self, told: Told) -> None:
        """Refuse a 补正: after acceptance only what was promised is still to come."""
        raise CorrectionAfterAcceptance
