"""Back-office events over HTTP: one route, strict bodies, answers that say what to do next."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from services.actors import Citizen
from tests import make
from tests.api import tokens
from tests.services.reviewing import standing
from tests.world import Answer, World

PATH = "/backoffice/v1/events"


@dataclass(frozen=True)
class Scene:
    world: World
    token: str
    number: str

    def event(self, seq: int, kind: str, payload: Any, **other: Any) -> dict[str, Any]:
        return {
            "event_id": f"e-{seq}",
            "case_no": self.number,
            "seq": seq,
            "type": kind,
            "occurred_at": "2026-03-02T09:10:00+08:00",
            "payload": payload,
            **other,
        }

    async def post(self, event: Any) -> Answer:
        return await self.world.http.post(PATH, token=self.token, json=event)


@pytest.fixture
async def scene(world: World) -> Scene:
    """An accepted case whose package is acknowledged."""
    filed = await make.accepted(world, await make.citizen(world))
    machine = await make.machine(world, filed.item.agency_uscc)
    lease = await world.ctx.handoff.lease(machine, limit=1, seconds=60)
    [package] = lease.packages
    code = json.loads(package.body)["receipt_code"]
    await world.ctx.handoff.acknowledge(
        machine, package.id, lease.token or "", package.digest, code
    )
    return Scene(world, tokens.of_machine(world, machine), package.case_no)


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def test_events_are_for_machines(world: World) -> None:
    officer = tokens.of_staff(world, await make.officer(world))
    for token in (None, officer):
        answer = await world.http.post(PATH, token=token, json={})
        assert problem(answer) == (401, "unauthenticated")


async def test_a_review_and_a_decision_are_reported(scene: Scene) -> None:
    started = scene.event(1, "review_started", {})
    first = await scene.post(started)
    assert first.status == 200
    assert first.json == {
        "outcome": "applied",
        "case_no": scene.number,
        "state": "UNDER_REVIEW",
        "expected_seq": None,
    }
    again = await scene.post(started)
    assert (again.status, again.json["outcome"]) == (200, "duplicate")
    # The same moment in another zone is the same event.
    utc = {**started, "occurred_at": "2026-03-02T01:10:00Z"}
    assert (await scene.post(utc)).json["outcome"] == "duplicate"
    decision = {
        "decision": "APPROVED",
        "document_no": "示住建许〔2026〕1号",
        "fee": {"area_m2": 12.5, "surface_type": "沥青"},
    }
    decided = await scene.post(scene.event(2, "decided", decision))
    assert decided.json == {
        "outcome": "applied",
        "case_no": scene.number,
        "state": "AWAIT_PAYMENT",
        "expected_seq": None,
    }


async def test_an_early_event_waits_and_tells_what_for(scene: Scene) -> None:
    early = scene.event(3, "review_started", {})
    answer = await scene.post(early)
    waits = {"outcome": "parked", "case_no": scene.number, "state": "ACCEPTED", "expected_seq": 1}
    assert (answer.status, answer.json) == (200, waits)
    assert (await scene.post(early)).json == waits
    other = await scene.post({**early, "event_id": "e-other"})
    assert problem(other) == (409, "event_out_of_order")
    assert other.json["expected_seq"] == 1


async def test_what_became_of_an_event_is_asked_for(scene: Scene) -> None:
    """An id may hold what an address cannot: it is written as percent signs there."""
    world, name = scene.world, "二/ 2"
    late = scene.event(2, "special_ended", {}, event_id=name)
    assert (await scene.post(late)).json["outcome"] == "parked"
    path = f"{PATH}/{quote(name, safe='')}"
    waits = await world.http.get(path, token=scene.token)
    assert (waits.status, waits.json["outcome"], waits.json["expected_seq"]) == (200, "parked", 1)
    assert (waits.json["event_id"], waits.json["code"], waits.json["answer"]) == (name, None, None)
    assert (await scene.post(scene.event(1, "review_started", {}))).json["outcome"] == "applied"
    await world.work()
    listed = await world.http.get(f"{PATH}?outcome=refused", token=scene.token)
    [told] = listed.json["events"]
    assert (told["event_id"], told["code"]) == (name, "step_not_allowed")
    assert told["answer"]["detail"]
    assert listed.json["next_cursor"] is None
    applied = await world.http.get(f"{PATH}/e-1", token=scene.token)
    assert (applied.json["outcome"], applied.json["seq"]) == ("applied", 1)
    other = tokens.of_machine(world, await make.machine(world, "11511499MB90000238"))
    assert problem(await world.http.get(f"{PATH}/e-1", token=other)) == (404, "event_unknown")
    assert (await world.http.get(PATH, token=other)).json["events"] == []
    nul = await world.http.get(f"{PATH}/e%00", token=scene.token)
    assert problem(nul) == (404, "event_unknown")
    wrong = await world.http.get(f"{PATH}?outcome=lost", token=scene.token)
    assert problem(wrong) == (422, "fields_invalid")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"case_no": "115114990000"}, (404, "case_unknown")),
        ({"type": "archived"}, (422, "fields_invalid")),
        ({"occurred_at": "2026-03-02T09:10:00"}, (422, "fields_invalid")),
        ({"occurred_at": "yesterday"}, (422, "fields_invalid")),
        ({"seq": 0}, (422, "fields_invalid")),
        ({"event_id": ""}, (422, "fields_invalid")),
        ({"event_id": "e" * 65}, (422, "fields_invalid")),
        ({"payload": None}, (422, "fields_invalid")),
        ({"payload": {"mood": "good"}}, (422, "fields_invalid")),
        ({"payload": {"decision": "APPROVED"}}, (422, "event_incomplete")),
        ({"type": "decided"}, (422, "event_incomplete")),
        ({"type": "decided", "payload": {"decision": "MAYBE"}}, (422, "fields_invalid")),
        ({"extra": 1}, (422, "fields_invalid")),
    ],
)
async def test_an_event_that_cannot_be_taken_changes_nothing(
    scene: Scene, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    before = await standing(scene.world)
    answer = await scene.post({**scene.event(1, "review_started", {}), **change})
    assert problem(answer) == expected
    assert await standing(scene.world) == before


async def test_broken_json_is_not_an_event(scene: Scene) -> None:
    for raw in (b"", b"{", b"[]", b'{"seq": NaN}'):
        answer = await scene.world.http.post(PATH, token=scene.token, data=raw)
        assert answer.status in (400, 422)
        assert answer.headers["Content-Type"].startswith("application/problem+json")


SAID: dict[str, dict[str, Any]] = {
    "review_started": {},
    "special_started": {"procedure": "专家评审", "planned_days": 12},
    "special_ended": {},
    "extended": {"approver": "张局长", "reason": "涉及三个部门会商。"},
    "information_requested": {"question": "怎样保证行人通行?"},
    "withdrawal_answered": {"confirmed": False, "reason": "已经登簿。"},
    "terminated": {"reason_code": "APPLICANT_DIED", "reason": "家属已交死亡证明。"},
}


async def test_a_whole_review_is_reported(scene: Scene) -> None:
    """From the start of the review to its end, as an approval system tells it."""
    case = await scene.world.rows("cases")
    [(case_id, account_id)] = [(row["id"], row["account_id"]) for row in case]
    who = Citizen(account_id, uuid4())
    await scene.world.ctx.withdrawals.request(who, case_id, uuid4().hex)
    states = []
    for seq, (kind, payload) in enumerate(SAID.items(), start=1):
        answer = await scene.post(scene.event(seq, kind, payload))
        assert answer.status == 200, answer.body
        states.append(answer.json["state"])
    assert states == [
        "UNDER_REVIEW",
        "SUSPENDED",
        "UNDER_REVIEW",
        "UNDER_REVIEW",
        "UNDER_REVIEW",
        "UNDER_REVIEW",
        "TERMINATED",
    ]


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("special_started", {"procedure": "听证", "planned_days": 0}, "fields_invalid"),
        ("special_started", {"procedure": "听证", "planned_days": 366}, "fields_invalid"),
        ("special_started", {"procedure": "听证", "planned_days": "12"}, "fields_invalid"),
        ("special_started", {"procedure": "听证"}, "event_incomplete"),
        ("extended", {"reason": "涉及三个部门会商。"}, "event_incomplete"),
        ("extended", {"approver": "张", "reason": "会商。"}, "fields_invalid"),
        ("terminated", {"reason_code": "BORED", "reason": "不想办了。"}, "fields_invalid"),
        ("withdrawal_answered", {"confirmed": "yes"}, "fields_invalid"),
        ("information_requested", {"question": "?"}, "fields_invalid"),
        ("information_requested", {"materials": ["M09"]}, "fields_invalid"),
        ("review_completed", {"document_no": "示住建许〔2026〕1号"}, "event_incomplete"),
    ],
)
async def test_a_payload_is_of_its_type(
    scene: Scene, kind: str, payload: dict[str, Any], expected: str
) -> None:
    before = await standing(scene.world)
    assert problem(await scene.post(scene.event(1, kind, payload))) == (422, expected)
    assert await standing(scene.world) == before


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("special_started", {"procedure": "内部研究", "planned_days": 5}, "procedure_not_allowed"),
        ("special_ended", {}, "step_not_allowed"),
        ("review_completed", {}, "originals_not_due"),
        ("withdrawal_answered", {"confirmed": True}, "withdrawal_not_requested"),
        ("correction_requested", {}, "correction_after_acceptance"),
        ("information_requested", {"question": "请补正平面图。"}, "correction_after_acceptance"),
    ],
)
async def test_what_the_law_does_not_allow_is_a_conflict(
    scene: Scene, kind: str, payload: dict[str, Any], expected: str
) -> None:
    before = await standing(scene.world)
    assert problem(await scene.post(scene.event(1, kind, payload))) == (409, expected)
    assert await standing(scene.world) == before
    [alert] = await scene.world.rows("monitor_alerts")
    assert alert["code"] == expected


async def test_the_documentation_says_what_each_type_needs(scene: Scene) -> None:
    answer = await scene.world.http.get("/docs/openapi.json")
    schemas = answer.json["components"]["schemas"]
    schema = json.loads(
        json.dumps({**schemas["EventBody"], "$defs": schemas}).replace(
            "#/components/schemas/", "#/$defs/"
        )
    )
    validator = Draft202012Validator(schema)
    for seq, (kind, payload) in enumerate(SAID.items(), start=1):
        validator.validate(scene.event(seq, kind, payload))
        for name in payload:
            less = {key: value for key, value in payload.items() if key != name}
            if (kind, name) != ("withdrawal_answered", "reason"):  # needed by its value only
                assert not validator.is_valid(scene.event(seq, kind, less)), (kind, name)
        more = {**payload, "document_no": "示住建许〔2026〕1号"}
        assert not validator.is_valid(scene.event(seq, kind, more)), kind
