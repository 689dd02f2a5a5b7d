"""A phone that speaks tus, one request at a time: what the tests of uploads share."""

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.world import Answer, World

VERSION = {"Tus-Resumable": "1.0.0"}
PART = {**VERSION, "Content-Type": "application/offset+octet-stream"}


def metadata(**told: str | bytes) -> str:
    """Return an Upload-Metadata header."""
    pairs = []
    for key, value in told.items():
        content = value.encode() if isinstance(value, str) else value
        pairs.append(f"{key} {base64.b64encode(content).decode()}")
    return ",".join(pairs)


async def begun(world: World, token: str, size: int, **told: str | bytes) -> str:
    """Begin an upload and return its address."""
    answer = await began(world, token, size, **told)
    assert answer.status == 201, answer.body
    return str(answer.headers["Location"])


async def began(world: World, token: str, size: int, **told: str | bytes) -> Answer:
    headers = {**VERSION, "Upload-Length": str(size)}
    if told:
        headers["Upload-Metadata"] = metadata(**told)
    return await world.http.post("/v1/uploads", token=token, headers=headers)


async def patch(
    world: World,
    token: str,
    place: str,
    offset: int,
    data: Any,
    *,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    sent = {**PART, "Upload-Offset": str(offset), **(headers or {})}
    return await world.http.request("PATCH", place, token=token, headers=sent, data=data)


async def head(world: World, token: str, place: str) -> Answer:
    return await world.http.request("HEAD", place, token=token, headers=VERSION)


async def offset(world: World, token: str, place: str) -> int:
    answer = await head(world, token, place)
    assert answer.status == 200
    return int(answer.headers["Upload-Offset"])


def id_of(place: str) -> UUID:
    return UUID(place.rsplit("/", 1)[-1])


def parts_of(world: World) -> list[str]:
    """Return every part that lies in the store."""
    folder = world.settings.data_dir / "materials" / "parts"
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
