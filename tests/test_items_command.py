"""``zhangban items``: lint and simulate without an installation, import into one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from commands.items import alone, installed
from models.catalogue import DIRECTORY
from settings import Settings
from tests.conftest import Servers
from tests.rules.items import NAMES, item, put
from tests.world import make_settings

Printed = pytest.CaptureFixture[str]


def written(folder: Path, body: Any, name: str = "item.yaml") -> str:
    file = folder / name
    file.write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    return str(file)


@pytest.fixture
def settings(servers: Servers, database: str) -> Settings:
    outside = "http://127.0.0.1:1"
    return make_settings(servers.folder, database, servers.valkey.url(), outside, 1)


def told(database: str, sql: str) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(database)
        try:
            return [dict(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_the_catalogue_passes(capsys: Printed) -> None:
    files = [str(DIRECTORY / f"{name}.yaml") for name in NAMES]
    assert alone(["lint", *files]) == 0
    printed = capsys.readouterr().out
    assert printed.count("0处不能发布") == 12
    assert "提醒 promised_over_half /limits/promised" in printed


def test_what_breaks_a_rule_is_told_with_its_place(tmp_path: Path, capsys: Printed) -> None:
    body = item("item10", fee__basis="")
    put(body, "materials/3/name", "其他材料")
    assert alone(["lint", written(tmp_path, body)]) == 1
    printed = capsys.readouterr().out
    assert "不能发布 material_vague /materials/3/name" in printed
    assert "不能发布 fee_without_basis /fee/basis" in printed
    assert "2处不能发布" in printed


def test_a_region_may_let_people_come_twice(tmp_path: Path, capsys: Printed) -> None:
    file = written(tmp_path, item("item09", flags__max_visits=2, tags=[]))
    assert alone(["lint", file]) == 0
    assert "visits_over_policy" in capsys.readouterr().out
    assert alone(["lint", "--max-visits", "2", file]) == 0
    assert "visits_over_policy" not in capsys.readouterr().out


def test_a_simulation_is_printed(tmp_path: Path, capsys: Printed) -> None:
    file = written(tmp_path, item("item05"))
    assert alone(["simulate", file, "--start", "2026-04-29"]) == 0
    printed = capsys.readouterr().out
    # Filed on Wednesday before the May holiday: 30 April, 6, 7, 8 and Saturday 9 May.
    assert "一次性告知期限: 5个工作日,到2026-05-09" in printed
    assert "申请人: 全部128种答案,5种结果" in printed
    assert "问题: 0个" in printed
    never = item("item05")
    put(never, "materials/5/condition", never["exemption_rules"][1]["when"])
    assert alone(["simulate", written(tmp_path, never)]) == 1
    assert "material_never_asked /materials/5" in capsys.readouterr().out
    assert alone(["simulate", written(tmp_path, {"name": "x"})]) == 1
    assert "不能模拟" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    ["- a\n- b\n", "a: [", "a: 2026-01-01\n", "a: .nan\n", "1: a\n", "a: !!python/object:x {}\n"],
)
def test_a_file_that_is_no_item(tmp_path: Path, capsys: Printed, text: str) -> None:
    file = tmp_path / "item.yaml"
    file.write_text(text, encoding="utf-8")
    assert alone(["lint", str(file), str(tmp_path / "absent.yaml")]) == 2
    assert capsys.readouterr().err.count("zhangban: ") == 2


@pytest.mark.requirement("要素一致")
def test_an_import_waits_for_a_supervisor(
    tmp_path: Path, settings: Settings, database: str, capsys: Printed
) -> None:
    file = tmp_path / "item.json"
    body = item("item10", version="2026.9")
    file.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    assert alone(["import", str(file)]) is None
    assert asyncio.run(installed(settings, ["import", str(file), str(file)])) == 0
    assert "0 to be put right" in capsys.readouterr().out
    [draft] = told(database, "SELECT status, writers::text, body::text FROM item_drafts")
    assert (draft["status"], draft["writers"]) == ("DRAFT", '["import"]')
    assert json.loads(draft["body"]) == body
    assert told(database, "SELECT 1 FROM item_versions WHERE version = '2026.9'") == []


def test_questions_are_imported(
    tmp_path: Path, settings: Settings, database: str, capsys: Printed
) -> None:
    entry = {"item": item("item10")["code"], "question": "要多久?", "answer": "5个工作日。"}
    assert asyncio.run(installed(settings, ["questions", written(tmp_path, [entry])])) == 0
    assert "1 questions" in capsys.readouterr().out
    asked = told(database, "SELECT answer FROM item_questions WHERE question = '要多久?'")
    assert asked == [{"answer": "5个工作日。"}]
    wrong = written(tmp_path, [{**entry, "answer": ""}])
    assert asyncio.run(installed(settings, ["questions", wrong])) == 1
    assert "/0 " in capsys.readouterr().out
    assert asyncio.run(installed(settings, ["import", written(tmp_path, [1])])) == 2
