"""Withdrawal after acceptance over HTTP: who may, what is answered, what a retry gets."""

from dataclasses import dataclass
from uuid import uuid4

import pytest

from services.events import EventType
from tests import make
from tests.services.backoffice import Scene as Case
from tests.services.backoffice import open_scene
from tests.world import Answer, World


@dataclass(frozen=True)
class Scene:
    world: World
    case: Case
    token: str

    @property
    def path(self) -> str:
        return f"/v1/cases/{self.case.filed.case_id}/withdrawal-request"

    async def ask(self, key: str | None = "key-of-one-tap", token: str | None = None) -> Answer:
        return await self.world.http.post(self.path, token=token or self.token, key=key)


@pytest.fixture
async def scene(world: World) -> Scene:
    case = await open_scene(world)
    return Scene(world, case, make.token(world, case.filed.citizen))


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def test_a_request_is_made_once_and_taken_back_once(scene: Scene) -> None:
    first = await scene.ask()
    assert (first.status, first.json) == (
        200,
        {
            "case_no": scene.case.number,
            "status": "OPEN",
            "requested_at": "2026-03-02T01:10:00+00:00",
        },
    )
    assert (await scene.ask()).json == first.json
    assert (await scene.ask("key-of-another-tap")).json == first.json
    for _ in range(2):
        back = await scene.world.http.delete(scene.path, token=scene.token)
        assert (back.status, back.json["status"]) == (200, "TAKEN_BACK")
    assert len(await scene.world.rows("handoff_packages")) == 3


async def test_progress_tells_what_became_of_it(scene: Scene) -> None:
    path = f"/v1/cases/{scene.case.filed.case_id}/progress"
    await scene.ask()
    shown = (await scene.world.http.get(path, token=scene.token)).json
    assert [remark["code"] for remark in shown["remarks"]] == ["withdrawal_requested"]
    await scene.case.report(scene.case.rejected(seq=1))
    shown = (await scene.world.http.get(path, token=scene.token)).json
    assert shown["remarks"] == [
        {
            "code": "withdrawal_overtaken",
            "text": "您请求撤回申请,但是已经作出决定,不能撤回。",
        }
    ]
    assert problem(await scene.ask("key-of-a-late-tap")) == (409, "withdrawal_too_late")


async def test_who_has_the_query_code_reads_no_reason(scene: Scene) -> None:
    await scene.ask()
    await scene.case.tell(
        EventType.WITHDRAWAL_ANSWERED, confirmed=False, reason="王建国的房屋已经登簿。"
    )
    code = (await scene.case.filed.case()).query_code
    body = {"query_code": code, "id_last4": "2013"}
    shown = (await scene.world.http.post("/v1/progress", json=body)).json
    assert [remark["text"] for remark in shown["remarks"]] == ["审批部门没有同意撤回,继续办理。"]


async def test_a_request_needs_its_key_and_its_owner(scene: Scene) -> None:
    assert problem(await scene.ask(key=None)) == (400, "idempotency_key_missing")
    other = make.token(scene.world, await make.citizen(scene.world, make.LI))
    assert problem(await scene.ask(token=other)) == (404, "case_unknown")
    strange = await scene.world.http.delete(scene.path, token=other)
    assert problem(strange) == (404, "case_unknown")
    nothing = await scene.world.http.delete(scene.path, token=scene.token)
    assert problem(nothing) == (409, "no_withdrawal_open")
    absent = f"/v1/cases/{uuid4()}/withdrawal-request"
    answer = await scene.world.http.post(absent, token=scene.token, key="key-of-nothing")
    assert problem(answer) == (404, "case_unknown")
    assert await scene.world.rows("withdrawals") == []
