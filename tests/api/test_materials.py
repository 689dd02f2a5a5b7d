"""Materials over HTTP: forms and raw bodies, downloads, refusals that arrive, strangers."""

import asyncio
import base64
import hashlib
import json
import struct
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import aiohttp
import pytest

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.make import LI, Filed
from tests.world import Answer, World

SIXTY_MEGABYTES = 60 * 1024 * 1024
PIECE = bytes(64 * 1024)


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


def form(content: bytes, name: str = "photo.jpg") -> aiohttp.FormData:
    data = aiohttp.FormData(quote_fields=False)
    data.add_field("file", content, filename=name, content_type="image/jpeg")
    return data


def path_of(filed: Filed, code: str = "M02") -> str:
    return f"/v1/cases/{filed.case_id}/materials/{code}"


async def drafted(world: World) -> tuple[Filed, str]:
    filed = await make.draft(world, await make.citizen(world))
    return filed, make.token(world, filed.citizen)


async def slot(world: World, filed: Filed, token: str, code: str = "M02") -> dict[str, Any]:
    answer = await world.http.get(f"/v1/cases/{filed.case_id}/materials", token=token)
    assert answer.status == 200
    found: dict[str, Any] = next(each for each in answer.json["slots"] if each["code"] == code)
    return found


def temporary(world: World) -> list[Path]:
    return list((world.settings.data_dir / "materials" / "tmp").iterdir())


async def test_a_form_and_a_raw_body_are_the_same_upload(world: World) -> None:
    filed, token = await drafted(world)
    content = make.jpeg("over http")
    answer = await world.http.post(path_of(filed), token=token, data=form(content, "执照.jpg"))
    assert answer.status == 201
    shown = answer.json
    assert shown.pop("id")
    assert shown.pop("created_at") == "2026-03-02T01:10:00+00:00"
    assert shown == {
        "code": "M02",
        "no": 2,
        "name": "执照.jpg",
        "mime": "image/jpeg",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "pages": 1,
        "width": 800,
        "height": 600,
        "thumbnail": True,
        # Nobody has compared it with a register or an original yet.
        "verification": "NONE",
        "verification_source": None,
        "verified_at": None,
        "scan": "UNSCANNED",
        "supply_mode": "UPLOAD",
        "trust": "C",
        "origin": None,
        "valid_until": None,
    }
    again = await world.http.put(path_of(filed), token=token, data=content)
    assert (again.status, again.json["no"]) == (200, 2)
    headers = {"X-File-Name": quote("../新 执照.png"), "Content-Type": "image/png"}
    other = await world.http.put(
        path_of(filed), token=token, data=make.jpeg("other"), headers=headers
    )
    assert (other.status, other.json["name"], other.json["mime"]) == (
        201,
        "新 执照.png",
        "image/jpeg",
    )
    found = await slot(world, filed, token)
    assert (found["state"], found["current"]["id"]) == ("UPLOADED", other.json["id"])


async def test_removing_answers_no_content(world: World) -> None:
    filed, token = await drafted(world)
    answer = await world.http.delete(path_of(filed), token=token)
    assert (answer.status, answer.body) == (204, b"")
    found = await slot(world, filed, token)
    assert (found["state"], found["current"]) == ("EMPTY", None)
    assert problem(await world.http.delete(path_of(filed), token=token)) == (
        404,
        "material_unknown",
    )


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n'),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + PIECE,
        ),
    ],
)
async def test_a_broken_form_changes_nothing(world: World, content_type: str, body: bytes) -> None:
    filed, token = await drafted(world)
    rows = await world.rows("materials")
    headers = {"Content-Type": content_type}
    answer = await world.http.post(path_of(filed), token=token, data=body, headers=headers)
    assert problem(answer) == (400, "multipart_broken")
    assert await world.rows("materials") == rows
    assert temporary(world) == []


async def test_a_lie_about_the_type_is_told(world: World) -> None:
    filed, token = await drafted(world)
    rows = await world.rows("materials")
    lie = form(b"<svg onload=alert(1)>" * 100)
    answer = await world.http.post(path_of(filed), token=token, data=lie)
    assert problem(answer) == (415, "material_type_refused")
    assert answer.json["detail"] == "不支持这种文件格式,请上传JPG、PNG、PDF文件。"
    empty = await world.http.post(path_of(filed), token=token, data=form(b""))
    assert problem(empty) == (422, "material_empty")
    assert await world.rows("materials") == rows


async def test_a_download_is_whole_checkable_and_an_attachment(world: World) -> None:
    filed, token = await drafted(world)
    found = (await slot(world, filed, token))["current"]
    path = f"/v1/materials/{found['id']}/content"
    answer = await world.http.get(path, token=token)
    digest = hashlib.sha256(answer.body)
    assert answer.status == 200
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["content-type"] == "image/jpeg"
    assert headers["content-length"] == str(len(answer.body))
    assert headers["etag"] == f'"{digest.hexdigest()}"'
    encoded = base64.b64encode(digest.digest()).decode()
    assert headers["repr-digest"] == f"sha-256=:{encoded}:"
    assert headers["content-disposition"] == (
        "attachment; filename=\"M02.jpg\"; filename*=UTF-8''M02.jpg"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox")
    assert headers["cache-control"] == "private, no-cache"
    same = await world.http.get(path, token=token, headers={"If-None-Match": headers["etag"]})
    assert (same.status, same.body) == (304, b"")
    thumbnail = await world.http.get(f"/v1/materials/{found['id']}/thumbnail", token=token)
    assert thumbnail.status == 200
    assert thumbnail.body[:3] == b"\xff\xd8\xff"


async def test_a_download_can_go_on_where_it_broke_off(world: World) -> None:
    filed, token = await drafted(world)
    found = (await slot(world, filed, token))["current"]
    path = f"/v1/materials/{found['id']}/content"
    whole = (await world.http.get(path, token=token)).body
    size = len(whole)

    async def part(**headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await world.http.get(path, token=token, headers=sent)

    first = await part(Range="bytes=0-999")
    rest = await part(Range="bytes=1000-" + "9" * 30)
    assert (first.status, rest.status) == (206, 206)
    assert first.body + rest.body == whole
    assert first.headers["Content-Range"] == f"bytes 0-999/{size}"
    assert rest.headers["Content-Range"] == f"bytes 1000-{size - 1}/{size}"
    assert (await part(Range="bytes=-7")).body == whole[-7:]
    outside = await part(Range=f"bytes={size}-")
    assert problem(outside) == (416, "range_not_satisfiable")
    assert outside.headers["Content-Range"] == f"bytes */{size}"
    assert problem(await part(Range="bytes=" + "9" * 5000 + "-"))[0] == 416
    changed = await part(Range="bytes=0-9", If_Range='"of an older file"')
    assert (changed.status, changed.body) == (200, whole)
    etag = f'"{hashlib.sha256(whole).hexdigest()}"'
    unchanged = await part(Range="bytes=0-9", If_Range=etag)
    assert (unchanged.status, unchanged.body) == (206, whole[:10])


async def test_a_file_that_the_store_lost_is_a_problem(world: World) -> None:
    filed, token = await drafted(world)
    found = (await slot(world, filed, token))["current"]
    for file in (world.settings.data_dir / "materials" / "objects").rglob("*"):
        if file.is_file():
            file.unlink()
    answer = await world.http.get(f"/v1/materials/{found['id']}/content", token=token)
    assert problem(answer) == (404, "file_missing")


async def test_strangers_see_and_change_nothing(world: World) -> None:
    filed, token = await drafted(world)
    stranger = make.token(world, await make.citizen(world, LI))
    held = (await slot(world, filed, token))["current"]["id"]
    rows = await world.rows("materials")
    content = make.jpeg("mine")
    attempts = [
        ("GET", f"/v1/cases/{filed.case_id}/materials", None),
        ("POST", path_of(filed), form(content)),
        ("PUT", path_of(filed), content),
        ("DELETE", path_of(filed), None),
        ("GET", f"/v1/materials/{held}/content", None),
        ("GET", f"/v1/materials/{held}/thumbnail", None),
        ("GET", f"/v1/materials/{uuid4()}/content", None),
    ]
    for method, path, data in attempts:
        answer = await world.http.request(method, path, token=stranger, data=data)
        assert answer.status == 404, (method, path)
    for method, path, _ in attempts:
        answer = await world.http.request(method, path, data=b"x" if method in "POSTPUT" else None)
        assert problem(answer) == (401, "unauthenticated"), (method, path)
    assert await world.rows("materials") == rows


async def test_staff_read_submitted_materials_on_their_own_surface(world: World) -> None:
    filed, token = await drafted(world)
    held = (await slot(world, filed, token))["current"]
    path = f"/staff/v1/materials/{held['id']}/content"
    officer = await make.officer(world, (Role.WINDOW,))
    staff = tokens.of_staff(world, officer)
    assert problem(await world.http.get(path, token=token)) == (401, "unauthenticated")
    assert problem(await world.http.get(path, token=staff)) == (404, "material_unknown")
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex)
    working = await world.http.get(path, token=staff)
    original = await world.http.get(path + "?original=1", token=staff)
    assert (working.status, original.status) == (200, 200)
    assert original.body == make.jpeg(f"M02 of {filed.case_id}")
    assert working.body != original.body
    assert problem(await world.http.get(path + "?original=2", token=staff))[0] == 422


async def test_uploads_are_counted_per_account(world: World) -> None:
    filed, token = await drafted(world)
    answers = [
        await world.http.put(path_of(filed, "M99"), token=token, data=b"x") for _ in range(61)
    ]
    assert {answer.status for answer in answers[:60]} == {404}
    assert problem(answers[60]) == (429, "too_many_requests")
    assert int(answers[60].headers["Retry-After"]) >= 1


class Wire:
    """A client that sends first and reads afterwards, as a phone does."""

    def __init__(self, world: World) -> None:
        self.world = world
        address = urlsplit(world.http.base)
        self.host, self.port = str(address.hostname), int(address.port or 0)

    async def open(
        self, method: str, path: str, token: str, *headers: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *headers]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await writer.drain()
        return reader, writer

    async def refused(
        self,
        method: str,
        path: str,
        token: str,
        *headers: str,
        size: int = SIXTY_MEGABYTES,
        chunked: bool = False,
    ) -> tuple[str, dict[str, Any]]:
        """Send everything whatever is answered meanwhile; return the head and the problem."""
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        reader, writer = await self.open(method, path, token, length, *headers)
        piece = f"{len(PIECE):x}\r\n".encode() + PIECE + b"\r\n" if chunked else PIECE
        for _ in range(size // len(PIECE)):
            writer.write(piece)
            await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        body = await reader.read()
        writer.close()
        return head.lower(), json.loads(body)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_refusal_reaches_who_is_still_sending(
    world: World, method: str, chunked: bool
) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    token = make.token(world, filed.citizen)
    kind = "Content-Type: multipart/form-data; boundary=x"
    # Zeros are no form: that is found in the first of them.
    refusals = {"POST": (" 400 ", "multipart_broken"), "PUT": (" 409 ", "case_not_editable")}
    expected = refusals[method]
    head, told = await Wire(world).refused(method, path_of(filed), token, kind, chunked=chunked)
    assert expected[0] in head.split("\r\n")[0]
    assert told["code"] == expected[1]
    assert "connection: close" in head


@pytest.mark.parametrize("size", [SIXTY_MEGABYTES, 20 * 1024 * 1024 + 4 * len(PIECE)])
async def test_too_large_is_told_while_the_bytes_still_come(world: World, size: int) -> None:
    filed, token = await drafted(world)
    rows = await world.rows("materials")
    head, told = await Wire(world).refused("PUT", path_of(filed), token, size=size)
    assert " 413 " in head.split("\r\n")[0]
    assert (told["code"], told["max_bytes"]) == ("material_too_large", 20 * 1024 * 1024)
    assert await world.rows("materials") == rows
    assert temporary(world) == []


async def test_who_asks_first_need_not_send(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    token = make.token(world, filed.citizen)
    reader, writer = await Wire(world).open(
        "PUT",
        path_of(filed),
        token,
        f"Content-Length: {SIXTY_MEGABYTES}",
        "Expect: 100-continue",
    )
    first = await asyncio.wait_for(reader.readline(), 5)
    assert b" 409 " in first
    writer.close()


@pytest.mark.parametrize("size", [0, 5000])
async def test_a_small_refused_body_keeps_the_connection(world: World, size: int) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    token = make.token(world, filed.citizen)
    reader, writer = await Wire(world).open("PUT", path_of(filed), token, f"Content-Length: {size}")
    writer.write(bytes(size))
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert " 409 " in head.split("\r\n")[0]
    assert "connection: keep-alive" in head
    told = await reader.readuntil(b"}")
    assert json.loads(told)["code"] == "case_not_editable"
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 200 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_a_client_that_vanishes_leaves_nothing(world: World) -> None:
    filed, token = await drafted(world)
    rows = await world.rows("materials")
    for _ in range(5):
        _, writer = await Wire(world).open(
            "PUT", path_of(filed), token, f"Content-Length: {SIXTY_MEGABYTES}"
        )
        writer.write(make.jpeg("half") + PIECE)
        await writer.drain()
        await asyncio.sleep(0.05)
        assert temporary(world) != []
        sock = writer.get_extra_info("socket")
        # Linger 0: the connection is reset, not closed.
        sock.setsockopt(1, 13, struct.pack("ii", 1, 0))
        writer.transport.abort()
    for _ in range(50):
        if not temporary(world):
            break
        await asyncio.sleep(0.1)
    assert temporary(world) == []
    assert await world.rows("materials") == rows
