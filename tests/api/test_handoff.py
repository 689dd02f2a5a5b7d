"""Hand-off over HTTP, as an approval system uses it: lease, verify, fetch, acknowledge."""

import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from tests import make
from tests.api import tokens
from tests.services.reviewing import standing
from tests.world import Answer, World

LEASE = "/backoffice/v1/packages/lease"
AGENCY = "11511499MB9000082B"
OTHER_AGENCY = "11511499MB90000238"


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def machine_token(world: World, agency: str = AGENCY) -> str:
    return tokens.of_machine(world, await make.machine(world, agency))


async def lease(world: World, token: str) -> tuple[str, dict[str, Any]]:
    answer = await world.http.post(LEASE, token=token, json={"limit": 5, "seconds": 60})
    assert answer.status == 200
    [package] = answer.json["packages"]
    return answer.json["lease_token"], package


async def test_every_route_is_for_machines(world: World) -> None:
    officer = tokens.of_staff(world, await make.officer(world))
    citizen = make.token(world, await make.citizen(world))
    paths = [
        ("POST", LEASE),
        ("GET", "/backoffice/v1/packages"),
        ("POST", f"/backoffice/v1/packages/{uuid4()}/ack"),
        ("GET", f"/backoffice/v1/packages/{uuid4()}/materials/{uuid4()}"),
    ]
    for method, path in paths:
        for token in (None, officer, citizen):
            answer = await world.http.request(method, path, token=token)
            assert problem(answer) == (401, "unauthenticated"), path


async def test_the_schema_is_public_and_describes_the_body(world: World) -> None:
    await make.accepted(world, await make.citizen(world))
    answer = await world.http.get("/backoffice/v1/schemas/package-v3")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/schema+json"
    _, package = await lease(world, await machine_token(world))
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(answer.json, format_checker=checker).validate(json.loads(package["body"]))


async def test_a_package_with_its_materials_arrives_and_is_acknowledged(world: World) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    token = await machine_token(world)
    lease_token, package = await lease(world, token)
    assert hashlib.sha256(package["body"].encode()).hexdigest() == package["digest"]
    body = json.loads(package["body"])
    base = f"/backoffice/v1/packages/{package['id']}"
    for material in body["materials"]:
        file = await world.http.get(f"{base}/materials/{material['id']}", token=token)
        assert file.status == 200
        assert hashlib.sha256(file.body).hexdigest() == material["sha256"]
        # The original, not the working copy.
        assert file.body == make.jpeg(f"{material['code']} of {filed.case_id}")
    part = await world.http.get(
        f"{base}/materials/{body['materials'][0]['id']}",
        token=token,
        headers={"Range": "bytes=0-2"},
    )
    assert (part.status, part.body) == (206, b"\xff\xd8\xff")
    [listed] = (await world.http.get("/backoffice/v1/packages", token=token)).json["packages"]
    assert (listed["id"], listed["status"]) == (package["id"], "LEASED")
    ack = {
        "lease_token": lease_token,
        "digest": package["digest"],
        "receipt_code": body["receipt_code"],
    }
    first = await world.http.post(f"{base}/ack", token=token, json=ack)
    assert first.status == 200
    assert first.json == {
        "package_id": package["id"],
        "status": "ACKED",
        "acked_at": world.clock.now().isoformat(),
    }
    assert (await world.http.post(f"{base}/ack", token=token, json=ack)).json == first.json
    rest = await world.http.get("/backoffice/v1/packages?status=open", token=token)
    assert rest.json == {"packages": [], "next_cursor": None}
    empty = await world.http.post(LEASE, token=token, json={})
    assert empty.json == {"lease_token": None, "leased_until": None, "packages": []}


async def test_a_wrong_acknowledgement_has_its_own_answer(world: World) -> None:
    await make.accepted(world, await make.citizen(world))
    token, other = await machine_token(world), await machine_token(world, OTHER_AGENCY)
    lease_token, package = await lease(world, token)
    right = {
        "lease_token": lease_token,
        "digest": package["digest"],
        "receipt_code": json.loads(package["body"])["receipt_code"],
    }
    path = f"/backoffice/v1/packages/{package['id']}/ack"
    cases: list[tuple[str, str, dict[str, Any], tuple[int, str]]] = [
        (path, token, {**right, "digest": "0" * 64}, (422, "digest_mismatch")),
        (path, token, {**right, "receipt_code": "0" * 32}, (422, "receipt_code_wrong")),
        (path, token, {**right, "lease_token": "x"}, (409, "lease_lost")),
        (path, other, right, (404, "package_unknown")),
        (path, token, {**right, "digest": "abc"}, (422, "fields_invalid")),
        (path, token, {**right, "more": 1}, (422, "fields_invalid")),
        (path, token, {}, (422, "fields_invalid")),
        (path.replace(package["id"], str(uuid4())), token, right, (404, "package_unknown")),
    ]
    before = await standing(world)
    for where, who, body, expected in cases:
        answer = await world.http.post(where, token=who, json=body)
        assert problem(answer) == expected
    assert await standing(world) == before
    assert (await world.http.post(path, token=token, json=right)).status == 200


async def test_another_agency_fetches_no_material(world: World) -> None:
    await make.accepted(world, await make.citizen(world))
    _, package = await lease(world, await machine_token(world))
    material = json.loads(package["body"])["materials"][0]["id"]
    answer = await world.http.get(
        f"/backoffice/v1/packages/{package['id']}/materials/{material}",
        token=await machine_token(world, OTHER_AGENCY),
    )
    assert problem(answer) == (404, "material_unknown")


@pytest.mark.parametrize(
    "body",
    [{"limit": 0}, {"limit": 51}, {"seconds": 29}, {"seconds": 3601}, {"limit": "all"}, {"x": 1}],
)
async def test_a_lease_has_its_bounds(world: World, body: dict[str, Any]) -> None:
    answer = await world.http.post(LEASE, token=await machine_token(world), json=body)
    assert problem(answer) == (422, "fields_invalid")
