"""Over HTTP: 容缺受理, 告知承诺, 当场更正, originals at the window, and leave for a notice."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from models.rules.events import Role
from services.actors import Officer
from tests import make
from tests.api import tokens
from tests.make import Filed
from tests.services import stages
from tests.services.flavoured import body_of, published
from tests.services.reviewing import judge, material, notify, resubmit, reviewer, standing, supply
from tests.world import Answer, World

IN_ORDER = {"complete": True, "elements": True, "form": True, "jurisdiction": True}


@dataclass(frozen=True)
class Side:
    """One person's requests about one case."""

    world: World
    base: str
    token: str

    async def ask(self, method: str, path: str = "", body: Any = None) -> Answer:
        return await self.world.http.request(
            method, f"{self.base}{path}", token=self.token, json=body
        )


def _mine(world: World, filed: Filed) -> Side:
    return Side(world, f"/v1/cases/{filed.case_id}", make.token(world, filed.citizen))


def _desk(world: World, filed: Filed, officer: Officer) -> Side:
    return Side(world, f"/staff/v1/cases/{filed.case_id}", tokens.of_staff(world, officer))


def _told(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


async def _barber(world: World) -> Filed:
    """Return a barber's application that was sent without its hygiene rules (M06)."""
    await published(world, body_of("ITEM01"))
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM01")
    await world.ctx.materials.remove(who, filed.case_id, "M06")
    filed.codes.remove("M06")
    submit, token = f"/v1/cases/{filed.case_id}/submit", make.token(world, who)
    missing = await world.http.post(submit, token=token, key=uuid4().hex)
    assert _told(missing) == (422, "materials_missing")
    wish = {"mode": "SHORTFALL", "shortfall": ["M06"]}
    for _ in range(2):
        sent = await world.http.post(submit, token=token, key="one-key-for-it", json=wish)
        assert (sent.status, sent.json["state"]) == (200, "SUBMITTED")
    other = await world.http.post(submit, token=token, key="one-key-for-it", json={})
    assert _told(other) == (422, "idempotency_key_reused")
    return filed


@pytest.mark.requirement("容缺须部门确认", "容缺承诺")
async def test_a_shortfall_from_the_wish_to_its_keeping(world: World) -> None:
    filed = await _barber(world)
    window_officer = await make.officer(world)
    await make.allowed(world, window_officer, filed)
    window = _desk(world, filed, window_officer)
    department_officer = await make.officer(world, (Role.DEPT,), item=filed)
    await make.allowed(world, department_officer, filed)
    department = _desk(world, filed, department_officer)
    citizen = _mine(world, filed)
    await window.ask("POST", "/claim")
    dossier = (await window.ask("GET")).json
    assert dossier["wanted_mode"] == "SHORTFALL"
    assert [(each["code"], each["status"]) for each in dossier["shortfall"]] == [("M06", "WANTED")]
    for code in filed.codes:
        await window.ask("PUT", f"/verdicts/{code}", {"verdict": "PASS"})

    # A department sees the case of a window's item while it is asked, and no longer.
    assert _told(await department.ask("GET")) == (403, "step_not_yours")
    assert (await window.ask("POST", "/shortfall", {"codes": ["M06"]})).status == 200
    assert (await department.ask("GET")).status == 200
    queue = await world.http.get("/staff/v1/cases", token=department.token)
    assert [each["id"] for each in queue.json["cases"]] == [str(filed.case_id)]
    refused = await window.ask("PUT", "/shortfall/M06", {"confirmed": True})
    assert _told(refused) == (403, "step_not_yours")
    assert (await department.ask("PUT", "/shortfall/M06", {"confirmed": True})).status == 200
    assert _told(await department.ask("GET")) == (403, "step_not_yours")

    offer = (await citizen.ask("GET", "/shortfall")).json
    # Monday 2026-03-02: five working days to the promised decision.
    assert (offer["earliest"], offer["latest"]) == ("2026-03-03", "2026-03-09")
    assert offer["items"][0]["status_text"] == "可以先缺,请签承诺"
    late = {"items": [{"code": "M06", "due_on": "2026-03-10"}]}
    answer = await citizen.ask("POST", "/shortfall/promise", late)
    assert _told(answer) == (422, "promise_day_invalid")
    assert (answer.json["earliest"], answer.json["latest"]) == ("2026-03-03", "2026-03-09")
    promise = {"items": [{"code": "M06", "due_on": "2026-03-09"}]}
    signed = await citizen.ask("POST", "/shortfall/promise", promise)
    assert (signed.status, signed.json["kind"]) == (200, "SHORTFALL")

    body = {"mode": "SHORTFALL", "checklist": IN_ORDER, "opinion": "同意容缺受理。"}
    accepted = await window.ask("POST", "/accept", body)
    assert (accepted.status, accepted.json["state"]) == (200, "ACCEPTED")
    progress = (await citizen.ask("GET", "/progress")).json
    assert [(each["code"], each["due_on"]) for each in progress["shortfall"]] == [
        ("M06", "2026-03-09")
    ]
    assert "supply_promised" in [each["code"] for each in progress["actions"]]
    other = {"verdict": "FAIL", "reason_code": "BLURRED"}
    assert _told(await window.ask("PUT", "/verdicts/M02", other)) == (409, "material_not_promised")
    content = make.chunked(make.jpeg("rules"))
    await world.ctx.materials.upload(
        filed.citizen, filed.case_id, "M06", content, file_name="a.jpg"
    )
    assert (await window.ask("PUT", "/verdicts/M06", {"verdict": "PASS"})).status == 200
    progress = (await citizen.ask("GET", "/progress")).json
    assert progress["shortfall"][0]["status"] == "FULFILLED"
    assert "supply_promised" not in [each["code"] for each in progress["actions"]]


async def test_a_refused_shortfall_is_told_and_nobody_else_reads_why(world: World) -> None:
    filed = await _barber(world)
    officer = await make.officer(world)
    window = _desk(world, filed, officer)
    department = _desk(world, filed, await make.officer(world, (Role.DEPT,), item=filed))
    await window.ask("POST", "/claim")
    await window.ask("POST", "/shortfall", {"codes": ["M06"]})
    bare = await department.ask("PUT", "/shortfall/M06", {"confirmed": False})
    assert _told(bare) == (422, "decline_reason_missing")
    why = {"confirmed": False, "reason": "开业前就要有制度。"}
    assert (await department.ask("PUT", "/shortfall/M06", why)).status == 200
    shown = (await _mine(world, filed).ask("GET", "/progress")).json
    assert shown["shortfall"][0]["reason"] == "开业前就要有制度。"
    case, person = await filed.case(), await make.person(world)
    query = {"query_code": case.query_code, "id_last4": person["id_number"][-4:]}
    public = await world.http.post("/v1/progress", json=query)
    assert public.json["shortfall"][0]["reason"] == ""
    again = await window.ask("POST", "/shortfall", {"codes": ["M06"]})
    assert _told(again) == (409, "shortfall_declined")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/shortfall", {"codes": []}),
        ("/shortfall", {"codes": "M06"}),
        ("/accept", {"mode": "DEEMED"}),
        ("/accept", {"checklist": {"complete": True}}),
        ("/accept", {"opinion": "字" * 1001}),
        ("/inline-fix", {"fields": "contractor"}),
        ("/paper-defect", {"items": [{"reason_code": "EXPIRED", "requirement": "请带来。"}]}),
        ("/refuse", {"reason_code": "INCOMPLETE", "explanation": "短"}),
    ],
)
async def test_what_cannot_be_read_changes_nothing(world: World, path: str, body: Any) -> None:
    filed = await make.judged(world, await make.citizen(world))
    before = await standing(world)
    answer = await _desk(world, filed, reviewer(filed)).ask("POST", path, body)
    assert _told(answer) == (422, "fields_invalid")
    assert await standing(world) == before


@pytest.mark.requirement("承诺审批制")
async def test_a_promise_is_read_signed_and_taken_back(world: World) -> None:
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM08")
    citizen = _mine(world, filed)
    shown = (await citizen.ask("GET", "/commitment")).json
    assert shown["signed_at"] is None
    assert len(shown["statements"]) == 5
    wrong = await citizen.ask("POST", "/commitment", {"digest": "0" * 64})
    assert _told(wrong) == (412, "commitment_changed")
    signed = await citizen.ask("POST", "/commitment", {"digest": shown["digest"]})
    assert (signed.status, signed.json["statements"]) == (200, shown["statements"])
    assert (await citizen.ask("GET", "/commitment")).json["signed_at"] is not None
    assert (await citizen.ask("DELETE", "/commitment")).status == 204
    assert _told(await citizen.ask("DELETE", "/commitment")) == (404, "commitment_unsigned")
    stranger = Side(world, citizen.base, make.token(world, await make.citizen(world, make.LI)))
    assert _told(await stranger.ask("GET", "/commitment")) == (404, "case_unknown")


async def test_a_small_error_is_put_right_on_the_spot(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    window, citizen = _desk(world, filed, reviewer(filed)), _mine(world, filed)
    value = {"value": "示例县绿源建设工程有限公司"}
    assert _told(await citizen.ask("PUT", "/form/contractor", value)) == (409, "case_not_editable")
    opening = {"fields": ["contractor"], "note": "名称少了两个字。"}
    assert (await window.ask("POST", "/inline-fix", opening)).status == 200
    assert (await citizen.ask("GET", "/progress")).json["fix"] == opening
    assert _told(await window.ask("POST", "/accept")) == (409, "fix_pending")
    assert _told(await citizen.ask("POST", "/inline-fix")) == (409, "fix_unanswered")
    assert (await citizen.ask("PUT", "/form/contractor", value)).status == 200
    assert (await citizen.ask("POST", "/inline-fix")).status == 200
    assert (await citizen.ask("GET", "/progress")).json["fix"] is None
    assert _told(await citizen.ask("POST", "/inline-fix")) == (409, "fix_unknown")


async def test_originals_are_compared_at_the_window(world: World) -> None:
    filed = await make.judged(world, await make.citizen(world), "ITEM09")
    window = _desk(world, filed, reviewer(filed))
    seen = await window.ask("POST", "/materials/M02/original-seen")
    assert (seen.status, seen.json["verification"]) == (200, "ORIGINAL_SEEN")
    assert _told(await window.ask("POST", "/materials/M90/original-seen")) == (
        409,
        "nothing_to_mark",
    )
    passed = await window.ask("POST", "/accept", {"opinion": "预审通过。"})
    assert (passed.status, passed.json["state"]) == (200, "PRE_REVIEW_PASSED")
    point = {"material_code": "M03", "reason_code": "BLURRED", "requirement": "请带原件来。"}
    known = await window.ask("POST", "/paper-defect", {"items": [point]})
    assert _told(known) == (409, "defect_not_new")
    unmet = {"checklist": {**IN_ORDER, "form": False}}
    answer = await window.ask("POST", "/paper-received", unmet)
    assert _told(answer) == (409, "checklist_unmet")
    assert answer.json["errors"][0]["pointer"] == "/checklist/form"
    found = await window.ask(
        "POST", "/paper-defect", {"items": [{**point, "reason_code": "EXPIRED"}]}
    )
    assert (found.status, found.json["state"], found.json["round"]) == (
        200,
        "CORRECTION_REQUIRED",
        1,
    )


@pytest.mark.requirement("一次性告知", "超权限/超时限/逆程序")
async def test_a_notice_goes_further_only_by_a_supervisors_leave(world: World) -> None:
    filed = await make.claimed(world, await make.citizen(world))
    await judge(world, filed, "M04")
    await notify(world, filed, [material("M04")])
    await supply(world, filed, "M04")
    await resubmit(world, filed)
    window = _desk(world, filed, reviewer(filed))
    await window.ask("POST", "/claim")
    await judge(world, filed, "M03")
    point = {"material_code": "M03", "reason_code": "BLURRED", "requirement": "请重新拍一张。"}
    notice = {"items": [point], "opinion": "请补正。"}
    assert _told(await window.ask("POST", "/correction", notice)) == (409, "not_on_first_notice")
    leave = {"reason": "第一次通知时漏看了,申请人同意补。"}
    assert _told(await window.ask("POST", "/correction-override", leave)) == (403, "forbidden")
    supervisor = _desk(world, filed, await make.officer(world, (Role.SUPERVISOR,)))
    granted = await supervisor.ask("POST", "/correction-override", leave)
    assert (granted.status, granted.json["round"]) == (201, 2)
    assert (await window.ask("POST", "/correction", notice)).json["round"] == 2
