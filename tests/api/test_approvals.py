"""Story 6 over HTTP: an officer without approval opens a minor's file, and is refused."""

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.services import mandating
from tests.world import World


async def test_a_minors_file_is_opened_by_who_was_allowed_to(world: World) -> None:
    filed = await mandating.for_a_child(world)
    window = tokens.of_staff(world, await make.officer(world))
    boss = tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))
    path = f"/staff/v1/cases/{filed.case_id}"
    refused = await world.http.get(path, token=window)
    assert (refused.status, refused.json["code"]) == (403, "approval_needed")
    assert "小宇" not in refused.body.decode()
    [material, *_] = await world.rows("materials")
    content = f"/staff/v1/materials/{material['id']}/content"
    hidden = await world.http.get(content, token=window)
    assert (hidden.status, hidden.json["code"]) == (403, "approval_needed")

    asked = await world.http.post(f"{path}/approvals", json={"purpose": "核对"}, token=window)
    assert asked.status == 201
    approval = f"/staff/v1/approvals/{asked.json['id']}"
    own = await world.http.post(f"{approval}/grant", token=window)
    assert (own.status, own.json["code"]) == (403, "own_request")
    listed = (await world.http.get("/staff/v1/approvals", token=boss)).json["approvals"]
    assert [each["id"] for each in listed] == [asked.json["id"]]
    granted = await world.http.post(f"{approval}/grant", json={"days": 3}, token=boss)
    assert granted.json["until"] is not None
    assert (await world.http.get(path, token=window)).status == 200
    assert (await world.http.get(content, token=window)).status == 200
    gone = await world.http.delete(approval, token=boss)
    assert gone.status == 204
    assert (await world.http.get(path, token=window)).status == 403


async def test_what_only_supervisors_do(world: World) -> None:
    filed = await mandating.for_a_child(world)
    officer = await make.officer(world)
    window = tokens.of_staff(world, officer)
    body = {
        "member_id": str(officer.id),
        "item_code": filed.item.code,
        "purpose": "日常经办",
        "days": 30,
    }
    refused = await world.http.post("/staff/v1/approvals", json=body, token=window)
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert await world.rows("file_approvals") == []
    boss = tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))
    assert (await world.http.post("/staff/v1/approvals", json=body, token=boss)).status == 201
    path = f"/staff/v1/cases/{filed.case_id}"
    assert (await world.http.get(path, token=window)).status == 200
    for days in (0, 184):
        long = {**body, "days": days}
        answer = await world.http.post("/staff/v1/approvals", json=long, token=boss)
        assert answer.status == 422
