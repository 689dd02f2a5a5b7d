"""Seeding: the catalogue goes in by the linter's door, and what is there already stays."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.catalogue import DIRECTORY
from models.item import ItemQuestion
from services.item_checks import ItemRefused
from services.items import VersionNotNewer
from services.questions import Question, QuestionsUnusable, read_questions
from services.seeding import Seeding, SeedRefused
from tests.rules.items import item, put
from tests.world import World

TABLES = ("items", "item_versions", "item_questions", "windows")


async def tables(world: World) -> list[list[dict[str, Any]]]:
    return [await world.rows(table) for table in TABLES]


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    shutil.copytree(DIRECTORY, tmp_path / "catalogue")
    return tmp_path / "catalogue"


def seeding(world: World, folder: Path) -> Seeding:
    return replace(world.parts.seeding, folder=folder)


def write(folder: Path, name: str, body: dict[str, Any]) -> None:
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")


async def test_a_second_seed_changes_nothing(world: World, catalogue: Path) -> None:
    before = await tables(world)
    assert await seeding(world, catalogue).seed([]) == 0
    assert await tables(world) == before


@pytest.mark.requirement("禁兜底条款", "事项要素")
async def test_a_catalogue_with_one_wrong_item_publishes_none(
    world: World, catalogue: Path
) -> None:
    before = await tables(world)
    write(catalogue, "item01", item("item01", version="2026.9"))
    wrong = item("item12", version="2026.9")
    put(wrong, "materials/3/name", "其他材料")
    write(catalogue, "item12", wrong)
    with pytest.raises(SeedRefused, match="/materials/3/name") as refusal:
        await seeding(world, catalogue).seed([])
    assert str(refusal.value).startswith("最低生活保障审核确认(低保办理) 2026.9: ")
    assert await tables(world) == before


async def test_another_body_needs_another_number(world: World, catalogue: Path) -> None:
    body = item("item03")
    put(body, "guide/advice_phone", "028-00000009")
    write(catalogue, "item03", body)
    before = await tables(world)
    with pytest.raises(SeedRefused, match="版本号要比已经发布的大"):
        await seeding(world, catalogue).seed([])
    assert await tables(world) == before
    body["version"] = "2026.4"
    write(catalogue, "item03", body)
    assert await seeding(world, catalogue).seed([]) == 1
    [entry] = await world.rows("audit_log")
    told = (entry["actor_role"], entry["action"], entry["object_id"], entry["data"])
    assert told == ("SYSTEM", "item.seed", body["code"], '{"version": "2026.4"}')


async def test_a_seed_does_not_undo_a_later_version(world: World, catalogue: Path) -> None:
    await world.ctx.items.publish(item("item03", version="2026.9"))
    assert await seeding(world, catalogue).seed([]) == 0
    assert (await world.ctx.items.current(item("item03")["code"])).version == "2026.9"


async def test_every_way_into_the_catalogue_is_linted(world: World) -> None:
    before = await tables(world)
    with pytest.raises(ItemRefused):
        await world.ctx.items.publish(item("item03", version="2026.9", guide__basis=[]))
    examined = await world.parts.seeding.checks.examine(item("item10", fee__basis=""))
    with pytest.raises(ItemRefused):
        await world.ctx.items.put(examined)
    with pytest.raises(VersionNotNewer):
        await world.ctx.items.publish(item("item03", guide__advice_phone="12345"))
    assert await tables(world) == before


@pytest.mark.requirement("咨询知识库")
async def test_questions_are_imported_item_by_item(world: World) -> None:
    code, other = item("item06")["code"], item("item05")["code"]
    kept = await ItemQuestion.filter(item__code=other).count()
    entries = [Question(code, f"问题{number}?", "回答。") for number in range(2)]
    assert await world.ctx.questions.load(entries) == 2
    assert [each.question for each in await world.ctx.questions.of(code)] == ["问题0?", "问题1?"]
    assert await ItemQuestion.filter(item__code=other).count() == kept == 3
    actor = ("SYSTEM", "item_questions.write", code)
    [entry] = await world.rows("audit_log")
    assert (entry["actor_role"], entry["action"], entry["object_id"]) == actor
    # A seed does not undo an import, and what changes nothing is not recorded.
    assert await world.ctx.questions.load([Question(code, "旧?", "旧。")], keep=True) == 0
    assert len(await world.ctx.questions.of(code)) == 2
    assert len(await world.rows("audit_log")) == 1


async def test_questions_about_nothing_are_refused_whole(world: World) -> None:
    before = await tables(world)
    known = item("item06")["code"]
    with pytest.raises(QuestionsUnusable) as refusal:
        await world.ctx.questions.load([Question(known, "a?", "b"), Question("x", "a?", "b")])
    assert [fault.pointer for fault in refusal.value.faults] == ["/x"]
    assert await tables(world) == before


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        {"item": "x", "question": "a?"},
        {"item": "x", "question": "a?", "answer": " "},
        {"item": "x", "question": "a?", "answer": "b", "more": "c"},
        {"item": "x", "question": "a" * 301, "answer": "b"},
        {"item": "x", "question": 1, "answer": "b"},
    ],
)
def test_a_list_of_questions_is_read_whole_or_not_at_all(entry: object) -> None:
    right = {"item": "x", "question": "a?", "answer": "b"}
    with pytest.raises(QuestionsUnusable) as refusal:
        read_questions([right, entry])
    assert [fault.pointer for fault in refusal.value.faults] == ["/1"]
    assert read_questions([right]) == [Question("x", "a?", "b")]
