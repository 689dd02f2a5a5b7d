"""Parcels: one waybill per parcel, tracks told twice and in any order, and pushes that are lost."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from services.actors import Officer
from services.counter import WaybillMissing
from services.deliveries import Choice, ParcelOrdered, Shown
from services.errors import CallbackForged, OutsideUnavailable
from services.transitions import StepNotAllowed
from tests.make import Filed
from tests.services import stages
from tests.services.counters import ADDRESS, HOME, WINDOW, choose, ready, window_officer
from tests.world import World

CREATE, POLL = "delivery.create_parcel", "delivery.poll"
ORDER, QUERY = "/order/borderapi.do", "/poll/query.do"


async def shown(world: World, filed: Filed) -> Shown:
    return await world.ctx.deliveries.show(filed.citizen, filed.case_id)


async def status(world: World) -> str:
    [row] = await world.rows("deliveries")
    return str(row["status"])


async def ordered(world: World) -> tuple[Filed, str]:
    """Return a case whose parcel has its waybill."""
    filed = await ready(world, HOME)
    assert await stages.do(world, CREATE) == 1
    return filed, await waybill_of(world)


async def waybill_of(world: World) -> str:
    [row] = await world.rows("deliveries")
    return str(row["waybill"])


async def posted(world: World) -> tuple[Filed, str, Officer]:
    filed, waybill = await ordered(world)
    officer = await window_officer(world)
    await world.ctx.deliveries.hand_over(officer, filed.case_id)
    return filed, waybill, officer


async def parcels(world: World) -> list[dict[str, Any]]:
    return list((await world.phone.get("/parcels")).json["items"])


async def scans(world: World, waybill: str, *codes: str) -> None:
    """Let the courier scan the parcel."""
    for code in codes:
        world.clock.advance(timedelta(minutes=10))
        answer = await world.phone.post(f"/parcels/{waybill}/advance", json={"state": code})
        assert answer.status == 200, answer.body


def push(world: World, waybill: str, *points: tuple[str, str]) -> dict[str, str]:
    """Return the signed form that tells a track: (time, code), given oldest first."""
    data = [
        {"time": at, "ftime": at, "context": f"scan {code}", "statusCode": code}
        for at, code in reversed(points)
    ]
    track = {"nu": waybill, "com": "ems", "state": points[-1][1], "data": data}
    param = json.dumps({"status": "polling", "lastResult": track})
    salt = world.settings.courier_salt.get_secret_value()
    sign = hashlib.md5((param + salt).encode()).hexdigest().upper()
    return {"param": param, "sign": sign}


COLLECTED = ("2026-03-02 10:00:00", "1")
MOVING = ("2026-03-02 12:00:00", "0")
SIGNED = ("2026-03-03 09:00:00", "3")
RETURNING = ("2026-03-03 09:00:00", "6")


async def test_a_parcel_is_ordered_once_with_our_number(world: World) -> None:
    filed, waybill = await ordered(world)
    [parcel] = await parcels(world)
    assert parcel["waybill"] == waybill
    assert parcel["order_number"] == filed.case_id.hex
    assert parcel["receiver"] == f"{ADDRESS.name} {ADDRESS.region}{ADDRESS.detail}"
    assert await status(world) == "ORDERED"
    await world.parts.handlers[CREATE]({"case_id": str(filed.case_id)})
    assert len(await parcels(world)) == 1
    assert await waybill_of(world) == waybill


async def test_a_lost_answer_of_the_courier_is_asked_for_again(world: World) -> None:
    filed = await ready(world, HOME)
    fault = {"path_prefix": ORDER, "drop": True, "after": True}
    await world.phone.post("/faults", json=fault)
    with pytest.raises(OutsideUnavailable):
        await stages.do(world, CREATE)
    assert await status(world) == "ORDERING"
    with pytest.raises(ParcelOrdered):
        await choose(world, filed, Choice(WINDOW))
    await world.parts.handlers[CREATE]({"case_id": str(filed.case_id)})
    [parcel] = await parcels(world)
    assert await waybill_of(world) == parcel["waybill"]


async def test_a_choice_of_another_way_needs_no_parcel(world: World) -> None:
    filed = await ready(world, HOME)
    await choose(world, filed, Choice(WINDOW))
    assert await stages.do(world, CREATE) == 1
    assert await parcels(world) == []
    await choose(world, filed, HOME)
    assert await stages.do(world, CREATE) == 1
    assert len(await parcels(world)) == 1


async def test_an_ordered_parcel_goes_where_it_was_ordered_to(world: World) -> None:
    filed, _ = await ordered(world)
    before = await world.rows("deliveries")
    for choice in (HOME, Choice(WINDOW)):
        with pytest.raises(ParcelOrdered):
            await choose(world, filed, choice)
    assert await world.rows("deliveries") == before


async def test_the_day_of_posting_is_the_day_of_service(world: World) -> None:
    filed, waybill, officer = await posted(world)
    case = await filed.case()
    assert (case.state, case.served_at) == ("DELIVERING", world.clock.now())
    [row] = await world.rows("deliveries")
    assert (row["status"], row["posted_at"]) == ("POSTED", world.clock.now())
    jobs = [job for job in await world.jobs() if job[0] == POLL]
    case_id = str(filed.case_id)
    assert jobs == [(POLL, {"case_id": case_id, "waybill": waybill, "round": 0})]
    with pytest.raises(StepNotAllowed):
        await world.ctx.deliveries.hand_over(officer, filed.case_id)


async def test_nothing_is_posted_without_a_waybill(world: World) -> None:
    officer = await window_officer(world)
    for choice in (HOME, None):
        filed = await ready(world, choice)
        before = await world.rows("deliveries")
        with pytest.raises(WaybillMissing):
            await world.ctx.deliveries.hand_over(officer, filed.case_id)
        assert (await filed.case()).state == "RESULT_READY"
        assert await world.rows("deliveries") == before


async def test_a_push_signs_once_however_often_it_comes(world: World) -> None:
    filed, waybill, _ = await posted(world)
    deliveries = world.ctx.deliveries
    await deliveries.receive_push(push(world, waybill, COLLECTED, MOVING))
    assert (await filed.case()).state == "DELIVERING"
    told = push(world, waybill, COLLECTED, MOVING, SIGNED)
    await deliveries.receive_push(told)
    assert (await filed.case()).state == "DELIVERED"
    before = [await world.rows(name) for name in ("deliveries", "delivery_tracks", "case_events")]
    await deliveries.receive_push(told)
    await deliveries.receive_push(push(world, waybill, COLLECTED, MOVING))
    await deliveries.receive_push(push(world, waybill, COLLECTED))
    after = [await world.rows(name) for name in ("deliveries", "delivery_tracks", "case_events")]
    assert after == before
    found = await shown(world, filed)
    assert [point.status for point in found.track] == ["COLLECTED", "IN_TRANSIT", "SIGNED"]
    assert found.delivery is not None and found.delivery.signed_at is not None
    assert found.delivery.signed_at.isoformat() == "2026-03-03T01:00:00+00:00"


async def test_the_last_push_may_come_first(world: World) -> None:
    filed, waybill, _ = await posted(world)
    await world.ctx.deliveries.receive_push(push(world, waybill, SIGNED))
    await world.ctx.deliveries.receive_push(push(world, waybill, MOVING))
    await world.ctx.deliveries.receive_push(push(world, waybill, COLLECTED, MOVING))
    assert (await filed.case()).state == "DELIVERED"
    track = (await shown(world, filed)).track
    assert [point.status for point in track] == ["COLLECTED", "IN_TRANSIT", "SIGNED"]


async def test_a_scan_before_the_hand_over_is_kept_and_found_by_the_poll(world: World) -> None:
    filed, waybill = await ordered(world)
    await scans(world, waybill, "1", "3")
    await stages.until(lambda: _track_length(world), 2)
    assert (await filed.case()).state == "RESULT_READY"
    await world.ctx.deliveries.hand_over(await window_officer(world), filed.case_id)
    assert await stages.do(world, POLL) == 1
    assert (await filed.case()).state == "DELIVERED"


async def _track_length(world: World) -> int:
    return len(await world.rows("delivery_tracks"))


async def test_the_poll_goes_on_until_the_parcel_arrived(world: World) -> None:
    filed, waybill = await ordered(world)
    officer = await window_officer(world)
    await scans(world, waybill, "1", "3")
    await stages.until(lambda: _track_length(world), 2)
    await world.ctx.deliveries.hand_over(officer, filed.case_id)
    await world.phone.post("/faults", json={"path_prefix": QUERY, "status": 500, "times": 2})
    for _ in range(2):
        assert await stages.do(world, POLL) == 1
        assert (await filed.case()).state == "DELIVERING"
    assert await stages.do(world, POLL) == 1
    assert (await filed.case()).state == "DELIVERED"
    assert await stages.do(world, POLL) == 1
    assert await stages.do(world, POLL) == 0


async def test_before_the_first_scan_the_courier_knows_nothing(world: World) -> None:
    filed, _, _ = await posted(world)
    assert await stages.do(world, POLL) == 1
    assert (await filed.case()).state == "DELIVERING"
    assert [payload["round"] for name, payload in await world.jobs() if name == POLL] == [1]


async def test_a_returned_parcel_comes_back_to_the_counter_and_may_go_again(world: World) -> None:
    filed, waybill, officer = await posted(world)
    await world.ctx.deliveries.receive_push(push(world, waybill, COLLECTED, RETURNING))
    assert ((await filed.case()).state, await status(world)) == ("RESULT_READY", "RETURNED")
    with pytest.raises(WaybillMissing):
        await world.ctx.deliveries.hand_over(officer, filed.case_id)
    await choose(world, filed, HOME)
    assert await stages.do(world, CREATE) == 1
    second = await waybill_of(world)
    assert second != waybill
    numbers = {each["order_number"] for each in await parcels(world)}
    assert numbers == {filed.case_id.hex, f"{filed.case_id.hex}R1"}
    await world.ctx.deliveries.hand_over(officer, filed.case_id)
    # What is told late of the first parcel says nothing of the second.
    await world.ctx.deliveries.receive_push(push(world, waybill, SIGNED))
    assert (await filed.case()).state == "DELIVERING"
    await world.ctx.deliveries.receive_push(push(world, second, ("2026-03-05 09:00:00", "3")))
    assert (await filed.case()).state == "DELIVERED"


async def test_a_returned_parcel_may_be_picked_up(world: World) -> None:
    filed, waybill, officer = await posted(world)
    await world.ctx.deliveries.receive_push(push(world, waybill, RETURNING))
    found = await choose(world, filed, Choice(WINDOW))
    assert found.pickup_code is not None
    handed = await world.ctx.deliveries.pick_up(officer, filed.case_id, found.pickup_code)
    assert handed.case.state == "DELIVERED"


async def test_the_newest_end_of_a_track_counts(world: World) -> None:
    filed, waybill, _ = await posted(world)
    again = ("2026-03-04 09:00:00", "3")
    await world.ctx.deliveries.receive_push(push(world, waybill, RETURNING, again))
    assert (await filed.case()).state == "DELIVERED"


async def test_a_forged_push_changes_nothing(world: World) -> None:
    filed, waybill, _ = await posted(world)
    form = push(world, waybill, SIGNED)
    for forged in ({**form, "sign": "0" * 32}, {**form, "param": form["param"] + " "}, {}):
        with pytest.raises(CallbackForged):
            await world.ctx.deliveries.receive_push(forged)
        answer = await world.http.post("/callbacks/courier", data=forged)
        assert (answer.status, answer.json["code"]) == (401, "callback_forged")
    assert (await filed.case()).state == "DELIVERING"
    assert await world.rows("delivery_tracks") == []


async def test_a_push_of_no_parcel_of_ours_changes_nothing(world: World) -> None:
    await posted(world)
    answer = await world.http.post("/callbacks/courier", data=push(world, "E000", SIGNED))
    assert (answer.status, answer.json["result"]) == (200, True)
    assert await world.rows("delivery_tracks") == []
