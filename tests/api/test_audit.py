"""The audit log at the auditor's desk: everything but their own acts, and the chain."""

from typing import Any

from models.rules.events import Role
from services.actors import Officer
from tests import make
from tests.api import tokens
from tests.services.tampering import by_hand
from tests.world import World

PATH = "/staff/v1/audit"


async def auditor(world: World) -> tuple[Officer, str]:
    who = await make.officer(world, (Role.AUDITOR,))
    return who, tokens.of_staff(world, who)


async def read_some(world: World, times: int) -> tuple[Officer, list[str]]:
    """Let an officer read some dossiers; return whose case they were, the newest first."""
    who, officer = await make.citizen(world), await make.officer(world)
    seen = []
    for _ in range(times):
        filed = await make.draft(world, who)
        await world.database.execute("UPDATE cases SET decided_at = now()")
        await world.ctx.submissions.submit(who, filed.case_id, str(filed.case_id))
        await world.ctx.reviews.show(officer, filed.case_id)
        seen.append(str(filed.case_id))
    return officer, seen[::-1]


async def entries(world: World, token: str, **asked: Any) -> list[dict[str, Any]]:
    answer = await world.http.get(PATH, params=asked, token=token)
    assert answer.status == 200, answer.body
    return list(answer.json["entries"])


async def test_an_auditor_reads_what_was_recorded(world: World) -> None:
    officer, cases = await read_some(world, 3)
    _, token = await auditor(world)
    found = await entries(world, token)
    assert [each["object_id"] for each in found] == cases
    assert {each["action"] for each in found} == {"case.read"}
    for asked, expected in (
        ({"actor_id": str(officer.id)}, cases),
        ({"actor_id": "nobody"}, []),
        ({"action": "case.read", "object_id": cases[1]}, [cases[1]]),
        ({"object_type": "material"}, []),
        ({"from": "2026-03-02", "to": "2026-03-02"}, cases),
        ({"from": "2026-03-03"}, []),
    ):
        assert [each["object_id"] for each in await entries(world, token, **asked)] == expected


async def test_pages_follow_each_other(world: World) -> None:
    _, cases = await read_some(world, 3)
    _, token = await auditor(world)
    seen: list[str] = []
    before: int | None = None
    for _ in range(2):
        asked: dict[str, Any] = {"limit": 2} | ({} if before is None else {"before": before})
        page = (await world.http.get(PATH, params=asked, token=token)).json
        seen += [each["object_id"] for each in page["entries"]]
        before = page["next_before"]
    assert (seen, before) == (cases, None)


async def test_auditing_is_recorded_for_another_auditor(world: World) -> None:
    await read_some(world, 1)
    first, own = await auditor(world)
    _, others = await auditor(world)
    await entries(world, own, action="case.read")
    # Nobody looks at their own acts.
    assert str(first.id) not in str(await entries(world, own))
    [newest] = await entries(world, others, actor_id=str(first.id), action="audit.read", limit=1)
    assert newest["actor_role"] == "AUDITOR"
    all_of_first = await entries(world, others, actor_id=str(first.id))
    assert {"action": "case.read", "before": None} in [each["data"] for each in all_of_first]
    assert await entries(world, own, actor_id=str(first.id)) == []


async def test_the_chain_is_verified_over_http(world: World) -> None:
    await read_some(world, 2)
    _, token = await auditor(world)
    found = (await world.http.post(f"{PATH}/verify", token=token)).json
    assert (found["complete"], found["faults"]) == (True, [])
    assert (found["cases"], found["entries"]) == (2, 3)
    await by_hand(world, "UPDATE audit_log SET actor_id = 'somebody' WHERE seq = 1")
    found = (await world.http.post(f"{PATH}/verify", token=token)).json
    assert found["complete"]
    assert "audit_log 1" in found["faults"][0]
    wrong = await world.http.post(f"{PATH}/verify", json={"anchor": "9:abc"}, token=token)
    assert wrong.status in (200, 429)


async def test_who_audits_sees_no_case(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    for role in (Role.AUDITOR, Role.ADMIN):
        token = tokens.of_staff(world, await make.officer(world, (role,)))
        for path in (
            "/staff/v1/cases",
            f"/staff/v1/cases/{filed.case_id}",
            f"/staff/v1/supervision/cases/{filed.case_id}",
            "/staff/v1/credit-events",
            "/staff/v1/approvals",
        ):
            answer = await world.http.get(path, token=token)
            assert (answer.status, answer.json["code"]) in {(403, "forbidden"), (404, "not_found")}
    other = tokens.of_staff(world, await make.officer(world, (Role.ADMIN,)))
    assert (await world.http.get(PATH, token=other)).status == 403
