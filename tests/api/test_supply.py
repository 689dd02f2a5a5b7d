"""Where materials come from, over HTTP: the vault, earlier cases, certificates."""

import hashlib
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.material import Material
from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.make import LI, Filed
from tests.services.supplying import CARD, agree, bare, current, submit
from tests.world import Answer, World


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


def address(filed: Filed, ending: str, code: str = CARD) -> str:
    return f"/v1/cases/{filed.case_id}/materials/{code}/{ending}"


async def slot(world: World, filed: Filed, code: str = CARD) -> dict[str, Any]:
    token = make.token(world, filed.citizen)
    answer = await world.http.get(f"/v1/cases/{filed.case_id}/materials", token=token)
    assert answer.status == 200
    found: dict[str, Any] = next(each for each in answer.json["slots"] if each["code"] == code)
    return found


@pytest.fixture
async def filed(world: World) -> Filed:
    return await make.submitted(world, await make.citizen(world), "ITEM11")


async def test_a_slot_says_where_its_material_could_come_from(world: World, filed: Filed) -> None:
    card, draft = await current(filed), await bare(world, filed.citizen, "ITEM08")
    sources = (await slot(world, draft))["sources"]
    assert [each["source"] for each in sources] == ["E_CERT", "VAULT", "CERT_NUMBER", "UPLOAD"]
    vault = sources[1]
    assert vault["choices"] == [
        {
            "material_id": str(card.id),
            "kind": "居民身份证",
            "trust": "C",
            "valid_until": None,
            "filed_at": "2026-03-02T01:10:00+00:00",
            "case_no": (await filed.case()).case_no,
            "item_name": filed.item.name,
        }
    ]
    assert "居民身份证" in sources[0]["title"]
    # What makes itself of the form comes from nowhere else.
    assert (await slot(world, draft, "M01"))["sources"] == []
    # Each says what to call: a phone needs to know nothing else.
    token = make.token(world, draft.citizen)
    chosen = {"material_id": vault["choices"][0]["material_id"]}
    answer = await world.http.request(vault["method"], vault["path"], token=token, json=chosen)
    assert answer.status == 201
    shown = (await slot(world, draft))["current"]
    assert (shown["supply_mode"], shown["trust"], shown["origin"]) == (
        "REUSE",
        "C",
        str(card.id),
    )
    again = await world.http.request(vault["method"], vault["path"], token=token, json=chosen)
    assert (again.status, again.json["id"]) == (200, answer.json["id"])
    first = await world.http.request(
        sources[0]["method"], sources[0]["path"], token=token, json={"number": None}
    )
    assert (first.status, first.json["trust"], first.json["verification"]) == (
        201,
        "A",
        "DB_MATCHED",
    )
    assert first.json["valid_until"] == "2036-05-01"


async def test_the_vault_is_listed_opened_and_emptied(world: World, filed: Filed) -> None:
    card, token = await current(filed), make.token(world, filed.citizen)
    answer = await world.http.get("/v1/me/materials", token=token)
    [entry] = answer.json["entries"]
    assert (entry["id"], entry["kind"], entry["expired"]) == (str(card.id), "居民身份证", False)
    content = await world.http.get(f"/v1/me/materials/{card.id}/content", token=token)
    assert content.status == 200 and content.headers["Content-Type"] == "image/jpeg"
    await Material.filter(id=card.id).update(valid_until=date(2026, 3, 1))
    [entry] = (await world.http.get("/v1/me/materials", token=token)).json["entries"]
    assert (entry["expired"], entry["valid_until"]) == (True, "2026-03-01")
    stranger = make.token(world, await make.citizen(world, LI))
    assert (await world.http.get("/v1/me/materials", token=stranger)).json == {"entries": []}
    for method, path in (("DELETE", ""), ("GET", "/content")):
        refused = await world.http.request(
            method, f"/v1/me/materials/{card.id}{path}", token=stranger
        )
        assert problem(refused) == (404, "entry_unknown")
    assert (await world.http.delete(f"/v1/me/materials/{card.id}", token=token)).status == 204
    assert (await world.http.get("/v1/me/materials", token=token)).json == {"entries": []}
    assert (await world.http.get(f"/v1/materials/{card.id}/content", token=token)).status == 200


async def test_withdrawing_over_http_empties_the_vault(world: World, filed: Filed) -> None:
    token = make.token(world, filed.citizen)
    version = next(
        each["version"]
        for each in (await world.http.get("/v1/me/consents", token=token)).json["consents"]
        if each["purpose"] == "SAVED_MATERIALS"
    )
    answer = await world.http.put(
        "/v1/me/consents/SAVED_MATERIALS",
        token=token,
        json={"version": version, "given": False},
    )
    assert (answer.status, answer.json["status"]) == (200, "WITHDRAWN")
    assert await world.rows("vault_entries") == []


async def test_refusals_have_codes_and_plain_sentences(world: World, filed: Filed) -> None:
    card, draft = await current(filed), await bare(world, filed.citizen, "ITEM08")
    token = make.token(world, filed.citizen)
    unknown = {"material_id": str(uuid4())}
    answer = await world.http.post(address(draft, "reuse"), token=token, json=unknown)
    assert problem(answer) == (404, "material_not_reusable")
    await Material.filter(id=card.id).update(valid_until=date(2026, 3, 1))
    old = {"material_id": str(card.id)}
    answer = await world.http.post(address(draft, "reuse"), token=token, json=old)
    assert problem(answer) == (409, "material_over")
    answer = await world.http.post(
        address(draft, "certificate"), token=token, json={"number": "511499198001010010"}
    )
    assert problem(answer) == (422, "certificate_not_found")
    answer = await world.http.post(
        address(draft, "certificate", "M03"), token=token, json={"number": None}
    )
    assert problem(answer) == (409, "certificate_not_offered")
    await world.phone.post("/faults", json={"path_prefix": "/certificates", "status": 500})
    answer = await world.http.post(
        address(draft, "certificate"), token=token, json={"number": None}
    )
    assert problem(answer) == (503, "certificate_library_down")
    assert "上传" in answer.json["detail"]
    for wrong in ({}, {"material_id": 7}, {"material_id": str(card.id), "more": 1}):
        answer = await world.http.post(address(draft, "reuse"), token=token, json=wrong)
        assert answer.status in (400, 422)
    for number in ("", "x" * 61, "a\u0000b", 7):
        answer = await world.http.post(
            address(draft, "certificate"), token=token, json={"number": number}
        )
        assert answer.status in (400, 422), number
    assert await Material.filter(case_id=draft.case_id).count() == 0


async def test_a_typed_number_may_have_blanks_and_small_letters(world: World) -> None:
    draft = await bare(world, await make.citizen(world, LI), "ITEM08")
    answer = await world.http.post(
        address(draft, "certificate"),
        token=make.token(world, draft.citizen),
        json={"number": " 51149919650812404x "},
    )
    assert (answer.status, answer.json["supply_mode"]) == (201, "CERT_NUMBER")


async def test_a_library_is_not_asked_without_end(world: World) -> None:
    draft = await bare(world, await make.citizen(world), "ITEM08")
    token = make.token(world, draft.citizen)
    answers = [
        await world.http.post(
            address(draft, "certificate"), token=token, json={"number": f"51149919800101{no:04}"}
        )
        for no in range(21)
    ]
    assert {answer.status for answer in answers[:20]} == {422}
    assert answers[20].status == 429 and int(answers[20].headers["Retry-After"]) > 0


async def test_the_officer_sees_how_each_version_came(world: World, filed: Filed) -> None:
    card, draft = await current(filed), await bare(world, filed.citizen, "ITEM08")
    token = make.token(world, filed.citizen)
    await world.http.post(address(draft, "reuse"), token=token, json={"material_id": str(card.id)})
    content = make.chunked(make.jpeg("premises"))
    await world.ctx.materials.upload(filed.citizen, draft.case_id, "M03", content, "p.jpg")
    await submit(world, draft)
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=draft)
    await world.ctx.reviews.claim(officer, draft.case_id)
    answer = await world.http.get(
        f"/staff/v1/cases/{draft.case_id}", token=tokens.of_staff(world, officer)
    )
    seen = {
        each["code"]: (each["supply_mode"], each["trust"], each["origin"])
        for each in answer.json["materials"]
    }
    assert seen == {CARD: ("REUSE", "C", str(card.id)), "M03": ("UPLOAD", "D", None)}
    marked = await world.http.post(
        f"/staff/v1/cases/{draft.case_id}/materials/{CARD}/original-seen",
        token=tokens.of_staff(world, officer),
    )
    assert (marked.status, marked.json["trust"]) == (200, "B")


async def test_who_refused_has_an_empty_vault(world: World) -> None:
    who = await make.citizen(world)
    await agree(world, who, given=False)
    await make.submitted(world, who, "ITEM11")
    world.clock.advance(timedelta(seconds=1))
    answer = await world.http.get("/v1/me/materials", token=make.token(world, who))
    assert answer.json == {"entries": []}


async def test_what_leaves_the_vault_and_goes_to_an_officer_says_what_it_is_for(
    world: World, filed: Filed
) -> None:
    card = await current(filed)
    token = make.token(world, filed.citizen)
    own = await world.http.get(f"/v1/materials/{card.id}/content", token=token)
    kept = await world.http.get(f"/v1/me/materials/{card.id}/content", token=token)
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    desk = f"/staff/v1/materials/{card.id}/content"
    staff = tokens.of_staff(world, officer)
    seen = await world.http.get(desk, token=staff)
    original = await world.http.get(f"{desk}?original=1", token=staff)
    assert {answer.status for answer in (own, kept, seen, original)} == {200}
    assert len({own.body, kept.body, seen.body}) == 3
    # The evidence is byte for byte what came.
    assert hashlib.sha256(original.body).hexdigest() == card.sha256
    again = await world.http.get(desk, token=staff, headers={"If-None-Match": seen.headers["ETag"]})
    assert again.status == 304
    part = await world.http.get(desk, token=staff, headers={"Range": "bytes=0-9"})
    assert (part.status, part.body) == (206, seen.body[:10])


async def test_an_office_goes_on_when_nobody_can_draw(world: World, filed: Filed) -> None:
    card = await current(filed)
    await world.parts.adapters.watermarks.close()
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    answer = await world.http.get(
        f"/staff/v1/materials/{card.id}/content", token=tokens.of_staff(world, officer)
    )
    assert answer.status == 200
    assert hashlib.sha256(answer.body).hexdigest() == card.working_sha256
