"""Back-office events over HTTP: one route, strict bodies, answers that say what to do next."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

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
    }


async def test_an_early_event_is_told_the_expected_number(scene: Scene) -> None:
    answer = await scene.post(scene.event(3, "review_started", {}))
    assert problem(answer) == (409, "event_out_of_order")
    assert answer.json["expected_seq"] == 1


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
