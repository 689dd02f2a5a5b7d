"""Answers to a back-office's questions (说明): voluntary, and on their way at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.inquiry import Inquiry
from models.rules.mandates import Act
from models.rules.states import Phase
from models.unit import transaction
from services.actors import Citizen
from services.cases import Cases
from services.errors import Conflict, NotFound
from services.idempotency import Once
from services.packages import ANSWER_PURPOSE, SUPPLEMENT, Packages


class InquiryUnknown(NotFound):
    """No such question was asked in this case."""

    code = "inquiry_unknown"
    sentence = "没有找到这个问题。"


class InquiryAnswered(Conflict):
    """A question is answered once: the back-office has the answer."""

    code = "inquiry_answered"
    sentence = "这个问题您已经答复过了。"


class InquiryOver(Conflict):
    """The review is over; nobody would read the answer."""

    code = "inquiry_over"
    sentence = "审查已经结束,不用再答复了。"


@dataclass(frozen=True)
class Question:
    """A question and, once given, its answer; ``open``: it can still be answered."""

    id: UUID
    question: str
    asked_at: datetime
    answer: str | None
    answered_at: datetime | None
    open: bool


@dataclass(frozen=True)
class Inquiries:
    cases: Cases
    packages: Packages

    async def list(self, who: Citizen, case_id: UUID) -> Sequence[Question]:
        """Return what was asked in one's own case, oldest first; raise ``CaseUnknown``."""
        opened = await self.cases.get(who, case_id)
        handling = opened.case.state.phase is Phase.HANDLING
        found = await Inquiry.filter(case_id=case_id).order_by("seq")
        return [self._shown(inquiry, open_=handling) for inquiry in found]

    @transaction
    async def answer(
        self, who: Citizen, case_id: UUID, inquiry_id: UUID, text: str, key: str
    ) -> Question:
        """Answer a question; the answer goes to the back-office as a SUPPLEMENT.

        Raises ``CaseUnknown``, ``InquiryUnknown``, ``InquiryAnswered`` or ``InquiryOver``.
        """
        case = await self.cases.locked(who, case_id, Act.SUBMIT)
        inquiry = await Inquiry.get_or_none(case_id=case.id, id=inquiry_id)
        if inquiry is None:
            raise InquiryUnknown
        once = Once.of(str(who.account_id), key, "inquiry", inquiry_id, text)
        if await once.answered() is not None:
            return self._shown(inquiry, open_=False)
        if inquiry.answered_at is not None:
            raise InquiryAnswered
        if case.state.phase is not Phase.HANDLING:
            raise InquiryOver
        inquiry.answer_sealed = self.cases.forms.crypto.seal(text.encode(), ANSWER_PURPOSE)
        inquiry.answered_at = self.cases.clock.now()
        await inquiry.save(update_fields=["answer_sealed", "answered_at"])
        item = await self.cases.items.version(case.item_version_id)
        await self.packages.create(case, item, SUPPLEMENT, answers=[inquiry])
        self.cases.transitions.look_again(case)
        await once.answer({"seq": inquiry.seq}, self.cases.clock)
        return self._shown(inquiry, open_=False)

    def _shown(self, inquiry: Inquiry, *, open_: bool) -> Question:
        sealed = inquiry.answer_sealed
        return Question(
            id=inquiry.id,
            question=inquiry.question,
            asked_at=inquiry.asked_at,
            answer=None
            if sealed is None
            else self.cases.forms.crypto.open(sealed, ANSWER_PURPOSE).decode(),
            answered_at=inquiry.answered_at,
            open=open_ and inquiry.answered_at is None,
        )
