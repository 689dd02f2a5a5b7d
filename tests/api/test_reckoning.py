"""Reconciliation over HTTP: for supervisors alone, with every look and every word on record."""

from typing import Any
from uuid import uuid4

import pytest

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.services import stages
from tests.services.channel import money
from tests.services.reckoned import FEE, Day
from tests.world import World

BASE = "/staff/v1/payments"
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/reconciliations", None),
    ("POST", "/reconciliations", {"day": "2026-03-01"}),
    ("GET", "/differences", None),
    ("POST", "/differences/resolve", {"key": "x", "reason": "y"}),
    ("GET", "/orders/20260302aaa", None),
    ("POST", "/orders/20260302aaa/ask", None),
]


async def supervisor(world: World) -> str:
    return tokens.of_staff(world, await make.officer(world, (Role.SUPERVISOR,)))


async def audited(world: World) -> list[tuple[str, str]]:
    rows = await world.rows("audit_log")
    acts = ("payment.", "difference.")
    return [(row["action"], row["actor_role"]) for row in rows if row["action"].startswith(acts)]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_only_a_supervisor_sees_the_books(
    world: World, method: str, path: str, body: Any
) -> None:
    before = await money(world)
    citizen = make.token(world, await make.citizen(world))
    machine = tokens.of_machine(world, await make.machine(world, "11511499MB9000082B"))
    window = tokens.of_staff(world, await make.officer(world))
    department = tokens.of_staff(world, await make.officer(world, (Role.DEPT,)))
    auditor = tokens.of_staff(world, await make.officer(world, (Role.AUDITOR,)))
    more = {} if body is None else {"json": body}
    for token, status in (
        *((window, 403), (department, 403), (auditor, 403)),
        *((citizen, 401), (machine, 401), (None, 401)),
    ):
        answer = await world.http.request(method, BASE + path, token=token, **more)
        assert answer.status == status
    assert await world.rows("reconciliation_runs") == []
    assert (await money(world))[1:] == before[1:]


async def test_a_day_is_reconciled_and_its_difference_resolved(world: World) -> None:
    day = await Day.begin(world)
    await day.paid()
    stranger = await day.paid()
    day.channel.forget(stranger.number)
    day.end()
    token = await supervisor(world)
    ran = await world.http.post(f"{BASE}/reconciliations", token=token)
    assert ran.status == 200, ran.body
    told = {name: ran.json[name] for name in ("day", "outcome", "payments", "paid_fen", "found")}
    assert told == {
        "day": "2026-03-02",
        "outcome": "DONE",
        "payments": 1,
        "paid_fen": FEE,
        "found": 1,
    }
    key = f"PAID_HERE_ONLY:{stranger.number}"
    listed = await world.http.get(f"{BASE}/differences", token=token, params={"status": "OPEN"})
    [difference] = listed.json["differences"]
    assert (difference["key"], difference["light"]) == (key, "RED")
    assert difference["facts"] == {"here_fen": FEE}
    assert difference["sentence"].endswith("。")
    empty = await world.http.post(
        f"{BASE}/differences/resolve", token=token, json={"key": key, "reason": "   "}
    )
    assert (empty.status, empty.json["code"]) == (422, "difference_reason_missing")
    given = {"key": key, "reason": "已在商户平台核对,账单次日补记。"}
    resolved = await world.http.post(f"{BASE}/differences/resolve", token=token, json=given)
    assert (resolved.status, resolved.json["status"]) == (200, "RESOLVED")
    again = await world.http.post(f"{BASE}/differences/resolve", token=token, json=given)
    assert (again.status, again.json["code"]) == (409, "difference_closed")
    runs = await world.http.get(f"{BASE}/reconciliations", token=token)
    assert [run["left_open"] for run in runs.json["runs"]] == [1]
    assert await audited(world) == [
        ("payment.reconcile", "SUPERVISOR"),
        ("difference.resolve", "SUPERVISOR"),
    ]


async def test_an_order_is_shown_whole_and_asked_for(world: World) -> None:
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    paid = await stages.pay(world, payable)
    token, path = await supervisor(world), f"{BASE}/orders/{payable.order.number}"
    before = await world.http.get(path, token=token)
    assert (before.status, before.json["status"], before.json["said"]) == (200, "PAYING", [])
    asked = await world.http.post(f"{path}/ask", token=token)
    assert (asked.status, asked.json["status"]) == (200, "PAID")
    [said] = asked.json["said"]
    assert (said["source"], said["said"], said["outcome"]) == ("QUERY", "PAID", "SETTLED")
    assert said["reference"] == asked.json["transaction_id"] == paid["transaction_id"]
    assert make.WANG not in asked.body.decode(), "who paid is nobody's business here"
    assert (await filed.case()).payment_status == "PAID"
    assert [act for act, _ in await audited(world)] == [
        *("payment.show", "payment.ask", "payment.show")
    ]


async def test_what_the_channel_does_not_say_changes_nothing(world: World) -> None:
    day = await Day.begin(world)
    _, fee = await day.case(settled=False, payment_status="UNPAID")
    order = await day.order(fee, there=False, status="PAYING")
    token = await supervisor(world)
    before = await money(world)
    asked = await world.http.post(f"{BASE}/orders/{order.number}/ask", token=token)
    assert asked.status == 503
    nobody = await world.http.get(f"{BASE}/orders/20260302nobody", token=token)
    assert (nobody.status, nobody.json["code"]) == (404, "order_unknown")
    assert await money(world) == before


@pytest.mark.parametrize("body", [{"day": "2026-03-02"}, {"day": "2020-01-01"}])
async def test_a_day_without_a_bill_is_refused(world: World, body: Any) -> None:
    token = await supervisor(world)
    answer = await world.http.post(f"{BASE}/reconciliations", token=token, json=body)
    assert (answer.status, answer.json["code"]) == (422, "bill_day_invalid")
    assert await world.rows("reconciliation_runs") == []
