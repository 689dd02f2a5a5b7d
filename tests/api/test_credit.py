"""Credit over HTTP: one's own, and the supervisor's."""

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.services.test_credit import CONFIRMED, proposed
from tests.world import World


async def test_the_whole_way_over_http(world: World) -> None:
    filed, event = await proposed(world)
    staff = tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))
    mine = make.token(world, filed.citizen)
    [shown] = (await world.http.get("/v1/credit-events", token=mine)).json["events"]
    assert (shown["status"], shown["can_object"]) == ("PROPOSED", True)
    assert "2026-05-14" in shown["evidence"][0]
    assert "proposed_by" not in shown
    path = f"/staff/v1/credit-events/{event.id}"
    answer = await world.http.post(f"{path}/confirm", token=staff)
    assert (answer.status, answer.json["status"]) == (200, "NOTIFIED")
    assert (answer.json["object_until"], answer.json["confirmed_at"]) == (
        "2026-05-29",
        CONFIRMED.isoformat(),
    )
    text = {"text": "我当天住院,有出院证明。"}
    answer = await world.http.post(f"/v1/credit-events/{event.id}/objection", token=mine, json=text)
    assert (answer.status, answer.json["status"]) == (200, "OBJECTED")
    listed = await world.http.get("/staff/v1/credit-events?status=OBJECTED", token=staff)
    assert listed.json["events"][0]["objection"] == text["text"]
    decision = {"upheld": True, "reasons": "有出院证明,情况属实。"}
    answer = await world.http.post(f"{path}/decision", token=staff, json=decision)
    assert (answer.status, answer.json["status"]) == (200, "CANCELLED")
    answer = await world.http.post(
        f"{path}/repair", token=staff, json={"reasons": "已经补交原件。"}
    )
    assert (answer.status, answer.json["code"]) == (409, "credit_not_now")


async def test_others_do_not_see_it(world: World) -> None:
    _, event = await proposed(world)
    other = make.token(world, await make.citizen(world))
    assert (await world.http.get("/v1/credit-events", token=other)).json["events"] == []
    answer = await world.http.post(
        f"/v1/credit-events/{event.id}/objection", token=other, json={"text": "不是我的事。"}
    )
    assert (answer.status, answer.json["code"]) == (404, "credit_event_unknown")
    dept = tokens.of_staff(world, await make.officer(world, (Role.WINDOW, Role.DEPT)))
    assert (await world.http.get("/staff/v1/credit-events", token=dept)).status == 403


async def test_pages_are_whole(world: World) -> None:
    await proposed(world)
    staff = tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))
    page = (await world.http.get("/staff/v1/credit-events?limit=1", token=staff)).json
    assert (len(page["events"]), page["next_before"]) == (1, None)
    assert (await world.http.get("/staff/v1/credit-events?limit=0", token=staff)).status == 422
