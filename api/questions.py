"""Questions about items and their answers (咨询知识库)."""

from pydantic import BaseModel, ConfigDict, Field

from api.auth import EDITOR, PUBLIC
from api.call import Call
from api.routes import Routes
from services.actors import Officer
from services.editors import ItemNotYours
from services.items import ItemUnknown
from services.questions import LONGEST_ANSWER, LONGEST_QUESTION, LONGEST_SOURCE, Question

reading = Routes("questions", "/v1/items", PUBLIC)
writing = Routes("questions", "/staff/v1/items", EDITOR)
ROUTES = (reading, writing)

TEXT = r"\S"


class QuestionView(BaseModel):
    """``source`` says where the answer comes from."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=LONGEST_QUESTION, pattern=TEXT)
    answer: str = Field(min_length=1, max_length=LONGEST_ANSWER, pattern=TEXT)
    source: str = Field("", max_length=LONGEST_SOURCE)


class QuestionList(BaseModel):
    model_config = ConfigDict(extra="forbid")

    questions: list[QuestionView] = Field(max_length=200)


async def _list(call: Call[None] | Call[Officer], code: str) -> QuestionList:
    found = await call.ctx.questions.of(code)
    return QuestionList(
        questions=[
            QuestionView(question=each.question, answer=each.answer, source=each.source)
            for each in found
        ]
    )


@reading.add("GET", "/<code:str>/questions", answer=QuestionList, errors=(ItemUnknown,))
async def list_questions(call: Call[None], code: str) -> QuestionList:
    """List what people ask about an item, with the answers."""
    return await _list(call, code)


@writing.add(
    "PUT",
    "/<code:str>/questions",
    body=QuestionList,
    answer=QuestionList,
    errors=(ItemUnknown, ItemNotYours),
)
async def replace_questions(call: Call[Officer], code: str) -> QuestionList:
    """Write the questions about one's own item anew."""
    sent = call.body(QuestionList).questions
    entries = [Question(code, each.question, each.answer, each.source) for each in sent]
    await call.ctx.questions.replace(call.who, code, entries)
    return await _list(call, code)
