"""Questions about items and their answers (咨询知识库): imported as a whole, then only read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.ids import uuid7
from models.item import Item, ItemQuestion
from models.unit import transaction
from services.actors import SYSTEM, Officer
from services.audit import Audit
from services.editors import acting, check_editor
from services.errors import FieldFault, Invalid
from services.items import Items, ItemUnknown

WRITE = "item_questions.write"
LONGEST_QUESTION = 300
LONGEST_ANSWER = 5000
LONGEST_SOURCE = 100


class QuestionsUnusable(Invalid):
    """A list of questions that cannot be taken over; each fault names its entry."""

    code = "questions_unusable"
    sentence = "问答的内容不对,没有导入。"


@dataclass(frozen=True)
class Question:
    """``item`` is the item's code; ``source`` says where the answer comes from."""

    item: str
    question: str
    answer: str
    source: str = ""


@dataclass(frozen=True)
class Questions:
    items: Items
    audit: Audit

    async def of(self, code: str) -> Sequence[ItemQuestion]:
        """Return the questions about an item in their order; raise ``ItemUnknown``."""
        item = await self.items.current(code)
        return await ItemQuestion.filter(item_id=item.item_id).order_by("position")

    async def replace(self, who: Officer, code: str, entries: Sequence[Question]) -> None:
        """Write the questions of one's own item anew; raise ``ItemUnknown``, ``ItemNotYours``."""
        item = await self.items.current(code)
        check_editor(who, item.agency)
        await self._replace(who, code, entries)

    @transaction
    async def _replace(self, who: Officer, code: str, entries: Sequence[Question]) -> None:
        item = await Item.filter(code=code).select_for_update().get()
        await _put(item, entries)
        facts = {"number": len(entries)}
        await self.audit.record(acting(who), WRITE, "item", code, facts)

    @transaction
    async def load(self, entries: Sequence[Question], *, keep: bool = False) -> int:
        """Replace the questions of every item that is named; return how many there are now.

        ``keep`` leaves items alone that have some: a seed does not undo an import. Raises
        ``QuestionsUnusable``; nothing changed then.
        """
        by_code: dict[str, list[Question]] = {}
        for entry in entries:
            by_code.setdefault(entry.item, []).append(entry)
        # Locked in one order, or two imports at once could wait for each other.
        found = await Item.filter(code__in=list(by_code)).order_by("code").select_for_update()
        if len(found) != len(by_code):
            unknown = sorted(by_code.keys() - {item.code for item in found})
            raise QuestionsUnusable(
                faults=[FieldFault(f"/{code}", ItemUnknown.sentence) for code in unknown]
            )
        loaded = 0
        for item in found:
            if keep and await ItemQuestion.exists(item_id=item.id):
                continue
            entries_of = by_code[item.code]
            await _put(item, entries_of)
            loaded += len(entries_of)
            facts = {"number": len(entries_of)}
            await self.audit.record(SYSTEM, WRITE, "item", item.code, facts)
        return loaded


async def _put(item: Item, entries: Sequence[Question]) -> None:
    await ItemQuestion.filter(item_id=item.id).delete()
    await ItemQuestion.bulk_create(_rows(item, entries))


def _rows(item: Item, entries: Sequence[Question]) -> list[ItemQuestion]:
    return [
        ItemQuestion(
            id=uuid7(),
            item_id=item.id,
            question=entry.question,
            answer=entry.answer,
            source=entry.source,
            position=place,
        )
        for place, entry in enumerate(entries)
    ]


def read_questions(data: object) -> Sequence[Question]:
    """Read the list of a file; raise ``QuestionsUnusable`` with everything that is wrong."""
    entries: list[Any] = data if isinstance(data, list) else [None]
    faults = [
        FieldFault(f"/{place}", fault)
        for place, entry in enumerate(entries)
        if (fault := _fault(entry))
    ]
    if faults:
        raise QuestionsUnusable(faults=faults)
    return [Question(**entry) for entry in entries]


def _fault(entry: object) -> str:
    if not isinstance(entry, Mapping) or not {"item", "question", "answer"} <= set(entry):
        return "要写事项编码(item)、问题(question)和回答(answer)。"
    if set(entry) - {"item", "question", "answer", "source"}:
        return "有不认识的内容。"
    if not all(isinstance(text, str) and text.strip() for text in entry.values()):
        return "内容要写成文字,不能空着。"
    long = len(entry["question"]) > LONGEST_QUESTION or len(entry["answer"]) > LONGEST_ANSWER
    return "问题或者回答太长。" if long or len(entry.get("source", "")) > LONGEST_SOURCE else ""
