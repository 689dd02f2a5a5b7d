"""Item drafts over HTTP: a department writes, a supervisor publishes."""

from typing import Any
from uuid import uuid4

import pytest

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.rules.items import item
from tests.world import Answer, World

HOUSING = "示例县住房和城乡建设局"
CODE = str(item("item10")["code"])
PATH = "/staff/v1/item-drafts"


@pytest.fixture
async def author(world: World) -> str:
    return tokens.of_staff(world, await make.officer(world, (Role.DEPT,), unit=HOUSING))


@pytest.fixture
async def supervisor(world: World) -> str:
    return tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))


async def begin(world: World, token: str, **body: Any) -> Answer:
    sent = body or {"code": CODE}
    return await world.http.post(PATH, token=token, key=uuid4().hex, json=sent)


async def test_from_the_current_version_to_the_next(
    world: World, author: str, supervisor: str
) -> None:
    begun = await begin(world, author)
    assert begun.status == 201
    draft = begun.json
    assert (draft["version"], draft["based_on"], draft["revision"]) == ("2026.4", "2026.3", 1)
    assert (draft["refusals"], draft["status"], draft["writers"]) == (0, "DRAFT", ["测试人员"])
    assert {each["pointer"] for each in draft["changes"]} == {"/version", "/valid_from"}

    body = draft["body"]
    body["materials"][5]["name"] = "地下管线分布图"
    address = f"{PATH}/{draft['id']}"
    sent = {"body": body, "revision": 1}
    written = (await world.http.put(address, token=author, json=sent)).json
    assert (written["revision"], written["refusals"]) == (2, 0)
    assert {
        "pointer": "/materials/M06/name",
        "before": "地下管线分布资料",
        "after": "地下管线分布图",
    } in written["changes"]
    assert (await world.http.get(address, token=supervisor)).json == written

    unseen = {"revision": 1}
    stale = await world.http.post(f"{address}/publication", token=supervisor, json=unseen)
    assert (stale.status, stale.json["code"]) == (412, "draft_changed")
    seen = {"revision": 2}
    alone = await world.http.post(f"{address}/publication", token=author, json=seen)
    assert (alone.status, alone.json["code"]) == (403, "draft_needs_another")
    assert (await world.http.get(f"/v1/items/{CODE}")).json["version"] == "2026.3"

    published = await world.http.post(f"{address}/publication", token=supervisor, json=seen)
    assert (published.status, published.json["status"]) == (200, "PUBLISHED")
    shown = (await world.http.get(f"/v1/items/{CODE}")).json
    assert (shown["version"], shown["materials"][5]["name"]) == ("2026.4", "地下管线分布图")
    again = await world.http.post(f"{address}/publication", token=supervisor, json=seen)
    assert (again.status, again.json) == (200, published.json)


async def test_what_breaks_a_rule_is_listed_with_its_place_and_law(
    world: World, author: str, supervisor: str
) -> None:
    body = item("item10", version="2026.4", fee__basis="", materials__3__name="有关材料")
    draft = (await begin(world, author, body=body)).json
    assert (draft["refusals"], draft["name"]) == (2, body["name"])
    wrong = {
        each["pointer"]: (each["code"], each["basis"])
        for each in draft["findings"]
        if each["severity"] == "REFUSES"
    }
    assert wrong["/fee/basis"] == ("fee_without_basis", "行政许可法58")
    assert wrong["/materials/3/name"][0] == "material_vague"
    refused = await world.http.post(
        f"{PATH}/{draft['id']}/publication", token=supervisor, json={"revision": 1}
    )
    assert (refused.status, refused.json["code"]) == (422, "item_refused")
    assert {each["pointer"] for each in refused.json["errors"]} == set(wrong)
    assert (await world.http.get(f"/v1/items/{CODE}")).json["version"] == "2026.3"


async def test_synthetic_applicants_go_through_a_draft(world: World, author: str) -> None:
    draft = (await begin(world, author)).json
    answer = await world.http.post(
        f"{PATH}/{draft['id']}/simulation", token=author, json={"start": "2026-04-29"}
    )
    found = answer.json
    assert (answer.status, found["complete"], found["problems"]) == (200, True, [])
    # Five working days from Wednesday 29 April: the holiday ends on the 5th, Saturday the 9th is
    # worked: 30 April, 6, 7, 8 and 9 May.
    dues = {due["name"]: due["last_day"] for due in found["dues"]}
    assert dues["承诺办结时限"] == "2026-05-09"
    assert [(walk["flavour"], walk["pays"]) for walk in found["walks"]] == [
        ("普通", True),
        ("容缺受理", True),
        ("先办后验", True),
    ]
    asked = {(outcome["answers"], tuple(outcome["materials"])) for outcome in found["outcomes"]}
    plain = ("M01", "M02", "M03", "M04", "M05", "M06")
    assert {materials for _, materials in asked} == {plain, (*plain, "M90")}
    assert "问题: 0个" in found["report"]


async def test_what_cannot_be_read_cannot_be_simulated(world: World, author: str) -> None:
    draft = (await begin(world, author, body=item("item10", materials="无"))).json
    answer = await world.http.post(
        f"{PATH}/{draft['id']}/simulation", token=author, json={"start": None}
    )
    assert (answer.status, answer.json["code"]) == (422, "item_refused")
    assert answer.json["errors"][0]["pointer"] == "/materials"


async def test_drafts_are_listed_and_given_up(world: World, author: str, supervisor: str) -> None:
    made = [(await begin(world, author)).json["id"] for _ in range(3)]
    first = (await world.http.get(f"{PATH}?limit=2&status=DRAFT", token=author)).json
    assert [each["id"] for each in first["drafts"]] == [made[2], made[1]]
    rest = await world.http.get(f"{PATH}?limit=2&cursor={first['next_cursor']}", token=author)
    assert ([each["id"] for each in rest.json["drafts"]], rest.json["next_cursor"]) == (
        [made[0]],
        None,
    )
    gone = await world.http.post(f"{PATH}/{made[0]}/discard", token=author, json={"revision": 1})
    assert (gone.status, gone.body) == (204, b"")
    mine = await world.http.get(f"{PATH}?status=DISCARDED&code={CODE}", token=supervisor)
    assert [each["id"] for each in mine.json["drafts"]] == [made[0]]
    closed = await world.http.post(
        f"{PATH}/{made[0]}/publication", token=supervisor, json={"revision": 1}
    )
    assert (closed.status, closed.json["code"]) == (409, "draft_is_closed")


async def test_the_versions_of_an_item(world: World, author: str, supervisor: str) -> None:
    draft = (await begin(world, author)).json
    await world.http.post(
        f"{PATH}/{draft['id']}/publication", token=supervisor, json={"revision": 1}
    )
    found = (await world.http.get(f"/staff/v1/items/{CODE}/versions", token=author)).json
    told = [
        (each["version"], each["current"], each["published_by"], each["writers"])
        for each in found["versions"]
    ]
    assert told == [("2026.4", True, "测试人员", ["测试人员"]), ("2026.3", False, None, [])]
    old = await world.http.get(f"/staff/v1/items/{CODE}/versions/2026.3", token=author)
    assert (old.json["version"], old.json["body"]) == ("2026.3", item("item10"))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/staff/v1/items/{CODE}/versions/2026.9", "item_version_unknown"),
        (f"/staff/v1/items/{CODE}/versions/a%00b", "item_version_unknown"),
        ("/staff/v1/items/a%00b/versions", "item_unknown"),
        (f"/staff/v1/items/{CODE[:-2]}77/versions", "item_unknown"),
        (f"{PATH}/00000000-0000-7000-8000-000000000001", "draft_unknown"),
    ],
)
async def test_what_is_not_there(world: World, author: str, path: str, code: str) -> None:
    answer = await world.http.get(path, token=author)
    assert (answer.status, answer.json["code"]) == (404, code)


@pytest.mark.parametrize(
    "sent",
    [{}, {"code": CODE, "body": {}}, {"body": []}, {"code": CODE, "more": 1}, {"code": None}],
)
async def test_a_draft_begins_from_one_thing(world: World, author: str, sent: object) -> None:
    answer = await world.http.post(PATH, token=author, key=uuid4().hex, json=sent)
    assert (answer.status, answer.json["code"]) == (422, "fields_invalid")
    assert await world.rows("item_drafts") == []


async def test_the_same_key_begins_one_draft(world: World, author: str) -> None:
    first, second = [
        await world.http.post(PATH, token=author, key="begin-once", json={"code": CODE})
        for _ in range(2)
    ]
    assert (first.status, first.json) == (second.status, second.json)
    assert len(await world.rows("item_drafts")) == 1
    without = await world.http.post(PATH, token=author, json={"code": CODE})
    assert (without.status, without.json["code"]) == (400, "idempotency_key_missing")


async def test_who_only_sits_at_the_window_does_not_draft(world: World) -> None:
    window = tokens.of_staff(world, await make.officer(world, (Role.WINDOW,), unit=HOUSING))
    answer = await begin(world, window)
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert await world.rows("item_drafts") == []
