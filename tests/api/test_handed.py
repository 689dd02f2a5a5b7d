"""What a package holds over HTTP: its body, its parts, its digests; leases that are changed."""

import base64
import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest

from tests import make
from tests.api import tokens
from tests.services.reviewing import standing
from tests.world import World

LEASE = "/backoffice/v1/packages/lease"
AGENCY = "11511499MB9000082B"


async def leased(world: World) -> tuple[str, str, dict[str, Any]]:
    """Return a machine's token, its lease's, and the package under it."""
    await make.accepted(world, await make.citizen(world))
    token = tokens.of_machine(world, await make.machine(world, AGENCY))
    answer = await world.http.post(LEASE, token=token, json={"limit": 5, "seconds": 60})
    [package] = answer.json["packages"]
    return token, answer.json["lease_token"], package


def digest_of(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


async def test_a_body_comes_whole_or_in_parts_with_its_digests(world: World) -> None:
    token, _, package = await leased(world)
    path, content = f"/backoffice/v1/packages/{package['id']}/body", package["body"].encode()
    whole = await world.http.get(path, token=token)
    assert (whole.status, whole.body) == (200, content)
    assert whole.headers["Repr-Digest"] == whole.headers["Content-Digest"] == digest_of(content)
    assert whole.headers["Package-Signature"] == package["signature"]
    part = await world.http.get(path, token=token, headers={"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, content[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(content)}"
    assert part.headers["Repr-Digest"] == digest_of(content)
    assert part.headers["Content-Digest"] == digest_of(content[10:20])
    beyond = await world.http.get(path, token=token, headers={"Range": "bytes=999999-"})
    assert beyond.status == 416


async def test_a_material_comes_with_its_digests(world: World) -> None:
    token, _, package = await leased(world)
    listed = json.loads(package["body"])["materials"][0]
    path = f"/backoffice/v1/packages/{package['id']}/materials/{listed['id']}"
    whole = await world.http.get(path, token=token)
    assert digest_of(whole.body) == whole.headers["Repr-Digest"]
    assert whole.headers["Content-Digest"] == whole.headers["Repr-Digest"]
    part = await world.http.get(path, token=token, headers={"Range": "bytes=0-2"})
    assert part.headers["Repr-Digest"] == digest_of(whole.body)
    assert "Content-Digest" not in part.headers
    page = await world.http.get(f"{path}/pages/1", token=token)
    assert (page.status, page.json["code"]) == (404, "material_unknown")


async def test_a_lease_is_held_and_given_back(world: World) -> None:
    token, lease_token, package = await leased(world)
    base = f"/backoffice/v1/packages/{package['id']}"
    held = await world.http.post(
        f"{base}/extend", token=token, json={"lease_token": lease_token, "seconds": 900}
    )
    assert held.status == 200
    [listed] = (await world.http.get("/backoffice/v1/packages", token=token)).json["packages"]
    assert held.json == {"package_id": package["id"], "leased_until": listed["leased_until"]}
    gone = {"lease_token": lease_token, "code": "DIGEST", "text": "摘要不对"}
    back = await world.http.post(f"{base}/return", token=token, json=gone)
    assert (back.status, back.json) == (200, {"package_id": package["id"], "status": "READY"})
    again = await world.http.post(f"{base}/return", token=token, json=gone)
    assert (again.status, again.json["code"]) == (409, "lease_lost")
    query = "/backoffice/v1/packages?returned=true&status=READY"
    [listed] = (await world.http.get(query, token=token)).json["packages"]
    assert (listed["returns"], listed["return_code"], listed["return_text"]) == (
        1,
        "DIGEST",
        "摘要不对",
    )
    assert listed["item_code"] == json.loads(package["body"])["item"]["code"]


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("extend", {"lease_token": "x", "seconds": 29}),
        ("extend", {"seconds": 60}),
        ("return", {"lease_token": "x", "code": "I_DO_NOT_LIKE_IT"}),
        ("return", {"lease_token": "x", "code": "OTHER", "text": "字" * 301}),
        ("return", {"lease_token": "x"}),
    ],
)
async def test_what_is_not_well_said_changes_nothing(
    world: World, act: str, body: dict[str, Any]
) -> None:
    token, _, package = await leased(world)
    before = await standing(world)
    answer = await world.http.post(
        f"/backoffice/v1/packages/{package['id']}/{act}", token=token, json=body
    )
    assert (answer.status, answer.json["code"]) == (422, "fields_invalid")
    assert await standing(world) == before


async def test_a_strange_package_has_no_body(world: World) -> None:
    token, _, _ = await leased(world)
    answer = await world.http.get(f"/backoffice/v1/packages/{uuid4()}/body", token=token)
    assert (answer.status, answer.json["code"]) == (404, "package_unknown")
