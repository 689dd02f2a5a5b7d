"""Originals over HTTP: the desk, the second officer, and what the applicant is told to bring."""

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.services import verifying
from tests.services.reviewing import reviewer
from tests.world import World

LACKING = {
    "outcome": "INCOMPLETE",
    "identity_matched": True,
    "items": [
        {"code": "M03", "finding": "MISSING", "note": "请带林权证原件"},
        {"code": "M05", "finding": "TRUE"},
    ],
}
TRUE = {
    "outcome": "PASS",
    "identity_matched": True,
    "items": [{"code": "M03", "finding": "TRUE"}],
}


async def test_the_whole_way_over_http(world: World) -> None:
    filed = await verifying.due(world)
    path = f"/staff/v1/cases/{filed.case_id}/originals"
    staff = tokens.of_staff(world, reviewer(filed))
    world.clock.at = verifying.FIRST_VISIT
    staff = tokens.of_staff(world, reviewer(filed))
    sheet = (await world.http.get(path, token=staff)).json
    assert [each["code"] for each in sheet["wanted"]] == ["M03", "M05"]
    assert (sheet["visits"], sheet["max_visits"], sheet["checks"]) == (0, 1, [])
    [read] = await world.rows("audit_log")
    assert (read["action"], read["object_id"]) == ("originals.read", str(filed.case_id))
    assert read["actor_id"] == str(reviewer(filed).id)
    answer = await world.http.post(path, token=staff, json=LACKING)
    assert answer.status == 200, answer.body
    assert answer.json["state"] == "ORIGINALS_SUPPLEMENT"
    assert (answer.json["visits"], answer.json["warning"]) == (1, None)
    mine = await world.http.get(
        f"/v1/cases/{filed.case_id}/originals", token=make.token(world, filed.citizen)
    )
    assert mine.json["lacking"][0]["note"] == "请带林权证原件"
    assert mine.json["lacking"][0]["finding_text"] == "没有带原件"
    world.clock.at = verifying.SECOND_VISIT
    staff = tokens.of_staff(world, reviewer(filed))
    answer = await world.http.post(f"{path}/arrival", token=staff, json={})
    assert answer.json["state"] == "ORIGINALS_CHECK"
    answer = await world.http.post(path, token=staff, json=TRUE)
    assert answer.json["state"] == "RESULT_READY"
    assert "max_visits" in answer.json["warning"]


async def test_a_mismatch_over_http(world: World) -> None:
    filed, check_id = await verifying.suspected(world)
    path = f"/staff/v1/cases/{filed.case_id}/originals"
    first = tokens.of_staff(world, reviewer(filed))
    word = {"opinion": "已向登记机构核实。"}
    answer = await world.http.post(f"{path}/{check_id}/confirm", token=first, json=word)
    assert (answer.status, answer.json["code"]) == (403, "second_officer_needed")
    second = tokens.of_staff(world, await verifying.second(world))
    answer = await world.http.post(f"{path}/{check_id}/confirm", token=second, json={})
    assert answer.status == 422
    answer = await world.http.post(f"{path}/{check_id}/confirm", token=second, json=word)
    assert (answer.status, answer.json["state"]) == (200, "TERMINATED")
    [check] = (await world.http.get(path, token=second)).json["checks"]
    assert (check["outcome"], check["evidence"]) == ("MISMATCH", ["林权证编号在登记系统中查无此证"])


async def test_the_desk_says_what_is_wrong(world: World) -> None:
    filed = await verifying.due(world)
    path = f"/staff/v1/cases/{filed.case_id}/originals"
    staff = tokens.of_staff(world, reviewer(filed))
    answer = await world.http.post(path, token=staff, json=TRUE)
    assert (answer.status, answer.json["code"]) == (422, "originals_unseen")
    assert [each["pointer"] for each in answer.json["errors"]] == ["/items/M05"]
    strange = {**TRUE, "outcome": "PENDING"}
    assert (await world.http.post(path, token=staff, json=strange)).status == 422
    window = tokens.of_staff(world, await make.officer(world, (Role.WINDOW,)))
    answer = await world.http.post(path, token=window, json=LACKING)
    assert (answer.status, answer.json["code"]) == (403, "step_not_yours")


async def test_somebody_elses_originals_are_unknown(world: World) -> None:
    filed = await verifying.due(world)
    other = make.token(world, await make.citizen(world))
    answer = await world.http.get(f"/v1/cases/{filed.case_id}/originals", token=other)
    assert (answer.status, answer.json["code"]) == (404, "case_unknown")
