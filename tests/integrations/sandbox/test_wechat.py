import base64
from typing import Any

import pytest

from .world import LI, WANG, Answer, Sandbox

TEMPLATE = "wxsandbox-template-action-needed"


async def _session(sandbox: Sandbox, code: str, **changes: str) -> Any:
    query = {
        "appid": sandbox.credentials.appid,
        "secret": sandbox.credentials.app_secret,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    answer = await sandbox.call("GET", "/sns/jscode2session", params=query | changes)
    assert answer.status == 200
    # As the real one: a client that trusts the type finds no JSON here.
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.json


async def _token(sandbox: Sandbox, **changes: Any) -> Any:
    body = {
        "grant_type": "client_credential",
        "appid": sandbox.credentials.appid,
        "secret": sandbox.credentials.app_secret,
    }
    return (await sandbox.call("POST", "/cgi-bin/stable_token", json=body | changes)).json


async def _code(sandbox: Sandbox, kind: str, openid: str = WANG) -> str:
    code: str = (await sandbox.phone(f"/citizens/{openid}/{kind}-code")).json["code"]
    return code


async def _with_token(sandbox: Sandbox, path: str, body: Any, token: str | None = None) -> Answer:
    if token is None:
        token = (await _token(sandbox))["access_token"]
    return await sandbox.call("POST", f"{path}?access_token={token}", json=body)


async def _send(sandbox: Sandbox, **changes: Any) -> int:
    message = {
        "touser": WANG,
        "template_id": TEMPLATE,
        "page": "pages/progress/progress?case=1",
        "data": {"thing1": {"value": "请补交材料"}, "time2": {"value": "2026年1月5日 17:30"}},
        "miniprogram_state": "formal",
    }
    answer = await _with_token(sandbox, "/cgi-bin/message/subscribe/send", message | changes)
    assert answer.status == 200
    errcode: int = answer.json["errcode"]
    return errcode


async def test_a_login_code_names_its_phone_once(sandbox: Sandbox) -> None:
    code = await _code(sandbox, "login")
    session = await _session(sandbox, code)
    assert session["openid"] == WANG
    assert len(base64.b64decode(session["session_key"], validate=True)) == 16
    assert (await _session(sandbox, code))["errcode"] == 40163


async def test_wrong_login_codes(sandbox: Sandbox) -> None:
    assert (await _session(sandbox, "nonsense"))["errcode"] == 40029
    assert (await _session(sandbox, await _code(sandbox, "phone")))["errcode"] == 40029
    old = await _code(sandbox, "login")
    sandbox.clock.ahead += 301
    assert (await _session(sandbox, old))["errcode"] == 40029


async def test_a_wrong_application_does_not_use_the_code_up(sandbox: Sandbox) -> None:
    code = await _code(sandbox, "login")
    assert (await _session(sandbox, code, appid="wx1"))["errcode"] == 40013
    wrong = {"secret": "wrong"}  # pragma: allowlist secret
    assert (await _session(sandbox, code, **wrong))["errcode"] == 40125
    assert (await _session(sandbox, code))["openid"] == WANG


async def test_the_hundred_and_first_login_within_a_minute_is_too_many(sandbox: Sandbox) -> None:
    for _ in range(100):
        assert "openid" in await _session(sandbox, await _code(sandbox, "login"))
    code = await _code(sandbox, "login")
    assert (await _session(sandbox, code))["errcode"] == 45011
    assert "openid" in await _session(sandbox, await _code(sandbox, "login", LI))
    sandbox.clock.ahead += 61
    assert "openid" in await _session(sandbox, code)


async def test_the_stable_token_is_stable_until_its_last_five_minutes(sandbox: Sandbox) -> None:
    first = await _token(sandbox)
    assert 7190 <= first["expires_in"] <= 7200
    sandbox.clock.ahead += 6000
    later = await _token(sandbox)
    assert later["access_token"] == first["access_token"]
    assert 1190 <= later["expires_in"] <= 1200
    sandbox.clock.ahead += 901
    renewed = await _token(sandbox)
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] > 7190


async def test_a_forced_token_leaves_the_old_one_five_minutes(sandbox: Sandbox) -> None:
    old = (await _token(sandbox))["access_token"]
    new = (await _token(sandbox, force_refresh=True))["access_token"]
    assert new != old
    assert (await _token(sandbox, force_refresh=True))["errcode"] == 45011
    path = "/wxa/business/getuserphonenumber"
    for token in (old, new):
        code = await _code(sandbox, "phone")
        assert (await _with_token(sandbox, path, {"code": code}, token)).json["errcode"] == 0
    sandbox.clock.ahead += 301
    code = await _code(sandbox, "phone")
    assert (await _with_token(sandbox, path, {"code": code}, old)).json["errcode"] == 42001
    assert (await _with_token(sandbox, path, {"code": code}, "made-up")).json["errcode"] == 40001
    assert (await _with_token(sandbox, path, {"code": code}, new)).json["errcode"] == 0


async def test_a_token_needs_the_right_secret(sandbox: Sandbox) -> None:
    assert (await _token(sandbox, secret="wrong"))["errcode"] == 40125  # pragma: allowlist secret
    assert (await _token(sandbox, appid="wx1"))["errcode"] == 40013


async def test_a_phone_code_gives_the_number_once(sandbox: Sandbox) -> None:
    code, path = await _code(sandbox, "phone"), "/wxa/business/getuserphonenumber"
    info = (await _with_token(sandbox, path, {"code": code})).json["phone_info"]
    assert (info["purePhoneNumber"], info["countryCode"]) == ("13800000001", "86")
    assert info["watermark"]["appid"] == sandbox.credentials.appid
    assert abs(info["watermark"]["timestamp"] - sandbox.clock()) < 5
    assert (await _with_token(sandbox, path, {"code": code})).json["errcode"] == 40163
    assert (await _with_token(sandbox, path, {"code": ["x"]})).json["errcode"] == 40029


async def test_one_acceptance_is_one_message(sandbox: Sandbox) -> None:
    assert await _send(sandbox) == 43101
    assert await sandbox.listed(f"/outbox?openid={WANG}") == []
    accepted = await sandbox.phone(f"/citizens/{WANG}/subscriptions", template_id=TEMPLATE)
    assert accepted.json == {"template_id": TEMPLATE, "left": 1}
    assert await _send(sandbox) == 0
    assert await _send(sandbox) == 43101
    (message,) = await sandbox.listed(f"/outbox?openid={WANG}")
    assert message["data"] == {"thing1": "请补交材料", "time2": "2026年1月5日 17:30"}
    assert (message["channel"], message["page"]) == ("subscribe", "pages/progress/progress?case=1")
    assert await sandbox.listed(f"/outbox?openid={LI}") == []


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"touser": "o-stranger"}, 40003),
        ({"template_id": "another"}, 40037),
        ({"page": "/pages/item/item"}, 41030),
        ({"data": {}}, 47003),
        ({"data": {"thing1": {"value": "字" * 21}}}, 47003),
        ({"data": {"thing1": {"value": ""}}}, 47003),
        ({"data": {"thing1": "plain"}}, 47003),
        ({"data": {"phrase1": {"value": "等待补正材料"}}}, 47003),
        ({"data": {"phrase1": {"value": "waiting"}}}, 47003),
        ({"data": {"character_string1": {"value": "办件1"}}}, 47003),
        ({"data": {"amount1": {"value": "八十元"}}}, 47003),
        ({"data": {"time1": {"value": "明天"}}}, 47003),
        ({"data": {"number1": {"value": "1" * 33}}}, 47003),
        ({"data": {"made_up1": {"value": "x"}}}, 47003),
    ],
)
async def test_a_refused_message_leaves_the_quota(
    sandbox: Sandbox, changes: dict[str, Any], errcode: int
) -> None:
    await sandbox.phone(f"/citizens/{WANG}/subscriptions", template_id=TEMPLATE)
    assert await _send(sandbox, **changes) == errcode
    assert await sandbox.listed("/outbox") == []
    (left,) = await sandbox.listed(f"/citizens/{WANG}/subscriptions")
    assert left == {"template_id": TEMPLATE, "left": 1}


async def test_fields_at_their_limits_are_sent(sandbox: Sandbox) -> None:
    await sandbox.phone(f"/citizens/{WANG}/subscriptions", template_id=TEMPLATE)
    data = {
        "thing1": {"value": "字" * 20},
        "phrase2": {"value": "等待补正中"},
        "character_string3": {"value": "A-" * 16},
        "amount4": {"value": "¥80.00"},
        "date5": {"value": "2026-01-05"},
        "time6": {"value": "17:30"},
        "name7": {"value": "王建国"},
    }
    assert await _send(sandbox, data=data) == 0
