"""Levels of the real name over HTTP: phone, face, what an item asks for, and the draft waiting."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from models.account import Account, FaceCheck, Person
from services.actors import Citizen
from tests import make
from tests.api.test_phones import by_wechat, problem, real_name
from tests.make import LI, WANG
from tests.services.entrance import (
    LI_NAME,
    LI_NUMBER,
    WANG_NAME,
    WANG_NUMBER,
    XIAOYU,
    ZHAO,
    take_code,
)
from tests.world import Answer, World

IDENTITY = {"name": WANG_NAME, "id_number": WANG_NUMBER}


async def begin(world: World, token: str, provider: str = "TENCENT", **more: Any) -> Answer:
    body = {"provider": provider, "agreed": True, **more}
    return await world.http.post("/v1/me/face-checks", json=body, token=token)


async def decide(world: World, token: str, result: str = "pass") -> None:
    answer = await world.phone.post(f"/face-checks/{token}", json={"result": result})
    assert answer.status == 200


async def came_back(world: World, check: str) -> str | None:
    """Return the proof with which the checked person's browser came back, if it did in one."""
    for each in (await world.phone.get("/face-checks")).json["items"]:
        query = parse_qs(urlsplit(each["back"]).query)
        if query.get("face") == [check]:
            return str(query["proof"][0])
    return None


async def outcome(world: World, token: str, check: str, **body: Any) -> Answer:
    sent = body or {"proof": await came_back(world, check)}
    path = f"/v1/me/face-checks/{check}/outcome"
    return await world.http.post(path, json=sent, token=token)


async def pass_face(world: World, token: str, provider: str = "TENCENT", **more: Any) -> Answer:
    begun = await begin(world, token, provider, **more)
    assert begun.status == 201, begun.body
    await decide(world, begun.json["token"])
    return await outcome(world, token, begun.json["id"])


async def level(world: World, token: str) -> int:
    return int((await world.http.get("/v1/me", token=token)).json["level"])


@pytest.mark.parametrize("provider", ["TENCENT", "WECHAT"])
async def test_a_passed_face_check_is_level_3(world: World, provider: str) -> None:
    token = (await by_wechat(world))["access_token"]
    await real_name(world, token, WANG_NAME, WANG_NUMBER)
    begun = await begin(world, token, provider)
    assert (begun.json["url"] is None) == (provider == "WECHAT")
    waiting = await outcome(world, token, begun.json["id"])
    assert waiting.json == {"state": "PENDING", "account": None}
    assert await level(world, token) == 1
    await decide(world, begun.json["token"])
    passed = await outcome(world, token, begun.json["id"])
    assert (passed.json["state"], passed.json["account"]["level"]) == ("PASSED", 3)
    assert await outcome(world, token, begun.json["id"]) is not None
    assert await level(world, token) == 3
    # What was agreed to is on record, and of the face nothing is.
    acts = [row["action"] for row in await world.rows("audit_log")]
    assert acts.count("face_check.agreed") == 1
    kept = repr(await world.rows("face_checks")) + repr(await world.rows("audit_log"))
    for secret in (WANG_NAME, WANG_NUMBER, begun.json["token"]):
        assert secret not in kept


async def test_a_face_check_is_itself_a_real_name(world: World) -> None:
    token = (await by_wechat(world))["access_token"]
    assert problem(await begin(world, token)) == (422, "identity_missing")
    passed = await pass_face(world, token, identity=IDENTITY)
    assert passed.json["account"]["level"] == 3
    assert passed.json["account"]["name"] == "王*国"
    [person] = await Person.all()
    assert (await Account.get(id=person.account_id)).level == 3


async def test_a_failed_check_changes_nothing(world: World) -> None:
    token = (await by_wechat(world, ZHAO))["access_token"]
    begun = await begin(world, token, identity=IDENTITY)
    await decide(world, begun.json["token"], "fail")
    for _ in range(2):
        assert problem(await outcome(world, token, begun.json["id"])) == (
            409,
            "face_check_failed",
        )
    assert await level(world, token) == 0
    assert await world.rows("persons") == []


async def test_a_failed_check_does_not_pass_later(world: World) -> None:
    token = (await by_wechat(world))["access_token"]
    begun = await begin(world, token, identity=IDENTITY)
    await decide(world, begun.json["token"], "fail")
    await outcome(world, token, begun.json["id"])
    await decide(world, begun.json["token"], "pass")
    assert problem(await outcome(world, token, begun.json["id"]))[0] == 409


async def test_a_check_that_is_never_done_runs_out(world: World) -> None:
    signed_in = await by_wechat(world)
    token = signed_in["access_token"]
    begun = await begin(world, token, "TENCENT", identity=IDENTITY)
    world.clock.advance(timedelta(minutes=60))
    refreshed = await world.http.post(
        "/v1/login/refresh", json={"refresh_token": signed_in["refresh_token"]}
    )
    answer = await outcome(world, refreshed.json["access_token"], begun.json["id"])
    assert problem(answer) == (409, "face_check_failed")
    assert (await FaceCheck.get(id=begun.json["id"])).status == "FAILED"


async def test_an_outage_leaves_a_check_open(world: World) -> None:
    token = (await by_wechat(world))["access_token"]
    begun = await begin(world, token, identity=IDENTITY)
    await decide(world, begun.json["token"])
    await world.phone.post("/faults", json={"path_prefix": "/", "status": 500})
    before = await world.rows("face_checks")
    assert problem(await outcome(world, token, begun.json["id"])) == (503, "outside_unavailable")
    assert await world.rows("face_checks") == before
    assert (await outcome(world, token, begun.json["id"])).json["account"]["level"] == 3


async def test_another_ones_check_is_not_found(world: World) -> None:
    mine = (await by_wechat(world))["access_token"]
    theirs = (await by_wechat(world, LI))["access_token"]
    begun = await begin(world, mine, identity=IDENTITY)
    await decide(world, begun.json["token"])
    for check in (begun.json["id"], str(uuid4())):
        answer = await outcome(world, theirs, check)
        assert problem(answer) == (404, "face_check_unknown")
    assert await level(world, theirs) == 0


async def test_a_borrowed_face_raises_nobody(world: World) -> None:
    """The address of a check, sent to somebody else: they pass, and the sender has no proof."""
    thief = (await by_wechat(world, LI))["access_token"]
    begun = await begin(world, thief, identity=IDENTITY)
    await decide(world, begun.json["token"])
    before = [await world.rows(table) for table in ("accounts", "persons", "face_checks")]
    for body in ({"proof": None}, {"proof": ""}, {"proof": "A" * 43}):
        answer = await outcome(world, thief, begun.json["id"], **body)
        assert problem(answer) == (422, "face_return_invalid")
    assert before == [await world.rows(table) for table in ("accounts", "persons", "face_checks")]
    assert await level(world, thief) == 0


@pytest.mark.parametrize("agreed", [False, None, "true", 1])
async def test_nobody_is_checked_who_did_not_agree(world: World, agreed: Any) -> None:
    token = (await by_wechat(world))["access_token"]
    answer = await begin(world, token, identity=IDENTITY, agreed=agreed)
    assert problem(answer) == (422, "fields_invalid")
    assert (await world.phone.get("/face-checks")).json["items"] == []


@pytest.mark.requirement("实名核验要素")
async def test_the_phone_is_the_third_factor(world: World) -> None:
    token = (await by_wechat(world))["access_token"]
    path = "/v1/me/real-name/phone"
    assert problem(await world.http.post(path, token=token)) == (409, "real_name_first")
    await real_name(world, token, WANG_NAME, WANG_NUMBER)
    assert problem(await world.http.post(path, token=token)) == (409, "phone_missing")
    code = {"code": await take_code(world, WANG, "phone")}
    await world.http.post("/v1/me/phone", json=code, token=token)
    done = await world.http.post(path, token=token)
    assert (done.status, done.json["level"]) == (200, 2)
    again = await world.http.post(path, token=token)
    assert again.json["level"] == 2


async def test_another_ones_phone_raises_nothing(world: World) -> None:
    token = (await by_wechat(world))["access_token"]
    await real_name(world, token, WANG_NAME, WANG_NUMBER)
    code = {"code": await take_code(world, LI, "phone")}
    await world.http.post("/v1/me/phone", json=code, token=token)
    answer = await world.http.post("/v1/me/real-name/phone", token=token)
    assert problem(answer) == (422, "phone_mismatch")
    assert await level(world, token) == 1


async def by_pay(world: World, token: str, openid: str = WANG, **identity: str) -> Answer:
    code = (await world.phone.post(f"/citizens/{openid}/real-name-code", json={})).json["code"]
    body = {**IDENTITY, **identity, "code": code}
    return await world.http.post("/v1/me/real-name/wechat", json=body, token=token)


async def test_what_wechat_pay_knows_is_three_factors(world: World) -> None:
    token = (await by_wechat(world))["access_token"]
    done = await by_pay(world, token)
    assert (done.status, done.json["level"], done.json["name"]) == (200, 2, "王*国")
    assert (await pass_face(world, token)).json["account"]["level"] == 3
    assert (await by_pay(world, token)).json["level"] == 3


async def test_what_wechat_pay_does_not_know_changes_nothing(world: World) -> None:
    token = (await by_wechat(world))["access_token"]
    other = await by_pay(world, token, name=LI_NAME, id_number=LI_NUMBER)
    assert problem(other) == (422, "name_mismatch")
    minor = (await by_wechat(world, XIAOYU))["access_token"]
    unnamed = await by_pay(world, minor, XIAOYU, name="小宇", id_number="511499201506203012")
    assert problem(unnamed) == (409, "wechat_unnamed")
    assert await world.rows("persons") == []


async def with_level(world: World, who: Citizen, level: int) -> None:
    await Account.filter(id=who.account_id).update(level=level)


async def test_step_up_in_the_middle_of_an_application(world: World) -> None:
    """ITEM09, 不动产转移登记, wants level 3: the draft waits for it and is then submitted."""
    who = await make.citizen(world)
    await with_level(world, who, 1)
    filed = await make.draft(world, who, "ITEM09")
    token = make.token(world, who)
    path, key = f"/v1/cases/{filed.case_id}/submit", uuid4().hex
    tables = ("cases", "case_forms", "materials", "case_events", "clock_instances")
    before = [await world.rows(table) for table in tables]
    refused = await world.http.post(path, token=token, key=key)
    assert problem(refused) == (403, "real_name_level_required")
    assert (refused.json["level"], refused.json["needed"]) == (1, 3)
    ways = {each["code"] for each in refused.json["ways"]}
    # The face is never the only way.
    assert {"FACE", "NET_CREDENTIAL", "WINDOW"} <= ways and "REAL_NAME_PHONE" not in ways
    assert before == [await world.rows(table) for table in tables]
    assert (await pass_face(world, token)).json["account"]["level"] == 3
    done = await world.http.post(path, token=token, key=key)
    assert done.status == 200, done.body
    assert done.json["case_no"]


async def test_an_item_tells_its_level(world: World) -> None:
    for item, needed in (("ITEM09", 3), ("ITEM12", 2), ("ITEM10", 1)):
        answer = await world.http.get(f"/v1/items/{await make.item_code(item)}")
        assert answer.json["real_name_level"] == needed


async def test_most_items_want_no_more_than_a_name(world: World) -> None:
    who = await make.citizen(world)
    await with_level(world, who, 1)
    filed = await make.draft(world, who, "ITEM10")
    path = f"/v1/cases/{filed.case_id}/submit"
    answer = await world.http.post(path, token=make.token(world, who), key=uuid4().hex)
    assert answer.status == 200, answer.body


async def join(world: World, token: str, offer: str, **body: Any) -> Answer:
    return await world.http.post(f"/v1/me/joins/{offer}", json=body, token=token)


async def offered(world: World, token: str) -> dict[str, Any]:
    answer = await world.http.post("/v1/me/real-name", json=IDENTITY, token=token)
    assert problem(answer) == (409, "identity_in_use")
    offer: dict[str, Any] = answer.json["join"]
    return offer


async def test_two_accounts_of_one_person_become_one(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.submitted(world, who)
    second = await by_wechat(world, LI)
    other = Citizen(
        UUID(second["account"]["id"]),
        UUID(world.ctx.tokens.read(second["access_token"], audience="zhangban:citizen")["sid"]),
    )
    draft = await make.draft(world, other, "ITEM05")
    offer = await offered(world, second["access_token"])
    assert offer["proven"] is False
    back = await by_wechat(world, WANG)
    joined = await join(
        world, second["access_token"], offer["id"], other_token=back["access_token"]
    )
    assert joined.status == 200, joined.body
    assert joined.json["account"]["id"] == str(who.account_id)
    token = joined.json["access_token"]
    mine = await world.http.get("/v1/cases", token=token)
    listed = {each["id"] for each in mine.json["cases"]}
    assert listed == {str(filed.case_id), str(draft.case_id)}
    # The emptier account is over; both ways lead into the other one.
    assert (await world.http.get("/v1/me", token=second["access_token"])).status == 401
    for openid in (WANG, LI):
        assert (await by_wechat(world, openid))["account"]["id"] == str(who.account_id)
    assert (await Account.get(id=other.account_id)).joined_id == who.account_id
    acts = [row["action"] for row in await world.rows("audit_log")]
    assert acts.count("account.joined") == 1
    jobs = [payload["what"] for name, payload in await world.jobs() if name == "account.tell"]
    assert jobs == ["JOINED", "JOINED"]
    # An offer is good once.
    again = await join(world, token, offer["id"])
    assert problem(again) == (404, "join_unknown")


async def test_a_face_check_proves_it_too(world: World) -> None:
    first = await by_wechat(world)
    await real_name(world, first["access_token"], WANG_NAME, WANG_NUMBER)
    token = (await by_wechat(world, LI))["access_token"]
    refused = await pass_face(world, token, identity=IDENTITY)
    assert problem(refused) == (409, "identity_in_use")
    assert refused.json["join"]["proven"] is True
    joined = await join(world, token, refused.json["join"]["id"])
    assert joined.json["account"]["id"] == first["account"]["id"]
    assert len(await world.rows("persons")) == 1


async def test_who_proves_nothing_joins_nothing(world: World) -> None:
    first = await by_wechat(world)
    await real_name(world, first["access_token"], WANG_NAME, WANG_NUMBER)
    thief = await by_wechat(world, LI)
    third = await by_wechat(world, ZHAO)
    offer = await offered(world, thief["access_token"])
    tables = ("accounts", "persons", "wechat_identities", "sessions", "join_offers", "cases")
    before = [await world.rows(table) for table in tables]
    for proof in (
        {},
        {"other_token": thief["access_token"]},
        {"other_token": third["access_token"]},
        {"other_token": "x.y.z"},
        {"other_token": first["access_token"][:-2]},
    ):
        answer = await join(world, thief["access_token"], offer["id"], **proof)
        assert problem(answer) == (409, "join_not_proven")
    answer = await join(
        world, third["access_token"], offer["id"], other_token=first["access_token"]
    )
    assert problem(answer) == (404, "join_unknown")
    assert before == [await world.rows(table) for table in tables]


async def test_an_old_login_is_no_proof(world: World) -> None:
    first = await by_wechat(world)
    await real_name(world, first["access_token"], WANG_NAME, WANG_NUMBER)
    world.clock.advance(timedelta(minutes=10, seconds=1))
    second = await by_wechat(world, LI)
    offer = await offered(world, second["access_token"])
    answer = await join(
        world, second["access_token"], offer["id"], other_token=first["access_token"]
    )
    assert problem(answer) == (409, "join_not_proven")


async def test_an_offer_lasts_half_an_hour(world: World) -> None:
    first = await by_wechat(world)
    await real_name(world, first["access_token"], WANG_NAME, WANG_NUMBER)
    offer = await offered(world, (await by_wechat(world, LI))["access_token"])
    world.clock.advance(timedelta(minutes=30))
    second, back = await by_wechat(world, LI), await by_wechat(world, WANG)
    answer = await join(
        world, second["access_token"], offer["id"], other_token=back["access_token"]
    )
    assert problem(answer) == (404, "join_unknown")


async def test_the_name_must_be_the_same_too(world: World) -> None:
    """赵强's number stands in the register under another name: there is no offer for a guess."""
    token = (await by_wechat(world))["access_token"]
    await real_name(world, token, WANG_NAME, WANG_NUMBER)
    other = (await by_wechat(world, LI))["access_token"]
    body = {"name": LI_NAME, "id_number": WANG_NUMBER}
    answer = await world.http.post("/v1/me/real-name", json=body, token=other)
    assert problem(answer) == (422, "name_mismatch")
    assert "join" not in answer.json
    assert LI_NUMBER not in answer.body.decode()
