"""A dump of the whole database after a played case names nobody, and neither do the logs."""

import logging
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from models.inquiry import Inquiry
from services.events import EventType
from services.revealing import Purpose
from tests import make
from tests.services import stages
from tests.services.entrance import (
    LI_NAME,
    LI_NUMBER,
    WANG_NAME,
    WANG_NUMBER,
    WANG_PHONE,
    take_code,
)
from tests.stories import test_stories as stories
from tests.world import World

ELDER = ("赵淑芬", "511499194311051028", "6217000000000000000")
HOME = "人民路88号1单元301"
ANSWER = f"我是{WANG_NAME},电话{WANG_PHONE}。"
PERSONS = (
    *(WANG_NAME, WANG_NUMBER, WANG_PHONE, WANG_PHONE.removeprefix("+86")),
    *(LI_NAME, LI_NUMBER, *ELDER, HOME),
)


async def live(world: World) -> None:
    """Let people file, answer, object and receive, with their names wherever a name is asked."""
    await stories.test_story_1_the_barber_promises_his_rules_and_gets_his_licence_by_post(world)
    await stages.do(world, "notice.issue")
    wang = await make.citizen(world)
    await world.ctx.accounts.set_phone(wang, await take_code(world, kind="phone"))
    await make.citizen(world, make.LI)
    elder = await stages.drafted(world, wang, "ITEM06")
    await world.ctx.submissions.submit(wang, elder.case_id, uuid4().hex)
    filed = await stages.reviewed(world)
    machine = await stages.handed_off(world, filed)
    question = {"question": "请说明施工时间。"}
    await stages.report(world, machine, filed, EventType.INFORMATION_REQUESTED, **question)
    asked = await Inquiry.get(case_id=filed.case_id)
    await world.ctx.inquiries.answer(wang, filed.case_id, asked.id, ANSWER, uuid4().hex)
    assert filed.officer is not None
    await world.ctx.reviews.show(filed.officer, filed.case_id)
    field, why = "applicant.name", Purpose.VERIFY_IDENTITY
    await world.ctx.revealing.reveal(filed.officer, filed.case_id, field, why)


async def dump(world: World) -> dict[str, str]:
    """Return every column of every table as text; bytes as text, too, where they are any."""
    columns = await world.database.fetch(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public'"
    )
    found = {}
    for table, column, kind in columns:
        values = await world.database.fetch(f'SELECT "{column}"::text FROM "{table}"')
        raw = "\n".join(row[0] for row in values if row[0] is not None)
        if kind == "bytea":
            rows = await world.database.fetch(f'SELECT "{column}" FROM "{table}"')
            raw = "\n".join(bytes(row[0]).decode(errors="replace") for row in rows if row[0])
        found[f"{table}.{column}"] = raw
    return found


async def test_the_database_and_the_logs_name_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 4: no plaintext ID number, phone or name outside sealed columns, nor in the log."""
    caplog.set_level(logging.INFO)
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    with capture_logs() as lines:
        await live(world)
        waiting = await dump(world)  # with the jobs that wait
        await world.work(later=True)
    after = await dump(world)
    content = {name: text + after[name] for name, text in waiting.items()}
    assert len(content) > 300
    tables = {name.partition(".")[0] for name, values in content.items() if values}
    played = {"handoff_packages", "deliveries", "inquiries", "notices", "messages", "ratings"}
    assert tables >= {*played, "case_forms", "persons", "case_events", "audit_log", "pgqueuer"}
    named = {(name, each) for name, text in content.items() for each in PERSONS if each in text}
    assert named == set()
    logged = repr(lines) + caplog.text
    assert [each for each in PERSONS if each in logged] == []
    assert "http.request" in logged or "realname.checked" in logged


async def test_the_search_would_find_somebody(world: World) -> None:
    """What the test above looks for is found where it does lie open."""
    await world.database.execute("CREATE TABLE leak (words text, bytes bytea, thing jsonb)")
    insert = "INSERT INTO leak VALUES ($1, $2, $3)"
    await world.database.execute(insert, WANG_NAME, LI_NAME.encode(), f'{{"a": "{WANG_NUMBER}"}}')
    content = await dump(world)
    assert WANG_NAME in content["leak.words"]
    assert LI_NAME in content["leak.bytes"]
    assert WANG_NUMBER in content["leak.thing"]
