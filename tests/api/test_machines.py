"""Tokens of back-office systems over HTTP, and their keys at the administrator's desk."""

from typing import Any

from models.rules.events import Role
from services.actors import Machine
from tests import make
from tests.api import tokens
from tests.assertions import TYPE, claims_of, machine_jwk, new_key, signed
from tests.make import MACHINE_KID
from tests.world import Answer, World

AGENCY = "11511499MB9000082B"
PATH = "/backoffice/v1/token"


def assertion(world: World, machine: Machine, **more: Any) -> str:
    return signed(claims_of(world, machine.client_id, **more), MACHINE_KID)


async def ask(world: World, given: object, **more: object) -> Answer:
    body = {"client_assertion_type": TYPE, "client_assertion": given, **more}
    return await world.http.post(PATH, json=body)


async def test_getting_a_token(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    answer = await ask(world, assertion(world, machine))
    assert answer.status == 200
    assert set(answer.json) == {"access_token", "token_type", "expires_in"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)
    token = answer.json["access_token"]
    assert (await world.http.get("/backoffice/v1/packages", token=token)).status == 200
    assert (await world.http.get("/v1/me", token=token)).status == 401


async def test_a_library_sends_a_form(world: World) -> None:
    """RFC 7523, 2.2; RFC 6749, 4.4.2."""
    machine = await make.machine(world, AGENCY)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": TYPE,
        "client_assertion": assertion(world, machine),
    }
    assert (await world.http.post(PATH, data=form)).status == 200
    pairs = [*form.items(), ("client_assertion", "x")]
    twice = await world.http.post(PATH, data=pairs)
    assert (twice.status, twice.json["code"]) == (400, "malformed")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"\xff=1", b"nonsense"):
        raw = await world.http.post(PATH, data=content, headers=headers)
        assert (raw.status, raw.json["code"]) == (400, "malformed")


async def test_whatever_is_wrong_sounds_the_same(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    used = assertion(world, machine)
    await ask(world, used)
    claims = claims_of(world, machine.client_id)
    answers = [
        await ask(world, used),
        await ask(world, signed(claims, MACHINE_KID, new_key())),
        await ask(world, signed(claims_of(world, "nobody"), MACHINE_KID)),
        await ask(world, assertion(world, machine, exp=1)),
        await ask(world, "nonsense"),
    ]
    first = answers[0].json
    assert (answers[0].status, first["code"]) == (401, "client_refused")
    for answer in answers:
        assert answer.json["request_id"]
        assert {**answer.json, "request_id": ""} == {**first, "request_id": ""}


async def test_what_is_no_request_for_a_token_is_refused(world: World) -> None:
    secret = {"client_id": "x", "client_secret": "y"}
    answers = [
        await ask(world, None),
        await ask(world, ""),
        await ask(world, "x" * 4097),
        await ask(world, "x", scope="everything"),
        await ask(world, "x", client_assertion_type="another"),
        await ask(world, "x", grant_type="password"),
        await world.http.post(PATH, json=secret),
    ]
    for answer in answers:
        assert (answer.status, answer.json["code"]) == (422, "fields_invalid")
    raw = await world.http.post(PATH, data=b"client_id=x&client_secret=y")
    assert (raw.status, raw.json["code"]) == (400, "malformed")


async def test_an_address_asks_sixty_times_a_minute(world: World) -> None:
    for _ in range(60):
        await world.ctx.limiter.hit("token_address", "127.0.0.1")
    limited = await ask(world, "x")
    assert (limited.status, limited.json["code"]) == (429, "too_many_requests")
    assert int(limited.headers["Retry-After"]) >= 1


async def test_a_system_has_its_own_limit(world: World) -> None:
    machine, other = await make.machine(world, AGENCY), await make.machine(world, AGENCY)
    for _ in range(6000):
        await world.ctx.limiter.hit("machine", machine.client_id)
    path = "/backoffice/v1/packages"
    limited = await world.http.get(path, token=tokens.of_machine(world, machine))
    assert limited.status == 429
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert (await world.http.get(path, token=tokens.of_machine(world, other))).status == 200


async def test_each_route_asks_for_its_scope(world: World) -> None:
    machine = await make.machine(world, AGENCY)
    token = tokens.of_machine(world, machine)
    await world.database.execute("UPDATE backoffice_clients SET scopes = '[\"packages:pull\"]'")
    assert (await world.http.get("/backoffice/v1/packages", token=token)).status == 200
    event = await world.http.post("/backoffice/v1/events", json={}, token=token)
    assert (event.status, event.json["code"]) == (403, "scope_missing")


async def test_an_administrator_keeps_systems_and_keys(world: World) -> None:
    admin = tokens.of_staff(world, await make.officer(world, (Role.ADMIN,)))
    path = "/staff/v1/machines"
    new = {
        "client_id": "approvals",
        "name": "县行政审批系统",
        "agency_uscc": AGENCY,
        "scopes": ["packages:pull"],
        "networks": ["127.0.0.0/8"],
    }
    assert (await world.http.post(path, json=new, token=admin)).status == 204
    key = {"jwk": {**machine_jwk(), "kid": "2026-a"}}
    added = await world.http.post(f"{path}/approvals/keys", json=key, token=admin)
    assert (added.status, added.json["kid"]) == (201, "2026-a")

    async def asked() -> Answer:
        return await ask(world, signed(claims_of(world, "approvals"), "2026-a"))

    token = (await asked()).json["access_token"]
    assert (await world.http.get("/backoffice/v1/packages", token=token)).status == 200
    elsewhere = {"scopes": ["packages:pull"], "networks": ["10.0.0.0/8"], "active": True}
    assert (await world.http.put(f"{path}/approvals", json=elsewhere, token=admin)).status == 204
    refused = await world.http.get("/backoffice/v1/packages", token=token)
    assert (refused.status, refused.json["code"]) == (403, "address_refused")
    assert (await asked()).json["code"] == "address_refused"
    gone = await world.http.delete(f"{path}/approvals/keys/2026-a", token=admin)
    assert gone.status == 204
    assert (await world.http.get("/backoffice/v1/packages", token=token)).status == 401
    [listed] = (await world.http.get(path, token=admin)).json["machines"]
    assert (listed["networks"], listed["keys"][0]["kid"]) == (["10.0.0.0/8"], "2026-a")
    assert listed["keys"][0]["revoked_at"]
    private = {"jwk": {**machine_jwk(), "d": "AAAA"}}
    answer = await world.http.post(f"{path}/approvals/keys", json=private, token=admin)
    assert (answer.status, answer.json["code"]) == (422, "key_invalid")
