"""tus 1.0 over HTTP, sentence by sentence of the protocol."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import aiohttp
import pytest

from models.upload import Upload, UploadState
from services.upload_limits import MAX_OPEN
from services.uploads import LEASE
from tests import make, uploading
from tests.make import Filed
from tests.uploading import PART, VERSION, begun, head, offset, parts_of, patch
from tests.world import Answer, World

PHOTO = make.jpeg("on its way")
PIECES = [PHOTO[:1000], PHOTO[1000:5000], PHOTO[5000:]]


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    # Every answer names the protocol.
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.status, answer.json["code"]


async def drafted(world: World) -> tuple[Filed, str]:
    filed = await make.draft(world, await make.citizen(world))
    return filed, make.token(world, filed.citizen)


async def test_options_tell_what_is_spoken(world: World) -> None:
    answer = await world.http.request("OPTIONS", "/v1/uploads")
    assert (answer.status, answer.body) == (204, b"")
    told = {name: answer.headers[name] for name in answer.headers if name.startswith("Tus-")}
    assert told == {
        "Tus-Resumable": "1.0.0",
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,creation-with-upload,checksum,expiration,termination",
        "Tus-Max-Size": str(20 * 1024 * 1024),
        "Tus-Checksum-Algorithm": "sha1,sha256",
    }


async def test_a_file_in_pieces_becomes_the_material_of_its_slot(world: World) -> None:
    filed, token = await drafted(world)
    before = await world.rows("materials")
    told = {"filename": "执照.jpg", "case_id": str(filed.case_id), "code": "M02"}
    place = await begun(world, token, len(PHOTO), **told)
    sent = 0
    for piece in PIECES:
        answer = await patch(world, token, place, sent, piece)
        sent += len(piece)
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(sent))
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Upload-State"] == "FILED"
    slots = (await world.http.get(f"/v1/cases/{filed.case_id}/materials", token=token)).json
    current = next(slot["current"] for slot in slots["slots"] if slot["code"] == "M02")
    assert current["id"] == answer.headers["Material-Id"]
    assert (current["name"], current["sha256"]) == ("执照.jpg", hashlib.sha256(PHOTO).hexdigest())
    assert len(await world.rows("materials")) == len(before) + 1
    shown = (await world.http.get(place, token=token)).json
    assert (shown["state"], shown["material_id"]) == ("FILED", current["id"])
    # The material is kept; the parts are not.
    assert parts_of(world) == []


async def test_a_file_without_a_slot_is_stored(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO), filename="照片.jpg")
    answer = await patch(world, token, place, 0, PHOTO)
    assert (answer.status, answer.headers["Upload-State"]) == (204, "STORED")
    shown = (await world.http.get(place, token=token)).json
    known = {name: shown[name] for name in ("name", "mime", "width", "height", "received")}
    assert known == {
        "name": "照片.jpg",
        "mime": "image/jpeg",
        "width": 800,
        "height": 600,
        "received": len(PHOTO),
    }


async def test_creation_with_upload(world: World) -> None:
    _, token = await drafted(world)
    headers = {**PART, "Upload-Length": str(len(PHOTO))}
    half = await world.http.post("/v1/uploads", token=token, headers=headers, data=PHOTO[:4000])
    assert (half.status, half.headers["Upload-Offset"]) == (201, "4000")
    place = half.headers["Location"]
    assert await offset(world, token, place) == 4000
    assert (await patch(world, token, place, 4000, PHOTO[4000:])).status == 204
    whole = await world.http.post("/v1/uploads", token=token, headers=headers, data=PHOTO)
    assert (whole.status, whole.headers["Upload-State"]) == (201, "STORED")


@pytest.mark.parametrize("given", [{}, {"Tus-Resumable": "0.2.2"}])
async def test_another_version_is_refused(world: World, given: dict[str, str]) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    before = await world.rows("uploads")
    for method in ("POST", "PATCH", "HEAD", "DELETE"):
        path = "/v1/uploads" if method == "POST" else place
        headers = {
            **given,
            "Upload-Length": "10",
            "Upload-Offset": "0",
            "Content-Type": PART["Content-Type"],
        }
        answer = await world.http.request(method, path, token=token, headers=headers)
        assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")
    assert await world.rows("uploads") == before


async def test_a_part_elsewhere_changes_nothing(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    assert (await patch(world, token, place, 0, PHOTO[:3000])).status == 204
    before = (await world.rows("uploads"), await world.rows("upload_parts"), parts_of(world))
    for wrong in (0, 2999, 3001, len(PHOTO)):
        answer = await patch(world, token, place, wrong, PHOTO[wrong:])
        assert problem(answer) == (409, "upload_offset_wrong")
        assert answer.json["offset"] == 3000
    assert before == (
        await world.rows("uploads"),
        await world.rows("upload_parts"),
        parts_of(world),
    )


async def test_a_body_must_be_a_part(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    for media in ("image/jpeg", "application/octet-stream", ""):
        answer = await patch(world, token, place, 0, PHOTO, headers={"Content-Type": media})
        assert problem(answer) == (415, "not_a_part")
    for bad in ("", "-1", "x", "1" * 30, "１"):
        sent = quote(bad) if not bad.isascii() else bad
        answer = await patch(world, token, place, 0, PHOTO, headers={"Upload-Offset": sent})
        assert answer.status == 400
    assert await offset(world, token, place) == 0


async def test_more_bytes_than_announced_are_refused(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, 1000)
    assert problem(await patch(world, token, place, 0, PHOTO[:1001])) == (413, "too_large")

    async def chunked() -> AsyncIterator[bytes]:
        yield PHOTO[:600]
        yield PHOTO[600:1200]

    assert problem(await patch(world, token, place, 0, chunked())) == (413, "upload_too_long")
    # What fitted is kept: it was sent in good order.
    assert await offset(world, token, place) == 600


@pytest.mark.parametrize("name", ["sha1", "sha256"])
async def test_a_checksum_is_held_against_the_bytes(world: World, name: str) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))

    def proof(data: bytes) -> dict[str, str]:
        made = base64.b64encode(hashlib.new(name, data).digest()).decode()
        return {"Upload-Checksum": f"{name} {made}"}

    assert (await patch(world, token, place, 0, PIECES[0], headers=proof(PIECES[0]))).status == 204
    wrong = await patch(world, token, place, 1000, PIECES[1], headers=proof(PIECES[0]))
    assert problem(wrong) == (460, "upload_checksum_wrong")
    assert await offset(world, token, place) == 1000
    assert len(parts_of(world)) == 1
    rest = PHOTO[1000:]
    assert (await patch(world, token, place, 1000, rest, headers=proof(rest))).status == 204


@pytest.mark.parametrize("sent", ["md5 x", "crc32 AAAA", "sha1", "sha1 !!!", "sha1 AAAA"])
async def test_a_checksum_that_nobody_can_check_is_refused(world: World, sent: str) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    answer = await patch(world, token, place, 0, PHOTO, headers={"Upload-Checksum": sent})
    assert problem(answer) == (400, "checksum_unknown")
    assert await offset(world, token, place) == 0


async def test_expiry_moves_with_each_byte_and_ends_it(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    world.clock.advance(timedelta(hours=20))
    token = make.token(world, await make.citizen(world))
    answer = await patch(world, token, place, 0, PIECES[0])
    until = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert until == world.clock.now() + timedelta(days=1)
    world.clock.advance(timedelta(hours=20))
    token = make.token(world, await make.citizen(world))
    assert await offset(world, token, place) == 1000
    world.clock.advance(timedelta(hours=5))
    token = make.token(world, await make.citizen(world))
    assert (await head(world, token, place)).status == 410
    assert problem(await patch(world, token, place, 1000, PIECES[1])) == (410, "upload_gone")
    assert parts_of(world)
    assert await world.ctx.uploads.finishing.sweep() == 1
    assert (await head(world, token, place)).status == 404
    assert (await world.rows("uploads"), await world.rows("upload_parts")) == ([], [])
    assert parts_of(world) == []


async def test_parts_that_no_upload_knows_are_swept_and_no_others(world: World) -> None:
    """As a crash between writing a part and taking note of it leaves one."""
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    await patch(world, token, place, 0, PIECES[0])
    (known,) = parts_of(world)
    written = world.ctx.uploads.finishing.parts.write(bytes(32), make.chunked(PHOTO))
    lost = [part.id.hex async for part in written]
    assert sorted(parts_of(world)) == sorted([known, *lost])
    await world.ctx.uploads.finishing.sweep()
    # It may be of an upload that is being written in this moment.
    assert len(parts_of(world)) == 2
    for name in parts_of(world):
        os.utime(world.settings.data_dir / "materials" / "parts" / name, (0, 0))
    await world.ctx.uploads.finishing.sweep()
    assert parts_of(world) == [known]
    answer = await patch(world, token, place, 1000, PHOTO[1000:])
    assert answer.headers["Upload-State"] == "STORED"


async def test_termination(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    await patch(world, token, place, 0, PIECES[0])
    answer = await world.http.delete(place, token=token, headers=VERSION)
    assert (answer.status, answer.headers["Tus-Resumable"]) == (204, "1.0.0")
    assert parts_of(world) == []
    for again in (await head(world, token, place), await patch(world, token, place, 1000, b"x")):
        assert again.status == 410
    assert (await world.http.get(place, token=token)).json["state"] == "ENDED"


async def test_post_says_what_it_means(world: World) -> None:
    """wx.request has no PATCH."""
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))

    async def post(method: str, **more: object) -> Answer:
        headers = {**PART, "X-HTTP-Method-Override": method, "Upload-Offset": "0"}
        return await world.http.post(place, token=token, headers=headers, **more)

    assert (await post("HEAD")).headers["Upload-Offset"] == "0"
    sent = await post("PATCH", data=PHOTO)
    assert (sent.status, sent.headers["Upload-State"]) == (204, "STORED")
    assert (await post("DELETE")).status == 204
    for nothing in ("", "GET", "PUT"):
        assert problem(await post(nothing))[0] == 400


async def test_what_is_wrong_with_a_beginning_is_said(world: World) -> None:
    filed, token = await drafted(world)
    case = str(filed.case_id)
    slot = {"case_id": case, "code": "M02"}
    cases: list[tuple[dict[str, str], tuple[int, str]]] = [
        ({}, (400, "malformed")),
        ({"Upload-Length": "-5"}, (400, "malformed")),
        ({"Upload-Length": "abc"}, (400, "malformed")),
        ({"Upload-Length": "0"}, (422, "material_empty")),
        ({"Upload-Length": str(20 * 1024 * 1024 + 1)}, (413, "upload_too_long")),
        ({"Upload-Length": "9", "Upload-Metadata": "filename !"}, (400, "malformed")),
        ({"Upload-Length": "9", "Upload-Metadata": "a YQ==,a YQ=="}, (400, "malformed")),
        (
            {"Upload-Length": "9", "Upload-Metadata": uploading.metadata(case_id="x", code="M02")},
            (400, "malformed"),
        ),
        (
            {
                "Upload-Length": "9",
                "Upload-Metadata": uploading.metadata(**{**slot, "code": "M99"}),
            },
            (404, "material_unknown"),
        ),
    ]
    for headers, expected in cases:
        answer = await world.http.post("/v1/uploads", token=token, headers={**VERSION, **headers})
        assert problem(answer) == expected, headers
    stranger = make.token(world, await make.citizen(world, make.LI))
    answer = await uploading.began(world, stranger, 9, **slot)
    assert problem(answer) == (404, "case_unknown")
    assert await world.rows("uploads") == []


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"../../etc/passwd", "passwd"),
        (b"a\r\nSet-Cookie: x.jpg", "a Set-Cookie: x.jpg"),
        (b"\xff\xfe\x80.jpg", "\ufffd\ufffd\ufffd.jpg"),
        ("gpj.\u202eexe".encode(), "gpj.exe"),
        ("证\u00ad件\u200b.jpg".encode(), "证件.jpg"),
        (b"x" * 5000, "x" * 200),
        (b"", "未命名"),
        (b"CON", "CON"),
    ],
)
async def test_the_name_of_a_file_is_only_data(world: World, raw: bytes, shown: str) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, 9, filename=raw)
    assert (await world.http.get(place, token=token)).json["name"] == shown


async def test_an_upload_of_another_account_is_not_there(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    await patch(world, token, place, 0, PIECES[0])
    stranger = make.token(world, await make.citizen(world, make.LI))
    before = await world.rows("uploads")
    for method in ("HEAD", "PATCH", "DELETE", "GET", "POST"):
        headers = {**PART, "Upload-Offset": "1000", "X-HTTP-Method-Override": "PATCH"}
        answer = await world.http.request(method, place, token=stranger, headers=headers)
        assert answer.status == 404
        without = await world.http.request(method, place, headers=headers)
        assert without.status == 401
    assert await world.rows("uploads") == before


async def test_there_is_an_end_to_what_one_person_begins(world: World) -> None:
    _, token = await drafted(world)
    for _ in range(MAX_OPEN):
        await begun(world, token, 10)
    answer = await uploading.began(world, token, 10)
    assert problem(answer) == (429, "uploads_too_many")
    assert len(await world.rows("uploads")) == MAX_OPEN
    await Upload.all().delete()
    for _ in range(15):
        await begun(world, token, 20 * 1024 * 1024)
    assert problem(await uploading.began(world, token, 10)) == (429, "uploads_too_many")


async def test_whole_files_are_refused_like_others_when_too_many_lie_here(world: World) -> None:
    _, token = await drafted(world)
    await begun(world, token, 20 * 1024 * 1024)
    await Upload.all().update(size=300 * 1024 * 1024, state=UploadState.STORED)
    before, files = await world.rows("uploads"), await world.rows("stored_files")
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", PHOTO, filename="a.jpg", content_type="image/jpeg")
    for answer in (
        await world.http.put("/v1/uploads", token=token, data=PHOTO),
        await world.http.post("/v1/uploads", token=token, data=form),
    ):
        assert problem(answer) == (429, "uploads_too_many")
    assert (await world.rows("uploads"), await world.rows("stored_files")) == (before, files)


async def test_a_file_that_is_refused_says_why_and_is_over(world: World) -> None:
    filed, token = await drafted(world)
    before = await world.rows("materials")
    told = {"case_id": str(filed.case_id), "code": "M02"}
    page = b"<html><script>alert(1)</script>"
    place = await begun(world, token, len(page), **told)
    answer = await patch(world, token, place, 0, page)
    assert problem(answer) == (415, "material_type_refused")
    assert (await head(world, token, place)).status == 410
    shown = (await world.http.get(place, token=token)).json
    assert (shown["state"], shown["refusal"]) == ("REFUSED", "material_type_refused")
    assert shown["sentence"] == answer.json["detail"]
    assert parts_of(world) == []
    assert await world.rows("materials") == before


async def test_what_came_before_the_connection_broke_is_kept(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    came = asyncio.Event()

    async def breaking() -> AsyncIterator[bytes]:
        yield PHOTO[:3000]
        came.set()
        await asyncio.sleep(30)

    sending = asyncio.create_task(patch(world, token, place, 0, breaking()))
    await came.wait()
    await asyncio.sleep(0.2)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    async with asyncio.timeout(10):
        while await offset(world, token, place) != 3000:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.02)
    # Whoever left holds nothing any more.
    answer = await patch(world, token, place, 3000, PHOTO[3000:])
    assert (answer.status, answer.headers["Upload-State"]) == (204, "STORED")
    shown = (await world.http.get(place, token=token)).json
    assert shown["mime"] == "image/jpeg"


async def test_with_a_checksum_half_a_part_is_nothing(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))

    async def breaking() -> AsyncIterator[bytes]:
        yield PHOTO[:3000]
        await asyncio.sleep(0.2)
        raise aiohttp.ClientError("a lift")

    proof = base64.b64encode(hashlib.sha1(PHOTO, usedforsecurity=False).digest()).decode()
    headers = {"Upload-Checksum": f"sha1 {proof}"}
    with pytest.raises(aiohttp.ClientError):
        await patch(world, token, place, 0, breaking(), headers=headers)
    async with asyncio.timeout(10):
        upload_id = uploading.id_of(place)
        while (await Upload.get(id=upload_id)).lease is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert await offset(world, token, place) == 0
    assert parts_of(world) == []


async def test_one_writer_at_a_time(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, len(PHOTO))
    came, go = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield PHOTO[:3000]
        came.set()
        await go.wait()
        yield PHOTO[3000:]

    first = asyncio.create_task(patch(world, token, place, 0, slowly()))
    await came.wait()
    await asyncio.sleep(0.2)
    second = await patch(world, token, place, 0, PHOTO)
    assert problem(second) == (423, "upload_busy")
    # A writer that fell silent is overtaken, and what it brings later is not mixed in.
    world.clock.advance(LEASE)
    third = await patch(world, token, place, 0, PHOTO)
    assert (third.status, third.headers["Upload-State"]) == (204, "STORED")
    go.set()
    assert (await first).status in (410, 423)
    shown = (await world.http.get(place, token=token)).json
    assert (shown["state"], shown["mime"]) == ("STORED", "image/jpeg")
    assert parts_of(world) == []


async def test_the_same_part_by_two_at_once_is_one(world: World) -> None:
    filed, token = await drafted(world)
    before = await world.rows("materials")
    told = {"case_id": str(filed.case_id), "code": "M02"}
    place = await begun(world, token, len(PHOTO), **told)
    answers = await asyncio.gather(*(patch(world, token, place, 0, PHOTO) for _ in range(6)))
    # Who comes when the first is through finds that there is nothing left to send.
    assert {answer.status for answer in answers} <= {204, 409, 423}
    assert 204 in {answer.status for answer in answers}
    assert len(await world.rows("materials")) == len(before) + 1
    material = (await world.rows("materials"))[-1]
    assert material["sha256"] == hashlib.sha256(PHOTO).hexdigest()


async def test_whole_files_by_form_and_by_body_are_one(world: World) -> None:
    _, token = await drafted(world)
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", PHOTO, filename="a%0d%0ab.jpg", content_type="image/jpeg")
    first = await world.http.post("/v1/uploads", token=token, data=form)
    assert (first.status, first.json["state"], first.json["mime"]) == (201, "STORED", "image/jpeg")
    headers = {"X-File-Name": quote("照片.jpg")}
    again = await world.http.put("/v1/uploads", token=token, data=PHOTO, headers=headers)
    assert (again.status, again.json["id"]) == (200, first.json["id"])
    assert len(await world.rows("uploads")) == 1
    stranger = make.token(world, await make.citizen(world, make.LI))
    other = await world.http.put("/v1/uploads", token=stranger, data=PHOTO)
    assert other.status == 201
    for bad, expected in ((b"", 422), (b"<html>", 415), (PHOTO[:2000], 422)):
        answer = await world.http.put("/v1/uploads", token=token, data=bad)
        assert problem(answer)[0] == expected
    assert len(await world.rows("uploads")) == 2


async def test_no_byte_on_its_way_lies_open(world: World) -> None:
    _, token = await drafted(world)
    place = await begun(world, token, 200_000, filename="王建国的病历.jpg")
    content = (b"CANARY-511499-" * 15_000)[:150_000]
    assert (await patch(world, token, place, 0, content)).status == 204
    lying = [file.read_bytes() for file in world.settings.data_dir.rglob("*") if file.is_file()]
    assert sum(len(each) for each in lying) >= 150_000
    assert all(b"CANARY" not in each for each in lying)
    row = (await world.rows("uploads"))[0]
    assert "病历".encode() not in bytes(row["name_sealed"])
