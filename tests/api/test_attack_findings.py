"""Odd requests that once were our fault, or told somebody too much."""

import asyncio
import base64
from datetime import timedelta
from uuid import uuid4

import orjson
import pytest

from models.rules.events import Event, Role
from models.rules.reasons import RefusalReason
from models.rules.texts import text_for
from services.refusals import Refusal
from tests import make
from tests.api import tokens
from tests.services import stages
from tests.world import Answer, World

SECRET = "秘密路77号"


async def said(world: World, head: bytes) -> bytes:
    """Send a request as it stands; return the answer's beginning."""
    port = int(world.http.base.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head + b"Host: here\r\nConnection: close\r\n\r\n")
        return await asyncio.wait_for(reader.read(4096), 5)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    "given", [b"\xff\xfe\x80", "王建国 511499198803162013".encode(), b"a" * 65, b"", b"a\tb"]
)
async def test_a_request_id_that_is_none_is_replaced(world: World, given: bytes) -> None:
    answer = await said(world, b"GET /v1/me HTTP/1.1\r\nX-Request-ID: " + given + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 401 ")
    id_ = next(line for line in answer.split(b"\r\n") if line.lower().startswith(b"x-request-id"))
    value = id_.partition(b": ")[2]
    assert len(value) == 36
    assert value in answer.partition(b"\r\n\r\n")[2]


async def test_a_proxy_may_name_the_request(world: World) -> None:
    answer = await world.http.get("/health/live", headers={"X-Request-ID": "edge-7.4711_a"})
    assert answer.headers["X-Request-Id"] == "edge-7.4711_a"


async def test_invented_methods_make_no_new_metrics(world: World) -> None:
    for number in range(3):
        answer = await said(world, f"BREW{number} /v1/me HTTP/1.1\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"BREW" not in (await world.http.get("/metrics")).body


async def test_a_name_too_long_to_be_stored_is_unknown(world: World) -> None:
    item = await world.http.get(f"/v1/items/{'9' * 300}")
    assert (item.status, item.json["code"]) == (404, "item_unknown")
    machine = await make.machine(world, (await stages.reviewed(world)).item.agency_uscc)
    token = tokens.of_machine(world, machine)
    path = f"/backoffice/v1/cases/{'9' * 300}/result"
    result = await world.http.put(path, token=token, data=make.pdf())
    assert (result.status, result.json["code"]) == (404, "case_unknown")
    # The small letter of this one is two characters.
    body = {"username": "İ" * 64, "password": make.PASSWORD}
    login = await world.http.post("/staff/v1/login", json=body)
    assert (login.status, login.json["code"]) == (401, "staff_login_refused")


@pytest.mark.parametrize("due", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_cursor_beyond_the_calendar_is_none(world: World, due: str) -> None:
    place = base64.urlsafe_b64encode(orjson.dumps([0, due, str(uuid4())])).decode().rstrip("=")
    token = tokens.of_staff(world, await make.officer(world))
    answer = await world.http.get(f"/staff/v1/cases?cursor={place}", token=token)
    assert (answer.status, answer.json["code"]) == (422, "cursor_invalid")


async def _report(world: World, at: str, payload: bytes) -> Answer:
    filed = await stages.reviewed(world)
    machine = await stages.handed_off(world, filed)
    case = await filed.case()
    event = {
        "event_id": uuid4().hex,
        "case_no": case.case_no,
        "seq": case.backoffice_seq + 1,
        "type": "decided",
        "occurred_at": at,
        "payload": "@",
    }
    before = await world.rows("backoffice_events")
    answer = await world.http.post(
        "/backoffice/v1/events",
        token=tokens.of_machine(world, machine),
        data=orjson.dumps(event).replace(b'"@"', payload),
        headers={"Content-Type": "application/json"},
    )
    assert await world.rows("backoffice_events") == before
    return answer


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_an_event_beyond_the_calendar_is_invalid(world: World, at: str) -> None:
    answer = await _report(world, at, b'{"decision": "APPROVED", "document_no": "1"}')
    assert (answer.status, answer.json["code"]) == (422, "fields_invalid")
    assert answer.json["errors"][0]["pointer"] == "/occurred_at"


@pytest.mark.parametrize("given", [b"[" * 900 + b"]" * 900, b"true", b"null", b"[1]"])
async def test_a_measurement_is_a_number_or_a_word(world: World, given: bytes) -> None:
    payload = b'{"decision": "APPROVED", "document_no": "1", "fee": {"area_m2": %b}}' % given
    answer = await _report(world, "2026-03-02T01:00:00Z", payload)
    assert (answer.status, answer.json["code"]) == (422, "fields_invalid")


async def test_tokens_and_personal_answers_are_not_to_be_kept(world: World) -> None:
    who = await make.citizen(world)
    code = await make.login_code(world)
    login = await world.http.post("/v1/login/wechat", json={"code": code})
    me = await world.http.get("/v1/me", token=make.token(world, who))
    assert (login.status, me.status) == (200, 200)
    assert login.headers["Cache-Control"] == "no-store"
    assert me.headers["Cache-Control"] == "no-store"


async def test_a_department_reads_no_material_of_a_window_s_item(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    [first, *_] = await world.rows("materials")
    path = f"/staff/v1/materials/{first['id']}/content"
    window = tokens.of_staff(world, await make.officer(world, (Role.WINDOW,)))
    department = tokens.of_staff(world, await make.officer(world, (Role.DEPT,)))
    assert (await world.http.get(path, token=window)).status == 200
    dossier = await world.http.get(f"/staff/v1/cases/{filed.case_id}", token=department)
    assert (dossier.status, dossier.json["code"]) == (403, "step_not_yours")
    refused = await world.http.get(path, token=department)
    assert (refused.status, refused.json["code"]) == (404, "material_unknown")


async def test_what_was_taken_out_of_a_draft_was_never_filed(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    [code, *_] = filed.codes
    wrong = next(row for row in await world.rows("materials") if row["code"] == code)
    content = make.chunked(make.jpeg("the right one"))
    await world.ctx.materials.upload(who, filed.case_id, code, content, file_name="right.jpg")
    world.clock.advance(timedelta(minutes=1))
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT))
    token = tokens.of_staff(world, officer)
    dossier = await world.http.get(f"/staff/v1/cases/{filed.case_id}", token=token)
    shown = [each["id"] for each in dossier.json["materials"] if each["code"] == code]
    assert len(shown) == 1
    assert str(wrong["id"]) not in shown
    for query in ("", "?original=1"):
        answer = await world.http.get(
            f"/staff/v1/materials/{wrong['id']}/content{query}", token=token
        )
        assert (answer.status, answer.json["code"]) == (404, "material_unknown")
    # The owner keeps it.
    own = await world.http.get(f"/v1/materials/{wrong['id']}/content", token=make.token(world, who))
    assert own.status == 200


async def test_a_machine_reads_what_its_package_lists_and_nothing_else(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.draft(world, who)
    [code, *_] = filed.codes
    wrong = next(row for row in await world.rows("materials") if row["code"] == code)
    content = make.chunked(make.jpeg("the right one"))
    await world.ctx.materials.upload(who, filed.case_id, code, content, file_name="right.jpg")
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    officer = await make.officer(world, (Role.WINDOW,))
    await world.ctx.reviews.claim(officer, filed.case_id)
    for each in filed.codes:
        await world.ctx.reviews.put_verdict(officer, filed.case_id, each, "PASS")
    await world.ctx.reviews.accept(officer, filed.case_id)
    machine = await make.machine(world, filed.item.agency_uscc)
    [package] = (await world.ctx.handoff.lease(machine, limit=1, seconds=60)).packages
    listed = orjson.loads(package.body)["materials"]
    token = tokens.of_machine(world, machine)
    folder = f"/backoffice/v1/packages/{package.id}/materials"
    for material in listed:
        assert (await world.http.get(f"{folder}/{material['id']}", token=token)).status == 200
    answer = await world.http.get(f"{folder}/{wrong['id']}", token=token)
    assert (answer.status, answer.json["code"]) == (404, "material_unknown")


async def test_a_query_code_shows_nothing_that_an_officer_wrote(world: World) -> None:
    who = await make.citizen(world)
    filed = await make.claimed(world, who)
    explanation = f"王建国住在{SECRET},不能挖掘。"
    refusal = Refusal(RefusalReason.STATUTORY_BAR, explanation)
    assert filed.officer is not None
    await world.ctx.reviews.refuse(filed.officer, filed.case_id, refusal)
    code = (await filed.case()).query_code
    last4 = (await make.person(world))["id_number"][-4:]
    asked = {"query_code": code, "id_last4": last4}
    answer = await world.http.post("/v1/progress", json=asked)
    assert answer.status == 200
    assert SECRET not in answer.body.decode()
    assert answer.json["timeline"][-1]["text"] == text_for(Event.REFUSE_ACCEPTANCE)
    path = f"/v1/cases/{filed.case_id}/progress"
    own = await world.http.get(path, token=make.token(world, who))
    assert SECRET in own.json["timeline"][-1]["text"]


async def test_saving_fields_is_limited(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    token = make.token(world, filed.citizen)
    for _ in range(600):
        await world.ctx.limiter.hit("autosave", str(filed.citizen.account_id))
    path = f"/v1/cases/{filed.case_id}/form/contractor"
    before = await world.rows("case_forms")
    answer = await world.http.put(path, token=token, json={"value": "另一家公司"})
    assert (answer.status, answer.json["code"]) == (429, "too_many_requests")
    assert await world.rows("case_forms") == before


@pytest.mark.parametrize("code", ["\0", "x", "9" * 150])
async def test_a_catalogue_cursor_that_names_no_item_is_none(world: World, code: str) -> None:
    cursor = base64.urlsafe_b64encode(code.encode()).decode().rstrip("=")
    answer = await world.http.get(f"/v1/items?cursor={cursor}")
    assert (answer.status, answer.json["code"]) == (422, "cursor_invalid")
