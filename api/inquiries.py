"""Questions of the department to the applicant, and the answers: voluntary both ways."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Citizen
from services.inquiries import InquiryAnswered, InquiryOver, InquiryUnknown, Question

inquiries = Routes("inquiries", "/v1/cases/<case_id:uuid>/inquiries", CITIZEN)
ROUTES = (inquiries,)


class AnswerBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=2000, pattern=r"\S")


class QuestionView(BaseModel):
    """``open``: it can be answered; nothing happens to who does not."""

    id: UUID
    question: str
    asked_at: str
    answer: str | None
    answered_at: str | None
    open: bool

    @classmethod
    def of(cls, question: Question) -> "QuestionView":
        return cls(
            id=question.id,
            question=question.question,
            asked_at=question.asked_at.isoformat(),
            answer=question.answer,
            answered_at=_time(question.answered_at),
            open=question.open,
        )


class QuestionList(BaseModel):
    inquiries: list[QuestionView]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@inquiries.add("GET", "", answer=QuestionList, errors=(CaseUnknown,))
async def list_questions(call: Call[Citizen], case_id: UUID) -> QuestionList:
    """List what the department asked in one's own case, with the answers given."""
    found = await call.ctx.inquiries.list(call.who, case_id)
    return QuestionList(inquiries=[QuestionView.of(question) for question in found])


@inquiries.add(
    "POST",
    "/<inquiry_id:uuid>/answer",
    body=AnswerBody,
    answer=QuestionView,
    errors=(CaseUnknown, InquiryUnknown, InquiryAnswered, InquiryOver),
    idempotent=True,
)
async def answer(call: Call[Citizen], case_id: UUID, inquiry_id: UUID) -> QuestionView:
    """Answer a question: the department gets it at once."""
    await call.ctx.limiter.hit("submit", str(call.who.account_id))
    text = call.body(AnswerBody).text.strip()
    return QuestionView.of(
        await call.ctx.inquiries.answer(call.who, case_id, inquiry_id, text, call.idempotency_key)
    )
