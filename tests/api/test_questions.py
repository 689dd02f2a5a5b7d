"""Questions about items (咨询知识库): read by everybody, written by the item's department."""

from typing import Any

import pytest

from models.item import Item, ItemQuestion
from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.world import World

CIVIL_AFFAIRS = "示例县民政局"


async def address(item: str = "ITEM06") -> str:
    return f"/items/{await make.item_code(item)}/questions"


@pytest.mark.requirement("咨询知识库")
async def test_everybody_reads_what_is_asked_about_an_item(world: World) -> None:
    answer = await world.http.get(f"/v1{await address()}")
    asked = answer.json["questions"]
    assert (answer.status, len(asked)) == (200, 3)
    assert asked[0]["question"] == "老人不会用手机,可以让子女替他申请吗?"
    assert asked[1] == {
        "question": "多大年纪可以领?",
        "answer": "年满80周岁,户口在示例县。",
        "source": "高龄补贴办事指南",
    }
    assert (await world.http.get(f"/v1{await address('ITEM10')}")).json == {"questions": []}


@pytest.mark.requirement("咨询知识库", "动态更新")
async def test_its_department_keeps_the_answers_up_to_date(world: World) -> None:
    officer = await make.officer(world, (Role.DEPT,), unit=CIVIL_AFFAIRS)
    sent = {
        "questions": [
            {"question": "多大年纪可以领?", "answer": "年满79周岁。", "source": "新政策"},
            {"question": "要交什么?", "answer": "看办事指南。", "source": ""},
        ]
    }
    path = await address()
    others = len(await world.rows("item_questions")) - 3
    written = await world.http.put(
        f"/staff/v1{path}", token=tokens.of_staff(world, officer), json=sent
    )
    assert (written.status, written.json) == (200, sent)
    assert (await world.http.get(f"/v1{path}")).json == sent
    assert len(await world.rows("item_questions")) == others + 2
    [logged] = await world.rows("audit_log")
    assert (logged["action"], logged["actor_id"]) == ("item_questions.write", str(officer.id))


async def test_another_department_does_not_write_them(world: World) -> None:
    stranger = await make.officer(world, (Role.DEPT,), unit="示例县林业局")
    before = await world.rows("item_questions")
    sent = {"questions": [{"question": "a?", "answer": "b"}]}
    answer = await world.http.put(
        f"/staff/v1{await address()}", token=tokens.of_staff(world, stranger), json=sent
    )
    assert (answer.status, answer.json["code"]) == (403, "item_not_yours")
    assert await world.rows("item_questions") == before


@pytest.mark.parametrize(
    "entry",
    [
        {"question": "", "answer": "b"},
        {"question": "a" * 301, "answer": "b"},
        {"question": "a", "answer": "  "},
        {"question": "a", "answer": "b" * 5001},
        {"question": "a", "answer": "b", "source": "c" * 101},
        {"question": "a"},
        {"question": "a", "answer": "b", "more": 1},
    ],
)
async def test_a_question_needs_an_answer(world: World, entry: dict[str, Any]) -> None:
    officer = await make.officer(world, (Role.SUPERVISOR,))
    before = await world.rows("item_questions")
    answer = await world.http.put(
        f"/staff/v1{await address()}",
        token=tokens.of_staff(world, officer),
        json={"questions": [entry]},
    )
    assert (answer.status, answer.json["code"]) == (422, "fields_invalid")
    assert await world.rows("item_questions") == before


async def test_an_item_that_is_not_there(world: World) -> None:
    for path in ("/v1/items/none/questions", "/v1/items/a%00b/questions"):
        answer = await world.http.get(path)
        assert (answer.status, answer.json["code"]) == (404, "item_unknown")


async def test_questions_stay_with_their_item_when_it_is_published_anew(world: World) -> None:
    code = await make.item_code("ITEM06")
    old = await world.ctx.items.current(code)
    await world.ctx.items.publish({**old.body, "version": "2026.4"})
    row = await Item.get(code=code)
    assert await ItemQuestion.filter(item_id=row.id).count() == 3
