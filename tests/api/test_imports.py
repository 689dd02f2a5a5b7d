"""Cases lodged elsewhere, over HTTP."""

from typing import Any

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.world import Answer, World

PATHS = ("/backoffice/v1/imports", "/staff/v1/imports")


async def body(world: World) -> dict[str, Any]:
    person = await make.person(world)
    return {
        "external_no": "ZJ-2026-17",
        "item_code": await make.item_code("ITEM10"),
        "applicant_name": person["name"],
        "id_number": person["id_number"],
        "received_at": "2026-02-27T10:00:00+08:00",
        "accepted_at": "2026-02-27T15:00:00+08:00",
    }


def problem(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


async def test_a_case_is_imported_and_seen(world: World) -> None:
    said = await body(world)
    item = await world.ctx.items.current(said["item_code"])
    machine = tokens.of_machine(world, await make.machine(world, item.agency_uscc))
    first = await world.http.post(PATHS[0], token=machine, json=said)
    assert (first.status, first.json["state"], first.json["matched"]) == (201, "ACCEPTED", False)
    officer = tokens.of_staff(world, await make.officer(world, (Role.WINDOW,), item="ITEM10"))
    again = await world.http.post(PATHS[1], token=officer, json=said)
    assert (again.status, again.json) == (200, first.json)
    who = make.token(world, await make.citizen(world))
    path = f"/v1/cases/{first.json['case_id']}"
    seen = await world.http.get(f"{path}/progress", token=who)
    assert (seen.status, seen.json["case_no"]) == (200, first.json["case_no"])
    assert len(seen.json["timeline"]) == 2
    assert (await world.http.get(path, token=who)).status == 200
    listed = await world.http.get("/v1/cases", token=who)
    assert [case["id"] for case in listed.json["cases"]] == [first.json["case_id"]]


async def test_what_is_wrong_with_an_import_is_named(world: World) -> None:
    said = await body(world)
    item = await world.ctx.items.current(said["item_code"])
    machine = tokens.of_machine(world, await make.machine(world, item.agency_uscc))
    for change, expected in (
        ({"item_code": "nothing"}, (404, "item_unknown")),
        ({"id_number": "511499199005236050"}, (422, "id_number_invalid")),
        ({"accepted_at": "2026-02-27T09:00:00+08:00"}, (422, "import_times_invalid")),
        ({"state": "DELIVERED"}, (422, "fields_invalid")),
        ({"received_at": "2026-02-27T10:00:00"}, (422, "fields_invalid")),
    ):
        answer = await world.http.post(PATHS[0], token=machine, json={**said, **change})
        assert problem(answer) == expected, change
    assert await world.rows("cases") == []
    citizen = make.token(world, await make.citizen(world))
    for path in PATHS:
        assert problem(await world.http.post(path, token=citizen, json=said))[0] == 401
