"""Consents over HTTP: one's own, with their words."""

from models.rules.privacy import STATEMENTS, Purpose
from tests import make
from tests.world import World

PATH = "/v1/me/consents"


async def test_one_reads_gives_and_withdraws(world: World) -> None:
    who = await make.citizen(world, consents=False)
    token = make.token(world, who)
    found = (await world.http.get(PATH, token=token)).json["consents"]
    assert {each["purpose"] for each in found} == {
        *("SAVED_MATERIALS", "MESSAGES", "COURIER", "PAYMENT_CHANNEL", "MEDICAL", "FINANCIAL")
    }
    [courier] = [each for each in found if each["purpose"] == "COURIER"]
    assert (courier["kind"], courier["ask"], courier["status"]) == ("SEPARATE", True, "UNANSWERED")
    assert "中国邮政" in courier["recipients"]
    body = {"version": courier["version"], "given": True}
    given = await world.http.put(f"{PATH}/COURIER", token=token, json=body)
    assert (given.status, given.json["status"], given.json["ask"]) == (200, "GIVEN", False)
    assert given.json["answered_at"] == world.clock.now().isoformat()
    answer = await world.http.put(f"{PATH}/COURIER", token=token, json={**body, "given": False})
    assert answer.json["status"] == "WITHDRAWN"
    other = make.token(world, await make.citizen(world, make.LI, consents=False))
    [theirs] = [
        each
        for each in (await world.http.get(PATH, token=other)).json["consents"]
        if each["purpose"] == "COURIER"
    ]
    assert theirs["status"] == "UNANSWERED"


async def test_what_is_not_asked_is_refused(world: World) -> None:
    token = make.token(world, await make.citizen(world, consents=False))
    for path, body, status, code in (
        ("NOTHING", {"version": "2026.1", "given": True}, 409, "not_to_be_asked"),
        ("CASE_HANDLING", {"version": "2026.1", "given": True}, 409, "not_to_be_asked"),
        ("COURIER", {"version": "2020.1", "given": True}, 412, "consent_outdated"),
        ("COURIER", {"version": "2026.1", "given": "yes"}, 422, "fields_invalid"),
        ("COURIER", {"version": "2026.1"}, 422, "fields_invalid"),
    ):
        answer = await world.http.put(f"{PATH}/{path}", token=token, json=body)
        assert (answer.status, answer.json["code"]) == (status, code), path
    assert await world.rows("consents") == []


async def test_a_cases_notice_is_for_who_may_see_the_case(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    path = f"/v1/cases/{filed.case_id}/privacy-notice"
    answer = await world.http.get(path, token=make.token(world, who))
    told = STATEMENTS[Purpose.CASE_HANDLING]
    assert (answer.status, answer.json["digest"]) == (200, told.digest)
    assert answer.json["text"] == told.text
    other = make.token(world, await make.citizen(world, make.LI))
    assert (await world.http.get(path, token=other)).status == 404
