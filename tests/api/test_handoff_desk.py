"""The hand-off over HTTP, for a supervisor and for who administers the systems."""

from uuid import uuid4

from models.rules.events import Role
from models.staff import BackofficeClient
from tests import make
from tests.api import tokens
from tests.services import stages
from tests.services.reviewing import standing
from tests.world import World

DESK = "/staff/v1/handoff"


async def test_a_supervisor_finds_a_package_and_sends_it_again(world: World) -> None:
    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    token = tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))
    [waiting] = (await world.http.get(DESK, token=token)).json["packages"]
    number = (await filed.case()).case_no
    assert (waiting["case_no"], waiting["status"], waiting["kind"]) == (number, "READY", "ACCEPTED")
    await stages.taken_over(world, machine, filed)
    assert (await world.http.get(DESK, token=token)).json["packages"] == []
    path = f"{DESK}/{waiting['id']}"
    refused = await world.http.post(f"{path}/resend", token=token, json={})
    assert (refused.status, refused.json["code"]) == (422, "resend_reason_missing")
    done = await world.http.post(f"{path}/resend", token=token, json={"reason": "后台丢失"})
    assert done.status == 204
    shown = (await world.http.get(path, token=token)).json
    assert shown["package"]["status"] == "READY"
    assert [each["act"] for each in shown["history"]] == ["LEASED", "ACKED", "RESENT"]
    assert shown["history"][1]["by"] == machine.client_id
    query = f"{DESK}?case_no={number}&status=READY&late=false&returned=false"
    assert [each["id"] for each in (await world.http.get(query, token=token)).json["packages"]] == [
        waiting["id"]
    ]
    unknown = await world.http.get(f"{DESK}/{uuid4()}", token=token)
    assert (unknown.status, unknown.json["code"]) == (404, "package_unknown")


async def test_nobody_else_sees_or_sends(world: World) -> None:
    filed = await stages.reviewed(world)
    window = tokens.of_staff(world, await make.officer(world))
    machine = tokens.of_machine(world, await make.machine(world, filed.item.agency_uscc))
    before = await standing(world)
    for token, status in ((window, 403), (machine, 401), (None, 401)):
        assert (await world.http.get(DESK, token=token)).status == status
        path = f"{DESK}/{uuid4()}/resend"
        answer = await world.http.post(path, token=token, json={"reason": "x"})
        assert answer.status == status
    assert await standing(world) == before


async def test_an_administrator_says_how_a_system_is_reached(world: World) -> None:
    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    token = tokens.of_staff(world, await make.officer(world, (Role.ADMIN,)))
    base = f"/staff/v1/machines/{machine.client_id}"
    put = await world.http.put(
        f"{base}/wake-up", token=token, json={"url": "https://oa.example.cn/wake"}
    )
    assert put.status == 200
    assert put.json["secret"].startswith("whsec_")
    assert put.json["secret"] not in str(await world.rows("handoff_wake_ups"))
    for url in ("https://u:p@example.cn/", "ftp://example.cn/", "http://example.cn/", "https://:0"):
        answer = await world.http.put(f"{base}/wake-up", token=token, json={"url": url})
        assert answer.status == 422, url
    assert (await world.http.delete(f"{base}/wake-up", token=token)).status == 204
    assert await world.rows("handoff_wake_ups") == []
    contact = await world.http.put(f"{base}/contact", token=token, json={"phone": "+8613800005678"})
    assert contact.status == 204
    assert (await BackofficeClient.get(client_id=machine.client_id)).contact_sealed is not None
    wrong = await world.http.put(f"{base}/contact", token=token, json={"phone": "110"})
    assert (wrong.status, wrong.json["code"]) == (422, "fields_invalid")
    nobody = await world.http.put(
        "/staff/v1/machines/nobody/contact", token=token, json={"phone": None}
    )
    assert (nobody.status, nobody.json["code"]) == (404, "client_unknown")
    window = tokens.of_staff(world, await make.officer(world))
    for path in ("wake-up", "contact"):
        answer = await world.http.put(f"{base}/{path}", token=window, json={"url": "https://a.cn"})
        assert answer.status == 403
