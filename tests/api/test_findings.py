"""The automatic check over HTTP: what the phone shows, what it hears, what it may answer."""

from typing import Any
from uuid import uuid4

import pytest

from models.rules.events import Role
from tests import make, seen
from tests.api import tokens
from tests.api.test_live import connected, heard
from tests.make import LI, Filed
from tests.seen import ScriptedReader
from tests.world import World

CARD = "M02"


@pytest.fixture
async def blurred(read_world: World, reader: ScriptedReader) -> Filed:
    """Return a draft whose card was read and is blurred."""
    filed = await make.draft(read_world, await make.citizen(read_world), "ITEM11")
    reader.sees = seen.reading(seen.page())
    await read_world.work()
    reader.sees = seen.blurred()
    await read_world.ctx.materials.upload(
        filed.citizen, filed.case_id, CARD, make.chunked(make.jpeg("again")), "card.jpg"
    )
    await read_world.work()
    return filed


async def current(world: World, filed: Filed) -> tuple[str, dict[str, Any]]:
    token = make.token(world, filed.citizen)
    answer = await world.http.get(f"/v1/cases/{filed.case_id}/materials", token=token)
    slot = next(each for each in answer.json["slots"] if each["code"] == CARD)
    return slot["current"]["id"], slot["check"]


async def test_the_slot_says_what_is_wrong_and_what_to_do(
    read_world: World, blurred: Filed
) -> None:
    _, check = await current(read_world, blurred)
    assert check["state"] == "READ"
    [finding] = check["findings"]
    assert finding == {
        "code": "blurred",
        "severity": "BLOCKS",
        "page": 1,
        "sentence": "照片拍糊了,字看不清楚。请把手机拿稳,对准以后停一下再拍。",
        "evidence": {"measured": 0.1},
        "insisted": False,
        "look_asked": False,
        "overruled": False,
        "upheld": False,
    }


async def test_the_phone_hears_when_a_photo_was_read(
    read_world: World, reader: ScriptedReader, blurred: Filed
) -> None:
    token = make.token(read_world, blurred.citizen)
    async with connected(read_world, blurred.case_id) as socket:
        await socket.send_json({"access_token": token})
        assert (await heard(socket))["state"] == "DRAFT"
        reader.sees = seen.id_card()
        await read_world.ctx.materials.upload(
            blurred.citizen, blurred.case_id, CARD, make.chunked(make.jpeg("third")), "card.jpg"
        )
        await read_world.work()
        assert await heard(socket) == {"material": CARD}
    assert (await current(read_world, blurred))[1] == {"state": "READ", "findings": []}


@pytest.mark.requirement("网上申请")
async def test_a_block_is_told_on_submitting_and_lifted_by_a_person(
    read_world: World, blurred: Filed
) -> None:
    http, mine = read_world.http, make.token(read_world, blurred.citizen)
    submit = f"/v1/cases/{blurred.case_id}/submit"
    refused = await http.post(submit, token=mine, key=uuid4().hex)
    assert (refused.status, refused.json["code"]) == (422, "materials_blocked")
    assert [each["pointer"] for each in refused.json["errors"]] == [f"/materials/{CARD}"]
    material, _ = await current(read_world, blurred)
    point = f"/materials/{material}/findings/blurred/1"
    insisted = await http.post(f"/v1{point}/insistence", token=mine)
    assert (insisted.status, insisted.json["code"]) == (409, "not_to_be_insisted")
    asked = await http.post(f"/v1{point}/second-look", token=mine, json={"reason": "就是这样"})
    assert asked.status == 204

    officer = tokens.of_staff(
        read_world, await make.officer(read_world, (Role.WINDOW, Role.DEPT), item=blurred)
    )
    waiting = await http.get("/staff/v1/second-looks", token=officer)
    [look] = waiting.json["looks"]
    assert (look["material_id"], look["reason"], look["finding"]["code"]) == (
        material,
        "就是这样",
        "blurred",
    )
    content = await http.get(f"/staff/v1/materials/{material}/content", token=officer)
    assert content.status == 200
    body = {"overrule": True, "reason": "能看清"}
    decided = await http.post(f"/staff/v1{point}/decision", token=officer, json=body)
    assert decided.status == 204
    again = await http.post(f"/staff/v1{point}/decision", token=officer, json=body)
    assert (again.status, again.json["code"]) == (409, "look_decided")
    assert (await http.post(submit, token=mine, key=uuid4().hex)).status == 200


async def test_a_stranger_finds_no_finding(read_world: World, blurred: Filed) -> None:
    material, _ = await current(read_world, blurred)
    stranger = make.token(read_world, await make.citizen(read_world, LI))
    before = await read_world.rows("finding_answers")
    for what, body in (("insistence", None), ("second-look", {"reason": ""})):
        path = f"/v1/materials/{material}/findings/blurred/1/{what}"
        answer = await read_world.http.post(path, token=stranger, json=body)
        assert (answer.status, answer.json["code"]) == (404, "material_unknown")
    path = f"/v1/cases/{blurred.case_id}/suggestions"
    assert (await read_world.http.get(path, token=stranger)).status == 404
    assert await read_world.rows("finding_answers") == before
