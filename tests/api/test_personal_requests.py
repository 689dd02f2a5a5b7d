"""Requests about personal data over HTTP."""

from models.rules.events import Role
from services.personal_requests import FULFIL
from tests import make
from tests.api import tokens
from tests.services import stages
from tests.world import World

MINE, OFFICE = "/v1/me/requests", "/staff/v1/requests"


async def test_a_copy_is_asked_for_made_and_downloaded(world: World) -> None:
    who = await make.citizen(world)
    token = make.token(world, who)
    asked = await world.http.post(MINE, token=token, json={"kind": "ACCESS"})
    assert (asked.status, asked.json["status"]) == (201, "OPEN")
    path = f"{MINE}/{asked.json['id']}"
    answer = await world.http.get(f"{path}/export", token=token)
    assert (answer.status, answer.json["code"]) == (404, "export_gone")
    await stages.do(world, FULFIL)
    shown = (await world.http.get(path, token=token)).json
    assert (shown["status"], shown["download_until"]) == ("DONE", "2026-03-09T01:10:00+00:00")
    copy = await world.http.get(f"{path}/export", token=token)
    assert copy.status == 200
    assert copy.headers["Content-Disposition"].startswith("attachment")
    assert copy.headers["Cache-Control"] == "no-store"
    assert copy.json["persons"][0]["name"] == (await make.person(world))["name"]
    other = make.token(world, await make.citizen(world, make.LI))
    for each in (path, f"{path}/export"):
        assert (await world.http.get(each, token=other)).status == 404
    listed = await world.http.get(MINE, token=token)
    assert [each["id"] for each in listed.json["requests"]] == [asked.json["id"]]


async def test_a_correction_goes_to_a_person_and_comes_back_with_reasons(world: World) -> None:
    token = make.token(world, await make.citizen(world))
    wish = {"kind": "CORRECTION", "wish": "住址写错了。"}
    asked = (await world.http.post(MINE, token=token, json=wish)).json
    staff = tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))
    [waiting] = (await world.http.get(OFFICE, token=staff)).json["requests"]
    assert (waiting["id"], waiting["wish"]) == (asked["id"], "住址写错了。")
    path = f"{OFFICE}/{asked['id']}/decision"
    short = await world.http.post(path, token=staff, json={"granted": False, "answer": "不行"})
    assert (short.status, short.json["code"]) == (422, "fields_invalid")
    body = {"granted": False, "answer": "没有住址这一项信息。"}
    decided = await world.http.post(path, token=staff, json=body)
    assert (decided.status, decided.json["status"]) == (200, "REFUSED")
    shown = (await world.http.get(f"{MINE}/{asked['id']}", token=token)).json
    assert (shown["status"], shown["answer"]) == ("REFUSED", "没有住址这一项信息。")
    window = tokens.of_staff(world, await make.officer(world))
    assert (await world.http.get(OFFICE, token=window)).status == 403
    again = await world.http.post(path, token=staff, json=body)
    assert (again.status, again.json["code"]) == (409, "request_ended")


async def test_closing_over_an_open_case_is_refused_with_what_to_do(world: World) -> None:
    who = await make.citizen(world)
    await make.submitted(world, who)
    token = make.token(world, who)
    answer = await world.http.post(MINE, token=token, json={"kind": "CLOSURE"})
    assert (answer.status, answer.json["code"]) == (409, "closure_not_now")
    answer = await world.http.post(MINE, token=token, json={"kind": "EVERYTHING"})
    assert answer.status == 422


async def test_a_closed_accounts_token_opens_nothing_any_more(world: World) -> None:
    token = make.token(world, await make.citizen(world))
    assert (await world.http.get("/v1/cases", token=token)).status == 200
    assert (await world.http.post(MINE, token=token, json={"kind": "CLOSURE"})).status == 201
    opening = {"item_code": await make.item_code("ITEM10")}
    for method, path, body in (("GET", "/v1/cases", None), ("POST", "/v1/cases", opening)):
        answer = await world.http.request(method, path, token=token, json=body)
        assert answer.status == 401, path
    assert await world.rows("cases") == []
